"""Cities without structure: dealt fairly, scored as the maps are, and judged by the rate that is stated."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from hub import cli
from hub.hotspots import scoring
from hub.hotspots.scoring import Method
from hub.proofs import false_flags
from hub.proofs.false_flags import FalseFlags, Ground, Rate

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("proofs")]

CITIES = 3


@pytest.fixture(scope="module")
def ground() -> Ground:
    """The fictional city, ready to be dealt out."""
    return false_flags.the_ground()


def rate(with_flags: int, lower: float) -> Rate:
    return Rate("wards", "gi_star", "Robbery", "somehow", 10, with_flags, lower, 1.0, float(with_flags))


def test_what_is_dealt_is_what_was_recorded(ground: Ground) -> None:
    random = np.random.default_rng(1)
    points = ground.points["Robbery"]
    assert max(points["month"]).isoformat() == "2026-10-01"
    assert points["month"].nunique() == 24
    year = int(points.loc[points["month"] >= sorted(set(points["month"]))[12], "count"].sum())
    for score in false_flags.LAYERS:
        scores = score(ground, points, random)
        total = scores.table["count"].sum() + scores.unplaced
        if "before" in "".join(scores.table):
            total += scores.table["count_before"].sum()
            assert total == points["count"].sum()
        else:
            assert total == (year if "gi_star" in score.__name__ else points["count"].sum())
        # What is moved to the very edge may fall outside, but next to nothing does.
        assert scores.unplaced <= 0.01 * total


def test_the_city_itself_is_flagged_and_dealt_out_it_hardly_is(ground: Ground) -> None:
    points = ground.points["All recorded crime"]
    counts = points.groupby("ward_code")["count"].sum().reindex(ground.wards.index, fill_value=0).astype(float)
    total = int(counts.sum())
    itself = scoring.score_wards(ground.wards, counts, total=total, method=Method.GI_STAR)
    squares = scoring.score_cells(points, ground.outline, ground.wards, total=total, method=Method.GI_STAR)
    assert min(scoring.is_hot(scores.table).sum() for scores in (itself, squares)) >= 3
    dealt = [false_flags.flags_of(ground, 1, number) for number in range(CITIES)]
    assert len(dealt[0]) == 2 * len(false_flags.LAYERS)
    assert np.mean([flags > 0 for city in dealt for flags in city.values()]) <= 0.2


def test_cities_are_the_same_on_one_processor_and_on_two_and_the_command_prints_them(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(false_flags, "the_ground", lambda: ground)
    alone = false_flags.measure(CITIES, 7, print, processes=1)
    by_two = false_flags.measure(CITIES, 7, print, processes=2)
    assert alone == by_two
    expected = [false_flags.flags_of(ground, 7, number) for number in range(CITIES)]
    assert [rate.with_flags for rate in alone.rates] == [
        sum(flags[key] > 0 for flags in expected) for key in expected[0]
    ]
    capsys.readouterr()
    status = cli.main(["check", "false-flags", "--cities", str(CITIES), "--seed", "7", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert (said["cities"], said["holds"], status) == (CITIES, alone.is_held, 0 if alone.is_held else 1)
    assert {(one["units"], one["method"]) for one in said["methods"]} == {
        (units, method) for units in ("wards", "cells") for method in ("gi_star", "change", "emerging")
    }


def test_a_rate_that_is_surely_higher_than_stated_is_told() -> None:
    held, broken = rate(1, 0.0025), rate(4, 0.12)
    assert (held.is_held, broken.is_held) == (True, False)
    assert FalseFlags(10, 1, (held,)).is_held
    both = FalseFlags(10, 1, (held, broken))
    assert not both.is_held
    assert [line.split()[-1] for line in both.lines()[1:3]] == ["holds", "HIGHER"]


def test_a_kind_with_one_hot_month_counts_as_a_flag_and_a_quiet_place_does_not() -> None:
    table = pd.DataFrame(
        {"class": ["no_pattern", "no_pattern", "new_hot", "not_tested"], "hot_months": [0, 1, 1, np.nan]}
    )
    assert false_flags._flagged(scoring.Scores(table, 0)) == 2
    changes = pd.DataFrame({"class": ["risen", "fallen", "no_clear_change", "not_tested"]})
    assert false_flags._flagged(scoring.Scores(changes, 0)) == 2
