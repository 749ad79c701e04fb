"""Two periods side by side: one scale, one honest test, and no more of a place than an overlay shows."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from scipy import stats

from hub.access import Role
from hub.hotspots import comparing, layers
from hub.hotspots.comparing import Comparison
from hub.hotspots.layers import Show
from hub.hotspots.overlays import Overlay
from tests.client import StrictClient, words_of
from tests.conftest import ELSEWHERE, HOME, PASSWORD
from tests.hotspots.figures_given import Figures, month
from tests.hotspots.overlays_made import made_of_agencies, made_of_cells, made_of_harm, made_of_wards

BEFORE = (dt.date(2024, 12, 1),)
PAGE = f"/areas/{HOME}/hotspots/compare"
ASKED = "category=Robbery&from=2025-02&to=2025-02&against=2025-01"


def beside(show: Show, now: Overlay, then: Overlay) -> Comparison:
    then = replace(then, months=BEFORE)
    return Comparison(show, now, then, comparing.changed(now, then))


def classes_of(both: Comparison) -> tuple[pd.Series[str], pd.Series[str]]:
    now, _ = layers.classes(both.now, both.show, scaled_with=both.then)
    then, _ = layers.classes(both.then, both.show, scaled_with=both.now)
    return now, then


def test_one_colour_stands_for_one_figure_in_both_periods() -> None:
    both = beside(
        Show.WARD_COUNT,
        made_of_wards("rate", counts=(10, 20, 30, 40, 50, 60)),
        made_of_wards("rate", counts=(60, 1, 2, 3, 4, np.nan)),
    )
    now, then = classes_of(both)
    assert now.iloc[5] == then.iloc[0] == "band-5"
    assert then.tolist()[1:] == ["band-1"] * 2 + ["band-1", "band-2", "no-figure"]
    alone, _ = layers.classes(both.then, both.show)
    assert alone.iloc[4] == "band-4"
    assert sum(item.units + item.units_then for item in both.legend) == 12
    dense = beside(Show.CELL_DENSITY, made_of_cells("density"), made_of_cells("density"))
    thin = dense.then.table.assign(density=dense.then.table["density"] / 4)
    dense = replace(dense, then=replace(dense.then, table=thin))
    pairs = zip(classes_of(dense), (dense.now, dense.then), strict=True)
    figures = pd.concat(
        [pd.DataFrame({"key": keys, "density": overlay.table["density"]}) for keys, overlay in pairs], ignore_index=True
    )
    of_class = figures.groupby("key")["density"].agg(["min", "max"]).sort_values("min")
    assert len(of_class) > 2
    assert (of_class["min"].to_numpy()[1:] >= of_class["max"].to_numpy()[:-1]).all()
    busy = beside(Show.CELL_COUNT, made_of_cells("count"), made_of_cells("count"))
    assert busy.legend[0].units == busy.legend[0].units_then == 9


def test_what_is_not_tested_is_said() -> None:
    for show, made, said in (
        (Show.WARD_COUNT, made_of_wards("rate"), "The change of each ward is that of its count."),
        (Show.WARD_HARM, made_of_harm("wards"), "The change of each ward is that of its count, not of its harm."),
        (Show.CELL_AGENCIES, made_of_agencies("cells"), "its count in police figures, not of the other agency's."),
    ):
        assert said in beside(show, made, made).notes[0]


def test_each_ward_is_tested_exactly_where_it_is_the_same_ground() -> None:
    now, then = (
        made_of_wards("rate", counts=(160, 104, 30, 1, 200, 50)),
        made_of_wards("rate", counts=(100, 104, 29, 2, 300, np.nan)),
    )
    change = beside(Show.WARD_COUNT, now, then).change
    clear, unclear = ["risen", "fallen"], "no_clear_change"
    assert change.table["class"].tolist() == [clear[0], unclear, unclear, "not_tested", clear[1], "not_tested"]
    assert change.table["p"].iloc[0] == pytest.approx(stats.binomtest(160, 260).pvalue, rel=1e-9)
    assert "In January 2025, against the month just before (December 2024)" in change.sentence
    moved = then.outlines.translate(300)
    other_wards = replace(then, boundary_set="2018", outlines=moved)
    assert set(comparing.changed(now, other_wards).table["class"]) == {"not_tested"}
    assert "Wards changed between the two periods" in " ".join(beside(Show.WARD_COUNT, now, other_wards).notes)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # it reads by the overlay's own way, tried on both
def test_both_periods_come_by_the_way_of_the_overlay(
    client: StrictClient, live: Figures, people: dict[Role, str]
) -> None:
    rng = np.random.default_rng(8)
    for number, corner in ((1, 200), (2, 1500)):
        spread = np.column_stack([rng.uniform(0, 2000, 300), rng.uniform(0, 1000, 300)])
        busy = rng.uniform(corner, corner + 200, (200, 2)) - np.array([0, corner - 200])
        frame = pd.DataFrame(np.vstack([spread, busy]).round(1), columns=["easting", "northing"])
        live.points(HOME, frame.assign(category="Robbery", month=month(number)))
    client.sign_in(people[Role.CSP_ANALYST], PASSWORD)
    for show in ("cells-count", "cells-gi_star", "cells-density", "wards-count", "wards-gi_star"):
        assert client.get(f"{PAGE}?show={show}&{ASKED}").status_code == 200
        page = client.page
        assert "against the month just before (January 2025), robbery" in page.main
        assert [words_of(heading) for heading in page.all("h2")][:2] == ["February 2025", "January 2025"]
        answer = orjson.loads(client.get(f"{PAGE}/layers.json?show={show}&{ASKED}").data)
        assert set(answer) == {"now", "then"}
    sides = {which: answer_of(client, "cells-density")[which]["cells"] for which in ("now", "then")}
    assert sides["now"]["side"] == sides["then"]["side"]
    for asked, said in (
        (ASKED.replace("against=2025-01", "against=2025-02"), "Both periods are the same."),
        (ASKED.replace("against=2025-01", "against=2024-02"), "no points"),
        (f"show=wards-change&{ASKED}", "sets months against earlier ones by itself"),
    ):
        assert client.get(f"{PAGE}?{asked if 'show' in asked else f'show=cells-count&{asked}'}").status_code == 400
        assert said in client.page.errors[0]
    for area, status in ((ELSEWHERE, 404), ("north", 404), ("london", 404)):
        for file in ("", "/layers.json"):
            assert client.get(f"/areas/{area}/hotspots/compare{file}?show=cells-count&{ASKED}").status_code == status
    client.sign_out()
    client.sign_in(people[Role.COUNCIL_LEADER], PASSWORD)
    assert client.get(f"{PAGE}?show=cells-count&{ASKED}").status_code == 403


def answer_of(client: StrictClient, show: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(client.get(f"{PAGE}/layers.json?show={show}&{ASKED}").data)
    return found
