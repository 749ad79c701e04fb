"""Coverage, repair, neighbours, outlines and shapes for a map."""

import warnings
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.weights import Queen

from geo.boundaries import check_coverage, outline, queen_neighbours, repair, to_geojson_geometries
from geo.frames import GeoError

MakeAreas = Callable[[int], gpd.GeoDataFrame]
BOW_TIE = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])


def frame(*geometries: shapely.Geometry | None) -> gpd.GeoDataFrame:
    """Name areas by the letters of the alphabet."""
    return gpd.GeoDataFrame(geometry=list(geometries), index=list("abcdefghijkl"[: len(geometries)]), crs=27700)


def queen_by_libpysal(areas: gpd.GeoDataFrame) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of islands
        return Queen.from_dataframe(areas.reset_index(drop=True), use_index=False).sparse.toarray()


class TestCheckCoverage:
    def test_a_clean_coverage_has_nothing_to_report(self, random_areas: MakeAreas) -> None:
        check = check_coverage(random_areas(1))
        assert check.is_clean
        assert check.tolerance_square_metres == 1.0

    def test_invalid_areas_are_named_with_the_reason(self) -> None:
        point, line = shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)])
        check = check_coverage(frame(shapely.box(200, 0, 300, 100), BOW_TIE, None, shapely.Polygon(), point, line))
        assert not check.is_clean
        assert check.invalid.to_dict() == {
            "b": "Self-intersection[50 50]",
            "c": "No geometry",
            "d": "Empty geometry",
            "e": "Point, not a polygon",
            "f": "LineString, not a polygon",
        }

    @pytest.mark.parametrize(
        ("other", "shared"),
        [
            (shapely.box(90, 0, 200, 100), 1000.0),
            (shapely.box(0, 0, 100, 100), 10_000.0),
            (shapely.box(20, 20, 40, 40), 400.0),
        ],
        ids=["across an edge", "the same area twice", "one within the other"],
    )
    def test_overlapping_areas_are_paired_with_what_they_share(self, other: shapely.Polygon, shared: float) -> None:
        check = check_coverage(frame(shapely.box(0, 0, 100, 100), other, shapely.box(500, 500, 600, 600)))
        assert check.overlaps.to_dict("records") == [{"first": "a", "second": "b", "square_metres": shared}]
        assert not check.is_clean

    def test_slivers_are_ignored_up_to_the_tolerance(self) -> None:
        areas = frame(shapely.box(0, 0, 100, 100), shapely.box(99.98, 0, 200, 100))
        assert len(check_coverage(areas).overlaps) == 1
        assert check_coverage(areas, tolerance_square_metres=3).is_clean

    def test_holes_are_gaps_unless_they_are_known(self) -> None:
        ring = shapely.box(0, 0, 300, 300).difference(shapely.box(100, 100, 200, 200))
        (gap,) = check_coverage(frame(ring)).gaps.itertuples()
        assert gap.square_metres == 10_000
        assert gap.geometry.equals(shapely.box(100, 100, 200, 200))
        assert check_coverage(frame(ring), known_gaps=shapely.box(100, 100, 200, 200)).is_clean
        partly = check_coverage(frame(ring), known_gaps=shapely.box(100, 100, 200, 150))
        assert partly.gaps["square_metres"].tolist() == [5000]

    def test_an_island_within_a_hole_is_no_part_of_the_gap(self) -> None:
        ring = shapely.box(0, 0, 300, 300).difference(shapely.box(100, 100, 200, 200))
        check = check_coverage(frame(ring, shapely.box(140, 140, 160, 160)))
        assert check.gaps["square_metres"].tolist() == [9600]
        assert check.overlaps.empty

    def test_a_creek_that_reaches_the_outside_is_no_gap(self) -> None:
        assert check_coverage(frame(shapely.box(0, 0, 300, 300).difference(shapely.box(100, 100, 200, 400)))).is_clean

    def test_areas_without_any_polygon_can_be_checked(self) -> None:
        check = check_coverage(frame(None, shapely.Point(0, 0)))
        assert (len(check.invalid), len(check.overlaps), len(check.gaps)) == (2, 0, 0)

    def test_the_real_wards_are_clean(self, london_wards: gpd.GeoDataFrame) -> None:
        assert check_coverage(london_wards).is_clean

    def test_a_missing_and_a_doubled_real_ward_are_found(self, wards_2018: gpd.GeoDataFrame) -> None:
        inland = wards_2018.set_index("ward_code").loc["E05009317"].geometry  # Bethnal Green
        doubled = wards_2018.iloc[[*range(len(wards_2018)), 5]].reset_index(drop=True)
        check = check_coverage(doubled[doubled["ward_code"] != "E05009317"])
        (gap,) = check.gaps.itertuples()
        assert gap.square_metres == pytest.approx(inland.area)
        (overlap,) = check.overlaps.itertuples()
        assert (overlap.first, overlap.second) == (5, len(wards_2018))
        assert overlap.square_metres == pytest.approx(wards_2018.geometry[5].area)


