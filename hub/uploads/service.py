"""What can be done with an upload: receive, match, check, commit, undo, discard; in that order.

Every act re-checks the viewer's right in every borough of the upload. A file's content is read only by `confined`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4

import polars as pl
from sqlalchemy import func, select

from hub import audit, db, jobs, words
from hub.access import Permission, Viewer
from hub.db import HubSession
from hub.errors import BadFile, BadRequest, Conflict, NotAllowed, TooMany
from hub.jobs import Job, JobState
from hub.places import service as places
from hub.uploads import confined, corrections, dates, door, files, kinds, memory, moments, permits, versions
from hub.uploads.catalogue import WHEN
from hub.uploads.confined import Column, Look, Wait
from hub.uploads.files import ORIGINAL
from hub.uploads.findings import Severity
from hub.uploads.kinds import MONTH_COUNTS, DatasetKind
from hub.uploads.memory import Recalled
from hub.uploads.models import State, Upload
from hub.uploads.moments import MONTH_SAID
from hub.uploads.placing import LSOA_COLUMNS, OUTWARD_COLUMNS, Geography
from hub.uploads.reading import Limits

MOST_BYTES_AN_AREA = 20_000_000_000
MOST_IN_PROGRESS = 5
UNDO_WITHIN = dt.timedelta(days=30)
CANCELLABLE = ("uploads.check", "uploads.take_in")
"""The jobs that a person can stop."""


# --- Receive ---------------------------------------------------------------------------------------------------------


def receive(viewer: Viewer, stream: BinaryIO, file_name: str, *, leave_out: frozenset[str] = frozenset()) -> Upload:
    """Store a file for all the boroughs that the viewer may upload for; of columns to leave out, nothing is stored.

    Raises
    ------
    PersonalData
        If what would be stored tells of people: nothing is, then.
    BadFile
        If it is not a file that can be read for certain, or is too large.
    Conflict
        If the area's files fill their share of the disk.
    """
    boroughs = viewer.boroughs(Permission.UPLOAD_WRITE)
    if not boroughs:
        raise NotAllowed("Your role does not let you upload files.", remedy="Ask an administrator if it should.")
    area_key = db.area_key(boroughs)
    limits = files.limits_of(viewer.session)
    file_name = files.display_name(file_name, limits)
    _refuse_a_full_share(viewer, area_key)
    upload_id = uuid4()
    folder = files.folder_of(viewer.session, upload_id)
    folder.mkdir(parents=True)
    try:
        sha256, size_bytes = files.store(stream, folder, limits)
        look, file_name = confined.admit(folder / ORIGINAL, file_name, limits, leave_out)
        if leave_out:
            sha256, size_bytes = files.digest(folder)
    except BaseException:
        files.remove(folder)
        raise
    upload = Upload(
        id=upload_id,
        area_key=area_key,
        owner_id=viewer.person_id,
        file_name=file_name,
        sha256=sha256,
        size_bytes=size_bytes,
        report=_seen(look),
        received_at=door.now(),
    )
    viewer.session.add(upload)
    viewer.session.flush()
    audit.record(viewer, "upload.received", upload_id, size_bytes=size_bytes, sha256=sha256)
    _take_up(viewer, upload, look)
    return upload


def _seen(look: Look) -> dict[str, Any]:
    """What is kept of a look into a file: never a value."""
    return {
        "headings": look.headings,
        "format": look.format,
        "encoding": look.encoding,
        "delimiter": look.delimiter,
        "sheet": look.sheet,
        "sheets": list(look.sheets),
        "hidden_sheets": list(look.hidden_sheets),
        "heading_row": look.heading_row,
    }


def _take_up(viewer: Viewer, upload: Upload, look: Look) -> None:
    """Match a file as the one it corrects, or as the last like it, where nothing of that has changed."""
    corrected = _corrected(viewer, upload, look)
    upload.corrects_id = corrected.id if corrected else None
    recalled = _recalled(viewer, upload, look)
    if recalled is None:
        return
    if recalled.answers.get("sheet", look.sheet) != look.sheet or "heading_row" in recalled.answers:
        original = door.folder(viewer, upload) / ORIGINAL
        limits = files.limits_of(viewer.session)
        with suppress(BadFile):
            look = confined.look(original, upload.file_name, limits, recalled.answers)
        recalled = _recalled(viewer, upload, look)
    if recalled is None or not recalled.is_whole:
        return
    kind = kinds.kind(viewer.session, recalled.dataset)
    if kind.missing(recalled.column_fields.values(), is_month_said=MONTH_SAID in recalled.answers):
        return
    upload.answers = dict(recalled.answers)
    upload.report = {**_seen(look), "matched_as_before": True}
    upload.dataset, upload.column_fields, upload.state = kind.key, dict(recalled.column_fields), State.MAPPED
    viewer.session.flush()


def _recalled(viewer: Viewer, upload: Upload, look: Look) -> Recalled | None:
    """What is known of a file beforehand: from the upload that it puts right, else from the last like it."""
    columns = {column.heading: column.samples for column in look.columns}
    corrected = viewer.session.get(Upload, upload.corrects_id) if upload.corrects_id else None
    if corrected is not None and corrected.dataset is not None:
        return memory.compare(corrected.dataset, corrected.column_fields, corrected.answers, columns, look.sheets)
    return memory.recall(viewer, upload.area_key, columns, look.sheets)


def _corrected(viewer: Viewer, upload: Upload, look: Look) -> Upload | None:
    """The upload whose marked file this is: only one of the same boroughs, that is not given up or taken back."""
    if look.marked_upload is None:
        return None
    return viewer.session.scalar(
        select(Upload).where(
            Upload.id == look.marked_upload,
            Upload.area_key == upload.area_key,
            Upload.state.in_([*door.UNFINISHED, State.COMMITTED]),
        )
    )


def _refuse_a_full_share(viewer: Viewer, area_key: str) -> None:
    stored = viewer.session.scalar(
        select(func.sum(Upload.size_bytes)).where(Upload.area_key == area_key, Upload.state != State.DISCARDED)
    )
    if (stored or 0) >= MOST_BYTES_AN_AREA:
        raise Conflict(
            f"The files of this area fill their share of {words.megabytes(MOST_BYTES_AN_AREA)}.",
            remedy="Ask an administrator to remove old ones.",
        )


# --- Match columns ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Proposal:
    """What a file seems to hold: its columns with a few values, the likeliest kind, and which column fills which field.

    `renamed` says which columns of the last such file are gone, each with what it seems to be called now.
    """

    columns: tuple[Column, ...]
    kind: DatasetKind | None
    column_fields: Mapping[str, str]
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings, in order."""
        return tuple(column.heading for column in self.columns)


