"""The small city's people and figures, as the tests of problems have them, and a problem with a promise to keep."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
import shapely

from hub.access import Role
from hub.baselines import opening
from hub.baselines import service as baselines
from hub.problems import service as problems
from hub.problems.service import Place
from hub.problems.terms import Kind, Origin
from tests.assessments.responses_made import BEGAN, GROUND, IN_PLACE, MONTHS, PROMISED, THERE
from tests.hotspots.figures_given import Figures, viewing
from tests.problems.conftest import an_opening, desk, live
from tests.uploads.desk import Desk

__all__ = ["desk", "live"]

RESPONSE = {
    "words": "Staffed gates", "technique": "9", "mechanism": "Staff see the queue.", "body": "police",
    "start": BEGAN.isoformat(), "set_up": IN_PLACE.isoformat(), "assess": PROMISED.isoformat(),
    "status": "done", "cost": "9,000", "delivered": "Staff at the gates every evening.",
}  # fmt: skip
Open = Callable[..., UUID]


@pytest.fixture
def open_one(desk: Desk, live: Figures, people: dict[Role, str]) -> Open:
    """Opens a problem at the place, its baseline frozen before the response, against the like place."""

    def opened(*, is_compared: bool = True, origin: Origin = Origin.BY_HAND, **response: str) -> UUID:
        officer = people[Role.CSP_OFFICER]
        with desk.writing(officer) as viewer:
            place = Place("Bus station", premises="station", outline=GROUND)
            asked = an_opening(place=place, period=(MONTHS[6], MONTHS[10]), owner_id=viewer.person_id, origin=origin)
            problem_id = problems.open_problem(viewer, asked).id
            problems.write(viewer, problem_id, Kind.RESPONSE, {**RESPONSE, **response})
        if is_compared:
            with viewing(desk.database, officer) as reader:
                comparison = opening.compared(reader, problem_id, last_month=MONTHS[10], ring_metres=150)
                there = shapely.Point(THERE)
                like = next(one for one in comparison.offered if one.piece.outline.contains(there))
                prepared = opening.prepared(reader, comparison, [like.piece.key])
            with desk.writing(officer) as viewer:
                baselines.freeze(viewer, problem_id, prepared)
        return problem_id

    return opened