class TestRepair:
    def test_only_bad_shapes_change_and_rows_keep_their_place(self) -> None:
        good = shapely.box(200, 0, 300, 100)
        mixed = shapely.GeometryCollection([shapely.box(0, 0, 10, 10), shapely.LineString([(10, 10), (20, 20)])])
        areas = frame(good, BOW_TIE, mixed).assign(ward_code=["one", "two", "three"])
        repaired = repair(areas)
        assert repaired.index.equals(areas.index)
        assert repaired["ward_code"].equals(areas["ward_code"])
        assert repaired.crs == areas.crs
        assert repaired.geometry["a"].equals_exact(good)
        assert repaired.geometry["b"].is_valid
        assert repaired.geometry["c"].equals(shapely.box(0, 0, 10, 10))
        assert areas.geometry["b"] is not repaired.geometry["b"]
        assert not areas.geometry["b"].is_valid

    def test_an_area_without_ground_cannot_be_repaired(self) -> None:
        with pytest.raises(GeoError, match=r"2 of 3 areas enclose no ground \(rows b, c\)"):
            repair(frame(shapely.box(0, 0, 1, 1), None, shapely.LineString([(0, 0), (1, 1)])))

    def test_real_wards_that_lost_their_shape_in_geojson_are_mended(self, real_data: Path) -> None:
        wards = gpd.read_file(real_data / "wards-2022.geojson").to_crs(27700)
        assert check_coverage(wards).invalid.str.startswith("GeometryCollection").sum() == 3
        mended = repair(wards)
        assert check_coverage(mended).is_clean
        full = gpd.read_file(real_data / "wards-2022.gpkg", layer="wards").set_index("ward_code").geometry
        areas = mended.set_index("ward_code").area
        np.testing.assert_allclose(areas, full.area.loc[areas.index], rtol=5e-4)


class TestQueenNeighbours:
    def test_edges_and_corners_count_and_gaps_do_not(self) -> None:
        west, east = shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)
        areas = frame(west, east, shapely.box(200, 100, 300, 200), shapely.box(301, 0, 400, 100))
        expected = [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 1]]
        np.testing.assert_array_equal(queen_neighbours(areas).toarray(), expected)
        np.testing.assert_array_equal(queen_neighbours(areas, include_self=False).toarray(), expected - np.eye(4))

    def test_edges_that_rounding_parted_still_meet(self) -> None:
        parted = frame(shapely.box(0, 0, 100, 100), shapely.box(100.04, 0, 200, 100))
        assert queen_neighbours(parted).nnz == 4
        assert queen_neighbours(parted, within_metres=0).nnz == 2

    @given(seed=st.integers(0, 2**32 - 1))
    @settings(deadline=None, max_examples=20)
    def test_reordering_areas_reorders_neighbours(self, random_areas: MakeAreas, seed: int) -> None:
        areas = random_areas(seed)
        order = np.random.default_rng(seed).permutation(len(areas))
        before, after = queen_neighbours(areas).toarray(), queen_neighbours(areas.iloc[order]).toarray()
        np.testing.assert_array_equal(after, before[np.ix_(order, order)])
        np.testing.assert_array_equal(before, before.T)

    def test_real_wards_have_libpysals_neighbours(self, london_wards: gpd.GeoDataFrame) -> None:
        ours = queen_neighbours(london_wards, include_self=False)
        np.testing.assert_array_equal(ours.toarray(), queen_by_libpysal(london_wards))

    def test_simplified_real_wards_have_the_neighbours_of_the_full_ones(
        self, wards_2018: gpd.GeoDataFrame, real_data: Path
    ) -> None:
        simplified = gpd.read_file(real_data / "wards-2018.geojson").to_crs(27700)
        simplified = simplified.set_index("ward_code").loc[wards_2018["ward_code"]]
        ours, full = queen_neighbours(simplified), queen_neighbours(wards_2018)
        np.testing.assert_array_equal(ours.toarray() - np.eye(len(simplified)), queen_by_libpysal(simplified))
        assert (ours != full).nnz == 0


