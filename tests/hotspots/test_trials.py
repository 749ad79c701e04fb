"""The back-test that a map tells of itself: worked out after the answer, kept by what it was made of, and refused."""

from __future__ import annotations

import pytest

from hub.access import Role
from hub.db import Database
from hub.errors import NotAllowed
from hub.hotspots import trials
from hub.hotspots.keeping import writing_as
from hub.hotspots.trials import NOT_YET, Trial
from tests.client import StrictClient, words_of
from tests.conftest import HOME, PASSWORD
from tests.hotspots.figures_given import Figures, area_of, month, viewing
from tests.hotspots.test_back_tests import points

MAP = "/areas/north/hotspots?show=cells-count&category=Robbery&from=2025-06&to=2025-06"


@pytest.fixture
def robbed(live: Figures) -> Figures:
    """Half a year in which one square has most of the robberies, and three months of drugs."""
    robberies = [(520.0, 520.0, "Robbery", [40] * 6), (1570.0, 520.0, "Robbery", [3] * 6)]
    live.points(HOME, points(*robberies, (220.0, 220.0, "Drugs", [1, 1, 1, 0, 0, 0])))
    return live


def tried(client: StrictClient) -> str:
    return " ".join(words_of(each) for each in client.page.all("p") if each.get("id") == "tried")


def test_the_map_of_the_busiest_places_says_how_they_would_have_done_once_it_is_known(
    client: StrictClient, people: dict[Role, str], robbed: Figures
) -> None:
    client.sign_in(people[Role.BCU_COMMANDER], PASSWORD)
    client.get(MAP).close()
    assert tried(client) == NOT_YET
    client.get(MAP)
    # In each month 40 of 43 were in the one square that may be chosen.
    assert tried(client) == (
        "Had you patrolled last quarter's places, you would have met 93% of the robbery in North each month, Apr 2025 "
        "to Jun 2025, in 1% of the area (between 87% and 97%): 91 times what chance would give."
    )
    client.get(MAP.replace("cells-count", "cells-density"))
    assert not tried(client)


def test_a_trial_is_of_the_data_that_it_was_made_of_and_says_why_there_is_none(
    database: Database, people: dict[Role, str], robbed: Figures
) -> None:
    def ask(role: Role, last: int = 6, *, seen_by: Role | None = None) -> Trial:
        with viewing(database, people[seen_by or role]) as finder:
            area = area_of(finder, HOME)
        with viewing(database, people[role]) as viewer:
            trial = trials.trial_of(viewer, area, category="Robbery", dataset="street_points", last_month=month(last))
            if trial.is_due:
                trial = trials.work_out(viewer, trial)
                with writing_as(database, viewer) as writer:
                    trials.keep(writer, trial)
        return trial

    first = ask(Role.CSP_ANALYST)
    assert not first.is_due
    assert ask(Role.CSP_ANALYST).sentence == first.sentence
    robbed.points(HOME, points((2620.0, 520.0, "Robbery", [0, 0, 0, 0, 0, 90])))
    assert ask(Role.CSP_ANALYST).sentence != first.sentence
    assert ask(Role.CSP_ANALYST, last=3).sentence.endswith(
        "A back-test needs 4 months in a row, and Alder has only 3: Jan 2025 to Mar 2025."
    )
    with pytest.raises(NotAllowed):
        ask(Role.COUNCIL_LEADER, seen_by=Role.CSP_ANALYST)