def propose(viewer: Viewer, upload_id: UUID, dataset: str | None = None) -> Proposal:
    """Guess the kind of an upload, unless told, and its columns; what was said of it, or of the last like it, stands.

    The file is looked into again for a few values of each column; they are shown and not kept.
    """
    upload = _unfinished(viewer, upload_id)
    original = door.folder(viewer, upload) / ORIGINAL
    look = confined.look(original, upload.file_name, files.limits_of(viewer.session), upload.answers)
    samples = {column.heading: column.samples for column in look.columns}
    if upload.dataset is not None and dataset in {None, upload.dataset}:
        return Proposal(look.columns, kinds.kind(viewer.session, upload.dataset), upload.column_fields)
    recalled = _recalled(viewer, upload, look)
    before = None
    if recalled is not None and dataset in {None, recalled.dataset}:
        kind = kinds.kind(viewer.session, recalled.dataset)
        before = Proposal(look.columns, kind, recalled.column_fields, recalled.renamed)
        if not kind.missing(recalled.column_fields.values(), is_month_said=True):
            return before
    if dataset is not None:
        kind = kinds.kind(viewer.session, dataset)
        return before or Proposal(look.columns, kind, kinds.propose(samples, kind, samples))
    recognised = Proposal(look.columns, *kinds.recognise(samples, samples, kinds.catalogue(viewer.session)))
    return recognised if recognised.kind is not None or before is None else before


