"""Has a file read and checked in a child process: no network, its own empty folder, limits on memory and time.

Nothing of a sender's file is read anywhere else. A child that dies gives a sentence, never a traceback or a dead hub.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hub.errors import BadFile, OurFault
from hub.uploads import reader
from hub.uploads.nursery import Child, Nursery
from hub.uploads.reader import (
    ANSWER,
    CELLS,
    EDITS,
    FAULT,
    FINDINGS,
    GEOGRAPHY,
    LIVE,
    LIVE_REFERENCES,
    MARKED,
    PROBLEMS,
    REFUSAL,
    REWRITTEN,
    TASK,
)

if TYPE_CHECKING:
    import polars as pl

    from hub.uploads.catalogue import DatasetKind
    from hub.uploads.placing import Geography
    from hub.uploads.reading import Limits
    from hub.uploads.reading.outlines import Areas

log = logging.getLogger(__name__)

Wait = Callable[[int], None]

SECONDS_BETWEEN_WAITS = 2
LARGEST_ANSWER_BYTES = 10_000_000
LONGEST_FAULT = 4_000
DEAD_PORT = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Column:
    """A column as it was sent, with a few of its values."""

    heading: str
    samples: tuple[str, ...]


@dataclass(frozen=True)
class Look:
    """What can be said of a file before it is known what it holds."""

    columns: tuple[Column, ...]
    format: str
    encoding: str
    delimiter: str
    sheet: str
    sheets: tuple[str, ...]
    hidden_sheets: tuple[str, ...]
    heading_row: int
    marked_upload: UUID | None

    @property
    def headings(self) -> list[str]:
        """The headings, in order."""
        return [column.heading for column in self.columns]


def admit(original: Path, file_name: str, limits: Limits, leave_out: Collection[str]) -> tuple[Look, str]:
    """Read a new file whole, and search all of it for personal data before it is kept.

    Parameters
    ----------
    original, file_name, limits
        The file, what its sender called it, and how large it may be.
    leave_out
        Headings of columns to leave out, and "" for all that is not the table itself, such as titles and other sheets.
        If the file has any of it, it is written anew as CSV without all that.

    Returns
    -------
    What a look into the file shows, and its name from now on.

    Raises
    ------
    PersonalData
        Saying where there is some, and never what.
    BadFile
        If it is not a file that can be read for certain.
    """
    from hub.uploads import files
    from hub.uploads.reading.personal import PersonalData, Place, What

    with _work_folder(original) as folder:
        task = {"act": "admit", **_file(original, file_name, limits), "leave_out": sorted(leave_out)}
        found = _run(folder, task, limits)
        if found["personal"]:
            raise PersonalData(
                [
                    Place(str(sheet), str(column), What(what), tuple(map(int, rows)), int(count))
                    for sheet, column, what, rows, count in found["personal"]
                ]
            )
        rewritten = folder / REWRITTEN
        if rewritten.is_file():
            files.sync(rewritten)
            rewritten.replace(original)
            files.sync(original.parent)
            unpacked = file_name[: -len(".gz")] if file_name.casefold().endswith(".gz") else file_name
            file_name = f"{unpacked.rpartition('.')[0]}.csv"
    return _as_look(found), file_name


def look(original: Path, file_name: str, limits: Limits, answers: Mapping[str, str]) -> Look:
    """Read a file's headings and a few values of each column.

    Raises
    ------
    BadFile
        If it is not a file that can be read for certain.
    """
    with _work_folder(original) as folder:
        task = {"act": "look", **_file(original, file_name, limits), "answers": dict(answers)}
        return _as_look(_run(folder, task, limits))


def _as_look(found: Mapping[str, Any]) -> Look:
    return Look(
        columns=tuple(Column(str(heading), tuple(map(str, samples))) for heading, samples in found["columns"]),
        format=str(found["format"]),
        encoding=str(found["encoding"]),
        delimiter=str(found["delimiter"]),
        sheet=str(found["sheet"]),
        sheets=tuple(map(str, found["sheets"])),
        hidden_sheets=tuple(map(str, found["hidden_sheets"])),
        heading_row=int(found["heading_row"]),
        marked_upload=UUID(found["marked_upload"]) if found["marked_upload"] else None,
    )


def check(
    original: Path,
    file_name: str,
    limits: Limits,
    *,
    kind: DatasetKind,
    column_fields: Mapping[str, str],
    geography: Geography,
    scope: frozenset[str],
    today: dt.date,
    edits: pl.DataFrame,
    fixes: Collection[str],
    answers: Mapping[str, str],
    live: pl.DataFrame,
    live_references: pl.DataFrame,
    reference_key: bytes,
    destination: Path,
    wait: Wait,
) -> dict[str, Any]:
    """Check a whole file, and leave what it gives as Parquet files in a new folder.

    Parameters
    ----------
    original, file_name, limits
        The file, what its sender called it, and how large it may be.
    kind, column_fields
        What it is said to hold, and in which columns.
    geography, scope, today, edits, fixes, answers, live, live_references
        As `checking.check` takes them.
    reference_key
        The same: the key of this dataset alone, and never the one that it was made from.
    destination
        A folder that does not exist yet; made whole or not at all.
    wait
        Told every few seconds how many have gone by; whatever it raises ends the work.

    Returns
    -------
    The report of `checking.Checked`.

    Raises
    ------
    BadFile
        If the file cannot be read, or is more than the limits allow.
    """
    from hub.uploads import files

    task = {
        "act": "check",
        **_file(original, file_name, limits),
        "kind": dict(kind.definition),
        "column_fields": dict(column_fields),
        "scope": sorted(scope),
        "today": today.isoformat(),
        "fixes": sorted(fixes),
        "answers": dict(answers),
        "reference_key": reference_key.hex(),
    }
    with _work_folder(original) as folder:
        for name in GEOGRAPHY:
            getattr(geography, name).write_parquet(folder / f"{name}.parquet")
        edits.write_parquet(folder / EDITS)
        live.write_parquet(folder / LIVE)
        live_references.write_parquet(folder / LIVE_REFERENCES)
        report = _run(folder, task, limits, wait)
        found = folder / "found"
        for name in (*FINDINGS, CELLS):
            files.sync(found / f"{name}.parquet")
        files.sync(found)
        found.rename(destination)
        files.sync(destination.parent)
    return report


def mark(
    original: Path,
    file_name: str,
    limits: Limits,
    *,
    answers: Mapping[str, str],
    problems: pl.DataFrame,
    edits: pl.DataFrame,
    upload_id: UUID,
    destination: Path,
) -> Path:
    """Write the marked copy of a file into a folder, as `marking.mark` does; returns where it lies."""
    task = {"act": "mark", **_file(original, file_name, limits), "answers": dict(answers), "upload_id": str(upload_id)}
    with _work_folder(original) as folder:
        problems.write_parquet(folder / PROBLEMS)
        edits.write_parquet(folder / EDITS)
        ending = _run(folder, task, limits)["ending"]
        return (folder / MARKED).rename(destination / f"{MARKED}.{ending}")


def areas(original: Path, file_name: str, limits: Limits) -> Areas:
    """Read the areas that a map file holds, as the rings of their corners.

    Raises
    ------
    BadFile
        If it is no map file that can be read for certain, or holds anything but areas.
    """
    from hub.uploads.reading.outlines import Area, Areas, ring_of

    with _work_folder(original) as folder:
        found = _run(folder, {"act": "areas", **_file(original, file_name, limits)}, limits)
    shapes = (
        Area([ring_of(one) for one in shells], [ring_of(one) for one in holes]) for shells, holes in found["areas"]
    )
    return Areas(int(found["epsg"]), tuple(shapes))


def _file(original: Path, file_name: str, limits: Limits) -> dict[str, Any]:
    return {"original": str(original.resolve()), "file_name": file_name, "limits": asdict(limits)}


@contextmanager
def _work_folder(original: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="work-", dir=original.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# --- The parent's side -----------------------------------------------------------------------------------------------


def _patiently(_seconds: int) -> None:
    """Wait for something short."""


def _run(folder: Path, task: Mapping[str, Any], limits: Limits, wait: Wait = _patiently) -> dict[str, Any]:
    """Run the child in its folder to its end, or to the end of its time."""
    (folder / TASK).write_text(json.dumps(task), "utf-8")
    with _NURSERY.child(folder) as child:
        status = _status_of(child, limits, wait)
    if (folder / REFUSAL).is_file():
        refusal = _answer(folder / REFUSAL)
        raise BadFile(str(refusal["sentence"]), remedy=str(refusal["remedy"]))
    if status == 0 and (folder / ANSWER).is_file():
        return _answer(folder / ANSWER)
    raise _why_it_died(folder, status, limits)


def _status_of(child: Child, limits: Limits, wait: Wait) -> int:
    for seconds in range(0, limits.seconds, SECONDS_BETWEEN_WAITS):
        if seconds:
            wait(seconds)
        with suppress(TimeoutError):
            return child.wait(min(SECONDS_BETWEEN_WAITS, limits.seconds - seconds))
    raise _too_slow(limits)


def _environment() -> dict[str, str]:
    """No settings and no secrets; as few threads as keep the memory small. Each child adds a folder of its own."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return kept | {
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "POLARS_MAX_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "GDAL_HTTP_PROXY": DEAD_PORT,
        "PROJ_NETWORK": "OFF",
    }


