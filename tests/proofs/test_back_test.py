"""`hub check back-test`: what it prints of what is live, and whom it refuses."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from hub import cli
from hub.access import Role
from hub.config import Settings
from hub.db import Database
from tests.conftest import HOME, SIBLING, TEST_SECRET_KEY
from tests.hotspots.figures_given import Figures, month


@pytest.fixture
def live(
    settings: Settings, database: Database, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch
) -> dict[Role, str]:
    """Half a year of points in one borough, in the hub that commands open."""
    monkeypatch.setenv("HUB_ENVIRONMENT", "test")
    monkeypatch.setenv("HUB_SECRET_KEY", TEST_SECRET_KEY)
    monkeypatch.setenv("HUB_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("HUB_OWNER_DATABASE_URL", settings.owner_database_url)
    monkeypatch.setenv("HUB_FILES", str(settings.files))
    rng = np.random.default_rng(3)
    spread = pd.DataFrame(rng.uniform(0, 1000, (120, 2)) * [2, 1], columns=["easting", "northing"])
    spread = spread.assign(month=[month(1 + number % 6) for number in range(120)], category="Robbery")
    spread.loc[::5, ["easting", "northing"]] = 520.0
    early = pd.DataFrame({"easting": [70.0] * 2, "northing": [70.0] * 2, "month": month(1), "category": "Drugs"})
    Figures(database).points(HOME, pd.concat([spread, early]))
    return people


def asked(email: str, *more: str, area: str = HOME) -> list[str]:
    return ["check", "back-test", "--as", email, "--area", area, *more]


def test_it_prints_every_category_by_every_method(live: dict[Role, str], capsys: pytest.CaptureFixture[str]) -> None:
    analyst = live[Role.CSP_ANALYST]
    assert cli.main(asked(analyst, "--json")) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["area"], said["months"], said["training_months"]) == ("Alder", [f"2025-0{n}" for n in range(1, 7)], 3)
    assert [one["category"] for one in said["categories"]] == ["All recorded crime", "Robbery"]
    assert said["left_out"] == ["Drugs"]
    of_robbery = said["categories"][1]["methods"]
    assert set(of_robbery) == {"count", "density", "gi_star", "emerging"}
    count = of_robbery["count"]
    assert count["hit_rate"] == pytest.approx(count["hits"] / count["incidents"])
    assert count["hit_rate_lower"] < count["hit_rate"] < count["hit_rate_upper"]
    # Every fifth stands on one spot; in the same square may be one or two of the others.
    assert 0.2 <= count["hit_rate"] < 0.3
    assert count["pai"] == pytest.approx(count["hit_rate"] / count["area_share"])
    assert cli.main(asked(analyst, "--category", "robbery", "--percent", "5", "--cell-metres", "100")) == 0
    printed = capsys.readouterr().out
    assert "squares of 100 m (200 of them)" in printed
    assert "5.00% of the area" in printed
    assert "Highest of 1 categories" in printed


def test_who_may_not_see_the_area_learns_nothing_of_it(
    live: dict[Role, str], capsys: pytest.CaptureFixture[str]
) -> None:
    said = set()
    for area in (SIBLING, "North", "london", "F09000099"):
        assert cli.main(asked(live[Role.CSP_ANALYST], area=area)) == 1
        said.add(capsys.readouterr().err)
    assert len(said) == 1
    assert cli.main(asked(live[Role.COUNCIL_LEADER])) == 1
    assert "Your role does not let you" in capsys.readouterr().err
    assert cli.main(asked(live[Role.ADMINISTRATOR], area=SIBLING)) == 1
    assert "There are no points of 'street_points' for Birch." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        (["--category", "Drugs"], "nothing of Drugs in Alder in Apr 2025 to Jun 2025"),
        (["--category", "Piracy"], "no category 'Piracy'"),
        (["--training-months", "6"], "needs 7 months in a row"),
        (["--percent", "0"], "no percentage above 0"),
        (["--dataset", "met_ward_counts"], "no points of 'met_ward_counts'"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_words(
    live: dict[Role, str], capsys: pytest.CaptureFixture[str], more: list[str], refusal: str
) -> None:
    assert cli.main(asked(live[Role.CSP_ANALYST], *more)) == 1
    assert refusal in capsys.readouterr().err