def read_otherwise(viewer: Viewer, upload_id: UUID, *, sheet: str, heading_row: str) -> Upload:
    """Say which sheet or layer of an upload holds the table, and which row its headings; "" leaves that to the hub.

    Raises
    ------
    BadFile
        If it cannot be read so; what was said before stands then.
    """
    upload = _unfinished(viewer, upload_id, lock=True)
    asked = {"sheet": sheet, "heading_row": heading_row}
    kept = {key: value for key, value in upload.answers.items() if key not in asked}
    answers = {**kept, **{key: value.strip() for key, value in asked.items() if value.strip()}}
    if sheet and sheet not in upload.report.get("sheets", []):
        raise BadRequest(f"The file has no sheet '{sheet[:80]}'.", remedy="Choose one of those shown.")
    original = door.folder(viewer, upload) / ORIGINAL
    look = confined.look(original, upload.file_name, files.limits_of(viewer.session), answers)
    upload.answers, upload.report = answers, _seen(look)
    upload.dataset, upload.column_fields, upload.state = None, {}, State.RECEIVED
    upload.checked_at = None
    viewer.session.flush()
    return upload


def _unfinished(viewer: Viewer, upload_id: UUID, *, lock: bool = False) -> Upload:
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE, lock=lock)
    if upload.state not in door.UNFINISHED:
        raise Conflict("This upload is finished.", remedy="Upload the file again to change it.")
    return upload


def read_month(said: str) -> str:
    """Read the month that a person says all rows of a file are of, as YYYY-MM; "" where they say none.

    Raises
    ------
    BadRequest
        If it is no month, or none that figures can be of.
    """
    if not said.strip():
        return ""
    month = dates.month_of_heading(said)
    if month is None or not moments.EARLIEST_MONTH <= month <= door.today():
        what = f"is no month from {words.month_name(moments.EARLIEST_MONTH)} up to now"
        raise BadRequest(f"'{said.strip()[:40]}' {what}.", remedy="Write it as year and month, such as 2025-03.")
    return f"{month:%Y-%m}"


def set_columns(
    viewer: Viewer, upload_id: UUID, dataset: str, column_fields: Mapping[str, str], *, month: str = ""
) -> Upload:
    """Say what an upload holds, in which columns, and of which month it is where no column says that.

    Raises
    ------
    BadRequest
        Naming the kind, column or field that does not exist, is given twice, or is missing; or the month that is none.
    """
    month = read_month(month)
    upload = _unfinished(viewer, upload_id, lock=True)
    kind, headings = kinds.kind(viewer.session, dataset), upload.report["headings"]
    permits.refuse_without_any(viewer, kind, door.boroughs(upload))
    known = {one.key for one in kind.fields}
    for column, key in column_fields.items():
        if column not in headings:
            raise BadRequest(
                f"The file has no column '{column[:80]}'.", remedy=f"Its columns are: {', '.join(headings)[:400]}."
            )
        if key not in known:
            raise BadRequest(
                f"'{key[:80]}' is no field of {kind.title}.", remedy=f"Use one of: {', '.join(sorted(known))}."
            )
    filled = [key for key in column_fields.values() if key != MONTH_COUNTS]
    twice = sorted({kind.field(key).title for key in filled if filled.count(key) > 1})
    if twice:
        raise BadRequest(f"More than one column is given for: {', '.join(twice)}.", remedy="Choose one column for it.")
    dated = next((column for column, key in column_fields.items() if key in _SAYING_WHEN), None)
    if month and dated is not None:
        raise BadRequest(
            f"It was said that all rows are of {words.month_name(words.parse_month(month))}, but the column "
            f"'{dated[:80]}' says when each happened.",
            remedy="Say one of the two: leave the month out, or choose no column for it.",
        )
    _refuse_missing(kind, column_fields, is_month_said=bool(month))
    answers = {key: value for key, value in upload.answers.items() if key != MONTH_SAID}
    upload.answers = {**answers, **({MONTH_SAID: month} if month else {})}
    upload.dataset, upload.column_fields, upload.state = kind.key, dict(column_fields), State.MAPPED
    upload.report = {key: value for key, value in upload.report.items() if key != "matched_as_before"}
    upload.checked_at = None
    viewer.session.flush()
    return upload


