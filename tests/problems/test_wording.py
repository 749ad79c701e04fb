"""Words that readers of rounded figures read name no count of what is protected, in digits or written out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.disclosure.service import SHIPPED
from hub.problems.wording import fault_of_open_words, names_protected


@pytest.mark.parametrize(
    "said",
    [
        "Four rapes in the park",
        "four reported rapes since May",
        "Four cases of rape near the station",
        "Two women were raped",
        "There were twenty-one sexual assaults",
        "A couple of murders on the estate",
        "Half a dozen stalking reports",
        "Rapes: four",
        "Hate crimes, three",
        "three domestic incidents",
        "One homicide",
        "Modern slavery (two victims)",
        "zero rapes",
        "Three racist attacks",
        "seven children were exploited",
    ],
)
def test_a_number_written_out_beside_something_protected_is_refused(said: str) -> None:
    fault = fault_of_open_words(said, SHIPPED)
    assert fault.startswith("This holds the number '")
    assert "round it" in fault


@pytest.mark.parametrize(
    "said",
    [
        "Three shops on the parade",
        "Two bus stops, one lamp out",
        "Three wards with domestic abuse services",
        "Domestic abuse in three wards",
        "Sexual assaults near two stations",
        "Five rapes or more",  # what a released count could say too
        "Fewer rapes after the lamps were mended",
        "Hate crime near the Three Tuns",
        "Burglaries by one group",
        "Partners met two times",
        "Fewer than five sexual offences",
        "One of the oldest markets",
    ],
)
def test_ordinary_numbers_are_left_alone(said: str) -> None:
    assert fault_of_open_words(said, SHIPPED) == ""


def test_what_people_call_a_protected_category_names_it() -> None:
    for said in ("Rapes in the park", "Murder Mile", "Racist graffiti", "Cuckooed homes", "Sexual assaults"):
        assert names_protected(said, SHIPPED), said
    for said in ("Grape sellers", "Noise at night", "Burglary of shops", "Phones taken"):
        assert not names_protected(said, SHIPPED), said
    nothing = replace(SHIPPED, categories=("Burglary",))
    assert not names_protected("Rapes in the park", nothing)
    assert fault_of_open_words("Four rapes", nothing) == ""
    assert fault_of_open_words("Four burglaries", nothing)
