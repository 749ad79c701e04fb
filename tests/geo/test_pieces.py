"""Copies of ground, rings around it and counts on it: of squares whose answer can be told by hand."""

import numpy as np
import pytest
import shapely

from geo.frames import GeoError
from geo.pieces import counts_on, first_apart, moved_copies, ring_around, share_ground

PLACE = shapely.box(300, 300, 600, 600)
FIELD = shapely.box(0, 0, 1200, 900)


def test_a_ring_is_the_ground_around_without_the_place_itself() -> None:
    ring = ring_around(PLACE, width_metres=100)
    assert ring.equals(shapely.difference(shapely.box(200, 200, 700, 700), PLACE))
    assert not share_ground(ring, PLACE)
    with pytest.raises(GeoError, match="A ring of 0 m"):
        ring_around(PLACE, width_metres=0)


def test_copies_lie_wholly_inside_on_one_grid_with_the_place_first() -> None:
    copies = moved_copies(PLACE, FIELD, step_metres=300)
    assert copies[0].equals(PLACE)
    assert {copy.bounds[:2] for copy in copies} == {(300.0 * x, 300.0 * y) for x in range(4) for y in range(3)}
    assert len(copies) == 12
    holed = shapely.difference(FIELD, shapely.box(50, 50, 60, 60))
    assert {copy.bounds[:2] for copy in copies} - {
        copy.bounds[:2] for copy in moved_copies(PLACE, holed, step_metres=300)
    } == {(0.0, 0.0)}
    over_the_edge = shapely.box(-100, 0, 200, 300)
    assert [copy.bounds[:2] for copy in moved_copies(over_the_edge, shapely.box(0, 0, 600, 300), step_metres=100)] == [
        (-100, 0), (0, 0), (100, 0), (200, 0), (300, 0),
    ]  # fmt: skip
    assert moved_copies(FIELD, PLACE, step_metres=100) == [FIELD]


def test_copies_without_end_are_refused() -> None:
    for step in (0, float("nan")):
        with pytest.raises(GeoError, match="Ground cannot be moved"):
            moved_copies(PLACE, FIELD, step_metres=step)
    with pytest.raises(GeoError, match="541,501 copies"):
        moved_copies(PLACE, FIELD, step_metres=1)


def test_the_first_that_are_apart_are_kept_and_edges_are_no_ground() -> None:
    row = [shapely.box(x, 0, x + 100, 100) for x in (0, 50, 100, 149, 200)]
    assert first_apart(row, most=5) == [0, 2, 4]
    assert first_apart(row, most=2) == [0, 2]
    assert first_apart([], most=2) == []
    assert first_apart([shapely.box(0, 0, 100, 100), shapely.box(99.95, 0, 200, 100)], most=2) == [0, 1]
    assert first_apart([shapely.box(0, 0, 100, 100), shapely.box(99, 0, 200, 100)], most=2) == [0]


def test_each_piece_holds_its_west_and_south_edge_and_overlapping_ones_count_twice() -> None:
    whole, west, east = shapely.box(0, 0, 200, 100), shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)
    x = [0, 100, 200, 50, 150, np.nan, 50]
    y = [0, 0, 50, 100, 50, 50, 50]
    counted = counts_on([whole, west, east], x, y, [0, 0, 0, 1, 1, 1, 1], [1, 2, 4, 8, 16, 32, 64], width=2)
    assert counted.tolist() == [[3, 80], [1, 64], [2, 16]]
    assert counts_on([whole], [], [], [], [], width=3).tolist() == [[0, 0, 0]]


def test_pieces_of_a_grid_hold_every_point_once() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 1200, 500) // 50 * 50, rng.integers(0, 900, 500) // 50 * 50
    copies = moved_copies(PLACE, FIELD, step_metres=300)
    counted = counts_on(copies, x, y, np.zeros(500, dtype=int), np.ones(500), width=1)
    assert counted.sum() == 500
    inside = (x >= 300) & (x < 600) & (y >= 300) & (y < 600)
    assert counted[0, 0] == inside.sum()