_SAYING_WHEN = {*WHEN, "year", MONTH_COUNTS}


def _refuse_missing(kind: DatasetKind, column_fields: Mapping[str, str], *, is_month_said: bool) -> None:
    missing = kind.missing(column_fields.values(), is_month_said=is_month_said)
    if not missing:
        return
    remedy = "Choose the column that holds it for each."
    if missing != kind.missing(column_fields.values(), is_month_said=True):
        remedy += " Where no column says when, because all rows are of one month, say which month that is."
    raise BadRequest(f"No column is given for: {', '.join(missing)}.", remedy=remedy)


# --- Check -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CheckTask:
    """All that a check needs, so that it can run outside any transaction."""

    upload_id: UUID
    folder: Path
    file_name: str
    limits: Limits
    kind: DatasetKind
    column_fields: Mapping[str, str]
    geography: Geography
    scope: frozenset[str]
    today: dt.date
    edits: pl.DataFrame
    fixes: frozenset[str]
    answers: Mapping[str, str]
    live: pl.DataFrame
    live_references: pl.DataFrame
    reference_key: bytes = field(repr=False)
    said: str
    """As `versions.said` names all of it."""

    def run(self, wait: Wait) -> CheckResult:
        """Read and check the file, and keep what was found beside it; `wait` is told how the seconds go by."""
        check_id = uuid4().hex
        report = confined.check(
            self.folder / ORIGINAL,
            self.file_name,
            self.limits,
            kind=self.kind,
            column_fields=self.column_fields,
            geography=self.geography,
            scope=self.scope,
            today=self.today,
            edits=self.edits,
            fixes=self.fixes,
            answers=self.answers,
            live=self.live,
            live_references=self.live_references,
            reference_key=self.reference_key,
            destination=self.folder / check_id,
            wait=wait,
        )
        return CheckResult(self, check_id, report)


@dataclass(frozen=True)
class CheckResult:
    """What a check gave, in files beside the original."""

    task: CheckTask
    check_id: str
    report: Mapping[str, Any]


def plan_check(viewer: Viewer, upload_id: UUID) -> CheckTask:
    """Gather all that a check needs."""
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE)
    if upload.state not in {State.MAPPED, State.CHECKED} or upload.dataset is None:
        raise Conflict("The columns of this upload have not been matched.", remedy="Match them, then check it.")
    kind = kinds.kind(viewer.session, upload.dataset)
    permits.refuse_without_any(viewer, kind, door.boroughs(upload))
    return CheckTask(
        upload_id=upload.id,
        folder=door.folder(viewer, upload),
        file_name=upload.file_name,
        limits=files.limits_of(viewer.session),
        kind=kind,
        column_fields=dict(upload.column_fields),
        geography=_geography(viewer.session),
        scope=door.boroughs(upload),
        today=door.today(),
        edits=corrections.edits(upload),
        fixes=corrections.fixes(upload),
        answers=dict(upload.answers),
        live=versions.live_parts(viewer.session, upload, kind),
        live_references=versions.live_references(viewer.session, upload),
        reference_key=versions.reference_key(viewer.session, kind.key),
        said=versions.said(upload),
    )


def keep_check(viewer: Viewer, result: CheckResult) -> bool:
    """Make a check's result the upload's; False if the upload has been changed meanwhile, and must be checked again."""
    task = result.task
    upload = door.upload(viewer, task.upload_id, Permission.UPLOAD_WRITE, lock=True)
    viewer.session.expire(upload, ["edits", "decisions"])
    if upload.state not in {State.MAPPED, State.CHECKED}:
        files.remove(task.folder / result.check_id)
        raise Conflict("This upload was finished while it was being checked.")
    if versions.said(upload) != task.said:
        files.remove(task.folder / result.check_id)
        return False
    seen = {key: upload.report[key] for key in _OF_THE_FILE if key in upload.report}
    upload.report = {
        **result.report,
        **seen,
        "check_id": result.check_id,
        "said": task.said,
        "whole_file_faults": _whole_file_faults(files.found(task.folder, result.check_id, "problems")),
        "live": versions.live_stamp(
            viewer.session, str(upload.dataset), files.found(task.folder, result.check_id, "months")
        ),
    }
    same = versions.twin_of(viewer.session, upload)
    if same is not None:
        upload.report = {**upload.report, "same_as": str(same.id)}
    upload.boundary_set_id = result.report["boundary_set_id"]
    upload.state, upload.checked_at = State.CHECKED, door.now()
    viewer.session.flush()
    if result.report["boroughs"]:
        memory.remember(viewer, upload)
    audit.record(
        viewer,
        "upload.checked",
        upload.id,
        **{key: result.report[key] for key in ("rows", "placed", "unplaced", "refused", "total", "problems_total")},
    )
    door.once_committed(viewer.session, lambda: files.remove_older_checks(task.folder, result.check_id))
    return True


