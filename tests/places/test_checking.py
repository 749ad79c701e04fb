"""What is said of place files: every defect is found, named with its places and its size, and graver ones are fatal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely.affinity import translate

from hub.places.checking import LONDON, Edition, Known, Places, check
from hub.places.findings import Finding, Severity
from hub.places.reading import CityFacts, Kind, Outlines, PlaceFiles, Table, read
from tests.places.nine_wards import BCUS, CENTRE, nine_wards, three_boroughs, with_outline

SMALLPORT = CityFacts(
    "Smallport", is_fictional=True, attribution="Made up.", in_force_from={"2020": dt.date(2020, 5, 7)}
)
CENTRE_SQUARE = nine_wards().set_index("ward_code").geometry[CENTRE]


def files(
    *,
    wards: gpd.GeoDataFrame | None = None,
    boroughs: gpd.GeoDataFrame | None = None,
    bcus: Mapping[str, str] = BCUS,
    ward_residents: pd.DataFrame | None = None,
    city: CityFacts | None = SMALLPORT,
) -> PlaceFiles:
    """What reading the small city's files gives, with parts of it spoilt."""
    wards = nine_wards() if wards is None else wards
    if ward_residents is None:
        ward_residents = residents(dict.fromkeys(wards["ward_code"], 10000))
    tables = (
        Outlines(Kind.BOROUGHS, "boroughs.gpkg", three_boroughs() if boroughs is None else boroughs),
        Table(Kind.BCUS, "bcu.csv", pd.DataFrame(bcus.items(), columns=["borough_code", "bcu_name"])),
        Outlines(Kind.WARDS, "wards-2020.gpkg", wards, "2020"),
        Table(Kind.WARD_RESIDENTS, "ward-population.csv", ward_residents),
    )
    return PlaceFiles(tables, city, (), ())


def residents(by_ward: Mapping[str, int], *, names: Mapping[str, str] | None = None) -> pd.DataFrame:
    rows = [(code, (names or {}).get(code, ""), "Census", 2021, count) for code, count in by_ward.items()]
    return pd.DataFrame(rows, columns=["ward_code", "ward_name", "source", "year", "residents"])


def found(given: PlaceFiles, known: Known | None = None) -> list[Finding]:
    return list(check(given, known or Known())[1])


def only(given: PlaceFiles, severity: Severity, code: str, known: Known | None = None) -> str:
    """What the only finding says."""
    (finding,) = found(given, known)
    assert (finding.severity, finding.code) == (severity, code)
    assert finding.remedy or severity is not Severity.FATAL
    return str(finding)


def test_nothing_is_said_of_files_without_a_fault() -> None:
    places, findings = check(files(), Known())
    assert not findings
    assert places.boroughs is not None
    assert list(places.boroughs.index) == list(BCUS)
    assert places.bcus is not None
    assert places.bcus.to_dict() == BCUS
    (edition,) = places.editions
    assert (edition.code, edition.in_force_from, len(edition.wards)) == ("2020", dt.date(2020, 5, 7), 9)
    assert places.ward_residents["2020"].residents[CENTRE] == 10_000


# --- Outlines --------------------------------------------------------------------------------------------------------


def test_a_gap_is_measured_and_the_wards_round_it_named() -> None:
    without_centre = nine_wards().query("ward_code != @CENTRE")
    said = only(files(wards=without_centre), Severity.WARNING, "coverage.gap")
    assert "1 gap between wards, 1.00 km² in all" in said
    assert "Alder South (F05000001)" in said
    assert "and 3 more" in said


def test_a_ward_missing_at_the_edge_is_seen_against_its_borough() -> None:
    without_corner = nine_wards().query("ward_code != 'F05000001'")
    said = only(files(wards=without_corner), Severity.WARNING, "coverage.uncovered")
    assert "Ground of 1 borough lies in no ward: 1.00 km² of Alder." in said


def test_an_overlap_is_fatal_and_names_the_pair() -> None:
    wider = with_outline(nine_wards(), CENTRE, CENTRE_SQUARE.union(translate(CENTRE_SQUARE, xoff=50)))
    said = only(files(wards=wider), Severity.FATAL, "coverage.overlap")
    assert "Birch Middle (F05000005) and Cedar Middle (F05000008) share 5.00 ha" in said


