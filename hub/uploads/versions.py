"""The versions of each borough's data: added by a commit, taken back by an undo, and which of them is live when.

For one borough, dataset and month one version is current at most. Rows are only ever added; that pointer moves.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import Select, String, cast, func, select, update

from hub import db
from hub.access import Viewer
from hub.db import HubSession
from hub.disclosure import memory as disclosure
from hub.uploads.kinds import kind
from hub.uploads.models import Act, Incident, Share, State, Upload, Version, VersionMonth, WardCount
from hub.uploads.references import LIVE_REFERENCES
from hub.words import LONDON

LIVE_PARTS = {"borough_code": pl.String, "month": pl.Date, "category": pl.String, "count": pl.Int64}
"""What a check compares a file with."""


def lock(session: HubSession, dataset: str, borough_codes: Iterable[str]) -> None:
    """Let nobody else change the versions of these boroughs until this transaction ends."""
    for code in sorted(borough_codes):
        # In order, so that two who share boroughs wait for each other and never both for ever.
        db.lock(session, f"uploads:{dataset}:{code}")


def twin_of(session: HubSession, upload: Upload) -> Upload | None:
    """Find the committed upload that says the same for the same boroughs, of which something is still live."""
    alike = session.scalars(
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
    )
    return next((one for one in alike if said(one) == said(upload)), None)


def said(upload: Upload) -> str:
    """Name all that people said of how a file is to be taken: two of one file that say the same give the same rows."""
    fixes = sorted(one.code for one in upload.decisions if one.act is Act.FIX)
    edits = sorted((one.row, one.column, one.value or "") for one in upload.edits)
    all_of_it = [upload.dataset, sorted(upload.column_fields.items()), sorted(upload.answers.items()), fixes, edits]
    return hashlib.sha256(json.dumps(all_of_it).encode()).hexdigest()


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
        its_rows = by_borough.get((code,), rows.clear())
        version = _add_one(viewer, upload, code, covered, _by_category(its_rows), agreed.get(code))
        _insert_rows(viewer.session, version, its_rows)
        numbers[code] = version.number
    return numbers


def remember(session: HubSession, dataset: str, borough_codes: Iterable[str]) -> None:
    """Keep which versions are live now: what they offer to readers of summaries is held to have been read."""
    live: dict[str, dict[dt.date, str]] = {code: {} for code in sorted(borough_codes)}
    for code, month, public_id in session.execute(
        select(VersionMonth.borough_code, VersionMonth.month, Version.public_id)
        .join(Version, Version.id == VersionMonth.version_id)
        .where(VersionMonth.is_current, VersionMonth.dataset == dataset, VersionMonth.borough_code.in_(live))
    ):
        live[code][month] = str(public_id)
    for code, months in live.items():
        disclosure.remember(session, code, dataset, months)


def _by_category(rows: pl.DataFrame) -> dict[dt.date, list[tuple[str, str, int]]]:
    """Count the rows of one version by month, group and subgroup."""
    if "category" in rows.columns:
        by, counted = ["month", "category", "subcategory"], pl.len()
    elif "offence_group" in rows.columns:
        by, counted = ["month", "offence_group", "offence_subgroup"], pl.col("count").sum()
    else:
        return {}
    found: dict[dt.date, list[tuple[str, str, int]]] = defaultdict(list)
    for month, group, subgroup, count in rows.group_by(by).agg(counted.alias("counted")).sort(by).iter_rows():
        found[month].append((group, subgroup, count))
    return found


def _add_one(
    viewer: Viewer,
    upload: Upload,
    borough_code: str,
    months: pl.DataFrame,
    by_category: Mapping[dt.date, list[tuple[str, str, int]]],
    agreement_id: UUID | None,
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
        classification=upload.report.get("classification", ""),
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
            by_category=by_category.get(month, []),
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
    its_kind = kind(session, version.dataset)
    model = Incident if its_kind.has_points else Share if its_kind.has_shares else WardCount
    db.insert_rows(session, model, {"version_id": [version.id] * rows.height, **columns})


def take_back(session: HubSession, upload: Upload, *, restored: Upload | None = None) -> dict[str, int]:
    """Undo every version of an upload; returns their numbers.

    What it had replaced as its correction comes back as it was.
    """
    undone, set_aside = _versions_of(session, upload), _versions_of(session, restored) if restored else []
    lock(session, str(upload.dataset), [version.borough_code for version in undone])
    for version in undone:
        version.undone_at = dt.datetime.now(dt.UTC)
    for version in set_aside:
        version.undone_at = None
    session.flush()
    _settle(session, [*undone, *set_aside])
    return {version.borough_code: version.number for version in undone}


def set_aside(session: HubSession, upload: Upload) -> None:
    """Take out every version of an upload that is about to be replaced whole; the months it held fall back."""
    versions = _versions_of(session, upload)
    for version in versions:
        version.undone_at = dt.datetime.now(dt.UTC)
    session.flush()
    _settle(session, versions)


def _versions_of(session: HubSession, upload: Upload) -> Sequence[Version]:
    return session.scalars(select(Version).where(Version.upload_id == upload.id)).all()


def _settle(session: HubSession, changed: Iterable[Version]) -> None:
    """Make current, for each month that these versions hold, the newest version that is not undone."""
    months: dict[tuple[str, str], set[dt.date]] = {}
    for version in changed:
        months.setdefault((version.borough_code, version.dataset), set()).update(one.month for one in version.months)
    for (borough_code, dataset), held in months.items():
        lines = session.execute(
            select(VersionMonth, Version.undone_at)
            .join(Version, Version.id == VersionMonth.version_id)
            .where(
                VersionMonth.borough_code == borough_code,
                VersionMonth.dataset == dataset,
                VersionMonth.month.in_(held),
            )
            .order_by(Version.number)
        ).all()
        newest = {line.month: line for line, undone_at in lines if undone_at is None}
        for line, _ in lines:
            if line.is_current and newest.get(line.month) is not line:
                line.is_current = False
        session.flush()
        for line in newest.values():
            line.is_current = True
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


def live_parts(session: HubSession, upload: Upload) -> pl.DataFrame:
    """What is live from other uploads of the same kind and area, by category: a subgroup where there is one."""
    live = _live_by_category(upload).where(VersionMonth.borough_code.in_(upload.area_key.split("+")))
    rows = [
        (borough_code, month, part or whole, count)
        for borough_code, month, by_category in session.tuples(live)
        for whole, part, count in by_category
    ]
    return pl.DataFrame(rows, LIVE_PARTS, orient="row")


def live_references(session: HubSession, upload: Upload) -> pl.DataFrame:
    """The hashed references that are live from other uploads of the same kind and area, if this one has references."""
    if "identifier" not in upload.column_fields.values():
        return pl.DataFrame(schema=LIVE_REFERENCES)
    replaced = [upload.id, *([upload.corrects_id] if upload.corrects_id else [])]
    wanted = (
        select(VersionMonth.version_id, VersionMonth.borough_code, VersionMonth.month)
        .join(Version, Version.id == VersionMonth.version_id)
        .where(
            VersionMonth.is_current,
            VersionMonth.dataset == upload.dataset,
            VersionMonth.borough_code.in_(upload.area_key.split("+")),
            Version.upload_id.not_in(replaced),
        )
    )
    borough_of = {(version, month): borough_code for version, borough_code, month in session.tuples(wanted)}
    # A line for each month, its hashes written one after another: as many rows would take three times as long to read.
    hashes = func.aggregate_strings(cast(Incident.reference_hash, String), ",")
    by_month = (
        select(Incident.version_id, Incident.month, hashes)
        .where(Incident.version_id.in_({version for version, _ in borough_of}), Incident.reference_hash.is_not(None))
        .group_by(Incident.version_id, Incident.month)
    )
    live = [
        (borough_of[version, month], month, written)
        for version, month, written in session.tuples(by_month)
        if (version, month) in borough_of
    ]
    frame = pl.DataFrame(live, LIVE_REFERENCES | {"reference_hash": pl.String}, orient="row")
    one_a_line = frame.with_columns(pl.col("reference_hash").str.split(",")).explode("reference_hash")
    return one_a_line.with_columns(pl.col("reference_hash").cast(pl.Int64))


def reference_key(session: HubSession, dataset: str) -> bytes:
    """The key under which the references of one dataset are hashed: made from the hub's own, which it does not tell."""
    key: bytes = session.info["reference_key"]
    return hmac.digest(key, dataset.encode(), "sha256")


