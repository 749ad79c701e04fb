"""How one place is put into words: what kind of hotspot it is, where, and against what is usual there.

It words what it is given, and works nothing out.
"""

from __future__ import annotations

import datetime as dt

from hub.briefings.places_found import Place
from hub.briefings.usual import Usual
from hub.words import listed, month_name, number, plural

KIND_TITLES = {
    "new": "New",
    "consecutive": "New, still there",
    "diminishing": "Fading",
    "historical": "Faded",
    "intensifying": "Growing",
    "persistent": "Lasting",
    "oscillating": "Back after a quiet time",
    "sporadic": "On and off",
}


def topic_of(category: str) -> str:
    """A category as it stands inside a sentence."""
    return category if category[1:2].isupper() else category[0].lower() + category[1:]


def where_words(ward_name: str, borough_name: str) -> str:
    """`Warreners, Larkheath`; the borough alone where no ward is named."""
    return f"{ward_name}, {borough_name}" if ward_name else borough_name


def said(place: Place, usual: Usual | None, borough_name: str, last_month: dt.date) -> str:
    """Say what is going on at a place, in one plain sentence."""
    count = f"{number(place.latest_count)} in {last_month:%B}; to say what is usual takes a year of months before"
    return (
        f"{place.category} in {where_words(place.ward_name, borough_name)} "
        f"{kind_words(place.kind, place.hot_months, last_month)}: {usual.words if usual else count}."
    )


def kind_words(kind: str, hot_months: int, last_month: dt.date) -> str:
    """Say what kind of hotspot a place is, as it stands inside a sentence."""
    return {
        "new": f"became a hotspot in {month_name(last_month)} for the first time",
        "consecutive": f"has been a hotspot for the last {plural(hot_months, 'month')}, and never before",
        "diminishing": "is fading: a hotspot nearly always, but less and less so",
        "historical": f"has faded: a hotspot nearly always, but not in {month_name(last_month)}",
        "intensifying": "is growing: a hotspot nearly always, and more and more so",
        "persistent": "is a lasting hotspot, much the same all along",
        "oscillating": "is a hotspot now, and was a quiet place at some time before",
        "sporadic": "is a hotspot again, as it was on and off before",
    }[kind]


def also_words(place: Place) -> str:
    """Say what else is flagged on the same ground; blank where nothing is."""
    if not place.also:
        return ""
    return f"Also flagged there: {listed([topic_of(category) for category, _ in place.also], most=4)}."
