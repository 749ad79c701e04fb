"""What may be asked of an overlay, and how a question that makes no sense is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from hub.errors import BadRequest
from hub.hotspots.checking import understood
from hub.hotspots.scoring import Method, Units

SENSIBLE: dict[str, Any] = {
    "units": "wards",
    "method": "gi_star",
    "category": None,
    "first_month": dt.date(2025, 11, 1),
    "last_month": dt.date(2026, 1, 1),
}


def test_a_sensible_question_is_understood() -> None:
    question = understood(**SENSIBLE)
    assert (question.units, question.method) == (Units.WARDS, Method.GI_STAR)
    assert question.months == [dt.date(2025, 11, 1), dt.date(2025, 12, 1), dt.date(2026, 1, 1)]
    for units, method in (("wards", "rate"), ("wards", "change"), ("cells", "density"), ("cells", "change")):
        understood(**SENSIBLE | {"units": units, "method": method})


def test_kinds_of_hotspot_look_back_two_years_or_further_if_asked() -> None:
    for units in ("wards", "cells"):
        assert len(understood(**SENSIBLE | {"units": units, "method": "emerging"}).months) == 24
    further = understood(**SENSIBLE | {"method": "emerging", "first_month": dt.date(2023, 1, 1)})
    assert further.first_month == dt.date(2023, 1, 1)


@pytest.mark.parametrize("everything", [None, "", "all", "ALL", "All recorded crime", " all recorded crime "])
def test_everything_has_several_names(everything: str | None) -> None:
    assert understood(**SENSIBLE | {"category": everything}).category is None
    assert understood(**SENSIBLE | {"category": "burglary"}).category == "burglary"


@pytest.mark.parametrize(
    ("change", "said", "cure"),
    [
        ({"units": "hexagons"}, "no units called 'hexagons'", "wards, cells"),
        ({"method": "magic"}, "no method called 'magic'", "change, emerging, harm, agencies"),
        ({"units": "cells", "method": "rate"}, "no rates for small areas", "change, emerging, harm or agencies"),
        ({"method": "density"}, "not worked out for wards", "rate, gi_star, change, emerging, harm or agencies"),
        ({"method": "harm", "beside": "fire"}, "Only agencies are set beside", "choose agencies"),
        ({"first_month": dt.date(2026, 2, 1)}, "ends in January 2026, before", "not after the last"),
        ({"first_month": dt.date(1926, 1, 1)}, "1201 months", "no more than 240"),
        ({"cell_metres": 100}, "Wards have no cell size", "cells"),
        ({"units": "cells", "cell_metres": 49}, "A cell of 49 m", "50 to 2000 m"),
        ({"units": "cells", "cell_metres": 2001}, "A cell of 2001 m", "50 to 2000 m"),
        ({"units": "cells", "bandwidth_metres": 300}, "Only density has a bandwidth", "density"),
        (
            {"units": "cells", "method": "density", "cell_metres": 100, "bandwidth_metres": 99},
            "bandwidth of 99 m",
            "from 100 to 5000 m",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_cure(change: dict[str, Any], said: str, cure: str) -> None:
    with pytest.raises(BadRequest) as refused:
        understood(**SENSIBLE | change)
    assert said in refused.value.sentence
    assert cure in refused.value.remedy