def live_stamp(session: HubSession, dataset: str, covered: pl.DataFrame) -> str:
    """Name what is live for the boroughs and months covered: another name once anybody commits or undoes there."""
    live = session.execute(
        select(VersionMonth.borough_code, VersionMonth.month, VersionMonth.version_id).where(
            VersionMonth.is_current,
            VersionMonth.dataset == dataset,
            VersionMonth.borough_code.in_(covered["borough_code"].unique().to_list()),
        )
    )
    among = set(covered.select("borough_code", "month").iter_rows())
    found = sorted((code, str(month), version) for code, month, version in live if (code, month) in among)
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def live_categories(session: HubSession, upload: Upload, covered: pl.DataFrame) -> pl.DataFrame:
    """What is live from other uploads of the same kind, by category, for the boroughs and months covered."""
    live = _live_by_category(upload).where(
        VersionMonth.borough_code.in_(covered["borough_code"].unique().to_list()),
        VersionMonth.month.in_(covered["month"].unique().to_list()),
    )
    counts: Counter[str] = Counter()
    for _, _, by_category in session.tuples(live):
        for whole, _, count in by_category:
            counts[whole] += count
    return pl.DataFrame(list(counts.items()), {"category": pl.String, "live": pl.Int64}, orient="row")


def _live_by_category(upload: Upload) -> Select[str, dt.date, list[tuple[str, str, int]]]:
    return (
        select(VersionMonth.borough_code, VersionMonth.month, VersionMonth.by_category)
        .join(Version, Version.id == VersionMonth.version_id)
        .where(VersionMonth.is_current, VersionMonth.dataset == upload.dataset, Version.upload_id != upload.id)
    )


def live_among(session: HubSession, upload_ids: Collection[UUID]) -> frozenset[UUID]:
    """Which of these uploads hold a month that readers see."""
    held = select(Version.upload_id).join(VersionMonth, VersionMonth.version_id == Version.id)
    return frozenset(session.scalars(held.where(Version.upload_id.in_(upload_ids), VersionMonth.is_current).distinct()))


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
