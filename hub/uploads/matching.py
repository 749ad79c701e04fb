"""What a file holds and in which columns: proposed from the file and from the last like it, then as a person says.

Nothing is taken for certain that nobody said or the last file did not have alike. Reads no rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hub import audit, words
from hub.access import Permission, Viewer
from hub.errors import BadRequest, Conflict
from hub.uploads import confined, dates, door, files, kinds, memory, moments, permits
from hub.uploads.catalogue import WHEN
from hub.uploads.confined import Column, Look
from hub.uploads.files import ORIGINAL
from hub.uploads.kinds import MONTH_COUNTS, DatasetKind
from hub.uploads.memory import Recalled
from hub.uploads.models import State, Upload
from hub.uploads.moments import MONTH_SAID

OF_THE_FILE = (
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
"""What a report keeps of the file itself, whatever a check finds in it."""


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
    recalled = known_before(viewer, upload, look)
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
    upload.answers, upload.report = answers, seen(look)
    upload.dataset, upload.column_fields, upload.state = None, {}, State.RECEIVED
    upload.checked_at = None
    viewer.session.flush()
    audit.record(viewer, "upload.read_otherwise", upload.id, boroughs=door.boroughs(upload))
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
    audit.record(viewer, "upload.columns_set", upload.id, boroughs=door.boroughs(upload), dataset=kind.key)
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


def seen(look: Look) -> dict[str, Any]:
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


def known_before(viewer: Viewer, upload: Upload, look: Look) -> Recalled | None:
    """What is known of a file beforehand: from the upload that it puts right, else from the last like it."""
    columns = {column.heading: column.samples for column in look.columns}
    corrected = viewer.session.get(Upload, upload.corrects_id) if upload.corrects_id else None
    if corrected is not None and corrected.dataset is not None:
        return memory.compare(corrected.dataset, corrected.column_fields, corrected.answers, columns, look.sheets)
    return memory.recall(viewer, upload.area_key, columns, look.sheets)