@pytest.mark.parametrize(("metres", "code"), [(0.4, "coverage.sliver_overlap"), (-0.4, "coverage.sliver_gap")])
def test_slivers_are_left_and_mentioned(metres: float, code: str) -> None:
    moved_edge = shapely.box(*CENTRE_SQUARE.bounds[:2], CENTRE_SQUARE.bounds[2] + metres, CENTRE_SQUARE.bounds[3])
    said = only(files(wards=with_outline(nine_wards(), CENTRE, moved_edge)), Severity.NOTE, code)
    assert "400 m² in all" in said


def test_an_invalid_outline_is_repaired_and_named() -> None:
    west, south, east, north = CENTRE_SQUARE.bounds
    spike = shapely.Polygon(
        [(west, south), (east, south), (east, north), (east, north + 90), (east, north), (west, north)]
    )
    assert not spike.is_valid
    places, findings = check(files(wards=with_outline(nine_wards(), CENTRE, spike)), Known())
    assert [finding.code for finding in findings] == ["outline.repaired"]
    assert "Birch Middle (F05000005): Ring Self-intersection" in findings[0].sentence
    assert places.editions[0].wards.geometry[CENTRE].equals(CENTRE_SQUARE)


def test_a_stray_line_beside_a_polygon_is_dropped() -> None:
    with_line = shapely.GeometryCollection([CENTRE_SQUARE, shapely.LineString([(0, 0), (1, 1)])])
    places, findings = check(files(wards=with_outline(nine_wards(), CENTRE, with_line)), Known())
    assert [finding.code for finding in findings] == ["outline.repaired"]
    assert places.editions[0].wards.geometry[CENTRE].equals(CENTRE_SQUARE)


@pytest.mark.parametrize("outline", [None, shapely.Polygon(), shapely.Point(600_500, 400_500)])
def test_a_ward_without_ground_is_fatal(outline: shapely.Geometry | None) -> None:
    said = only(files(wards=with_outline(nine_wards(), CENTRE, outline)), Severity.FATAL, "outline.empty")
    assert CENTRE in said


# --- Codes and boroughs ----------------------------------------------------------------------------------------------


def test_a_ward_in_an_unknown_borough_is_fatal() -> None:
    wards = nine_wards()
    wards.loc[wards["ward_code"] == CENTRE, "borough_code"] = "F09000099"
    said = only(files(wards=wards), Severity.FATAL, "wards.unknown_borough")
    assert "1 ward is in a borough that is not known (F09000099): F05000005" in said


def test_a_code_in_two_rows_is_fatal() -> None:
    twice = pd.concat([nine_wards(), nine_wards().iloc[[4]]], ignore_index=True)
    findings = found(files(wards=twice, ward_residents=residents({"F05000001": 1})))
    assert [finding.code for finding in findings if finding.severity is Severity.FATAL] == ["ward_code.repeated"]
    assert CENTRE in findings[0].sentence


@pytest.mark.parametrize("code", ["", "5", "F0500000X", "f05000005", "F050000005"])
def test_a_misshapen_code_is_fatal(code: str) -> None:
    wards = nine_wards()
    wards.loc[4, "ward_code"] = code
    assert repr(code) in only(files(wards=wards), Severity.FATAL, "ward_code.misshapen")


@pytest.mark.parametrize("code", ["*", "F0900000,", "F09000001+F09000002", "F٠٩٠٠٠٠٠١", "F0900000 1"])
def test_a_borough_code_that_is_not_a_letter_and_digits_is_fatal(code: str) -> None:
    boroughs, wards = three_boroughs().replace({"F09000002": code}), nine_wards().replace({"F09000002": code})
    bcus = {borough: bcu for borough, bcu in BCUS.items() if borough != "F09000002"}
    said = only(files(boroughs=boroughs, wards=wards, bcus=bcus), Severity.FATAL, "borough_code.misshapen")
    assert repr(code) in said


@pytest.mark.parametrize("name", ["", "X" * 121])
def test_a_ward_without_a_usable_name_is_fatal(name: str) -> None:
    wards = nine_wards()
    wards.loc[4, "ward_name"] = name
    assert CENTRE in only(files(wards=wards), Severity.FATAL, "ward_name.missing")


