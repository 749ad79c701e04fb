"""Counts made up for summaries, written as the files that partners send, and added up without the hub."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from hub.words import months_before

LAST = dt.date(2025, 3, 1)
WEST, EAST = "F05000000", "F05000001"
"""The wards of the small city's first borough, Alder, which are Alder West and Alder East."""
GROUPS = ("Arson and criminal damage", "Burglary", "Possession of weapons", "Robbery", "Theft", "Vehicle offences")
COLUMNS = ["month", "ward_code", "group", "count"]
NOWHERE = None
"""The ward of what is not placed in one."""


def months_to(last: dt.date, count: int = 24) -> list[dt.date]:
    """The months up to one, oldest first."""
    return [months_before(last, back) for back in reversed(range(count))]


LATEST, BEFORE = months_to(LAST, 12), months_to(months_before(LAST, 12), 12)
MONTHS = [*BEFORE, *LATEST]


def made_up(
    seed: int, *, wards: Sequence[str | None] = (WEST, EAST), months: Sequence[dt.date] = MONTHS, most: int = 40
) -> pd.DataFrame:
    """A count for each month, ward and offence group; some are nil."""
    keys = pd.MultiIndex.from_product([months, wards, GROUPS], names=COLUMNS[:-1])
    counts = np.random.default_rng(seed).integers(0, most, len(keys))
    return pd.DataFrame({"count": counts}, index=keys).reset_index()


def even(count: int, *, wards: Sequence[str | None] = (WEST, EAST), groups: Sequence[str] = GROUPS[:2]) -> pd.DataFrame:
    """The same count for each month, ward and group."""
    keys = pd.MultiIndex.from_product([MONTHS, wards, groups], names=COLUMNS[:-1])
    return pd.DataFrame({"count": count}, index=keys).reset_index()


def plus(counts: pd.DataFrame, *more: tuple[dt.date, str | None, str, int]) -> pd.DataFrame:
    """Some more counts beside these."""
    return pd.concat([counts, pd.DataFrame(list(more), columns=COLUMNS)], ignore_index=True)


# --- As files --------------------------------------------------------------------------------------------------------


def as_met_file(counts: pd.DataFrame, borough: str = "Alder", *, months: Sequence[dt.date] = ()) -> str:
    """The Met's wide file: capitals, a column for each month counted and any more, no row where all is nil."""
    wide = counts[counts["count"] > 0].pivot_table(
        index=["group", "ward_code"], columns="month", values="count", aggfunc="sum", fill_value=0
    )
    wide = wide.reindex(columns=sorted({*counts["month"], *months}), fill_value=0)
    wide = wide.rename(columns=lambda month: f"{month:%Y%m}").reset_index()
    wide = wide.rename(columns={"group": "MajorText", "ward_code": "WardCode"})
    wide["MajorText"] = wide["MajorText"].str.upper()
    wide.insert(1, "MinorText", "ALL OF IT")
    wide.insert(3, "LookUp_BoroughName", borough)
    return wide.to_csv(index=False)


def as_long_file(counts: pd.DataFrame, borough: str = "Alder") -> str:
    """A plain table, in which a row may name no ward."""
    return counts.assign(borough=borough).rename(columns={"group": "category"}).to_csv(index=False)


# --- Added up --------------------------------------------------------------------------------------------------------


def total(counts: pd.DataFrame, months: Sequence[dt.date]) -> int:
    """All of some months."""
    return int(counts.loc[counts["month"].isin(months), "count"].sum())


def by(counts: pd.DataFrame, key: str, months: Sequence[dt.date]) -> dict[object, int]:
    """All of some months, by one column."""
    within = counts[counts["month"].isin(months)]
    return {each: int(within.loc[within[key] == each, "count"].sum()) for each in counts[key].dropna().unique()}


def as_released(count: int) -> int | None:
    """What an aggregate reader is told; None for 0 to 4."""
    return None if count < 5 else 5 * math.floor(count / 5 + 0.5)
