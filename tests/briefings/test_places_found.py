"""From hot squares to places: joined, dated by their oldest part, in the order of their news, one for each ground."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from hub.briefings import places_found
from hub.briefings.places_found import Followed, Place

SIDE = 300


def followed(category: str, *squares: tuple[int, int, str, float, int, float], p: float = 1e-6) -> Followed:
    """Hot squares by column and row, each with its kind, hot months, count in the last month and score."""
    names = [f"{SIDE}m-E{column * SIDE}-N{row * SIDE}" for column, row, *_ in squares]
    boxes = [
        shapely.box(column * SIDE, row * SIDE, (column + 1) * SIDE, (row + 1) * SIDE) for column, row, *_ in squares
    ]
    table = pd.DataFrame(
        {
            "ward_name": [f"Ward {column}" for column, *_ in squares],
            "count": [24.0 * latest for *_, latest, _ in squares],
            "latest_count": [float(latest) for *_, latest, _ in squares],
            "hot_months": [float(months) for _, _, _, months, _, _ in squares],
            "z": [z for *_, z in squares],
            "p": p,
            "class": [f"{kind}_hot" for _, _, kind, *_ in squares],
        },
        index=names,
    )
    tested = np.concatenate([np.full(len(squares), p), np.linspace(0.01, 1, 200)])
    return Followed(
        category, category != "All recorded crime", gpd.GeoDataFrame(table, geometry=boxes, crs=27700), tested, 24
    )


def found(*categories: Followed) -> tuple[Place, ...]:
    return places_found.find_places(categories, is_two_sided=False).places


def test_neighbouring_squares_are_one_place_as_old_as_its_oldest_part() -> None:
    [place] = found(
        followed(
            "Robbery",
            (0, 0, "sporadic", 5, 3, 6.0),
            (1, 1, "persistent", 24, 9, 8.0),
            (2, 1, "new", 1, 4, 9.0),
        )
    )
    assert (place.kind, place.hot_months, place.latest_count, place.ward_name) == ("persistent", 24, 16, "Ward 2")
    assert place.units == ("300m-E600-N300", "300m-E300-N300", "300m-E0-N0")
    assert (place.easting, place.northing) == (750, 450)


def test_a_place_that_is_hot_now_has_not_faded() -> None:
    beside = followed("Robbery", (0, 0, "historical", 22, 9, 3.0), (1, 0, "sporadic", 7, 6, 5.0))
    assert [place.kind for place in found(beside)] == ["sporadic"]
    assert [place.kind for place in found(followed("Robbery", (0, 0, "historical", 22, 9, 3.0)))] == ["historical"]


def test_what_has_come_leads_then_what_fades_then_what_lasts() -> None:
    kinds = ("sporadic", "persistent", "intensifying", "diminishing", "consecutive", "new")
    categories = [followed(f"Kind {at}", (5 * at, 0, kind, 3, 10, 5.0 + at)) for at, kind in enumerate(kinds)]
    assert [place.kind for place in found(*categories)] == [
        "new",
        "consecutive",
        "diminishing",
        "intensifying",
        "persistent",
        "sporadic",
    ]


def test_one_place_for_each_ground_and_the_rest_is_said_with_it() -> None:
    everything = followed("All recorded crime", (0, 0, "persistent", 24, 90, 30.0), (1, 0, "persistent", 24, 50, 20.0))
    robbery = followed("Robbery", (1, 0, "consecutive", 4, 8, 12.0))
    beside = followed("Drugs", (2, 0, "persistent", 24, 8, 12.0))
    first, second = found(everything, robbery, beside)
    assert (first.category, first.also) == ("Robbery", (("All recorded crime", "persistent"),))
    assert second.category == "Drugs"


def test_too_few_to_act_on_are_left_out_however_unlikely() -> None:
    assert found(followed("Robbery", (0, 0, "new", 1, places_found.LEAST_IN_A_MONTH - 1, 20.0))) == ()
    assert len(found(followed("Robbery", (0, 0, "new", 1, places_found.LEAST_IN_A_MONTH, 20.0)))) == 1


def test_all_categories_are_corrected_together() -> None:
    alone = followed("Robbery", (0, 0, "new", 1, 9, 5.0), p=2e-4)
    quiet = [followed(f"Kind {at}") for at in range(20)]
    assert len(found(alone)) == 1
    # 0.0002 among 201 is a q of 0.04; among 4,201 one of 0.84.
    crowded = places_found.find_places([alone, *quiet], is_two_sided=False)
    assert (crowded.places, crowded.hot, crowded.flags_by_chance) == ((), 0, 0)
    both = places_found.find_places([alone], is_two_sided=False)
    assert both.flags_by_chance == pytest.approx(201 * 2e-4)
    assert places_found.find_places([alone], is_two_sided=True).flags_by_chance == pytest.approx(201 * 1e-4)


def test_only_what_has_lately_come_has_months_to_skip() -> None:
    for kind, months in (("new", 1), ("consecutive", 5), ("persistent", 0)):
        [place] = found(followed("Robbery", (0, 0, kind, 5 if kind != "new" else 1, 9, 9.0)))
        assert places_found.months_to_skip(place) == months


def test_squares_are_read_from_their_names_and_met_by_others_of_any_size() -> None:
    assert places_found.square_of("300m-E600-N-300") == (300, 600, -300)
    for name in ("F05000001", "0m-E0-N0", "300m-E0", "300m-E0-N0;drop", "300m-E99999999-N0"):
        assert places_found.square_of(name) is None
    units = ("300m-E600-N300",)
    assert places_found.share_ground("300m-E600-N300", units)
    assert places_found.share_ground("300m-E900-N600", units)
    assert places_found.share_ground("50m-E700-N400", units)
    assert not places_found.share_ground("300m-E1200-N300", units)
    assert places_found.share_ground("F05000001", ("F05000001", "F05000002"))
    assert not places_found.share_ground("F05000003", ("F05000001",))


def test_points_on_the_west_and_south_edge_are_inside() -> None:
    points = pd.DataFrame({"easting": [600, 899.9, 900, 599.9], "northing": [300.0, 599.9, 300, 300]})
    assert places_found.in_squares(points, ("300m-E600-N300",)).tolist() == [True, True, False, False]