def test_a_borough_without_wards_is_fatal() -> None:
    said = only(files(wards=nine_wards().query("borough_code != 'F09000003'")), Severity.FATAL, "wards.borough_without")
    assert "Cedar (F09000003)" in said


def test_wards_of_one_borough_with_the_same_name_are_named() -> None:
    wards = nine_wards()
    wards.loc[4, "ward_name"] = "Birch North"
    said = only(files(wards=wards), Severity.WARNING, "wards.same_name")
    assert "Birch North (F05000005), Birch North (F05000006)" in said


def test_the_borough_follows_from_the_code_whatever_the_label_says() -> None:
    wards = nine_wards()
    wards.loc[4, "borough_name"] = "Aviation Security (SO18)"
    places, (finding,) = check(files(wards=wards), Known())
    assert finding.severity is Severity.NOTE
    assert "'Aviation Security (SO18)'; the code decides" in finding.sentence
    assert places.editions[0].wards.at[CENTRE, "borough_code"] == "F09000002"


def test_a_ward_that_lies_in_another_borough_is_named() -> None:
    wards = nine_wards()
    wards.loc[4, "borough_code"] = "F09000001"
    wards.loc[4, "borough_name"] = "Alder"
    said = only(files(wards=wards), Severity.WARNING, "wards.astray")
    assert "Birch Middle (F05000005) of Alder lies in Birch" in said


def test_wards_of_somewhere_else_are_fatal() -> None:
    elsewhere = nine_wards().assign(geometry=nine_wards().translate(xoff=50_000))
    findings = found(files(wards=elsewhere))
    assert findings[0].code == "wards.elsewhere"
    assert findings[0].severity is Severity.FATAL
    assert "9 wards lie outside the borough of their code" not in findings[0].sentence
    assert "9 wards lie" in findings[0].sentence
    assert "lies in none" in findings[0].sentence


def london(count: int = 33) -> gpd.GeoDataFrame:
    """London's borough codes, each on a square of its own in a row."""
    rows = [(f"E09{number:06}", f"Borough {number}") for number in range(1, count + 1)]
    squares = [shapely.box(1000 * number, 0, 1000 * number + 1000, 1000) for number in range(count)]
    return gpd.GeoDataFrame(rows, columns=["borough_code", "borough_name"], geometry=squares, crs=27700)


def test_london_has_33_boroughs() -> None:
    whole, one_short = (
        PlaceFiles((Outlines(Kind.BOROUGHS, "boroughs.gpkg", frame),), None, (), ()) for frame in (london(), london(32))
    )
    places, findings = check(whole, Known())
    assert not findings
    assert places.city == LONDON
    said = only(one_short, Severity.FATAL, "boroughs.not_33")
    assert "the file 32 (missing: E09000033)" in said


def test_a_load_removes_no_borough() -> None:
    known = Known(SMALLPORT, three_boroughs().set_index("borough_code"))
    two = files(boroughs=three_boroughs().iloc[:2])
    assert "Cedar (F09000003)" in only(two, Severity.FATAL, "boroughs.lost", known)


def test_a_bcu_of_an_unknown_borough_is_fatal() -> None:
    said = only(files(bcus={**BCUS, "F09000009": "West Shore"}), Severity.FATAL, "bcus.unknown_borough")
    assert "F09000009" in said


def test_only_the_city_of_london_may_be_without_a_bcu_unremarked() -> None:
    two = {code: name for code, name in BCUS.items() if code != "F09000003"}
    assert "Cedar (F09000003) is in no BCU" in only(files(bcus=two), Severity.WARNING, "bcus.borough_without")
    of_london = {f"E09{number:06}": "Met" for number in range(2, 34)}
    tables = (
        Outlines(Kind.BOROUGHS, "boroughs.gpkg", london()),
        Table(Kind.BCUS, "bcu.csv", pd.DataFrame(of_london.items(), columns=["borough_code", "bcu_name"])),
    )
    only(PlaceFiles(tables, None, (), ()), Severity.NOTE, "bcus.city_of_london")


# --- The city --------------------------------------------------------------------------------------------------------


