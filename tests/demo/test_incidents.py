"""What happens in the city looks like recorded crime, and what is planted in it can be found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import stats

from geo.boundaries import outline
from geo.grid import cell_counts, cell_numbers, square_grid
from geo.hotspots import benjamini_hochberg, gi_star_grid, two_sided_p
from hub.demo import partner_files
from hub.demo.city import EARLIER, LATER, City, place
from hub.demo.incidents import ASB, CLOCKS, OFFENCES, Record
from hub.demo.planted import MONTHS, RESPONSES, Hotspot
from hub.demo.streets import PLACES
from hub.hotspots import agencies

pytestmark = pytest.mark.xdist_group("demo")

LAST_YEAR = [str(month) for month in MONTHS[-12:]]


def at(hotspot: Hotspot, offences: pd.DataFrame) -> pd.DataFrame:
    """The offences of the hotspot's kinds within its radius, planted or not."""
    metres = np.hypot(offences["easting"] - hotspot.easting, offences["northing"] - hotspot.northing)
    is_near = metres <= hotspot.recipe.radius_metres + 40
    return offences[is_near & offences["offence_subgroup"].isin(list(hotspot.recipe.offences))]


def count_by_month(offences: pd.DataFrame) -> pd.Series:
    return offences.groupby("month").size().reindex([str(month) for month in MONTHS], fill_value=0)


def test_about_150_000_offences_in_every_group_over_36_months(happened: Record) -> None:
    offences = happened.offences
    assert len(offences) == pytest.approx(150_000, rel=0.03)
    assert offences["month"].nunique() == 36
    assert offences["month"].max() == "2026-10"
    assert set(offences["offence_subgroup"]) <= {kind.subgroup for kind in OFFENCES}
    assert offences["offence_group"].nunique() == len({kind.group for kind in OFFENCES})
    assert set(happened.asb["offence_group"]) == {ASB}
    assert offences["date"].is_monotonic_increasing


def test_the_commoner_offences_have_londons_shares(happened: Record) -> None:
    usual = happened.offences[happened.offences["hotspot"] == ""]
    share = usual["offence_subgroup"].value_counts(normalize=True) * 100
    for kind in OFFENCES:
        if kind.share > 1:
            assert share[kind.subgroup] == pytest.approx(kind.share, rel=0.1)


def test_hours_are_there_for_some_groups_only(happened: Record) -> None:
    timed = happened.offences.groupby("offence_subgroup")["hour"].agg(lambda hour: hour.notna().mean())
    for kind in OFFENCES:
        assert timed[kind.subgroup] == (0.0 if kind.clock is None else 1.0)
    assert happened.offences["hour"].dropna().between(0, 23).all()
    assert set(CLOCKS) >= {kind.clock for kind in OFFENCES if kind.clock is not None}


def test_offences_have_their_seasons_weekdays_and_hours(happened: Record) -> None:
    offences = happened.offences
    month = offences["date"].dt.month
    bicycles = offences["offence_subgroup"] == "BICYCLE THEFT"
    assert month[bicycles].isin([6, 7, 8]).sum() > 1.6 * month[bicycles].isin([12, 1, 2]).sum()
    burglary = offences["offence_subgroup"] == "RES BURGLARY OF A HOME"
    assert month[burglary].isin([11, 12, 1]).sum() > 1.15 * month[burglary].isin([5, 6, 7]).sum()
    violence = offences[offences["offence_subgroup"] == "VIOLENCE WITH INJURY"]
    by_day = violence.groupby(violence["date"].dt.day_of_week).size()
    assert by_day[5] > 1.4 * by_day[1]
    assert violence["hour"].isin([22, 23, 0, 1]).mean() > 2 * violence["hour"].isin([6, 7, 8, 9]).mean()


def test_a_few_places_hold_much_of_the_crime(happened: Record, streets: pd.DataFrame) -> None:
    by_point = happened.offences.groupby("point").size().sort_values(ascending=False)
    half = int((by_point.cumsum() < by_point.sum() / 2).sum()) + 1
    assert half / len(streets) < 0.15
    assert 3_000 < len(streets) < 9_000


def test_between_one_and_four_per_cent_are_not_placed_in_a_ward(happened: Record) -> None:
    offences = happened.offences
    unplaced = offences[f"ward_{LATER}"].isna()
    assert 0.01 < unplaced.mean() < 0.04
    by_borough = unplaced.groupby(offences["borough_code"]).mean()
    assert by_borough.between(0.01, 0.05).all()
    assert offences.loc[unplaced, ["easting", "northing", "point", f"ward_{EARLIER}"]].isna().all().all()
    assert offences.loc[~unplaced, ["easting", "northing", "point", f"ward_{EARLIER}"]].notna().all().all()
    assert offences["borough_code"].notna().all()
    weapons = offences["offence_group"] == "POSSESSION OF WEAPONS"
    assert unplaced[weapons].mean() > 3 * unplaced[~weapons].mean()


def test_every_placed_offence_lies_in_the_wards_it_names(city: City, happened: Record) -> None:
    placed = happened.offences.dropna(subset=["easting"])
    where = placed[["easting", "northing"]].to_numpy()
    borough = {year: wards.set_index("ward_code")["borough_code"] for year, wards in city.wards.items()}
    for year, wards in city.wards.items():
        assert (place(where, wards) == placed[f"ward_{year}"]).all()
        assert (placed[f"ward_{year}"].map(borough[year]) == placed["borough_code"]).all()


