"""What is counted on a place and what it is compared with: by the rules, in its boroughs, or said that none will do."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from hub.access import Role
from hub.baselines import comparisons, series
from hub.baselines.series import Piece
from hub.db import Database
from hub.errors import BadRequest, NotFound
from tests.baselines.grounds_made import DECEMBER, PLACE, YEAR, on_wards, robberies
from tests.conftest import HOME, SIBLING
from tests.hotspots.figures_given import Figures, viewing
from tests.hotspots.test_service import add_wards

ASKED = {"category": "Robbery", "last_month": DECEMBER}


def test_ground_is_counted_by_month_from_the_live_versions_of_each_borough(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.points(HOME, robberies(since=3))
    sibling = robberies()
    sibling["easting"] += 2000
    live.points(SIBLING, sibling)
    across = Piece("across", "Across the border", (), shapely.box(1500, 0, 3000, 1000))
    with viewing(database, people[Role.BCU_COMMANDER]) as commander:
        both = series.area_of(commander, frozenset({HOME, SIBLING}))
        basis = series.basis(commander, both, by_wards=False, **ASKED)
        assert basis.months == tuple(YEAR)
        assert basis.category == "Robbery"
        counted = series.count(commander, basis, [PLACE, across])
        for code, points in ((HOME, robberies(since=3)), (SIBLING, sibling)):
            for row, ground in enumerate((PLACE, across)):
                west, south, east, north = ground.outline.bounds
                x, y = points["easting"], points["northing"]
                inside = points[(x >= west) & (x < east) & (y >= south) & (y < north)]
                by_month = inside.groupby("month").size().reindex(YEAR, fill_value=0)
                assert counted[code][row].tolist() == by_month.tolist()
        assert (series.together(counted) == counted[HOME] + counted[SIBLING]).all()
        assert set(basis.version_ids(HOME)) == set(YEAR)
    # A later version of one month takes the place of what it had.
    with_more = robberies(each=9)
    live.points(HOME, with_more[with_more["month"] == DECEMBER])
    with viewing(database, people[Role.BCU_COMMANDER]) as commander:
        later = series.basis(commander, both, by_wards=False, first_month=YEAR[6], **ASKED)
        again = series.count(commander, later, [PLACE])[HOME][0]
        assert len(again) == 6
        assert again[-1] == counted[HOME][0][-1] + 9 * 5
        assert len(set(later.version_ids(HOME).values())) == 2
    with viewing(database, people[Role.CSP_OFFICER]) as officer, pytest.raises(NotFound):
        series.area_of(officer, frozenset({HOME, SIBLING}))


def test_a_place_as_busy_elsewhere_is_proposed_and_what_adjoins_is_not(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.points(HOME, robberies(alike=4))
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        area = series.area_of(officer, frozenset({HOME}))
        basis = series.basis(officer, area, by_wards=False, **ASKED)
        found = comparisons.propose(officer, area, basis, PLACE, under_response=[], told_of=[])
        assert found.ring_metres == 220
        assert found.buffer is not None
        assert found.buffer.outline.bounds == (80, 0, 970, 820)
        [control] = found.controls
        assert control.piece.outline.area == pytest.approx(450**2)
        assert 0.5 <= control.level_ratio <= 2
        assert shapely.intersects(control.piece.outline, shapely.box(1350, 300, 1800, 750))
        assert control.piece.name.startswith("Alder ")
        assert [each.rule for each in found.offered if not each.is_suitable]
        assert not any(
            shapely.intersects(each.piece.outline, PLACE.outline) for each in found.offered if each.is_suitable
        )
        counts = series.together(series.count(officer, basis, found.grounds))
        assert found.grounds == [PLACE, found.buffer, control.piece]
        assert control.level_ratio == pytest.approx(counts[2].sum() / counts[0].sum())
        # Ground on which another response works is neither control nor buffer.
        worked_on = shapely.box(1350, 300, 1800, 750)
        beside = shapely.box(750, 0, 2000, 300)
        other = comparisons.propose(
            officer,
            area,
            basis,
            PLACE,
            under_response=[worked_on, beside],
            told_of=[worked_on, beside],
            ring_metres=100,
        )
        assert other.controls == ()
        assert other.buffer is not None
        assert not shapely.intersection(other.buffer.outline, beside).area
        # Of a response that not everybody reads, the buffer's outline tells nothing; it is no control either.
        untold = comparisons.propose(
            officer, area, basis, PLACE, under_response=[worked_on, beside], told_of=[], ring_metres=100
        )
        assert untold.controls == ()
        assert untold.buffer is not None
        assert shapely.intersection(untold.buffer.outline, beside).area > 0
        chosen = other.choosing([other.offered[0].piece.key])
        assert [each.piece.key for each in chosen.controls] == [other.offered[0].piece.key]
        with pytest.raises(BadRequest, match="no longer offered"):
            other.choosing(["E1-N1"])
        for width in (0, -5, 5000, float("nan")):
            with pytest.raises(BadRequest, match="buffer cannot be"):
                comparisons.propose(officer, area, basis, PLACE, under_response=[], told_of=[], ring_metres=width)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_where_nothing_will_do_it_is_said_and_the_nearest_is_offered(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.points(HOME, robberies(each=20))
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        area = series.area_of(officer, frozenset({HOME}))
        basis = series.basis(officer, area, by_wards=False, **ASKED)
        found = comparisons.propose(officer, area, basis, PLACE, under_response=[], told_of=[])
        assert found.controls == ()
        assert {"adjoining", "other_level"} <= {each.rule for each in found.offered}
        assert found.considered > len(found.offered)
        quiet = Piece("quiet", "Quiet", (), shapely.box(1900, 950, 1901, 951))
        nothing = comparisons.propose(officer, area, basis, quiet, under_response=[], told_of=[], ring_metres=50)
        assert nothing.controls == nothing.offered == ()
        assert nothing.why_none.startswith("The response area has no incidents before")


def test_wards_are_compared_with_wards_and_those_beside_are_the_buffer(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    add_wards(database, "2024", rows=3, columns=5)
    counts = {f"F05{at:06}": 20 + at % 3 for at in range(15)}
    live.ward_counts(HOME, on_wards(counts), boundary_set="2024")
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        area = series.area_of(officer, frozenset({HOME}))
        basis = series.basis(officer, area, by_wards=True, **ASKED)
        assert basis.wards_of is not None
        wards = comparisons._wards(officer, basis.wards_of, area)
        first = str(wards.index[0])
        place = Piece(first, "The first", (first,), wards.geometry.iloc[0])
        found = comparisons.propose(officer, area, basis, place, under_response=[], told_of=[])
        assert found.buffer is not None
        beside = {
            code for code in wards.index if code != first and shapely.intersects(wards.geometry[code], place.outline)
        }
        assert set(found.buffer.ward_codes) == beside
        assert found.ring_metres == 0
        for control in found.controls:
            assert control.piece.key not in {first, *beside}
        assert {each.rule for each in found.offered if each.piece.key in beside} <= {"adjoining"}
        counted = series.together(series.count(officer, basis, found.grounds))
        assert counted[0].tolist() == [counts[first]] * 12
        assert counted[1].tolist() == [sum(counts[code] for code in beside)] * 12
        alone = comparisons.propose(
            officer,
            area,
            basis,
            place,
            under_response=[wards.geometry[code] for code in beside],
            told_of=[wards.geometry[code] for code in beside],
        )
        pair = Piece(
            "F05000000", "Two", ("F05000000", "F05000001"), shapely.union_all(wards.geometry.iloc[:2].to_list())
        )
        of_two = comparisons.propose(officer, area, basis, pair, under_response=[], told_of=[])
        assert of_two.controls
        for each in of_two.offered:
            assert len(set(each.piece.ward_codes)) == 2
            assert not set(each.piece.ward_codes) & set(pair.ward_codes)
            assert " and " in each.piece.name
        assert 0.9 < of_two.controls[0].level_ratio < 1.1
        assert alone.buffer is None
        assert alone.grounds[1:] == [each.piece for each in alone.controls]


def test_the_last_months_in_a_row_are_taken() -> None:
    assert series._last_stretch([YEAR[0], YEAR[1], YEAR[3], YEAR[4]]) == (YEAR[3], YEAR[4])
    assert series._last_stretch(YEAR) == tuple(YEAR)


def test_the_rules_are_said_with_their_figures() -> None:
    assert "between 0.5 and 2 times" in comparisons.rules()
    assert "the 5 nearest in number" in comparisons.rules()
    assert comparisons.half_breadth(shapely.box(0, 0, 10, 10)) == 100
    assert comparisons.half_breadth(shapely.box(0, 0, 9000, 9000)) == 500
    assert np.isclose(comparisons.half_breadth(PLACE.outline), 220)
