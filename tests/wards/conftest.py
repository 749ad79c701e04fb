"""The small city with an older set of wards in which Alder was one, and people who read its wards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import pandas as pd
import pytest
import shapely

from hub.access import Permission, Role
from hub.db import Database
from hub.places import service as places
from hub.places.models import BoundarySet, OutwardWard, Ward
from hub.wards import ground, service
from hub.wards.service import WardPage
from tests.conftest import HOME
from tests.hotspots.figures_given import Figures, viewing
from tests.summaries.counted import LAST, WEST, months_to
from tests.uploads.desk import Desk

WHOLE_ALDER = "F05000080"
YEARS = months_to(LAST, 48)
"""Two years counted on the old ward, and two on today's."""
OLDER, NEWER = YEARS[:24], YEARS[24:]

Open = Callable[..., WardPage]


def flat(months: Sequence[dt.date], count: int, wards: Sequence[str]) -> pd.DataFrame:
    """The same count in each ward, month and of two offence groups."""
    keys = pd.MultiIndex.from_product(
        [months, wards, ("Burglary", "Theft")], names=["month", "ward_code", "offence_group"]
    )
    return pd.DataFrame({"offence_subgroup": "", "count": count}, index=keys).reset_index()


@pytest.fixture
def split_ward(database: Database, people: dict[Role, str]) -> None:
    """Alder was one ward until 2022, when it was split into halves that as many people live in."""
    with database.writing() as session:
        older = BoundarySet(
            code="2018",
            in_force_from=dt.date(2018, 5, 3),
            source="Made up",
            content_hash="2" * 64,
            loaded_at=dt.datetime.now(dt.UTC),
        )
        session.add(older)
        session.flush()
        outline = shapely.box(0, 0, 2000, 1000)
        session.add(
            Ward(boundary_set_id=older.id, code=WHOLE_ALDER, name="Whole Alder", borough_code=HOME, outline=outline)
        )


@pytest.fixture
def postcodes(database: Database, small_city: None) -> None:
    """`AL1` lies in both wards of Alder, most of it in the western one."""
    with database.writing() as session:
        newest = places.boundary_sets(session)[0].id
        session.add_all(
            OutwardWard(boundary_set_id=newest, outward_code="AL1", ward_code=code, share=share)
            for code, share in ((WEST, 0.7), ("F05000001", 0.295), ("F05000002", 0.005))
        )


@pytest.fixture
def desk(database: Database) -> Desk:
    """Where people work."""
    return Desk(database)


@pytest.fixture
def figures(database: Database) -> Figures:
    """Where counts are made live."""
    return Figures(database)


@pytest.fixture
def open_ward(database: Database, people: dict[Role, str]) -> Open:
    """Open the page of a ward of Alder as somebody of a role."""

    def opened(role: Role, code: str = WEST, last_month: dt.date | None = None, borough: str = HOME) -> WardPage:
        with viewing(database, people[role]) as viewer:
            area = places.area(viewer, borough, Permission.SUMMARY_READ)
            return service.page(viewer, ground.borough(viewer, area.slug), code, last_month=last_month)

    return opened