def test_some_points_cross_a_ward_boundary_as_published_points_do(happened: Record, streets: pd.DataFrame) -> None:
    placed = happened.offences.dropna(subset=["point"])
    snapped = streets[f"ward_{LATER}"].to_numpy()[placed["point"].to_numpy(dtype=int)]
    assert 0.001 < (snapped != placed[f"ward_{LATER}"]).mean() < 0.03
    for sort in PLACES:
        assert streets[f"chance_{sort}"].sum() == pytest.approx(1)


def test_hotspots_of_each_kind_are_planted_in_every_borough_and_far_apart(city: City, happened: Record) -> None:
    kinds = [hotspot.recipe.kind for hotspot in happened.hotspots]
    assert kinds.count("persistent") >= 4
    assert kinds.count("emerging") >= 3
    assert kinds.count("fading") >= 2
    assert {hotspot.borough_code for hotspot in happened.hotspots} == set(city.boroughs["borough_code"])
    where = np.array([[hotspot.easting, hotspot.northing] for hotspot in happened.hotspots])
    apart = np.linalg.norm(where[:, None] - where[None], axis=2)
    assert apart[~np.eye(len(where), dtype=bool)].min() > 1_500
    for hotspot in happened.hotspots:
        for year, codes in hotspot.ward_codes.items():
            own = city.wards[year].set_index("ward_code").loc[list(codes)]
            assert set(own["borough_code"]) == {hotspot.borough_code}
            centre = shapely.Point(hotspot.easting, hotspot.northing)
            assert own.distance(centre).max() <= hotspot.recipe.radius_metres


def test_the_months_follow_the_planted_course(happened: Record) -> None:
    for hotspot in happened.hotspots:
        count = count_by_month(at(hotspot, happened.offences))
        first, last = count.iloc[:12].sum(), count.iloc[-12:].sum()
        if hotspot.recipe.kind == "emerging":
            assert count.iloc[-3:].mean() > 3 * max(count.iloc[:24].mean(), 1)
        elif hotspot.recipe.kind == "fading":
            assert last < first / 5
        elif hotspot.recipe.id not in {response.hotspot for response in RESPONSES if response.worked}:
            assert abs(last - first) < 4 * np.sqrt(first + last)


def test_gi_star_finds_every_hotspot_that_is_hot_now(city: City, happened: Record) -> None:
    grid = square_grid(outline(city.boroughs), cell_metres=250)
    for hotspot in happened.hotspots:
        months = [str(month) for month in (MONTHS[:12] if hotspot.recipe.kind == "fading" else MONTHS[-6:])]
        kinds = list(hotspot.recipe.offences)
        shown = happened.offences.dropna(subset=["easting"])
        shown = shown[shown["month"].isin(months) & shown["offence_subgroup"].isin(kinds)]
        z = gi_star_grid(cell_counts(grid, shown["easting"], shown["northing"]), grid.mask)
        q = benjamini_hochberg(two_sided_p(z))
        own = cell_numbers(grid, [hotspot.easting], [hotspot.northing])[0]
        assert z.ravel()[own] > 3, hotspot.recipe.name
        assert q.ravel()[own] < 0.01, hotspot.recipe.name


def test_one_response_worked_and_one_did_nothing(happened: Record) -> None:
    spot = {hotspot.recipe.id: hotspot for hotspot in happened.hotspots}
    assert sorted(response.worked for response in RESPONSES) == [False, True]
    for response in RESPONSES:
        treated = count_by_month(at(spot[response.hotspot], happened.offences))
        compared = count_by_month(at(spot[response.comparison], happened.offences))
        after = treated.index >= response.started
        table = np.array([[series[~after].sum(), series[after].sum()] for series in (treated, compared)])
        ratio = (table[0, 1] / table[0, 0]) / (table[1, 1] / table[1, 0])
        assert 12 <= after.sum() <= 24
        assert ratio == pytest.approx(1 - response.reduction, abs=0.15)
        if response.worked:
            assert stats.chi2_contingency(table).pvalue < 1e-6


def test_the_gap_is_where_ambulances_are_called_and_police_are_not(
    city: City, streets: pd.DataFrame, happened: Record
) -> None:
    gap, months = happened.gap, [str(month) for month in MONTHS[-12:]]
    calls = partner_files.ambulance(happened.offences, gap, city, streets)
    calls = calls[calls["IncidentDate"].str[:7].isin(months)]
    calls = calls.rename(columns={"Easting_rounded": "easting", "Northing_rounded": "northing"})
    police = happened.offences[happened.offences["month"].isin(months)]
    bcu = city.boroughs.set_index("borough_code").loc[gap.borough_code, "bcu_name"]
    codes = city.boroughs.loc[city.boroughs["bcu_name"] == bcu, "borough_code"]
    wards = city.wards[LATER].set_index("ward_code")
    wards = wards[wards["borough_code"].isin(list(codes))]
    ground = outline(wards)
    frames = [
        rows.loc[shapely.contains_xy(ground, rows["easting"], rows["northing"]), ["easting", "northing"]]
        for rows in (
            each.dropna(subset=["easting"]).astype({"easting": float, "northing": float}) for each in (police, calls)
        )
    ]
    found = agencies.compare_cells(
        *(rows.assign(count=1) for rows in frames), ground, wards, total=len(frames[0]), total_beside=len(frames[1])
    )
    gaps = found.table[found.table["class"].isin(agencies.GAPS)]
    half = found.cell_metres / 2
    metres = np.hypot(gaps["west"] + half - gap.easting, gaps["south"] + half - gap.northing)
    assert len(gaps) >= 4
    assert metres.max() <= gap.recipe.radius_metres + 2 * found.cell_metres
    assert metres.min() <= half * np.sqrt(2)