_OF_THE_FILE = (
    "headings",
    "format",
    "encoding",
    "delimiter",
    "sheet",
    "sheets",
    "hidden_sheets",
    "heading_row",
    "matched_as_before",
)


def _whole_file_faults(problems: pl.DataFrame) -> int:
    """How many problems that must be fixed concern no row, so that none can be held back for them."""
    grave = pl.col("severity").is_in([Severity.MUST_FIX, Severity.WE_CAN_FIX])
    return problems.filter(grave, pl.col("row").is_null()).height


def _geography(session: HubSession) -> Geography:
    sets = places.boundary_sets(session)
    if not sets:
        raise Conflict(
            "The hub knows no wards yet, so no file can be checked.",
            remedy="Ask an administrator to load them with 'hub load-places'.",
        )
    outlines = [places.wards(session, its.id) for its in sets]
    wards = {
        "boundary_set_id": [its.id for its, frame in zip(sets, outlines, strict=True) for _ in range(len(frame))],
        "ward_code": [code for frame in outlines for code in frame.index],
        "ward_name": [name for frame in outlines for name in frame["ward_name"]],
        "borough_code": [code for frame in outlines for code in frame["borough_code"]],
        "outline": [outline for frame in outlines for outline in frame.geometry.to_wkb()],
    }
    whole = places.borough_outlines(session)
    boroughs = {
        "borough_code": whole.index.tolist(),
        "borough_name": whole["borough_name"].tolist(),
        "outline": whole.geometry.to_wkb().tolist(),
    }
    lsoas, outwards = places.lsoa_index(session), places.outward_index(session)
    return Geography(
        pl.DataFrame(
            {
                "boundary_set_id": [its.id for its in sets],
                "boundary_set": [its.code for its in sets],
                "in_force_from": [its.in_force_from for its in sets],
            }
        ),
        pl.DataFrame(wards),
        pl.DataFrame(boroughs),
        pl.DataFrame({name: lsoas[name].tolist() for name in lsoas.columns}, LSOA_COLUMNS),
        pl.DataFrame({name: outwards[name].tolist() for name in outwards.columns}, OUTWARD_COLUMNS),
    )


# --- Commit ----------------------------------------------------------------------------------------------------------


