"""Harm by ward and square: hand-worked figures, what has no weight, chance, and the same through the service."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

from geo.frames import GeoError
from geo.harm import default_weights
from hub.access import Role
from hub.db import Database
from hub.errors import BadRequest
from hub.hotspots import harms
from hub.uploads.classification import ANTI_SOCIAL_BEHAVIOUR
from tests.conftest import HOME
from tests.hotspots.figures_given import Figures, month, viewing
from tests.hotspots.overlays_made import made_of_harm, square_wards
from tests.hotspots.test_scoring import points_of
from tests.hotspots.test_service import EAST, WEST, ask, counts, street_points

OFFICER = Role.CSP_OFFICER


def rows_of(*rows: tuple[str | None, str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["ward_code", "offence_group", "offence_subgroup", "count"])


def test_each_offence_counts_for_its_weight_and_what_has_none_is_counted_and_named() -> None:
    wards = square_wards(1, 3).assign(borough_code=["A", "A", "B"])
    one, two = wards.index[:2]
    rows = rows_of(
        (one, "Violence against the person", "Homicide", 1),
        (one, "Theft", "Shoplifting", 25),
        (one, "Possession of weapons", "Other knife offences", 2),
        (two, "Theft", "Shoplifting", 4),
        (two, "Fraud and forgery", "Fraud and forgery", 7),
        (two, "Robbery", "", 1),
        (None, "Theft", "Shoplifting", 9),
    )
    scores = harms.weigh_wards(wards, rows, default_weights(), rows=rows, borough_codes={"A"})
    table = scores.table
    assert table["count"].tolist()[:2] == [28, 12]
    assert table["harm"].tolist()[:2] == [5475 + 25 + 2 * 273.75, 4 + 365]
    assert table["harm_capped"].tolist()[:2] == [365 + 25 + 2 * 273.75, 4 + 365]
    assert table["largest_share"].tolist()[:2] == pytest.approx([5475 / 6047.5, 365 / 369])
    assert table.iloc[2].drop("class").isna().all()
    assert (scores.left_out, scores.unplaced) == ({"Fraud and forgery": 7}, 9)
    frauds = rows[rows["offence_group"] == "Fraud and forgery"]
    with pytest.raises(GeoError, match="None of these offences has a weight in Cambridge"):
        harms.weigh_wards(wards, frauds, default_weights(), rows=frauds, borough_codes={"A"})


def test_a_run_of_robberies_is_flagged_where_it_lies() -> None:
    overlay = made_of_harm("wards")
    assert set(overlay.hot.index) >= {overlay.table.index[at] for at in (0, 1, 12, 13)}
    assert len(overlay.hot) < 12
    assert "In the" not in overlay.sentence
    assert overlay.sentence.startswith(
        f"In January 2025, {len(overlay.hot)} of 96 wards in North stood out for the harm"
    )
    assert "in days of imprisonment" in overlay.sentence
    known = " ".join(overlay.notes)
    assert "288 incidents have no weight in this set, and no part in the harm: Fraud and forgery (288)." in known
    assert "version 2026.1 of 22 November 2026" in known
    assert "not the normal law, which one grave event upsets" in overlay.method_words


def test_where_harm_lies_by_chance_next_to_nothing_is_flagged() -> None:
    rng, wards = np.random.default_rng(5), square_wards(8, 10).assign(borough_code="A")
    flagged = []
    for _ in range(20):
        rows = pd.concat(
            [
                rows_of(*((code, "Group", label, count) for code, count in zip(wards.index, dealt, strict=True)))
                for label, mean in (("Homicide", 0.02), ("Robbery of personal property", 3), ("Shoplifting", 40))
                if (dealt := rng.poisson(mean, len(wards)).tolist())
            ]
        )
        scores = harms.weigh_wards(wards, rows, default_weights(), rows=rows, borough_codes={"A"})
        flagged.append(scores.table["class"].str.startswith(("hot", "cold")).any())
    assert np.mean(flagged) <= 0.15


def test_squares_are_weighed_for_hotspots_alone() -> None:
    robberies = np.ones((10, 12), dtype=int)
    robberies[2:4, 3:5] = 12
    outline = shapely.box(0, 0, 12 * 200, 10 * 200)
    points = points_of(robberies, 200).assign(offence_group="Robbery", offence_subgroup="")
    nuisance = points_of(robberies[:1], 200).assign(offence_group="Fraud and forgery", offence_subgroup="")
    both = pd.concat([points, nuisance])
    rows = pd.concat([both, both.iloc[:3].assign(count=1)])
    scores = harms.weigh_cells(both, outline, square_wards(2, 3), default_weights(), rows=rows, cell_metres=200)
    table = scores.table
    assert table["harm"].sum() == 365 * robberies.sum()
    assert not table["class"].str.startswith("cold").any()
    hot = table[table["class"].str.startswith("hot")]
    assert set(table.index[table["harm"] == 12 * 365]) <= set(hot.index)
    assert hot["west"].between(400, 1000).all()
    assert scores.unplaced == 3
    assert scores.left_out == {"Fraud and forgery": int(robberies[:1].sum())}
    assert scores.flags_by_chance is not None
    assert scores.flags_by_chance < 10


def test_harm_is_weighed_through_the_service_and_nuisance_is_counted_apart(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.ward_counts(
        HOME,
        counts(
            (month(1), WEST, "Robbery", "Robbery of personal property", 3),
            (month(1), EAST, "Theft", "Shoplifting", 20),
            (month(1), EAST, "Fraud and forgery", "Fraud and forgery", 5),
        ),
    )
    live.points(
        HOME,
        street_points(
            (10, 10, "Robbery"), (1990, 10, "Drugs"), (1990, 10, ANTI_SOCIAL_BEHAVIOUR), (np.nan, np.nan, "Robbery")
        ),
    )
    with viewing(database, people[OFFICER]) as officer:
        wards = ask(officer, method="harm")
        by_points = ask(officer, method="harm", dataset="street_points")
        cells = ask(officer, units="cells", method="harm", cell_metres=500)
        with pytest.raises(BadRequest, match="None of these offences has a weight"):
            ask(officer, method="harm", category="Fraud and forgery")
    assert wards.table["harm"].to_dict() == {WEST: 1095, EAST: 20}
    assert wards.table["harm_per_1000"].to_dict() == {WEST: 109.5, EAST: 2}
    assert wards.table["count"].sum() == 28
    assert wards.scores.left_out == {"Fraud and forgery": 5}
    assert by_points.table["harm"].to_dict() == {WEST: 365, EAST: 3.82}
    for overlay in (by_points, cells):
        assert overlay.scores.left_out == {ANTI_SOCIAL_BEHAVIOUR: 1}
        assert "what the Met recorded in London from February 2024 to January 2026" in " ".join(overlay.notes)
        assert (overlay.total, overlay.unplaced) == (3, 1)
    assert "mix grave and lesser offences" not in " ".join(wards.notes)
    assert wards.inputs["weights"]["version"] == "2026.1"


@pytest.mark.parametrize("units", ["wards", "cells"])
def test_where_nothing_happened_there_is_no_harm_and_nothing_to_test(
    database: Database, live: Figures, people: dict[Role, str], units: str
) -> None:
    live.points(HOME, street_points((10, 10, "Robbery"), at=month(1)))
    live.points(HOME, street_points((10, 10, "Drugs"), at=month(2)))
    with viewing(database, people[OFFICER]) as officer:
        found = ask(officer, units=units, method="harm", category="Robbery", first_month=month(2), last_month=month(2))
    assert (found.total, found.tested, found.table["harm"].sum()) == (0, 0, 0)
    assert found.sentence.startswith("In February 2025, no incidents of robbery were placed in a")
