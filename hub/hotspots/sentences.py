"""The answer of an overlay, in a sentence or two that anybody can read. It works out nothing but shares."""

from __future__ import annotations

import pandas as pd

from geo.hotspots import NOT_TESTED
from hub.hotspots.checking import ALL_CRIME
from hub.hotspots.facts import Facts
from hub.hotspots.scoring import BUSIEST, Method, Units
from hub.hotspots.wording import (
    NAMES_IN_A_SENTENCE,
    agencies_sentence,
    change_sentence,
    emerging_sentence,
    harm_sentence,
    listed,
    said_chance,
    said_percent,
    wards_of,
)
from hub.words import number, plural

BUSY_TIMES = 5


def sentence_of(facts: Facts) -> str:
    """Say what was found, in a sentence or two that anybody can read."""
    compared = {Method.CHANGE: _change, Method.EMERGING: _emerging, Method.AGENCIES: _agencies}
    if facts.method in compared:
        return compared[facts.method](facts)
    if facts.known["count"].sum() == 0:
        return f"In {facts.period_words}, no {facts.offences} were placed in a {facts.unit} of {facts.area_name}."
    found = {
        Method.GI_STAR: _ward_flags if facts.units is Units.WARDS else _cell_flags,
        Method.HARM: _harm,
        Method.RATE: _rates,
        Method.COUNT: _busiest_places,
        Method.DENSITY: _dense_places,
    }
    return found[facts.method](facts)


def _change(facts: Facts) -> str:
    return change_sentence(
        facts.table[facts.table["class"] != NOT_TESTED].sort_values("p", kind="stable"),
        start=f"In {facts.period_words}, against {facts.baseline_words}",
        area_name=facts.area_name,
        topic=facts.topic,
        unit=facts.unit,
        flags=facts.flags_by_chance,
    )


def _emerging(facts: Facts) -> str:
    return emerging_sentence(
        facts.table[facts.table["class"] != NOT_TESTED].sort_values("z", ascending=False, kind="stable"),
        last_month=facts.data_to,
        area_name=facts.area_name,
        topic=facts.topic,
        unit=facts.unit,
        flags=facts.flags_by_chance,
    )


def _harm(facts: Facts) -> str:
    return harm_sentence(
        facts.table.sort_values("harm", ascending=False, kind="stable", na_position="last"),
        start=f"In {facts.period_words}",
        area_name=facts.area_name,
        topic=facts.topic,
        unit=facts.unit,
        tested=facts.tested,
        weighed_in=facts.weighed_in,
        flags=facts.flags_by_chance,
    )


def _agencies(facts: Facts) -> str:
    return agencies_sentence(
        facts.table[facts.table["class"] != NOT_TESTED].sort_values("z_beside", ascending=False, kind="stable"),
        start=f"In {facts.period_words}",
        area_name=facts.area_name,
        topic="crime" if facts.category == ALL_CRIME else facts.topic,
        other=facts.beside.topic if facts.beside else "",
        unit=facts.unit,
        flags=facts.flags_by_chance,
    )


def count_sentence_of(facts: Facts) -> str:
    """Say which wards had most, for a map that shows plain counts."""
    top = facts.known.nlargest(3, "count")
    share = top["count"].sum() / max(facts.total, 1)
    named = _with_figures(top, "count")
    return (
        f"In {facts.period_words}, most {facts.offences} in {facts.area_name} were in {named}: "
        f"{len(top)} of {len(facts.known)} wards, with {said_percent(share)} of the total."
    )


def _ward_flags(facts: Facts) -> str:
    start, hot = f"In {facts.period_words}, ", facts.hot
    if not facts.tested:
        return f"{start}no ward could be tested for {facts.topic}: {_untestable(facts)}."
    if hot.empty:
        return (
            f"{start}no ward of {facts.area_name} stood out for {facts.topic}: the differences between its "
            f"{facts.tested} wards are no more than chance would give."
        )
    return (
        f"{start}{len(hot)} of {plural(facts.tested, 'ward')} in {facts.area_name} stood out for {facts.topic}, each "
        f"together with its neighbours: {listed(list(hot['label']), most=NAMES_IN_A_SENTENCE)}. {_by_chance(facts)}"
    )


def _cell_flags(facts: Facts) -> str:
    start, hot = f"In {facts.period_words}, ", facts.hot
    if not facts.tested:
        return f"{start}no small area could be tested for {facts.topic}: {_untestable(facts)}."
    if hot.empty:
        return (
            f"{start}no small area of {facts.area_name} stood out for {facts.topic}: the differences between "
            f"{number(facts.tested)} squares are no more than chance would give."
        )
    share = hot["count"].sum() / max(facts.total, 1)
    return (
        f"{start}{plural(len(hot), 'small area')} of {number(facts.tested)} in {facts.area_name} stood out for "
        f"{facts.topic}, each together with those around it. They hold {said_percent(share)} of the {facts.measure} "
        f"and lie in {listed(wards_of(hot), most=NAMES_IN_A_SENTENCE)}. {_by_chance(facts)}"
    )


def _rates(facts: Facts) -> str:
    rated = facts.known.dropna(subset="rate_per_1000")
    if rated.empty:
        return f"In {facts.period_words}, no rate can be given: the residents of these wards are not known."
    top = rated.nlargest(3, "rate_per_1000")
    named = _with_figures(top, "rate_per_1000", places=1)
    return (
        f"In {facts.period_words}, {facts.topic} per 1,000 residents was highest in {named}; half of the "
        f"{len(rated)} wards of {facts.area_name} had {number(rated['rate_per_1000'].median(), 1)} or less."
    )


def _busiest_places(facts: Facts) -> str:
    share, name = BUSIEST[0]
    busiest = facts.table[facts.table["class"] == name].sort_values("count", ascending=False, kind="stable")
    return (
        f"In {facts.period_words}, the busiest {said_percent(share)} of {facts.area_name} had "
        f"{said_percent(busiest['count'].sum() / max(facts.total, 1))} of its {facts.offences}: "
        f"{plural(len(busiest), 'small area')}, in {listed(wards_of(busiest), most=NAMES_IN_A_SENTENCE)}."
    )


def _dense_places(facts: Facts) -> str:
    busy = facts.table[facts.table["density"] >= BUSY_TIMES * facts.table["density"].mean()]
    if busy.empty:
        return (
            f"In {facts.period_words}, {facts.topic} was spread over {facts.area_name}: nowhere was it "
            f"{BUSY_TIMES} times as dense as on average."
        )
    ordered = busy.sort_values("density", ascending=False, kind="stable")
    return (
        f"In {facts.period_words}, {facts.topic} was densest in {listed(wards_of(ordered), most=3)}: "
        f"{said_percent(busy['count'].sum() / max(facts.total, 1))} of it lay in the "
        f"{said_percent(len(busy) / len(facts.table))} of {facts.area_name} where it was at least {BUSY_TIMES} times "
        "as dense as on average."
    )


def _untestable(facts: Facts) -> str:
    values = facts.known["count"]
    return "every one has the same count" if values.nunique() <= 1 else "each is a neighbour of all the others"


def _by_chance(facts: Facts) -> str:
    return said_chance(facts.flags_by_chance or 0.0, len(facts.hot))


def _with_figures(units: pd.DataFrame, column: str, *, places: int = 0) -> str:
    figures = zip(units["label"], units[column].tolist(), strict=True)
    return listed([f"{label} ({number(figure, places)})" for label, figure in figures])