def commit(viewer: Viewer, upload_id: UUID, *, seen: str = "") -> Upload:
    """Make a checked upload the live data of every borough its rows cover, for the months it covers.

    Parameters
    ----------
    viewer, upload_id
        Who commits what.
    seen
        The stamp of what was live when somebody last looked at what this would change; as checked, where nobody did.

    Returns
    -------
    The upload whose versions now hold the data: this one, or the earlier one of the same content. To commit twice is to
    commit once.

    Raises
    ------
    Conflict
        If it is not checked, or has problems that must be fixed, or what is live there is no longer what was seen.
    """
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_COMMIT, lock=True)
    if upload.state is State.COMMITTED:
        return upload
    if upload.state is State.DISCARDED and "same_as" in upload.report:
        return door.upload(viewer, UUID(upload.report["same_as"]), Permission.UPLOAD_COMMIT)
    if upload.state is not State.CHECKED:
        raise Conflict("This upload is not checked.", remedy="Check it, then commit it.")
    corrections.refuse_unready(upload)
    boroughs = upload.report["boroughs"]
    viewer.require(Permission.UPLOAD_COMMIT, boroughs)
    agreed = permits.agreements_of(viewer, kinds.kind(viewer.session, str(upload.dataset)), boroughs)
    corrected = _to_replace(viewer, upload)
    versions.lock(
        viewer.session, str(upload.dataset), {*boroughs, *(corrected.report["boroughs"] if corrected else ())}
    )
    same = versions.twin_of(viewer.session, upload)
    if same is not None:
        upload.report = {**upload.report, "same_as": str(same.id)}
        _discard(viewer, upload)
        return same
    rows, months = door.found(viewer, upload, "rows"), door.found(viewer, upload, "months")
    if versions.live_stamp(viewer.session, str(upload.dataset), months) != (seen or upload.report.get("live")):
        raise Conflict(
            "Somebody has changed what is live for these months since you looked.",
            remedy="Look again at what this file would change, then commit it; a script sends it again.",
        )
    upload.state, upload.committed_at = State.COMMITTED, door.now()
    if corrected is not None:
        versions.set_aside(viewer.session, corrected)
    _discard_what_it_corrects(viewer, upload)
    numbers = versions.add(viewer, upload, rows, months, agreed)
    audit.record(
        viewer,
        "upload.committed",
        upload.id,
        dataset=upload.dataset,
        versions=numbers,
        months=[upload.report["months"][0], upload.report["months"][-1]],
        placed=upload.report["placed"],
        unplaced=upload.report["unplaced"],
        refused=upload.report["refused"],
    )
    return upload


def _to_replace(viewer: Viewer, upload: Upload) -> Upload | None:
    """The committed upload that this one puts right, and so replaces whole: else its rows would be there twice."""
    if upload.corrects_id is None:
        return None
    corrected = viewer.session.get(Upload, upload.corrects_id)
    return corrected if corrected is not None and corrected.state is State.COMMITTED else None


def _discard_what_it_corrects(viewer: Viewer, upload: Upload) -> None:
    """Give up the unfinished upload whose marked file this was."""
    corrected = viewer.session.get(Upload, upload.corrects_id) if upload.corrects_id else None
    if corrected is not None and corrected.state in door.UNFINISHED:
        _discard(viewer, corrected)


# --- Held rows -------------------------------------------------------------------------------------------------------


def fix_held(viewer: Viewer, upload_id: UUID) -> Upload:
    """Take up the rows that a committed upload held back: a new upload of the same file, with all that was decided.

    Its commit replaces the earlier one whole. Asked again, the one begun stands.
    """
    held = _holding(viewer, upload_id)
    begun = viewer.session.scalar(
        select(Upload).where(
            Upload.corrects_id == held.id, Upload.sha256 == held.sha256, Upload.state.in_(door.UNFINISHED)
        )
    )
    if begun is not None:
        return begun
    _refuse_a_full_share(viewer, held.area_key)
    again = Upload(
        id=uuid4(),
        area_key=held.area_key,
        owner_id=viewer.person_id,
        file_name=held.file_name,
        sha256=held.sha256,
        size_bytes=held.size_bytes,
        state=State.MAPPED,
        dataset=held.dataset,
        column_fields=dict(held.column_fields),
        answers=dict(held.answers),
        corrects_id=held.id,
        is_holding=True,
        report={key: held.report[key] for key in _OF_THE_FILE if key in held.report},
        received_at=door.now(),
    )
    files.copy_original(door.folder(viewer, held), door.folder(viewer, again))
    viewer.session.add(again)
    viewer.session.flush()
    corrections.copy(viewer, held, again)
    audit.record(viewer, "upload.held_rows_taken_up", again.id, corrects=str(held.id))
    return again


def discard_held(viewer: Viewer, upload_id: UUID) -> Upload:
    """Give up the rows that a committed upload held back; what is live stays as it is."""
    held = _holding(viewer, upload_id)
    held.is_holding = False
    viewer.session.flush()
    audit.record(viewer, "upload.held_rows_discarded", held.id, rows=held.report["rows_faulty"])
    return held


