"""Places in the database: loaded whole or not at all, safely again, and read back by boundary set and by area."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock
from uuid import UUID

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy import func, select

from hub import audit
from hub.access import Grant, Permission, Role, Viewer
from hub.accounts.models import Person
from hub.audit import AuditEntry
from hub.db import EVERYWHERE, Database, HubSession, Scope
from hub.demo.generate import Written
from hub.errors import BadFile, NotAllowed, NotFound
from hub.places import loading, service
from hub.places.findings import Severity
from hub.places.models import BoundarySet, Ward
from hub.places.reports import Outcome, PlacesRefused, PlacesReport
from hub.uploads.models import Upload, Version, WardCount
from tests.places.nine_wards import BCUS, CENTRE, CITY, WriteCity, nine_wards, three_boroughs, with_outline

ACTOR = "machine:test"
NOON = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    service._REMEMBERED.clear()
    yield
    service._REMEMBERED.clear()


def load(database: Database, *paths: Path, **options: object) -> PlacesReport:
    with database.writing() as session:
        return loading.load_places(session, paths, actor=ACTOR, **options)


def outcomes(report: PlacesReport) -> dict[str, Outcome]:
    return {each.what: each.outcome for each in report.loaded}


def entries(session: HubSession, action: str = "places.loaded") -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.number)))


# --- Loading ---------------------------------------------------------------------------------------------------------


def test_a_folder_is_loaded_and_read_back(database: Database, write_small_city: WriteCity) -> None:
    report = load(database, write_small_city())

    assert not report.findings
    assert set(outcomes(report).values()) == {Outcome.NEW}
    with database.reading() as session:
        city = service.city(session)
        assert city is not None
        assert (city.name, city.is_fictional, city.attribution) == ("Smallport", True, "Made up.")
        (edition,) = service.boundary_sets(session)
        assert (edition.code, edition.in_force_from) == ("2020", dt.date(2020, 5, 7))
        wards = service.wards(session, edition.id)
        assert list(wards.index) == sorted(nine_wards()["ward_code"])
        assert wards.crs.to_epsg() == 27700
        assert wards.geometry.geom_equals(nine_wards().set_index("ward_code").geometry).all()
        assert set(wards["residents"]) == {10_000.0}
        assert set(wards["residents_source"] + " " + wards["residents_year"].astype(str)) == {"Census 2021"}
        assert list(service.wards(session, edition.id, {"F09000002"}).index) == ["F05000004", CENTRE, "F05000006"]
        assert service.wards(session, edition.id, set()).empty
        assert [(each.code, each.bcu.name if each.bcu else None) for each in service.boroughs(session)] == list(
            BCUS.items()
        )
        outlines = service.borough_outlines(session, {"F09000003"})
        assert outlines.geometry["F09000003"].equals(three_boroughs().geometry.iloc[2])
        (entry,) = entries(session)
        assert (entry.actor, entry.subject) == (ACTOR, "Smallport")
        assert audit.first_broken(session) is None


def test_loading_the_same_again_changes_nothing(database: Database, write_small_city: WriteCity) -> None:
    folder = write_small_city()
    load(database, folder)
    with database.reading() as session:
        before = service.boundary_sets(session)[0].loaded_at
    report = load(database, folder)
    assert report.is_unchanged
    assert report.as_dict()["state"] == "unchanged"
    assert "Smallport: nothing has changed." in report.lines()
    with database.reading() as session:
        assert service.boundary_sets(session)[0].loaded_at == before
        assert session.scalar(select(func.count()).select_from(Ward)) == 9
        assert len(entries(session)) == 2


def test_what_is_refused_leaves_nothing_behind(database: Database, write_small_city: WriteCity) -> None:
    overlapping = with_outline(nine_wards(), CENTRE, shapely.box(600_900, 401_000, 602_000, 402_000))
    strange = overlapping.replace({"borough_code": {"F09000003": "F09000008"}})
    with pytest.raises(PlacesRefused) as refusal:
        load(database, write_small_city("one fault", wards=overlapping))
    assert isinstance(refusal.value, BadFile)
    assert "wards-2020.gpkg: 1 pair of wards overlap" in refusal.value.sentence
    assert refusal.value.remedy
    with pytest.raises(PlacesRefused) as refusal:
        load(database, write_small_city("two faults", wards=strange))
    assert refusal.value.sentence.startswith("No places were loaded, for 2 reasons:\n- ")
    with database.reading() as session:
        assert service.city(session) is None
        assert service.boroughs(session) == []
        assert not entries(session)
    assert set(outcomes(load(database, write_small_city("sound"))).values()) == {Outcome.NEW}


def test_the_report_is_the_same_for_people_and_for_scripts(database: Database, write_small_city: WriteCity) -> None:
    folder = write_small_city(wards=nine_wards().query("ward_code != @CENTRE"))
    (folder / "notes.txt").touch()
    report = load(database, folder)
    written = json.loads(json.dumps(report.as_dict()))
    assert [each["code"] for each in written["findings"]] == ["coverage.gap"]
    assert written["not_used"] == [{"name": "notes.txt", "reason": "not a place file"}]
    assert {"what": "2 BCUs", "outcome": "new", "detail": "", "counts": {"bcus": 2}} in written["places"]
    assert {"wards": 8, "wards_with_residents": 8} in [each["counts"] for each in written["places"]]
    lines = "\n".join(report.lines())
    for said in (
        "Smallport: places loaded.",
        "Look at these:\n  wards-2020.gpkg: 1 gap",
        "notes.txt (not a place file)",
    ):
        assert said in lines
    assert "8 wards, 8 with residents (Census 2021), in force from 7 May 2020" in lines


def test_a_changed_boundary_set_keeps_its_id(database: Database, write_small_city: WriteCity) -> None:
    load(database, write_small_city("before"))
    with database.reading() as session:
        (before,) = service.boundary_sets(session)
        service.wards(session, before.id)
    moved = nine_wards().set_index("ward_code").geometry
    edge = shapely.box(*moved[CENTRE].bounds[:2], moved[CENTRE].bounds[2] - 300, moved[CENTRE].bounds[3])
    redrawn = with_outline(nine_wards(), CENTRE, edge)
    redrawn = with_outline(redrawn, "F05000008", moved["F05000008"].union(moved[CENTRE].difference(edge)))
    report = load(database, write_small_city("after", wards=redrawn, leave_out=("ward-population.csv",)))
    assert outcomes(report)["Wards of 2020"] is Outcome.CHANGED
    with database.reading() as session:
        (after,) = service.boundary_sets(session)
        assert after.id == before.id
        assert after.content_hash != before.content_hash
        wards = service.wards(session, after.id)
        assert wards.geometry[CENTRE].area == pytest.approx(700_000)
        assert set(wards["residents"]) == {10_000.0}, "outlines loaded alone keep the residents"


def test_renaming_a_ward_changes_no_outline(database: Database, write_small_city: WriteCity) -> None:
    load(database, write_small_city("before"))
    with database.reading() as session:
        before = service.boundary_sets(session)[0].content_hash
    renamed = nine_wards().replace({"ward_name": {"Birch Middle": "Birch Green"}})
    assert outcomes(load(database, write_small_city("after", wards=renamed)))["Wards of 2020"] is Outcome.CHANGED
    with database.reading() as session:
        (edition,) = service.boundary_sets(session)
        assert edition.content_hash == before
        assert service.wards(session, edition.id).at[CENTRE, "ward_name"] == "Birch Green"


def test_residents_may_be_loaded_alone(database: Database, write_small_city: WriteCity) -> None:
    folder = write_small_city(leave_out=("ward-population.csv",))
    report = load(database, folder)
    assert [finding.code for finding in report.of(Severity.WARNING)] == ["residents.absent"]
    alone = folder.parent / "ward-population.csv"
    alone.write_text(f"ward_code,usual_residents_census_2031\n{CENTRE},77\n")
    report = load(database, alone)
    assert outcomes(report) == {"Smallport": Outcome.UNCHANGED, "Wards of 2020": Outcome.CHANGED}
    with database.reading() as session:
        wards = service.wards(session, service.boundary_sets(session)[0].id)
        assert wards["residents"].dropna().to_dict() == {CENTRE: 77.0}
        assert wards.loc[CENTRE, "residents_year"] == 2031
        assert wards["residents_source"].value_counts().to_dict() == {"": 8, "Census": 1}
    assert load(database, alone).is_unchanged


def test_the_newest_census_is_the_denominator_of_a_borough(database: Database, write_small_city: WriteCity) -> None:
    folder = write_small_city()
    load(database, folder)
    with database.reading() as session:
        population = service.borough_residents(session, {"F09000001"})["F09000001"]
        assert (population.source, population.year, population.residents) == ("Census", 2021, 30_000)
        assert service.borough_residents(session, {"F09000009"}) == {}
    newer = folder.parent / "borough-population.csv"
    newer.write_text("borough_code,usual_residents_census_2031\n" + "".join(f"{code},9\n" for code in BCUS))
    load(database, newer)
    with database.reading() as session:
        assert service.borough_residents(session, {"F09000001"})["F09000001"].year == 2031


def test_a_hub_serves_one_city(database: Database, write_small_city: WriteCity) -> None:
    load(database, write_small_city("first"))
    with pytest.raises(PlacesRefused, match="This hub holds Smallport"):
        load(database, write_small_city("second", city={**CITY, "name": "Bigport"}))


def test_a_borough_that_changes_its_bcu_is_named(database: Database, write_small_city: WriteCity) -> None:
    load(database, write_small_city("before"))
    report = load(database, write_small_city("after", bcus={**BCUS, "F09000002": "South Shore"}))
    (bcus,) = [each for each in report.loaded if each.what == "2 BCUs"]
    assert (bcus.outcome, bcus.detail) == (Outcome.CHANGED, "moved: Birch from North Shore to South Shore")
    with database.reading() as session:
        assert frozenset({"F09000002", "F09000003"}) in service.named_areas(session)


# --- Wards that committed data stands on -----------------------------------------------------------------------------


def commit_a_count(database: Database, ward_code: str, borough_code: str) -> None:
    """Commit one offence in a ward."""
    with database.writing() as session:
        session.set_scope(EVERYWHERE)
        edition = session.scalars(select(BoundarySet)).one()
        person = Person(id=UUID(int=1), email="o@test.example", name="O", password_hash="-", created_at=NOON)
        upload = Upload(
            id=UUID(int=2),
            area_key=borough_code,
            owner_id=person.id,
            file_name="f.csv",
            sha256="",
            size_bytes=1,
            received_at=NOON,
        )
        version = Version(
            id=1,
            upload_id=upload.id,
            borough_code=borough_code,
            dataset="ward_counts",
            number=1,
            boundary_set_id=edition.id,
            extract_date=NOON.date(),
            placed=1,
            unplaced=0,
            committed_at=NOON,
            committed_by=person.id,
        )
        for row in (person, upload, version):
            session.add(row)
            session.flush()
        session.add(
            WardCount(
                version_id=1,
                borough_code=borough_code,
                month=dt.date(2025, 1, 1),
                ward_code=ward_code,
                offence_group="Burglary",
                offence_subgroup="Burglary",
                count=1,
            )
        )


def wards_in_use(session: HubSession, boundary_set_id: int) -> set[str | None]:
    statement = select(WardCount.ward_code).join(Version, Version.id == WardCount.version_id)
    return set(session.scalars(statement.where(Version.boundary_set_id == boundary_set_id)))


@pytest.mark.parametrize("moves", [False, True], ids=["left out", "moved to another borough"])
def test_a_ward_that_committed_data_stands_on_is_never_lost(
    database: Database, write_small_city: WriteCity, moves: bool
) -> None:
    load(database, write_small_city("before"))
    commit_a_count(database, CENTRE, "F09000002")

    def without(code: str) -> gpd.GeoDataFrame:
        if not moves:
            return nine_wards()[nine_wards()["ward_code"] != code]
        wards = nine_wards()
        wards.loc[wards["ward_code"] == code, "borough_code"] = "F09000001"
        return wards

    with pytest.raises(PlacesRefused, match=rf"1 ward of 2020 that committed data stands on: {CENTRE}") as refusal:
        load(database, write_small_city("used", wards=without(CENTRE)), wards_in_use=wards_in_use)
    assert "name the file for that year" in refusal.value.remedy
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Ward)) == 9

    report = load(database, write_small_city("unused", wards=without("F05000009")), wards_in_use=wards_in_use)
    assert outcomes(report)["Wards of 2020"] is Outcome.CHANGED
    with database.reading() as session:
        assert [entry.details["reason"] for entry in entries(session, "scope.everywhere")] == [
            "Which wards of 2020 hold data"
        ]


def test_without_being_told_every_ward_is_taken_to_be_in_use(database: Database, write_small_city: WriteCity) -> None:
    load(database, write_small_city("before"))
    with pytest.raises(PlacesRefused, match="committed data"):
        load(database, write_small_city("after", wards=nine_wards().iloc[:8]))


# --- Reading ---------------------------------------------------------------------------------------------------------


def test_a_frame_of_wards_is_the_callers_own(database: Database, write_small_city: WriteCity) -> None:
    load(database, write_small_city())
    with database.reading() as session:
        edition = service.boundary_sets(session)[0].id
        spoilt = service.wards(session, edition)
        spoilt["residents"] = 0.0
        spoilt.loc[CENTRE, "geometry"] = shapely.Point(0, 0)
        spoilt.geometry.array[0] = shapely.Point(0, 0)
        fresh = service.wards(session, edition)
        assert set(fresh["residents"]) == {10_000.0}
        assert fresh.geometry.geom_equals(nine_wards().set_index("ward_code").geometry).all()


def test_outlines_are_fetched_once(
    database: Database, write_small_city: WriteCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(database, write_small_city())
    service._REMEMBERED.clear()
    remember = Mock(wraps=service._remember)
    monkeypatch.setattr(service, "_remember", remember)
    with database.reading() as session:
        edition = service.boundary_sets(session)[0].id
        for _ in range(3):
            assert len(service.wards(session, edition)) == 9
    remember.assert_called_once()


def test_an_unknown_boundary_set_is_not_found(database: Database, write_small_city: WriteCity) -> None:
    load(database, write_small_city())
    with database.reading() as session:
        with pytest.raises(NotFound):
            service.boundary_set(session, 99)
        with pytest.raises(NotFound):
            service.wards(session, 99)


def test_the_ward_index_lists_every_ward_of_every_set(database: Database, write_small_city: WriteCity) -> None:
    folder = write_small_city()
    nine_wards().assign(ward_name="Same").to_file(folder / "wards-2024.gpkg")
    load(database, folder)
    with database.reading() as session:
        index = service.ward_index(session)
        newest, oldest = service.boundary_sets(session)
        assert (newest.code, oldest.code) == ("2024", "2020")
        assert list(index.columns) == ["boundary_set_id", "ward_code", "ward_name", "borough_code"]
        assert index["boundary_set_id"].value_counts().to_dict() == {newest.id: 9, oldest.id: 9}
        assert index[index["boundary_set_id"] == oldest.id]["ward_name"].nunique() == 9


# --- Areas -----------------------------------------------------------------------------------------------------------

Look = Callable[..., Viewer]


@pytest.fixture
def look(database: Database, write_small_city: WriteCity) -> Iterator[Look]:
    """Look at the small city with roles held for boroughs."""
    load(database, write_small_city())
    with database.reading() as session:

        def viewer(*grants: tuple[Role, set[str]]) -> Viewer:
            held = tuple(Grant(role, frozenset(codes)) for role, codes in grants)
            session.set_scope(Scope(frozenset().union(*(grant.boroughs for grant in held))))
            return Viewer(UUID(int=1), "v@test.example", "V", held, session)

        yield viewer


def slugs(viewer: Viewer, permission: Permission = Permission.OVERLAY_READ) -> list[str]:
    return [area.slug for area in service.areas(viewer, permission)]


@pytest.mark.parametrize("asked", ["F09000001", "f09000001", "Alder", " alder "])
def test_a_borough_is_found_by_code_or_name(look: Look, asked: str) -> None:
    area = service.area(look((Role.CSP_OFFICER, {"F09000001"})), asked, Permission.OVERLAY_READ)
    assert area == service.Area("F09000001", "Alder", "borough", frozenset({"F09000001"}))
    assert area.key == "F09000001"


@pytest.mark.parametrize("asked", ["north-shore", "North Shore", "NORTH  SHORE"])
def test_a_bcu_is_found_by_slug_or_name(look: Look, asked: str) -> None:
    area = service.area(look((Role.BCU_COMMANDER, {"F09000001", "F09000002"})), asked, Permission.OVERLAY_READ)
    assert area == service.Area("north-shore", "North Shore", "bcu", frozenset({"F09000001", "F09000002"}))
    assert area.key == "F09000001+F09000002"


@pytest.mark.parametrize("asked", ["london", "LONDON", "Smallport", "smallport"])
def test_the_whole_city_is_london_and_goes_by_its_own_name(look: Look, asked: str) -> None:
    area = service.area(look((Role.ADMINISTRATOR, set(BCUS))), asked, Permission.OVERLAY_READ)
    assert area == service.Area("london", "Smallport", "london", frozenset(BCUS))


def test_an_area_opens_only_when_all_of_it_is_in_scope(look: Look) -> None:
    officer = look((Role.CSP_OFFICER, {"F09000001"}))
    assert slugs(officer) == ["F09000001"]
    for beyond in ("F09000002", "Birch", "north-shore", "london", "F09000009", "Atlantis", ""):
        with pytest.raises(NotFound):
            service.area(officer, beyond, Permission.OVERLAY_READ)
    assert slugs(look((Role.BCU_COMMANDER, {"F09000001", "F09000002"}))) == ["north-shore", "F09000001", "F09000002"]
    assert slugs(look((Role.ADMINISTRATOR, set(BCUS)))) == ["london", "north-shore", "south-shore", *BCUS]
    assert slugs(look()) == []


def test_an_area_opens_only_when_the_role_allows_it_in_all_of_it(look: Look) -> None:
    both = look((Role.COUNCIL_LEADER, {"F09000001"}), (Role.CSP_OFFICER, {"F09000002"}))
    assert slugs(both, Permission.SUMMARY_READ) == ["north-shore", "F09000001", "F09000002"]
    assert slugs(both, Permission.OVERLAY_READ) == ["F09000002"]
    for hers in ("F09000001", "north-shore"):
        assert service.area(both, hers, Permission.SUMMARY_READ)
        with pytest.raises(NotAllowed):
            service.area(both, hers, Permission.OVERLAY_READ)


def test_a_hub_without_places_has_no_areas(database: Database) -> None:
    with database.reading() as session:
        viewer = Viewer(UUID(int=1), "v@test.example", "V", (), session)
        assert service.areas(viewer, Permission.OVERLAY_READ) == []
        with pytest.raises(NotFound):
            service.area(viewer, "london", Permission.OVERLAY_READ)
        assert service.city(session) is None
        assert service.every_borough(session) == frozenset()
        assert service.ward_index(session).empty


# --- The demo city and London ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_demo_city_loads_without_a_warning(database: Database, fictional_city: Written) -> None:
    report = load(database, fictional_city.folder)
    assert not report.findings
    with database.reading() as session:
        city = service.city(session)
        assert city is not None
        assert city.is_fictional
        assert len(service.every_borough(session)) == 6
        assert len(service.named_areas(session)) == 2
        assert [edition.in_force_from for edition in service.boundary_sets(session)] == [
            dt.date(2025, 5, 1),
            dt.date(2016, 5, 5),
        ]
        for edition in service.boundary_sets(session):
            wards = service.wards(session, edition.id)
            assert len(wards) > 100
            assert wards["residents"].notna().all()
    assert load(database, fictional_city.folder).is_unchanged


def test_real_london_loads_and_is_safe_to_repeat(database: Database, real_data: Path) -> None:
    report = load(database, real_data)
    assert [(finding.code, finding.where) for finding in report.of(Severity.WARNING)] == [
        ("residents.absent", "wards-2014.gpkg")
    ]
    with database.reading() as session:
        city = service.city(session)
        assert city is not None
        assert (city.name, city.is_fictional) == ("London", False)
        assert "Open Government Licence" in city.attribution
        assert len(service.every_borough(session)) == 33
        areas = service.named_areas(session)
        assert len(areas) == 12
        assert sum(map(len, areas)) == 32
        assert "E09000001" not in frozenset().union(*areas)
        counts = {}
        for edition in service.boundary_sets(session):
            wards = service.wards(session, edition.id)
            counts[edition.code] = (len(wards), int(wards["residents"].notna().sum()))
            assert wards.loc[wards["borough_code"] == "E09000001", "residents"].isna().all()
        assert counts == {"2022": (704, 679), "2018": (657, 632), "2014": (654, 0)}
        camden = service.borough_residents(session, {"E09000007"})["E09000007"]
        assert (camden.residents, camden.source, camden.year) == (210_135, "Census", 2021)
        heathrow = service.ward_index(session).query("ward_code == 'E05013570'")
        assert set(heathrow["borough_code"]) == {"E09000017"}
    assert load(database, real_data).is_unchanged


def test_a_real_file_may_be_loaded_alone(database: Database, real_data: Path, tmp_path: Path) -> None:
    load(database, *(real_data / name for name in ("boroughs.gpkg", "wards-2018.gpkg")))
    report = load(database, real_data / "ward-population-2018-wards.csv")
    assert outcomes(report) == {"London": Outcome.UNCHANGED, "Wards of 2018": Outcome.CHANGED}
    renamed = tmp_path / "wards-2018.geojson"
    shutil.copy(real_data / "wards-2022.geojson", renamed)
    with pytest.raises(PlacesRefused, match="of 2018 that committed data stands on"):
        load(database, renamed)
    with database.reading() as session:
        (edition,) = service.boundary_sets(session)
        assert edition.in_force_from == dt.date(2018, 5, 3)
        wards = service.wards(session, edition.id)
        assert np.isclose(wards["residents"].sum(), 8_655_869)
        assert pd.isna(wards.at["E05009297", "residents"]), "Castle Baynard's code bears the whole City's residents"
