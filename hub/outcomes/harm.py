"""Harm of a borough's recorded crime by year: each offence counted for its weight in a named set. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from geo.harm import WeightSet, harm_of_counts, weights_of

NOTABLE_SHARE = 0.25
"""Of a year's harm: where one offence makes up so much, it is said."""


@dataclass(frozen=True)
class YearOfHarm:
    """The harm of twelve months, in the unit of the weights."""

    total: float
    capped: float
    """The same with no offence counted for more than the set's cap."""
    largest_share: float | None
    """Of the total, how much the gravest single offence made, from 0 to 1; None where there is no harm."""
    left_out: int
    """Offences that the set does not weigh."""


@dataclass(frozen=True)
class Harm:
    """Two years of harm, by one set of weights."""

    weights: WeightSet
    latest: YearOfHarm
    before: YearOfHarm


def harm_of(rows: pd.DataFrame, weight_set: WeightSet) -> Harm:
    """Weigh two years of offences.

    Parameters
    ----------
    rows
        `is_latest`, `offence_group`, `offence_subgroup` (empty where the group is not divided) and `count`.
    weight_set
        A subgroup has its own weight or else its group's.
    """
    is_weighed = rows["offence_subgroup"].isin(weight_set.weights)
    labelled = rows.assign(label=rows["offence_subgroup"].where(is_weighed, rows["offence_group"]))
    counts = labelled.pivot_table("count", "is_latest", "label", "sum", fill_value=0)
    counts = counts.reindex([True, False], fill_value=0)
    harm = harm_of_counts(counts.to_numpy(np.float64), weights_of(counts.columns, weight_set), cap=weight_set.cap)
    latest, before = (
        YearOfHarm(
            total=float(harm.total[place]),
            capped=float(harm.capped[place]),
            largest_share=None if np.isnan(harm.largest_share[place]) else float(harm.largest_share[place]),
            left_out=round(float(harm.unweighed[place])),
        )
        for place in (0, 1)
    )
    return Harm(weight_set, latest, before)