def _holding(viewer: Viewer, upload_id: UUID) -> Upload:
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE, lock=True)
    if upload.state is not State.COMMITTED or not upload.is_holding:
        raise Conflict("No rows of this upload are held.", remedy="Open the uploads page to see which are.")
    return upload


# --- Undo, discard ---------------------------------------------------------------------------------------------------


def undo(viewer: Viewer, upload_id: UUID) -> Upload:
    """Take a committed upload back: for each month it made live, the newest earlier version is live again, or none.

    Raises
    ------
    Conflict
        If it is not committed, or was more than 30 days ago.
    """
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_COMMIT, lock=True)
    if upload.state is State.UNDONE:
        return upload
    if upload.state is not State.COMMITTED or upload.committed_at is None:
        raise Conflict("This upload is not committed, so there is nothing to undo.")
    if door.now() - upload.committed_at > UNDO_WITHIN:
        raise Conflict(
            f"This upload was committed on {words.date_name(upload.committed_at.astimezone(words.LONDON).date())}. "
            f"An upload can be undone for {UNDO_WITHIN.days} days.",
            remedy="Upload the right figures for these months: they replace what is live.",
        )
    numbers = versions.take_back(viewer.session, upload, restored=_to_replace(viewer, upload))
    upload.state = State.UNDONE
    viewer.session.flush()
    audit.record(viewer, "upload.undone", upload.id, dataset=upload.dataset, versions=numbers)
    return upload


def discard(viewer: Viewer, upload_id: UUID) -> Upload:
    """Give up an upload that is not committed, and remove its file."""
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE, lock=True)
    if upload.state is State.DISCARDED:
        return upload
    if upload.state not in door.UNFINISHED:
        raise Conflict("This upload is committed.", remedy="Undo it instead.")
    _discard(viewer, upload)
    return upload


def _discard(viewer: Viewer, upload: Upload) -> None:
    upload.state = State.DISCARDED
    viewer.session.flush()
    audit.record(viewer, "upload.discarded", upload.id)
    folder = door.folder(viewer, upload)
    door.once_committed(viewer.session, lambda: files.remove(folder))


# --- Jobs ------------------------------------------------------------------------------------------------------------


def ask_for(viewer: Viewer, upload_id: UUID, act: str, **arguments: Any) -> Upload:
    """Have a worker do something with an upload; asked again while it is at work, the first asking stands."""
    may = Permission.UPLOAD_COMMIT if act == "commit" else Permission.UPLOAD_WRITE
    upload = door.upload(viewer, upload_id, may, lock=True)
    at_work = list(
        viewer.session.scalars(
            select(Job).where(
                Job.asker_id == viewer.person_id,
                Job.kind.startswith("uploads."),
                Job.state.in_([JobState.WAITING, JobState.RUNNING]),
            )
        )
    )
    if upload.job_id in {job.id for job in at_work}:
        return upload
    if len(at_work) >= MOST_IN_PROGRESS:
        raise TooMany(
            f"{len(at_work)} of your uploads are being worked on, as many as may be at once.",
            remedy="Wait for one of them to be done, then try again.",
        )
    upload.job_id = jobs.enqueue(viewer, f"uploads.{act}", upload_id=str(upload_id), **arguments).id
    viewer.session.flush()
    return upload


def cancel(viewer: Viewer, upload_id: UUID) -> bool:
    """Stop the check or the taking in that is at work on an upload; False if none is, or it is live by now.

    The file and all that was decided are kept.
    """
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_WRITE, lock=True)
    job = viewer.session.get(Job, upload.job_id) if upload.job_id else None
    if job is None or job.kind not in CANCELLABLE or upload.state not in door.UNFINISHED:
        return False
    if not jobs.cancel(viewer.session, job.id):
        return False
    audit.record(viewer, "upload.check_cancelled", upload.id)
    return True


# --- What is left behind ----------------------------------------------------------------------------------------------


def remove_strays(session: HubSession) -> int:
    """Remove what died or discarded uploads left on disk; the session must see every upload. Returns how many."""
    kept = set(session.scalars(select(Upload.id).where(Upload.state != State.DISCARDED)))
    return files.remove_strays(session, kept)
