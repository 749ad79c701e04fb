"""Live figures, put in place as a commit would leave them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pandas as pd
from sqlalchemy import func, select, update

from geo import locate
from hub import audit, db
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.accounts.models import Person
from hub.columns import area_key
from hub.db import Database, HubSession
from hub.places import service as places
from hub.places.service import Area
from hub.uploads.models import Incident, State, Upload, Version, VersionMonth, WardCount

EXTRACT = dt.date(2026, 2, 3)


def month(number: int, year: int = 2025) -> dt.date:
    return dt.date(year, number, 1)


class Figures:
    """Puts figures into a database, each time as a new current version."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ward_counts(
        self,
        borough_code: str,
        counts: pd.DataFrame,
        *,
        boundary_set: str = "2022",
        months: list[dt.date] | None = None,
    ) -> None:
        """Make ward counts live: month, ward_code, offence_group, offence_subgroup, count."""
        with self._session() as session:
            placed = counts["ward_code"].notna()
            version = self._version(session, borough_code, "met_ward_counts", boundary_set, counts, placed)
            columns = {name: counts[name].tolist() for name in ("month", "offence_group", "offence_subgroup", "count")}
            columns["ward_code"] = counts["ward_code"].astype(object).where(placed, None).tolist()
            self._insert(session, WardCount, version, columns)

    def points(
        self,
        borough_code: str,
        points: pd.DataFrame,
        *,
        boundary_set: str = "2022",
        months: list[dt.date] | None = None,
        dataset: str = "street_points",
    ) -> None:
        """Make points live: month, category, easting, northing (NaN where there is no place)."""
        with self._session() as session:
            placed = points["easting"].notna()
            counted = points.assign(count=1)
            version = self._version(session, borough_code, dataset, boundary_set, counted, placed)
            columns = {name: points[name].tolist() for name in ("month", "category")}
            for name in ("easting", "northing"):
                columns[name] = points[name].astype(object).where(placed, None).tolist()
            columns["ward_code"] = self._wards_at(session, version, points)
            self._insert(session, Incident, version, columns)

    def _wards_at(self, session: HubSession, version: Version, points: pd.DataFrame) -> list[str | None]:
        wards = places.wards(session, version.boundary_set_id)
        place = locate.place(locate.build_lookup(wards), points["easting"], points["northing"])
        return [None if position < 0 else wards.index[position] for position in place]

    @contextmanager
    def _session(self) -> Iterator[HubSession]:
        with self._database.writing() as session, audit.everywhere(session, actor=audit.MACHINE, reason="a test"):
            yield session

    def _version(
        self,
        session: HubSession,
        borough_code: str,
        dataset: str,
        boundary_set: str,
        counts: pd.DataFrame,
        placed: pd.Series[bool],
    ) -> Version:
        person = session.scalars(select(Person.id).order_by(Person.created_at)).first()
        edition = next(each for each in places.boundary_sets(session) if each.code == boundary_set)
        before = select(func.count()).where(Version.borough_code == borough_code, Version.dataset == dataset)
        upload = Upload(
            owner_id=person,
            file_name="figures.csv",
            sha256="0" * 64,
            size_bytes=1,
            state=State.COMMITTED,
            dataset=dataset,
            area_key=area_key({borough_code}),
            received_at=dt.datetime.now(dt.UTC),
        )
        session.add(upload)
        session.flush()
        version = Version(
            upload_id=upload.id,
            public_id=uuid4(),
            borough_code=borough_code,
            dataset=dataset,
            number=(session.scalar(before) or 0) + 1,
            boundary_set_id=edition.id,
            extract_date=EXTRACT,
            placed=int(counts["count"][placed].sum()),
            unplaced=int(counts["count"][~placed].sum()),
            committed_at=dt.datetime.now(dt.UTC),
            committed_by=person,
        )
        session.add(version)
        session.flush()
        for each in sorted(counts["month"].unique()):
            session.execute(
                update(VersionMonth)
                .where(
                    VersionMonth.borough_code == borough_code,
                    VersionMonth.dataset == dataset,
                    VersionMonth.month == each,
                )
                .values(is_current=False)
            )
            session.add(
                VersionMonth(
                    version_id=version.id,
                    borough_code=borough_code,
                    dataset=dataset,
                    month=each,
                    placed=int(counts["count"][placed & (counts["month"] == each)].sum()),
                    unplaced=int(counts["count"][~placed & (counts["month"] == each)].sum()),
                    is_current=True,
                )
            )
        session.flush()
        return version

    def _insert(
        self, session: HubSession, model: type[WardCount | Incident], version: Version, columns: dict[str, list[object]]
    ) -> None:
        size = len(columns["month"])
        if session.get_bind().dialect.name == "sqlite":
            columns["month"] = [each.isoformat() for each in columns["month"]]
        common = {"version_id": [version.id] * size, "borough_code": [version.borough_code] * size}
        db.insert_rows(session, model, common | columns)


@contextmanager
def viewing(database: Database, email: str) -> Iterator[Viewer]:
    """Look as one person, on a session that keeps nothing."""
    with database.reading() as session:
        yield accounts.viewer_by_email(session, email)


def area_of(viewer: Viewer, name: str) -> Area:
    return places.area(viewer, name, Permission.OVERLAY_READ)
