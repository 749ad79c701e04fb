"""The versions of each borough's data: added by a commit, taken back by an undo, and which of them is live when.

For one borough, dataset and month one version is current at most. Rows are only ever added; that pointer moves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import func, select, update

from hub import db
from hub.access import Viewer
from hub.db import HubSession
from hub.uploads.kinds import DATASETS
from hub.uploads.models import Incident, State, Upload, Version, VersionMonth, WardCount
from hub.words import LONDON


def lock(session: HubSession, dataset: str, borough_codes: Iterable[str]) -> None:
    """Let nobody else change the versions of these boroughs until this transaction ends."""
    for code in sorted(borough_codes):
        # In order, so that two who share boroughs wait for each other and never both for ever.
        db.lock(session, f"uploads:{dataset}:{code}")


def twin_of(session: HubSession, upload: Upload) -> Upload | None:
    """Find the committed upload of the same file for the same boroughs of which something is still live."""
    return session.scalar(
        select(Upload)
        .where(
            Upload.sha256 == upload.sha256,
            Upload.area_key == upload.area_key,
            Upload.dataset == upload.dataset,
            Upload.state == State.COMMITTED,
            Upload.id != upload.id,
            Upload.versions.any(Version.months.any(VersionMonth.is_current)),
        )
        .order_by(Upload.committed_at)
        .limit(1)
    )


def add(
    viewer: Viewer, upload: Upload, rows: pl.DataFrame, months: pl.DataFrame, agreed: Mapping[str, UUID]
) -> dict[str, int]:
    """Add a version for each borough and make it current; returns their numbers.

    Parameters
    ----------
    viewer, upload
        Who commits what.
    rows, months
        As `checking.Checked` has them.
    agreed
        For boroughs whose part comes under a sharing agreement, which.
    """
    by_borough = rows.partition_by("borough_code", as_dict=True)
    numbers = {}
    for (code,), covered in sorted(months.partition_by("borough_code", as_dict=True).items()):
        version = _add_one(viewer, upload, code, covered, agreed.get(code))
        _insert_rows(viewer.session, version, by_borough.get((code,), rows.clear()))
        numbers[code] = version.number
    return numbers


def _add_one(
    viewer: Viewer, upload: Upload, borough_code: str, months: pl.DataFrame, agreement_id: UUID | None
) -> Version:
    session, dataset = viewer.session, str(upload.dataset)
    last = session.scalar(
        select(func.max(Version.number)).where(Version.borough_code == borough_code, Version.dataset == dataset)
    )
    version = Version(
        upload_id=upload.id,
        borough_code=borough_code,
        dataset=dataset,
        number=(last or 0) + 1,
        boundary_set_id=upload.boundary_set_id,
        extract_date=upload.received_at.astimezone(LONDON).date(),
        agreement_id=agreement_id,
        placed=int(months["placed"].sum()),
        unplaced=int(months["unplaced"].sum()),
        committed_at=dt.datetime.now(dt.UTC),
        committed_by=viewer.person_id,
    )
    session.add(version)
    session.flush()
    session.execute(
        update(VersionMonth)
        .where(
            VersionMonth.borough_code == borough_code,
            VersionMonth.dataset == dataset,
            VersionMonth.month.in_(months["month"].to_list()),
            VersionMonth.is_current,
        )
        .values(is_current=False)
        .execution_options(synchronize_session="fetch")
    )
    session.add_all(
        VersionMonth(
            version_id=version.id,
            borough_code=borough_code,
            month=month,
            dataset=dataset,
            placed=placed,
            unplaced=unplaced,
            is_current=True,
        )
        for month, placed, unplaced in months.select("month", "placed", "unplaced").iter_rows()
    )
    session.flush()
    return version


def _insert_rows(session: HubSession, version: Version, rows: pl.DataFrame) -> None:
    if rows.is_empty():
        return
    columns: dict[str, Sequence[Any]] = {name: rows[name].to_list() for name in rows.columns}
    model = Incident if DATASETS[version.dataset].has_points else WardCount
    db.insert_rows(session, model, {"version_id": [version.id] * rows.height, **columns})


def take_back(session: HubSession, upload: Upload) -> dict[str, int]:
    """Undo every version of an upload; returns their numbers."""
    versions = session.scalars(select(Version).where(Version.upload_id == upload.id)).all()
    lock(session, str(upload.dataset), [version.borough_code for version in versions])
    for version in versions:
        _take_back_one(session, version)
    return {version.borough_code: version.number for version in versions}


def _take_back_one(session: HubSession, version: Version) -> None:
    """Make current, for each month that this version holds, the newest other one that is not undone."""
    version.undone_at = dt.datetime.now(dt.UTC)
    held = session.scalars(
        select(VersionMonth).where(VersionMonth.version_id == version.id, VersionMonth.is_current)
    ).all()
    for month in held:
        month.is_current = False
    session.flush()
    others = session.scalars(
        select(VersionMonth)
        .join(Version, Version.id == VersionMonth.version_id)
        .where(
            VersionMonth.borough_code == version.borough_code,
            VersionMonth.dataset == version.dataset,
            VersionMonth.month.in_([month.month for month in held]),
            Version.undone_at.is_(None),
        )
        .order_by(Version.number)
    )
    for newest in {other.month: other for other in others}.values():
        newest.is_current = True
    session.flush()


def live_counts(session: HubSession, upload: Upload, borough_codes: Collection[str]) -> pl.DataFrame:
    """What is live from other uploads of the same kind: borough_code, month, and `live`, placed and not placed."""
    found = session.execute(
        select(VersionMonth.borough_code, VersionMonth.month, VersionMonth.placed + VersionMonth.unplaced)
        .join(Version, Version.id == VersionMonth.version_id)
        .where(
            VersionMonth.is_current,
            VersionMonth.dataset == upload.dataset,
            VersionMonth.borough_code.in_(borough_codes),
            Version.upload_id != upload.id,
        )
    )
    schema = {"borough_code": pl.String, "month": pl.Date, "live": pl.Int64}
    return pl.DataFrame([tuple(row) for row in found], schema, orient="row")


def wards_in_use(session: HubSession, boundary_set_id: int) -> set[str]:
    """Which wards of a boundary set stand in committed rows, of undone versions too, within the session's scope."""
    return {
        code
        for table in (WardCount, Incident)
        for code in session.scalars(
            select(table.ward_code)
            .join(Version, Version.id == table.version_id)
            .where(Version.boundary_set_id == boundary_set_id, table.ward_code.is_not(None))
            .distinct()
        )
        if code is not None
    }
