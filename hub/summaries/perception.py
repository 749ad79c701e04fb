"""What people say in a survey: each share with its sample and range, and whether it changed by more than chance.

Of whole boroughs and of twelve months, never of less.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from geo.hotspots import benjamini_hochberg
from geo.shares import compare_shares, effective_size, wilson_interval
from hub.access import Permission, Viewer
from hub.measures import service as measures
from hub.measures.definitions import Kind, Measure
from hub.summaries.changes import LARGEST_Q_OF_SURVEYS, Verdict
from hub.uploads import figures
from hub.uploads.kinds import catalogue
from hub.words import months_before

QUARTERS_DRAWN = 12


@dataclass(frozen=True)
class Survey:
    """How a survey was made, as far as its ranges rest on it."""

    title: str
    asked_in_a_borough: int
    asked_source: str
    design_effect: float
    to_verify: str

    @property
    def size(self) -> float:
        """How many people drawn wholly by chance would tell as much."""
        return effective_size(self.asked_in_a_borough, design_effect=self.design_effect)


@cache
def public_attitudes() -> Survey:
    """Read how the Public Attitude Survey was made."""
    return Survey(**tomllib.loads(files("hub.summaries").joinpath("survey.toml").read_text("utf-8")))


@dataclass(frozen=True)
class Said:
    """How many of the people asked said so, over the twelve months to a month."""

    month: dt.date
    percent: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Opinion:
    """One perception measure in one borough: the latest twelve months against the twelve before."""

    measure: Measure
    latest: Said
    before: Said | None
    """None where the survey was not asked a year earlier."""
    points: float | None
    """How many per cent more than before."""
    points_lower: float | None
    points_upper: float | None
    verdict: Verdict
    series: tuple[Said, ...]
    compared: int
    """Among how many comparisons the change was judged."""


def of_borough(viewer: Viewer, borough_code: str, last_month: dt.date | None = None) -> Mapping[str, Opinion]:
    """Tell what people of a borough say, by the code of each perception measure.

    A share of people asked counts nobody who was a victim, so that every reader is given the same.

    Raises
    ------
    NotFound
        If the borough is not in the viewer's scope.
    """
    viewer.require(Permission.SUMMARY_READ, [borough_code])
    surveys = [key for key, kind in catalogue(viewer.session).items() if kind.has_shares]
    rows = pd.concat([figures.shares(viewer, [borough_code], key) for key in surveys])
    answers = {
        str(question): dict(zip(part["month"], part["share"], strict=True))
        for question, part in rows.groupby("measure")
    }
    asked = [one for one in measures.measures(viewer.session) if one.kind is Kind.PERCEPTION]
    return opinions(asked, answers, public_attitudes(), last_month)


def opinions(
    asked: Sequence[Measure],
    answers: Mapping[str, Mapping[dt.date, float]],
    survey: Survey,
    last_month: dt.date | None = None,
) -> dict[str, Opinion]:
    """Work out what people say, each change judged among all that were compared (Benjamini-Hochberg).

    Parameters
    ----------
    asked
        Perception measures.
    answers
        Of each question, the share (0 to 1) by the last of the twelve months that it is over.
    survey
        How many were asked.
    last_month
        The newest month to tell of; the newest that there is unless given.

    Returns
    -------
    dict of str to Opinion
        By the measure's code; a measure whose question was not asked has none.
    """
    answered = {one: _asked(one, answers, last_month) for one in asked}
    told = {one: by_month for one, by_month in answered.items() if by_month}
    ends = {one: max(by_month) for one, by_month in told.items()}
    after = np.array([told[one][ends[one]] for one in told])
    before = np.array([told[one].get(months_before(ends[one], 12), np.nan) for one in told])
    change = compare_shares(before, after, sizes_before=survey.size, sizes_after=survey.size)
    q = benjamini_hochberg(change.p)
    compared = int(np.count_nonzero(~np.isnan(q)))
    found = {}
    for place, (one, by_month) in enumerate(told.items()):
        series = tuple(_said(month, by_month[month], survey) for month in sorted(by_month)[-QUARTERS_DRAWN:])
        is_compared = not np.isnan(q[place])
        found[one.code] = Opinion(
            measure=one,
            latest=series[-1],
            before=_said(months_before(ends[one], 12), float(before[place]), survey) if is_compared else None,
            points=100 * float(change.difference[place]) if is_compared else None,
            points_lower=100 * float(change.lower[place]) if is_compared else None,
            points_upper=100 * float(change.upper[place]) if is_compared else None,
            verdict=_verdict(float(change.difference[place]), float(q[place])),
            series=series,
            compared=compared,
        )
    return found


def _asked(
    measure: Measure, answers: Mapping[str, Mapping[dt.date, float]], last_month: dt.date | None
) -> dict[dt.date, float]:
    """The answers to a measure's question under each name that it has had."""
    found: dict[dt.date, float] = {}
    for name in measure.questions:
        found |= {
            month: share for month, share in answers.get(name, {}).items() if not last_month or month <= last_month
        }
    return found


def _said(month: dt.date, share: float, survey: Survey) -> Said:
    lower, upper = wilson_interval([share], [survey.size])
    return Said(month, 100 * share, 100 * float(lower[0]), 100 * float(upper[0]))


def _verdict(difference: float, q: float) -> Verdict:
    if np.isnan(q):
        return Verdict.NOT_COMPARABLE
    if q > LARGEST_Q_OF_SURVEYS or difference == 0:
        return Verdict.NO_CLEAR_CHANGE
    return Verdict.FELL if difference < 0 else Verdict.ROSE
