"""Kinds that an administrator adds are taken in, drawn and summarised as the hub's own of their level are."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from hub.access import Permission, Role, Viewer
from hub.errors import BadRequest
from hub.hotspots import service as hotspots
from hub.hotspots.overlays import Overlay
from hub.places import service as places
from hub.summaries import service as summaries
from hub.uploads import kinds
from hub.uploads import service as uploads
from hub.words import months_before
from tests.conftest import HOME
from tests.uploads.desk import Desk

WARDENS: dict[str, Any] = {
    "key": "park_wardens",
    "title": "Park wardens",
    "description": "What the park wardens met.",
    "measure": "incidents",
    "level": "point",
    "identical_rows": True,
    "signature": ["Met by a warden"],
    "fields": [
        {"key": "category", "title": "Met by a warden"},
        {"key": "date"},
        {"key": "easting", "is_required": True},
        {"key": "northing", "is_required": True},
    ],
}
SHOPS: dict[str, Any] = {
    "key": "shop_watch",
    "title": "Shop watch",
    "description": "Offences that shops recorded together.",
    "measure": "offences",
    "level": "ward",
    "is_crime": True,
    "signature": ["Seen in shops"],
    "fields": [
        {"key": "ward_code"},
        {"key": "month"},
        {"key": "offence_group", "title": "Seen in shops"},
        {"key": "count"},
    ],
}
MONTH = dt.date(2025, 1, 1)
MET = "Met by a warden,Date,Easting,Northing\n" + "".join(
    f"Litter,2025-01-{1 + number % 28:02},{250 + 7 * number},{400 + 5 * number}\n" for number in range(60)
)
SEEN = "Seen in shops,Month,Ward code,Count\n" + "".join(
    f"Theft,{months_before(MONTH, back):%Y-%m},F05000000,30\nTheft,{months_before(MONTH, back):%Y-%m},F05000001,12\n"
    for back in range(24)
)


@pytest.fixture
def officer(desk: Desk, people: dict[Role, str]) -> str:
    """The officer of a hub that has both kinds, with a file of each live."""
    with desk.database.writing() as session:
        for definition in (WARDENS, SHOPS):
            kinds.add(session, definition)
    email = people[Role.CSP_OFFICER]
    for content, dataset in ((MET, "park_wardens"), (SEEN, "shop_watch")):
        upload_id = desk.check(email, content)
        assert desk.outcome(email, upload_id)["dataset"] == dataset
        with desk.writing(email) as viewer:
            uploads.commit(viewer, upload_id)
    return email


def ask(viewer: Viewer, **asked: Any) -> Overlay:
    area = places.area(viewer, HOME, Permission.OVERLAY_READ)
    question = {"units": "wards", "method": "rate", "category": None, "first_month": MONTH, "last_month": MONTH}
    return hotspots.overlay(viewer, area, **question | asked)


def test_points_are_drawn_by_ward_and_by_cell_and_counts_by_ward_alone(desk: Desk, officer: str) -> None:
    with desk.reading(officer) as viewer:
        by_ward, by_cell = (
            ask(viewer, dataset="park_wardens", **of) for of in ({}, {"units": "cells", "method": "density"})
        )
        assert by_ward.total == by_cell.total == 60
        assert by_ward.table["count"].tolist() == [60, 0]
        assert by_cell.dataset_title == "Park wardens"
        assert ask(viewer, dataset="shop_watch").table["count"].tolist() == [30, 12]
        assert ask(viewer, category="Litter").dataset == "park_wardens", "a category leads to the kind that has it"
        offered = hotspots.choices(viewer, places.area(viewer, HOME, Permission.OVERLAY_READ))
        assert offered is not None
        assert offered.categories == {"Park wardens": [("Litter", [])], "Shop watch": [("Theft", [])]}
        with pytest.raises(BadRequest, match="Shop watch have no points"):
            ask(viewer, dataset="shop_watch", units="cells", method="density")
        with pytest.raises(BadRequest, match="no dataset called 'shop_wotch'") as refusal:
            ask(viewer, dataset="shop_wotch")
        assert "shop_watch" in refusal.value.remedy


def test_recorded_crime_of_an_added_kind_is_summarised_where_no_shipped_one_covers_the_month(
    desk: Desk, officer: str
) -> None:
    with desk.reading(officer) as viewer:
        found = summaries.summary(viewer, HOME)
        assert (found.dataset, found.total.latest.count, found.measure) == ("Shop watch", 504, "offences")
        assert summaries.covered_months(viewer, HOME)[0] == MONTH
