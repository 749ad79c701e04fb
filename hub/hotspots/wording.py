"""How an overlay's findings are put into words: periods, lists of names, what changed, what emerges and fades.

It words what it is given, and works nothing out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from geo.emerging import KINDS
from hub.hotspots.agencies import BOTH, GAPS, POLICE_ONLY, QUIET_GAP
from hub.hotspots.changes import FALLEN, RISEN
from hub.hotspots.harms import NOTABLE_SHARE
from hub.hotspots.scoring import is_hot
from hub.words import month_name, months_before, number, plural, short_month

NAMES_IN_A_SENTENCE = 5
FADING = frozenset({"diminishing", "historical"})


def said_months(months: Sequence[dt.date]) -> str:
    """Say a period: `January 2026`, `the 12 months to January 2026`, or how many months of a broken one have data."""
    last, count = months[-1], len(months)
    if months_before(last, count - 1) != months[0]:
        return f"the {count} months with data from {month_name(months[0])} to {month_name(last)}"
    return month_name(last) if count == 1 else f"the {count} months to {month_name(last)}"


def said_span(months: Sequence[dt.date]) -> str:
    """Say which months: `January 2026`, `Nov 2025 to Jan 2026`, or each where they are not together."""
    if len(months) == 1:
        return month_name(months[0])
    if months_before(months[-1], len(months) - 1) == months[0]:
        return f"{short_month(months[0])} to {short_month(months[-1])}"
    return listed([short_month(month) for month in months])


def said_baseline(months: Sequence[dt.date], baseline: Sequence[dt.date]) -> str:
    """Say what a period is compared with: `the same months a year before`, `the 3 months just before` or others."""
    if months_before(months[0], 12) == baseline[0]:
        return "the same month a year before" if len(months) == 1 else "the same months a year before"
    if months_before(months[0], 1) != baseline[-1]:
        return "another month" if len(baseline) == 1 else f"another {len(baseline)} months"
    return "the month just before" if len(months) == 1 else f"the {len(baseline)} months just before"


def listed(names: Sequence[str], *, most: int | None = None, joint: str = "and") -> str:
    """Join names as a person would, with no more of them than asked."""
    shown = list(names if most is None or len(names) <= most else names[: most - 1])
    if len(shown) < len(names):
        shown.append(f"{len(names) - len(shown)} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {joint} {shown[-1]}"


def inside_sentence(name: str) -> str:
    """Write a name as it stands inside a sentence: `Burglary` as `burglary`, but `ASB` and `A&E` as they are."""
    return name if name[1:2].isupper() or name[1:2] == "&" else name[0].lower() + name[1:]


def said_percent(share: float) -> str:
    """`12%`, `under 1%`, or a dash where there is no share."""
    if np.isnan(share):
        return "–"
    return "under 1%" if 0 < share < 0.01 else f"{share:.0%}"


def wards_of(cells: pd.DataFrame) -> list[str]:
    """The wards that cells lie in, in the order of the cells."""
    named = [name for name in dict.fromkeys(cells["ward_name"]) if name]
    return named or ["no ward"]


def said_chance(flags: float, found: int) -> str:
    """Say how many flags chance alone would have given, and what that means for those that were found."""
    about = "fewer than one" if flags < 0.75 else f"about {number(flags)}"
    if flags >= found / 2:
        return f"But chance alone would flag {about}, so do not read much into it."
    return f"Chance alone would flag {about}."


def change_sentence(
    units: pd.DataFrame, *, start: str, area_name: str, topic: str, unit: str, flags: float | None
) -> str:
    """Say in how many of the units that were tested a count rose or fell, and where.

    Parameters
    ----------
    units : DataFrame
        Those tested, strongest evidence first, with `label`, `class` and for small areas `ward_name`.
    start : str
        `In January 2026, against the same month a year before`.
    area_name, topic, unit : str
        Where, of what, and what one unit is called.
    flags : float, optional
        How many chance alone would flag.
    """
    if units.empty:
        return f"{start}, no {unit} could be tested for a change in {topic}: there are too few in both periods."
    tested = f"{plural(len(units), unit)} of {area_name}"
    parts: list[str] = []
    for name, verb in ((RISEN, "rose"), (FALLEN, "fell")):
        found = units[units["class"] == name]
        if not len(found):
            continue
        where = _where(found, unit)
        parts.append(
            f"it {verb} in {number(len(found))}{where}"
            if parts
            else f"{verb} in {number(len(found))} of {tested} by more than chance would explain{where}"
        )
    changed = int(units["class"].isin({RISEN, FALLEN}).sum())
    if not parts:
        return f"{start}, {topic} changed in none of {tested} by more than chance would explain."
    if others := len(units) - changed:
        parts.append(f"no clear change in the other {number(others)}")
    return f"{start}, {topic} {'; '.join(parts)}. {said_chance(flags or 0.0, changed)}"


def emerging_sentence(
    units: pd.DataFrame, *, last_month: dt.date, area_name: str, topic: str, unit: str, flags: float | None
) -> str:
    """Say which of the units that were followed are new hotspots, which fade, and what the others are.

    Parameters
    ----------
    units : DataFrame
        Those followed, strongest first, with `label`, `class` and for small areas `ward_name`.
    last_month : date
        The last of the months.
    area_name, topic, unit : str
        Where, of what, and what one unit is called.
    flags : float, optional
        How many of them chance alone would make hotspots of the last month.
    """
    start = f"By {month_name(last_month)}"
    if units.empty:
        return f"{start}, no {unit} of {area_name} could be followed for {topic}: every month has the same count."
    tested = f"{plural(len(units), unit)} of {area_name}"
    is_hot = units["class"].str.endswith("_hot")
    if not is_hot.any():
        return f"{start}, none of {tested} was a hotspot of {topic}, or had been one nearly always."
    kinds = units.loc[is_hot, "class"].str.removesuffix("_hot")
    new, fading = (units.loc[kinds.index[kinds.isin(which)]] for which in ({"new"}, FADING))
    if len(new):
        called = "was a new hotspot" if len(new) == 1 else "were new hotspots"
        parts = [f"{number(len(new))} of {tested} {called} of {topic}{_where(new, unit)}"]
    else:
        parts = [f"none of {tested} was a new hotspot of {topic}"]
    if len(fading):
        parts.append(f"{number(len(fading))} {'was' if len(fading) == 1 else 'were'} fading{_where(fading, unit)}")
    found = {kind: int((kinds == kind).sum()) for kind in KINDS if kind not in {"new", *FADING}}
    others = [f"{number(count)} {kind}" for kind, count in found.items() if count]
    if others:
        parts.append(f"of the others, {listed(others)}")
    now = int((kinds != "historical").sum())
    return f"{start}, {'; '.join(parts)}. {said_chance(flags or 0.0, now)}"


def harm_sentence(
    units: pd.DataFrame,
    *,
    start: str,
    area_name: str,
    topic: str,
    unit: str,
    tested: int,
    weighed_in: str,
    flags: float | None,
) -> str:
    """Say which units stand out for harm, what share of it they hold, and where one event made much of it.

    Parameters
    ----------
    units : DataFrame
        All of them, the most harmful first, with `label`, `harm`, `largest_share`, `class` and for small areas
        `ward_name`.
    start, area_name, topic, unit : str
        When, where, of what, and what one unit is called.
    tested : int
        How many were tested together.
    weighed_in : str
        The unit of the weights.
    flags : float, optional
        How many chance alone would flag.
    """
    if not tested:
        return f"{start}, no {unit} of {area_name} could be tested for the harm of {topic}: there is too little of it."
    hot = units[is_hot(units)]
    if hot.empty:
        most = f" Most of it, in {weighed_in}, was in {units['label'].iloc[0]}." if unit == "ward" else ""
        return (
            f"{start}, none of {plural(tested, unit)} of {area_name} stood out for the harm of {topic}: the "
            f"differences are no more than chance would give.{most}"
        )
    share = hot["harm"].sum() / units["harm"].sum()
    said = (
        f"{start}, {number(len(hot))} of {plural(tested, unit)} in {area_name} stood out for the harm of {topic}, each "
        f"together with its neighbours{_where(hot, unit)}. They hold {said_percent(share)} of it, in {weighed_in}."
    )
    by_one = hot[hot["largest_share"] >= NOTABLE_SHARE]
    if len(by_one):
        which = "it" if len(by_one) == 1 and len(hot) == 1 else f"{number(len(by_one))} of them"
        said += f" In {which} a single event made a quarter of the harm or more."
    return f"{said} {said_chance(flags or 0.0, len(hot))}"


def agencies_sentence(
    units: pd.DataFrame, *, start: str, area_name: str, topic: str, other: str, unit: str, flags: float | None
) -> str:
    """Say where another agency's incidents concentrate and police figures do not, then where both do, or police alone.

    Parameters
    ----------
    units : DataFrame
        Those tested, hottest for the other agency first, with `label`, `class` and for small areas `ward_name`.
    start, area_name, topic, other, unit : str
        When, where, what police record, what the other agency counts, and what one unit is called.
    flags : float, optional
        How many units chance alone would make hot for either.
    """
    concentrate = "concentrate" if other.endswith("s") else "concentrates"
    if units.empty:
        return f"{start}, no {unit} of {area_name} could be tested for both {topic} and {other}: there are too few."
    gaps, both, police = (units[units["class"].isin(names)] for names in (GAPS, [BOTH], [POLICE_ONLY]))
    found = len(gaps) + len(both) + len(police)
    tested = plural(len(units), unit)
    if not found:
        return f"{start}, neither {topic} nor {other} {concentrate} in any of {tested} of {area_name}."
    if len(gaps):
        quiet = gaps[gaps["class"] == QUIET_GAP]
        fewer = ""
        if len(quiet):
            fewer = ", and fewer in all of these" if len(quiet) == len(gaps) else f", and fewer{_in(quiet, unit)}"
        said = (
            f"{start}, {other} in {area_name} {concentrate}{_in(gaps, unit)}, where police record no more {topic} than "
            f"elsewhere{fewer}."
        )
    else:
        said = f"{start}, there is no {unit} of {area_name} in which {other} {concentrate} and {topic} does not."
    rest = [f"both do{_in(both, unit)}"] if len(both) else []
    rest += [f"police figures alone do{_in(police, unit)}"] if len(police) else []
    if rest:
        said += f" {listed(rest)[0].upper()}{listed(rest)[1:]}."
    return f"{said} Of {tested}, {number(found)} stand out for one or both. {said_chance(flags or 0.0, found)}"


def _in(units: pd.DataFrame, unit: str) -> str:
    """Name wards, or say how many small areas lie in which."""
    if unit == "ward":
        return f" in {listed(list(units['label']), most=NAMES_IN_A_SENTENCE)}"
    return f" in {plural(len(units), unit)} of {listed(wards_of(units), most=NAMES_IN_A_SENTENCE)}"


def _where(units: pd.DataFrame, unit: str) -> str:
    if unit == "ward":
        return f": {listed(list(units['label']), most=NAMES_IN_A_SENTENCE)}"
    return f", in {listed(wards_of(units), most=NAMES_IN_A_SENTENCE)}"
