"""What an assessment found, in words that somebody of twelve reads. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from geo import assessment as method
from geo.assessment import Assessment as Judged
from geo.assessment import CostPerIncident, Implementation
from geo.effect import Effect
from hub.words import number, signed

NO_RESPONSE, NO_BASELINE, NO_FIGURES, WAITS = "no_response", "no_baseline", "no_figures", "waits_for_data"

REASONS = {
    method.BEYOND_CHANCE: "It fell by more than places like it that were left alone, and chance does not explain that.",
    method.ROSE: "It rose by more than places like it that were left alone, and chance does not explain that.",
    method.NO_WORTHWHILE_FALL: "It went the way of places like it left alone: no fall worth having is likely.",
    method.TOO_FEW_MONTHS: (
        f"There are too few months: {method.FEWEST_MONTHS_BEFORE} before the response and "
        f"{method.FEWEST_MONTHS_AFTER} after it was in place are needed."
    ),
    method.NOTHING_TO_COMPARE: "There is nothing to compare it with: no control area, or none with enough incidents.",
    method.NOT_DELIVERED: "Nothing was delivered, so there is nothing that could have worked.",
    method.CHOSEN_FOR_BEING_HIGH: (
        "The place was chosen because it was high. Such places fall by themselves, and too few other months are known "
        "to tell by how much."
    ),
    method.TRENDS_DIFFERED: "It was going another way than the places like it before the response began.",
    method.CONTROLS_DISAGREE: "The places that it is compared with went different ways.",
    method.SELECTION_EXPLAINS: (
        "It fell, but it was chosen because it was high. Such places fall by themselves, and that may be all of it."
    ),
    method.TOO_FEW_INCIDENTS: "There are too few incidents: chance alone moves so small a number up and down.",
    method.TOO_UNCERTAIN: "The change could be chance, and so could a fall worth having.",
    NO_RESPONSE: "No response is written down that had begun by then.",
    NO_BASELINE: "No baseline was frozen, so there is no control area to compare it with.",
    NO_FIGURES: "There are no figures that can be used just now.",
    WAITS: "Not all months are here yet.",
}
"""By why an assessment came out as it did."""

RESULTS = {method.FELL: "Fell", method.DID_NOT_FALL: "Did not fall", method.CANNOT_TELL: "Cannot tell"}

_DISPLACEMENT = {
    method.DISPLACED: "It moved: incidents rose nearby, beyond what the control areas explain.",
    method.DIFFUSED: "Places nearby gained too: incidents fell there, beyond what the control areas explain.",
    method.UNCLEAR: "Nothing clear was seen nearby: it neither moved there nor did places nearby gain.",
    method.NO_BUFFER: "There was no ground nearby to look at.",
}


@dataclass(frozen=True)
class Fact:
    """One figure behind a result."""

    name: str
    value: str
    between: str
    """The interval, in words; blank where there is none."""
    meaning: str
    is_for_analysts: bool = False
    """Whether it says what others say already, in the terms of the method."""


def displacement(found: Judged) -> str:
    """Whether it moved, or places nearby gained too."""
    return _DISPLACEMENT[found.displacement]


def warnings(found: Judged) -> list[str]:
    """What the reader must know of how far the figures can be trusted."""
    said = []
    if found.selection is not None:
        share = found.selection.fall_by_itself
        by_itself = "" if math.isnan(share) or share <= 0 else f" It would have fallen by about {share:.0%} by itself."
        said.append("The place was chosen because it was high, and such places fall by themselves." + by_itself)
        if found.selection.rule == method.LEFT_OUT:
            said.append("The months by which it was chosen therefore count for nothing here.")
    if found.trend_before.p < method.TREND_AT_MOST:
        way = "rising" if found.trend_before.yearly_ratio > 1 else "falling"
        said.append(f"Before the response it was {way} already, beside the control areas.")
    if found.effect is not None and found.effect.dispersion > 1.5:
        said.append("Months differ by more than chance alone would have it; the intervals are wider for that.")
    return said


def facts(found: Judged) -> list[Fact]:
    """The figures behind a result, in the order in which they are read."""
    listed = []
    if found.effect is not None:
        listed += _of_effect(found.effect, "the place")
    if found.buffer is not None:
        listed += [_ratio(found.buffer, "Nearby, against the control", "nearby")]
    if found.net is not None:
        listed.append(_avoided(found.net, "Total net effect", "Incidents avoided in the place and nearby together"))
    if found.difference is not None:
        wdd = found.difference
        listed.append(
            Fact(
                "Weighted displacement difference",
                signed(wdd.difference, 1),
                _between(wdd.lower, wdd.upper, wdd.confidence, places=1),
                f"Place and nearby against the control; standard error {number(wdd.standard_error, 1)}. Below 0 is "
                "a fall.",
                is_for_analysts=True,
            )
        )
    if found.quotient is not None and not math.isnan(found.quotient.quotient):
        listed.append(
            Fact(
                "Weighted displacement quotient",
                signed(found.quotient.quotient, 2),
                "",
                "Above 0 places nearby gained too; below 0 it moved; below −1 more moved than was avoided.",
                is_for_analysts=True,
            )
        )
    if found.cost is not None:
        listed.append(_of_cost(found.cost))
    if found.implementation is not None and found.implementation.delivered:
        listed.append(_of_patrols(found.implementation))
    before = found.trend_before
    listed.append(
        Fact(
            "Trend before",
            f"{signed(100 * (before.yearly_ratio - 1))}% a year",
            "",
            f"Place against control before the response; chance of as steep a slope if there was none: {before.p:.2f}.",
            is_for_analysts=True,
        )
    )
    return listed


def _of_patrols(given: Implementation) -> Fact:
    return Fact(
        "Patrols given, of those planned",
        f"{given.share:.0%}",
        "",
        f"{number(given.delivered)} of {number(given.planned)} minutes by that day.",
    )


def _of_effect(effect: Effect, where: str) -> list[Fact]:
    return [
        _ratio(effect, "Change against the control", where),
        _avoided(effect, "Incidents avoided", f"Incidents to be expected in {where}, less those that came"),
    ]


def _ratio(effect: Effect, name: str, where: str) -> Fact:
    low, high = (f"{signed(100 * (end - 1))}%" for end in (effect.ratio_lower, effect.ratio_upper))
    end = high if math.isfinite(effect.ratio_upper) else "no limit"
    return Fact(
        name,
        f"{signed(100 * (effect.ratio - 1))}%",
        f"{low} to {end} ({effect.confidence:.0%} interval)",
        f"{number(effect.after)} came in {where}; {number(effect.expected, 1)} were to be expected.",
    )


def _avoided(effect: Effect, name: str, meaning: str) -> Fact:
    ends = _between(effect.avoided_lower, effect.avoided_upper, effect.confidence)
    return Fact(name, signed(effect.avoided), ends, f"{meaning}.")


def _of_cost(cost: CostPerIncident) -> Fact:
    if math.isnan(cost.cost):
        return Fact("Cost of each incident avoided", "–", "", "None was avoided, so far as can be seen.")
    most = f"£{number(cost.upper)}" if math.isfinite(cost.upper) else "no limit: it may be that none was avoided"
    ends = f"£{number(cost.lower)} to {most}" if math.isfinite(cost.lower) else ""
    return Fact("Cost of each incident avoided", f"£{number(cost.cost)}", ends, "What was spent, shared among them.")


def _between(low: float, high: float, confidence: float, places: int = 0) -> str:
    ends = (
        f"{signed(low, places)} to {signed(high, places)}" if math.isfinite(high) else f"{signed(low, places)} or more"
    )
    return f"{ends} ({confidence:.0%} interval)"
