"""Small areas and outward postcodes: given to the wards that they fit best, again whenever either has changed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.db import Database
from hub.places import loading, service
from hub.places.reports import Outcome, PlacesRefused, PlacesReport
from hub.places.small_areas import best_fit
from tests.places.nine_wards import BOROUGHS, CENTRE, KILOMETRE, WriteCity, nine_wards

ACTOR = "machine:test"


def areas_of(edition: str = "2021", *, south_share: float = 0.7) -> gpd.GeoDataFrame:
    """Two small areas in each borough: F01000001 takes all of its South ward and `south_share` of the next, and so on.

    The second edition has other codes in the last borough.
    """
    rows = []
    for column, (borough_code, borough_name) in enumerate(BOROUGHS.items()):
        west, south, middle = 600_000 + column * KILOMETRE, 400_000.0, 401_000 + south_share * KILOMETRE
        first = 2 * column + 1 + (20 if edition == "2011" and column == 2 else 0)
        for number, (low, high) in enumerate(((south, middle), (middle, south + 3 * KILOMETRE))):
            box = shapely.box(west, low, west + KILOMETRE, high)
            code = f"F01{first + number:06}"
            rows.append({"lsoa_code": code, "borough_code": borough_code, "name": borough_name, "geometry": box})
    return gpd.GeoDataFrame(rows, crs=27700)


def load(database: Database, *paths: Path) -> PlacesReport:
    with database.writing() as session:
        return loading.load_places(session, paths, actor=ACTOR)


def outcomes(report: PlacesReport) -> dict[str, Outcome]:
    return {each.what: each.outcome for each in report.loaded if "LSOA" in each.what or "postcode" in each.what}


def placed(database: Database) -> dict[str, tuple[str, float]]:
    """The ward and share of each small area in the newest boundary set."""
    with database.reading() as session:
        index = service.lsoa_index(session)
        newest = index[index["boundary_set_id"] == service.boundary_sets(session)[0].id]
        wards = service.ward_index(session).drop_duplicates("ward_code").set_index("ward_code")["borough_code"]
        assert (newest["borough_code"] == newest["ward_code"].map(wards)).all()
        return {row.lsoa_code: (row.ward_code, row.share) for row in newest.itertuples()}


# --- Fitting ---------------------------------------------------------------------------------------------------------


def test_the_ward_with_most_of_its_ground_has_it() -> None:
    fitted = best_fit(areas_of().set_index("lsoa_code"), nine_wards().set_index("ward_code"), {})
    assert fitted.loc["F01000001"].tolist() == ["F05000001", round(1 / 1.7, 4), False]
    assert fitted.loc["F01000002"].tolist() == ["F05000003", round(1 / 1.3, 4), False]


def test_a_ward_of_another_borough_is_never_chosen() -> None:
    mine = areas_of().iloc[[0]].assign(geometry=shapely.box(600_900, 400_000, 602_000, 401_000)).set_index("lsoa_code")
    fitted = best_fit(mine, nine_wards().set_index("ward_code"), {})
    assert fitted.loc["F01000001", ["ward_code", "share"]].tolist() == ["F05000001", round(0.1 / 1.1, 4)]


def test_the_official_ward_wins_with_the_share_that_it_has() -> None:
    areas, wards = areas_of().set_index("lsoa_code"), nine_wards().set_index("ward_code")
    fitted = best_fit(areas, wards, {"F01000001": "F05000002", "F01000002": "F05000001"})
    assert fitted.loc["F01000001"].tolist() == ["F05000002", round(0.7 / 1.7, 4), True]
    assert fitted.loc["F01000002"].tolist() == ["F05000001", 0.0, True]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(50, 2950), min_size=1, max_size=6, unique=True))
def test_the_share_is_the_largest_there_is(cuts: list[int]) -> None:
    edges = [0.0, *(metres / 1000 for metres in sorted(cuts)), 3.0]
    boxes = [
        shapely.box(600_000, 400_000 + low * KILOMETRE, 601_000, 400_000 + high * KILOMETRE)
        for low, high in pairwise(edges)
    ]
    codes = [f"F01{number:06}" for number in range(len(boxes))]
    areas = gpd.GeoDataFrame({"borough_code": "F09000001"}, index=codes, geometry=boxes, crs=27700)
    wards = nine_wards().set_index("ward_code")
    fitted = best_fit(areas, wards, {})
    assert list(fitted.index) == codes
    for code, box in zip(codes, boxes, strict=True):
        shares = shapely.area(shapely.intersection(wards.geometry.to_numpy(), box)) / box.area
        assert fitted.at[code, "share"] == pytest.approx(shares.max(), abs=1e-4)


# --- Loading ---------------------------------------------------------------------------------------------------------


def test_small_areas_are_fitted_to_every_set_and_again_when_one_changes(
    database: Database, write_small_city: WriteCity
) -> None:
    folder = write_small_city()
    areas_of("2011").to_file(folder / "lsoa-2011.gpkg")
    areas_of("2021").to_file(folder / "lsoa-2021.gpkg")
    report = load(database, folder)
    assert outcomes(report) == {
        "LSOAs of 2011": Outcome.NEW,
        "LSOAs of 2021": Outcome.NEW,
        "LSOAs in the wards of 2020": Outcome.NEW,
    }
    assert {"small_areas": 6} in [each.counts for each in report.loaded]
    before = placed(database)
    assert len(before) == 8, "the codes of both editions"
    with database.reading() as session:
        newest = service.small_areas(session, {"F09000001"})
        assert [("2021", code) for code in newest.index] == service.small_area_codes(session, {"F09000001"})
        assert {"F01000001"} <= set(newest.index) < set(areas_of("2021")["lsoa_code"])
        assert newest.crs.to_epsg() == 27700
        assert service.small_areas(session, {"F09999999"}).empty
    assert before["F01000001"] == ("F05000001", 0.5882)
    assert before["F01000025"][0] == before["F01000005"][0] == "F05000007"
    assert load(database, folder).is_unchanged

    # The middle ward takes most of the first area's ground.
    redrawn = nine_wards().set_index("ward_code")
    redrawn.loc["F05000001", "geometry"] = shapely.box(600_000, 400_000, 601_000, 400_500)
    redrawn.loc["F05000002", "geometry"] = shapely.box(600_000, 400_500, 601_000, 402_000)
    changed = folder / "changed"
    changed.mkdir()
    redrawn.reset_index().to_file(changed / "wards-2020.gpkg")
    assert outcomes(load(database, changed)) == {"LSOAs in the wards of 2020": Outcome.CHANGED}
    assert placed(database) == {**before, "F01000001": ("F05000002", 0.7059)}

    redrawn.reset_index().to_file(changed / "wards-2024.gpkg")
    assert outcomes(load(database, changed / "wards-2024.gpkg")) == {"LSOAs in the wards of 2024": Outcome.NEW}
    areas_of(south_share=0.1).to_file(changed / "lsoa-2021.gpkg")
    report = load(database, changed / "lsoa-2021.gpkg")
    assert outcomes(report) == dict.fromkeys(
        ("LSOAs of 2021", "LSOAs in the wards of 2020", "LSOAs in the wards of 2024"), Outcome.CHANGED
    )
    assert placed(database)["F01000002"] == ("F05000003", round(1 / 1.9, 4))


def test_an_official_lookup_decides_until_its_ward_is_gone(database: Database, write_small_city: WriteCity) -> None:
    folder = write_small_city()
    areas_of().to_file(folder / "lsoa-2021.gpkg")
    lookup = folder / "lookup.csv"
    lookup.write_text("LSOA21CD,LSOA21NM,WD24CD\nF01000001,x,F05000002\nF01000003,x,F05000005\n")
    load(database, folder)
    said = placed(database)
    assert (said["F01000001"], said["F01000003"]) == (("F05000002", 0.4118), (CENTRE, 0.4118))
    assert load(database, folder).is_unchanged
    lookup.unlink()

    moved = nine_wards().replace({"ward_code": {CENTRE: "F05000015"}})
    moved.to_file(folder / "wards-2020.gpkg", layer="wards")
    with database.writing() as session:
        loading.load_places(session, [folder], actor=ACTOR, wards_in_use=lambda _session, _set: ())
    assert placed(database)["F01000001"] == ("F05000002", 0.4118), "an earlier load's lookup goes on deciding"
    assert placed(database)["F01000003"] == ("F05000004", 0.5882)


@pytest.mark.parametrize(
    ("rows", "code", "said"),
    [
        ("F01000001,F05000001\nF01000001,F05000002", "lookup.repeated", "F01000001"),
        ("F01000001,F99000001", "lookup.no_wards", "no boundary set"),
    ],
)
def test_a_lookup_that_says_two_things_or_nothing_is_refused(
    database: Database, write_small_city: WriteCity, rows: str, code: str, said: str
) -> None:
    folder = write_small_city()
    areas_of().to_file(folder / "lsoa-2021.gpkg")
    (folder / "lookup.csv").write_text(f"LSOA21CD,WD24CD\n{rows}\n")
    with pytest.raises(PlacesRefused, match=said) as refusal:
        load(database, folder)
    assert [finding.code for finding in refusal.value.findings] == [code]
    (folder / "lookup.csv").write_text("LSOA21CD,WD24CD\nF01000001,F05000004\nF01000002,F05000002\n")
    report = load(database, folder)
    assert [(finding.code, "F01000001" in finding.sentence) for finding in report.findings] == [
        ("lookup.left_out", True)
    ]
    assert placed(database)["F01000001"][0] == "F05000001", "a ward of another borough is not believed"
    assert placed(database)["F01000002"][0] == "F05000002"


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        ({"borough_code": {"F09000003": "F09000009"}}, "small_areas.unknown_borough"),
        ({"lsoa_code": {"F01000006": "F01000005"}}, "lsoa_code.repeated"),
        ({"lsoa_code": {"F01000006": "006"}}, "lsoa_code.misshapen"),
    ],
)
def test_small_areas_that_cannot_be_told_apart_or_placed_are_refused(
    database: Database, write_small_city: WriteCity, spoilt: dict[str, dict[str, str]], code: str
) -> None:
    folder = write_small_city()
    areas_of().replace(spoilt).to_file(folder / "lsoa-2021.gpkg")
    with pytest.raises(PlacesRefused) as refusal:
        load(database, folder)
    assert [finding.code for finding in refusal.value.findings] == [code]
    areas_of().to_file(folder / "lsoa-2021.gpkg")
    assert not load(database, folder).findings


def test_an_area_that_touches_no_ward_of_its_borough_is_named(database: Database, write_small_city: WriteCity) -> None:
    folder = write_small_city()
    areas = areas_of()
    areas.loc[0, "geometry"] = shapely.box(610_000, 400_000, 611_000, 401_000)
    areas.to_file(folder / "lsoa-2021.gpkg")
    (finding,) = load(database, folder).findings
    assert (finding.code, finding.where) == ("small_areas.no_ward", "Wards of 2020")
    assert "1 LSOA lies in no ward of its borough: F01000001." in finding.sentence
    assert "F01000001" not in placed(database)


def test_outward_postcodes_keep_their_shares(database: Database, write_small_city: WriteCity) -> None:
    folder = write_small_city()
    written = folder / "outward.csv"
    for rows, code in (
        ("SM1,F05000001,0.7\nSM1,F05000002,0.4", "outward.shares"),
        ("SM1,F05000001,-0.1", "outward.shares"),
        ("SM1 2AB,F05000001,1", "outward.misshapen"),
        ("SM1,F05000001,0.2\nSM1,F05000001,0.2", "outward.repeated"),
        ("SM1,F05000001,most", "outward.not_a_number"),
    ):
        written.write_text(f"outward_code,ward_code,share\n{rows}\n")
        with pytest.raises(PlacesRefused) as refusal:
            load(database, folder)
        assert [finding.code for finding in refusal.value.findings] == [code]
    written.write_text("outward_code,ward_code,share\nsm1,F05000001,0.25\nSM1,F05000002,0.75\nSM2,F05000009,1\n")
    assert outcomes(load(database, folder)) == {"Outward postcodes in the wards of 2020": Outcome.NEW}
    assert load(database, folder).is_unchanged
    with database.reading() as session:
        index = service.outward_index(session)
        assert list(index.drop(columns="boundary_set_id").itertuples(index=False, name=None)) == [
            ("SM1", "F05000002", "F09000001", 0.75),
            ("SM1", "F05000001", "F09000001", 0.25),
            ("SM2", "F05000009", "F09000003", 1.0),
        ]


# --- Real London ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # where they lie does not depend on the database
def test_londons_small_areas_go_where_the_office_for_national_statistics_says(
    database: Database, real_data: Path
) -> None:
    names = ("boroughs.gpkg", "wards-2018.gpkg", "wards-2022.gpkg", "lsoa-2011.gpkg", "lsoa-2021.gpkg")
    lookup = "lookup-lsoa21-ward24.csv"
    report = load(database, *(real_data / name for name in (*names, lookup)))
    assert {
        each.what: each.counts.get("small_areas") for each in report.loaded if each.what.startswith("LSOAs of")
    } == {
        "LSOAs of 2011": 4_835,
        "LSOAs of 2021": 4_994,
    }
    published = pd.read_csv(real_data / lookup).set_index("LSOA21CD")
    with database.reading() as session:
        index = service.lsoa_index(session)
        ids = {its.code: its.id for its in service.boundary_sets(session)}
        by_set = {
            code: index[index["boundary_set_id"] == its_id].set_index("lsoa_code") for code, its_id in ids.items()
        }
    on_2022 = by_set["2022"].loc[published.index]
    assert (on_2022["ward_code"] == published["WD24CD"]).all()
    assert (on_2022["borough_code"] == published["LAD24CD"]).all()
    assert len(by_set["2022"]) == len(by_set["2018"]) == 5_170, "every code of both editions, once"
    assert by_set["2018"]["share"].median() > 0.99
    assert (by_set["2018"]["share"] > 0.5).mean() > 0.998
