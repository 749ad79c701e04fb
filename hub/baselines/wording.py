"""How what is known of a place, and of what it is compared with, is put into words. It works nothing out."""

from __future__ import annotations

from hub.baselines.gathering import AgenciesHere, Concentration, Evidence, Flag, Month, Repeats
from hub.baselines.models import Role
from hub.baselines.service import Standing
from hub.briefings.one_place import SourceHere
from hub.hotspots.agencies import BOTH, GAP, POLICE_ONLY, QUIET_GAP
from hub.words import listed, number, plural

ROLES = {
    Role.RESPONSE: "The place",
    Role.BUFFER: "Around it, for displacement",
    Role.CONTROL: "Control",
}
RULES = {
    "suitable": "Keeps every rule",
    "adjoining": "Touches the place, or lies in the ground around it",
    "no_incidents": "Had no incidents",
    "other_level": "Had fewer than half as many, or more than twice as many",
    "other_trend": "Was going another way already",
}
STANDINGS = {
    Standing.WHOLE: "These are the figures that were frozen, and nobody has changed them: their digest agrees.",
    Standing.GONE: "Some of the data that it was made of has been deleted since, and its figures went with it.",
    Standing.APART: "Only the figures of your own boroughs are shown; those of the others are shown to their people.",
    Standing.ALTERED: (
        "These are not the figures that were frozen: their digest does not agree. Judge nothing by them, and tell an "
        "administrator."
    ),
}


def lines(evidence: Evidence, boroughs: str) -> list[tuple[str, str]]:
    """What is known of a place, each with its title.

    Parameters
    ----------
    evidence
        The facts.
    boroughs
        The names of its boroughs, in words.
    """
    share = evidence.share
    of_all = _percent(share.incidents, share.of_incidents)
    words = (
        f"{plural(share.incidents, 'incident')} in the last 12 months, {of_all} of the {number(share.of_incidents)} in "
        f"{boroughs}, on {share.of_ground:.1%} of its ground."
    )
    told = [("Its share", words)]
    if evidence.flag is not None:
        told = [*_of_flag(evidence.flag), *told]
    if evidence.month is not None:
        told.append(("Its last month", _of_month(evidence.month)))
    if evidence.repeats is not None:
        told.append(("Repeats", _of_repeats(evidence.repeats)))
    if evidence.concentration is not None:
        told.append(("Concentration", _of_concentration(evidence.concentration)))
    return told


def _of_flag(flag: Flag) -> list[tuple[str, str]]:
    followed = f"A hotspot in {number(flag.hot_months)} of {plural(flag.months_followed, 'month')}."
    if flag.z is None or flag.p is None:
        return [("Why here", flag.sentence), ("How sure", followed)]
    chance = "less than 0.0001" if flag.p < 0.0001 else f"{flag.p:.4f}"
    sure = (
        f"{followed} In the last month its strongest part stood {flag.z:.1f} standard deviations from chance (p "
        f"{chance}, one of {number(flag.tested)} tested together)."
    )
    return [("Why here", flag.sentence), ("How sure", sure)]


def _of_month(month: Month) -> str:
    usual = number(month.low) if month.low == month.high else f"{number(month.low)} to {number(month.high)}"
    return (
        f"{number(month.seen)}, where {usual} is usual by {plural(month.years, 'year')} before; the chance of a month "
        f"so far from usual is {month.chance:.3f}."
    )


def _of_repeats(repeats: Repeats) -> str:
    return (
        f"{number(repeats.again)} of {plural(repeats.incidents, 'incident')} with a point "
        f"({_percent(repeats.again, repeats.incidents)}) came where another had in the last 12 months. Points stand "
        "for the places around them, not for addresses."
    )


def _of_concentration(found: Concentration) -> str:
    return (
        f"Half of its {plural(found.incidents, 'incident')} came at {number(found.points_with_half)} of "
        f"{plural(found.points, 'map point')} where crime was recorded; chance alone would need about "
        f"{number(found.by_chance)}."
    )


def agencies(found: AgenciesHere | None, sources: tuple[SourceHere, ...], why_not: str) -> str:
    """Say whether another agency's data agrees that the place is busy, or why that is not known."""
    if found is None:
        return why_not or f"No other agency's data could be set beside it: {plural(len(sources), 'source')} has points."
    parts = sum(found.classes.values())
    said = [
        f"{number(sum(found.classes.get(name, 0) for name in names))} {words}"
        for names, words in (
            ((BOTH,), "busy for both"),
            ((POLICE_ONLY,), "busy in police figures alone"),
            ((GAP, QUIET_GAP), "busy in the other agency's figures alone"),
        )
    ]
    return f"{found.title} beside police figures, in {plural(parts, 'part')} of the place: {listed(said)}."


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "0%"