def _answer(path: Path) -> dict[str, Any]:
    if path.stat().st_size > LARGEST_ANSWER_BYTES:
        raise OurFault("The check of the file gave more than it should.", remedy="Tell an administrator.")
    answer = json.loads(path.read_text("utf-8"))
    if not isinstance(answer, dict):
        raise OurFault("The check of the file gave no answer.", remedy="Tell an administrator.")
    return answer


def _too_slow(limits: Limits) -> BadFile:
    return BadFile(
        f"Reading and checking the file took longer than {limits.seconds} seconds.",
        remedy="Split it, for example by month, and upload each part.",
    )


def _why_it_died(folder: Path, status: int, limits: Limits) -> BadFile | OurFault:
    if status == -signal.SIGXCPU:
        return _too_slow(limits)
    where = folder / FAULT
    if where.is_file():
        log.error("check failed", extra={"where": where.open(encoding="utf-8").read(LONGEST_FAULT)})
        return OurFault(
            "Checking the file failed inside the hub. Nothing was changed.",
            remedy="Try again. If it fails again, tell an administrator, and keep the file.",
        )
    return BadFile(
        "Reading and checking the file took more memory than one file may have.",
        remedy="Split it, for example by month, and upload each part; check that it is an ordinary table.",
    )


_NURSERY = Nursery([sys.executable, "-I", reader.__file__], _environment())