class TestOutline:
    def test_clean_coverages_and_overlaps_give_the_ground_they_cover(self) -> None:
        clean = frame(shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100))
        assert outline(clean).equals(shapely.box(0, 0, 200, 100))
        overlapping = frame(shapely.box(0, 0, 120, 100), shapely.box(100, 0, 200, 100), BOW_TIE, None)
        assert outline(overlapping).equals(shapely.box(0, 0, 200, 100))

    def test_no_ground_has_no_outline(self) -> None:
        with pytest.raises(GeoError, match="no outline"):
            outline(frame(None, shapely.Polygon()))

    def test_the_outline_of_the_real_wards_is_their_union(self, london_wards: gpd.GeoDataFrame) -> None:
        whole = outline(london_wards)
        assert whole.is_valid
        assert whole.area == pytest.approx(london_wards.area.sum(), rel=1e-12)
        assert whole.symmetric_difference(shapely.union_all(london_wards.geometry.values)).area < 1


class TestGeojson:
    def test_shapes_are_geojson_in_degrees_with_six_decimals(self) -> None:
        ring = shapely.box(530_000, 180_000, 531_000, 181_000).difference(
            shapely.box(530_400, 180_400, 530_600, 180_600)
        )
        (shape,) = to_geojson_geometries(gpd.GeoSeries([ring], crs=27700), tolerance_metres=0)
        assert shape["type"] == "Polygon"
        shell, hole = (shapely.LinearRing(points) for points in shape["coordinates"])
        assert shell.is_ccw
        assert not hole.is_ccw
        assert all(
            number == round(number, 6) for points in shape["coordinates"] for point in points for number in point
        )
        assert shell.bounds == pytest.approx((-0.128, 51.504, -0.113, 51.513), abs=0.002)

    @given(seed=st.integers(0, 2**32 - 1))
    @settings(deadline=None, max_examples=20)
    def test_simplified_neighbours_still_meet(self, random_areas: MakeAreas, seed: int) -> None:
        areas = random_areas(seed)
        shapes = [shapely.geometry.shape(each) for each in to_geojson_geometries(areas.geometry, tolerance_metres=20)]
        simplified = gpd.GeoDataFrame(geometry=shapes, crs=4326).to_crs(27700)
        assert check_coverage(repair(simplified)).is_clean
        assert simplified.area.sum() == pytest.approx(areas.area.sum(), rel=0.01)

    def test_simplified_real_wards_are_smaller_and_still_meet(self, london_wards: gpd.GeoDataFrame) -> None:
        shapes = to_geojson_geometries(london_wards.geometry, tolerance_metres=30)
        polygons = gpd.GeoSeries([shapely.geometry.shape(each) for each in shapes], crs=4326).to_crs(27700)
        assert len(shapes) == len(london_wards)
        assert (
            shapely.get_num_coordinates(polygons.values).sum()
            < 0.8 * shapely.get_num_coordinates(london_wards.geometry.values).sum()
        )
        assert check_coverage(repair(gpd.GeoDataFrame(geometry=polygons))).gaps.empty
        np.testing.assert_allclose(polygons.area, london_wards.area, rtol=0.06)

    def test_what_cannot_be_drawn_is_refused(self) -> None:
        with pytest.raises(GeoError, match="tolerance of 0 or more"):
            to_geojson_geometries(frame(BOW_TIE).geometry, tolerance_metres=-1)
        with pytest.raises(GeoError, match="enclose no ground"):
            to_geojson_geometries(frame(None).geometry, tolerance_metres=0)
