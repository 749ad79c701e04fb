"""How an overlay was worked out, in words for whoever wants to know. It never says what was found."""

from __future__ import annotations

from hub.hotspots.changes import LEAST_BASE, LEAST_TESTED
from hub.hotspots.facts import Facts
from hub.hotspots.scoring import CELLS_IN_A_NEIGHBOURHOOD, Method, Units
from hub.hotspots.wording import said_months
from hub.words import number, plural


def method_words_of(facts: Facts) -> str:
    """Say how it was worked out."""
    over = f"over {plural(len(facts.months), 'month')}"
    if facts.method is Method.RATE:
        return (
            f"{facts.measure.capitalize()} {over}, not scaled to a year, per 1,000 residents "
            f"({facts.denominator or 'not known'})."
        )
    if facts.method is Method.DENSITY:
        return (
            f"Quartic kernel density: {facts.measure} per square kilometre {over}. Bandwidth "
            f"{facts.bandwidth_metres:g} m, squares of {facts.cell_metres} m, corrected at the edge of the area."
        )
    told = {
        Method.COUNT: _count_words,
        Method.CHANGE: _change_words,
        Method.EMERGING: _emerging_words,
        Method.HARM: _harm_words,
        Method.AGENCIES: _agencies_words,
        Method.GI_STAR: _flags_words,
    }
    return told[facts.method](facts)


def _count_words(facts: Facts) -> str:
    return (
        f"The {facts.measure} in each {facts.cell_metres} m square. The busiest are those with the most; of equals, "
        "those with more in the squares around them. Nothing is tested. Tried on months gone by, the places with "
        "the highest count met more of what came next, in as much of the area, than those with the highest density "
        "or Gi*: this is the layer to patrol by. What is more than chance would explain is told by the hotspots."
    )


def _flags_words(facts: Facts) -> str:
    rule = (
        f"It is flagged where so much would rarely come about by chance: false discovery rate (Benjamini–Hochberg, "
        f"over the {number(facts.tested)} tested) at most 5%, 1% or 0.1%, shown as 95%, 99% and 99.9%."
    )
    if facts.units is Units.WARDS:
        return (
            f"The {facts.measure} of each ward are added to those of the wards that touch it, and the total is set "
            "against the average ward's (Getis–Ord Gi*, each neighbour weighted alike). Its chance is that of so "
            "large, or so small, a total had the same counts been shuffled over the wards; not the normal law, "
            f"which would flag wards by chance where a few are very busy. {rule}"
        )
    return (
        f"The {facts.measure} in each {facts.cell_metres} m square are added to those in the "
        f"{CELLS_IN_A_NEIGHBOURHOOD - 1} around it, and the total is set against the average square's (Getis–Ord "
        "Gi*). Its chance is that of so large a total had the same counts been dealt out at random, not the normal "
        f"law, which would flag many small areas by chance. {rule}"
    )


def _change_words(facts: Facts) -> str:
    return (
        f"The {facts.measure} of each {facts.unit} in {facts.period_words} are set against those in "
        f"{said_months(facts.months_before)}. Each change is tested by the exact conditional test of two Poisson "
        f"counts, and is called risen or fallen where the false discovery rate (Benjamini–Hochberg, over the "
        f"{number(facts.tested)} tested) is at most 5%. A {facts.unit} with fewer than {LEAST_TESTED} {facts.measure} "
        f"in both periods together is not tested. Percentages are given from {LEAST_BASE} in the period before, "
        "with the range that holds the true change in 95 of 100 cases, each taken alone."
    )


def _emerging_words(facts: Facts) -> str:
    cold = ", or cold by that of so small a one" if facts.units is Units.WARDS else " (cold ones are not looked for)"
    size = f" (squares of {facts.cell_metres} m)" if facts.cell_metres else ""
    again = (
        f" Where no kind is found, a second look leaves every {facts.unit} that was hot in any month out of the "
        "deal, so that a few very busy ones do not hide lesser ones; it names none that is hot on and off."
    )
    return (
        f"The {facts.measure} of each {facts.unit}{size} in each of {plural(len(facts.months), 'month')} are added to "
        "those of its neighbours and to those of the month before, and the total is set against the average of all "
        "places and months (Getis–Ord Gi* in space and time). A month is hot by the chance of so large a total had "
        f"the same counts been dealt out at random{cold}, at a false discovery rate (Benjamini–Hochberg, over "
        f"{number(facts.tested)} places in {len(facts.months)} months) of at most 5%. The kinds are those of Esri's "
        "Emerging Hot Spot Analysis: nearly always is in 90% of the months or more, and whether it rises or falls "
        f"is tested by Mann–Kendall at 5%.{again}"
    )


def _harm_words(facts: Facts) -> str:
    quiet = "" if facts.units is Units.WARDS else " Quiet places are not looked for."
    return (
        f"Each of the {facts.measure} counts for its weight ({facts.weighed_in}), those without one for nothing. The "
        f"harm of each {facts.unit} is added to that of {facts.its_neighbours}, and the total is set against the "
        "average (Getis–Ord Gi*). Its chance is that of so large a total had the same amounts been dealt out at "
        "random, found by one shared sample, not the normal law, which one grave event upsets. It is flagged at a "
        f"false discovery rate (Benjamini–Hochberg, over the {number(facts.tested)} tested) of at most 5%, 1% or "
        f"0.1%, shown as 95%, 99% and 99.9%.{quiet}"
    )


def _agencies_words(facts: Facts) -> str:
    law = (
        "Its chance is that of so large or so small a total had the same counts been shuffled over the wards."
        if facts.units is Units.WARDS
        else "Its chance is that of so large a total had the same counts been dealt out at random; quiet places "
        "are not looked for."
    )
    return (
        f"{facts.dataset_title} and {facts.beside.title if facts.beside else ''} are counted apart and never added "
        f"together. For each, the count of each {facts.unit} is added to those of {facts.its_neighbours}, and the "
        f"total is set against the average (Getis–Ord Gi*). {law} A {facts.unit} is hot for either at a false "
        f"discovery rate of at most 5% (Benjamini–Hochberg, over both tests of the {number(facts.tested)} tested). "
        f"Where the other is hot, police are taken to be hot too from a chance of 5% by itself, so that no gap is "
        "claimed where their figures are high."
    )