def test_files_must_say_which_city_they_are_of() -> None:
    only(files(city=None), Severity.FATAL, "city.absent")


def test_a_hub_serves_one_city() -> None:
    known = Known(LONDON, london().set_index("borough_code"))
    findings = found(files(), known)
    assert findings[0].code == "city.other"
    assert "This hub holds London, and these files are of Smallport" in findings[0].sentence


def test_a_fictional_city_has_no_real_codes() -> None:
    real = PlaceFiles((Outlines(Kind.BOROUGHS, "boroughs.gpkg", london()),), SMALLPORT, (), ())
    only(real, Severity.FATAL, "city.not_fictional")


def test_wards_alone_need_boroughs_that_are_known() -> None:
    alone = PlaceFiles((Outlines(Kind.WARDS, "wards-2020.gpkg", nine_wards(), "2020"),), SMALLPORT, (), ())
    only(alone, Severity.FATAL, "boroughs.absent")
    known = Known(SMALLPORT, three_boroughs().set_index("borough_code"), with_residents=frozenset({"2020"}))
    places, findings = check(alone, known)
    assert not findings
    assert places.boroughs is None
    assert len(places.editions) == 1


def test_without_a_date_the_wards_are_in_force_from_may() -> None:
    places, (finding,) = check(files(city=CityFacts("Smallport", is_fictional=True, attribution="")), Known())
    assert finding.code == "wards.no_date"
    assert places.editions[0].in_force_from == dt.date(2020, 5, 1)


def test_a_second_file_of_the_same_thing_is_ambiguous() -> None:
    given = files()
    twice = PlaceFiles(
        (*given.tables, Outlines(Kind.WARDS, "wards-2020.geojson", nine_wards(), "2020")), SMALLPORT, (), ()
    )
    assert "wards-2020.geojson" in only(twice, Severity.FATAL, "file.twice")


# --- Residents -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_code", [True, False], ids=["under the borough's code", "under the code of one ward"])
def test_a_borough_published_as_one_row_is_no_ward(by_code: bool) -> None:
    counts = dict.fromkeys(nine_wards()["ward_code"].iloc[:6], 10000)
    code = "F09000003" if by_code else "F05000007"
    given = files(ward_residents=residents({**counts, code: 8_584}, names={code: "Cedar"}))
    places, (finding,) = check(given, Known())
    assert (finding.severity, finding.code) == (Severity.NOTE, "residents.borough_row")
    assert (
        finding.sentence == "Cedar (F09000003) is one row of 8,584 residents: its 3 wards have no figure of their own."
    )
    assert set(places.ward_residents["2020"].residents) == set(counts)


def test_residents_belong_to_the_set_that_has_their_codes() -> None:
    recoded = nine_wards().assign(ward_code=[f"F0500001{number}" for number in range(9)])
    given = files(ward_residents=residents(dict.fromkeys(recoded["ward_code"], 5)))
    given = PlaceFiles((*given.tables, Outlines(Kind.WARDS, "wards-2024.gpkg", recoded, "2024")), SMALLPORT, (), ())
    places, findings = check(given, Known())
    assert set(places.ward_residents) == {"2024"}
    assert [(finding.code, finding.where) for finding in findings] == [
        ("wards.no_date", "wards-2024.gpkg"),
        ("residents.absent", "wards-2020.gpkg"),
    ]


def test_residents_of_strange_and_of_missing_wards_are_named() -> None:
    counts = dict.fromkeys(nine_wards()["ward_code"].iloc[:8], 10)
    findings = found(files(ward_residents=residents({**counts, "F05000099": 10})))
    assert [(finding.severity, finding.code) for finding in findings] == [
        (Severity.WARNING, "residents.unknown_ward"),
        (Severity.WARNING, "residents.missing_ward"),
    ]
    assert "F05000099" in findings[0].sentence
    assert "F05000009" in findings[1].sentence


def test_residents_of_no_known_wards_are_fatal() -> None:
    only(files(ward_residents=residents({"F05000099": 10})), Severity.FATAL, "residents.no_wards")


def test_a_ward_counted_twice_is_fatal() -> None:
    twice = pd.concat([residents({"F05000001": 1})] * 2)
    findings = found(files(ward_residents=twice))
    assert findings[0].code == "residents.repeated"
    assert findings[0].severity is Severity.FATAL


def test_the_newest_census_comes_before_newer_estimates() -> None:
    census = residents(dict.fromkeys(nine_wards()["ward_code"], 10))
    older, estimate = census.assign(year=2011, residents=1), census.assign(source="Mid-year estimate", year=2024)
    places, findings = check(files(ward_residents=pd.concat([older, census, estimate])), Known())
    assert not findings
    chosen = places.ward_residents["2020"]
    assert (chosen.source, chosen.year, chosen.residents[CENTRE]) == ("Census", 2021, 10)


# --- The content hash ------------------------------------------------------------------------------------------------


def edition(wards: gpd.GeoDataFrame) -> Edition:
    return Edition("2020", dt.date(2020, 5, 7), "wards-2020.gpkg", wards.set_index("ward_code"))


def test_the_content_hash_names_codes_boroughs_and_outlines_and_nothing_else() -> None:
    as_it_is = edition(nine_wards()).content_hash
    shuffled = nine_wards().sample(frac=1, random_state=1)
    renamed = nine_wards().assign(ward_name="X")
    rewound = nine_wards().assign(geometry=nine_wards().reverse())
    assert {edition(wards).content_hash for wards in (shuffled, renamed, rewound)} == {as_it_is}
    other_code = nine_wards().replace({"ward_code": {CENTRE: "F05000010"}})
    other_borough = nine_wards().replace({"borough_code": {"F09000003": "F09000004"}})
    other_outline = with_outline(nine_wards(), CENTRE, CENTRE_SQUARE.buffer(-0.1))
    assert as_it_is not in {edition(wards).content_hash for wards in (other_code, other_borough, other_outline)}


# --- The real thing --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(real_data: Path) -> tuple[Places, tuple[Finding, ...]]:
    return check(read([real_data]), Known())


def test_real_london_is_sound(real: tuple[Places, tuple[Finding, ...]]) -> None:
    places, findings = real
    assert places.city == LONDON
    assert places.boroughs is not None
    assert len(places.boroughs) == 33
    assert places.bcus is not None
    assert (len(places.bcus), places.bcus.nunique()) == (32, 12)
    assert [(each.code, len(each.wards), each.in_force_from) for each in places.editions] == [
        ("2014", 654, dt.date(2014, 5, 22)),
        ("2018", 657, dt.date(2018, 5, 3)),
        ("2022", 704, dt.date(2022, 5, 5)),
    ]
    # 2014 has no file of residents; nothing else in the folder needs anybody's attention.
    assert [(each.code, each.where) for each in findings if each.severity is not Severity.NOTE] == [
        ("residents.absent", "wards-2014.gpkg")
    ]


def test_the_residents_of_the_real_city_of_london_are_given_to_none_of_its_wards(
    real: tuple[Places, tuple[Finding, ...]],
) -> None:
    places, findings = real
    counted = {code: len(each.residents) for code, each in places.ward_residents.items()}
    assert counted == {"2018": 632, "2022": 679}
    assert sum(places.ward_residents["2022"].residents.values()) == 8_799_868 - 8_584
    said = [each.sentence for each in findings if each.code == "residents.borough_row"]
    assert said == [
        f"City of London (E09000001) is one row of {count} residents: its 25 wards have no figure of their own."
        for count in ("6,687", "8,584")
    ]


def test_real_heathrow_villages_is_in_hillingdon(real: tuple[Places, tuple[Finding, ...]]) -> None:
    newest = real[0].editions[-1].wards
    assert newest.at["E05013570", "ward_name"] == "Heathrow Villages"
    assert newest.at["E05013570", "borough_code"] == "E09000017"


def test_real_geojson_is_repaired_and_sound(real_data: Path) -> None:
    places, findings = check(read([real_data / "wards-2022.geojson", real_data / "boroughs.geojson"]), Known())
    assert len(places.editions[0].wards) == 704
    assert [each.code for each in findings if each.severity is Severity.WARNING] == [
        "outline.repaired",
        "residents.absent",
    ]
    assert "3 invalid outlines repaired" in str(findings)
