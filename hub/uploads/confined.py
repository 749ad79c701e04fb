"""Reads and checks a file in a child process: no network, its own empty folder, limits on memory, processor and time.

Nothing of a sender's file is read anywhere else. A child that dies gives a sentence, never a traceback or a dead hub.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import json
import logging
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hub.errors import BadFile, OurFault

if TYPE_CHECKING:
    import polars as pl

    from hub.uploads.catalogue import DatasetKind
    from hub.uploads.placing import Geography
    from hub.uploads.reading import Limits, Table

log = logging.getLogger(__name__)

Wait = Callable[[int], None]

TASK, ANSWER, REFUSAL, FAULT = "task.json", "answer.json", "refusal.json", "fault.txt"
GEOGRAPHY = ("sets", "wards", "boroughs", "lsoas", "outwards")
FINDINGS = ("rows", "months", "problems")
CELLS, EDITS, LIVE, LIVE_REFERENCES = "cells", "edits.parquet", "live.parquet", "live-references.parquet"
PROBLEMS, MARKED = "problems.parquet", "marked"
SECONDS_BETWEEN_WAITS = 2
LARGEST_ANSWER_BYTES = 10_000_000
REWRITTEN, MOST_PLACES = "rewritten", 1_000
LONGEST_FAULT = 4_000
CLONE_NEWUSER, CLONE_NEWNET, PR_SET_PDEATHSIG = 0x10000000, 0x40000000, 1
DEAD_PORT = "http://127.0.0.1:9"
FORBIDDEN_MODULES = ("fiona", "osgeo", "pyogrio", "rasterio")
"""All of GDAL, which opens whatever a file names: no file of a sender's ever comes near it."""
FORBIDDEN_EVENTS = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.startfile")


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
    child = subprocess.Popen(
        [sys.executable, "-I", __file__],
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        status = _status_of(child, limits, wait)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    if (folder / REFUSAL).is_file():
        refusal = _answer(folder / REFUSAL)
        raise BadFile(str(refusal["sentence"]), remedy=str(refusal["remedy"]))
    if status == 0 and (folder / ANSWER).is_file():
        return _answer(folder / ANSWER)
    raise _why_it_died(folder, status, limits)


def _status_of(child: subprocess.Popen[bytes], limits: Limits, wait: Wait) -> int:
    for seconds in range(0, limits.seconds, SECONDS_BETWEEN_WAITS):
        if seconds:
            wait(seconds)
        with suppress(subprocess.TimeoutExpired):
            return child.wait(min(SECONDS_BETWEEN_WAITS, limits.seconds - seconds))
    raise _too_slow(limits)


def _environment(folder: Path) -> dict[str, str]:
    """No settings and no secrets; as few threads as keep the memory small."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return kept | {
        "HOME": str(folder),
        "TMPDIR": str(folder),
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


# --- The child's side ------------------------------------------------------------------------------------------------


def _work() -> None:
    """Do one task in the present folder, which is the child's own."""
    task = json.loads(Path(TASK).read_text("utf-8"))
    _confine(task["limits"])
    from hub.uploads.reading import Limits

    limits = Limits(**task["limits"])
    act = {"admit": _admit, "look": _look, "check": _check, "mark": _mark}[task["act"]]
    try:
        answer = act(task, limits)
    except BadFile as refusal:
        Path(REFUSAL).write_text(json.dumps({"sentence": refusal.sentence, "remedy": refusal.remedy}), "utf-8")
    except MemoryError:
        os._exit(1)
    except Exception as error:  # noqa: BLE001 - its text may quote the file: only the place goes to the log
        frames = "".join(traceback.format_tb(error.__traceback__))
        Path(FAULT).write_text(f"{type(error).__name__}\n{frames}", "utf-8")
        os._exit(1)
    else:
        Path(ANSWER).write_text(json.dumps(answer), "utf-8")


def _look(task: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    from hub.uploads import reading

    _shut_the_doors()
    return _seen(_read(task, limits, rows=reading.LOOK_ROWS))


def _admit(task: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    from hub.uploads import reading
    from hub.uploads.reading import personal

    _shut_the_doors()
    original, file_name, _, scratch = _to_read(task, limits)
    table = reading.read(original, file_name, limits, scratch)
    left_out = {"", *table.headings}.intersection(task["leave_out"])
    if left_out:
        reading.write_without(table, left_out, Path(REWRITTEN))
        table = reading.read(Path(REWRITTEN), f"{REWRITTEN}.csv", limits, scratch)
    above = (*table.above, *((table.heading_row, heading) for heading in table.headings))
    found = personal.find(table.headings, table.cells, above=above)
    if not left_out:
        for sheet, headings, cells in reading.other_sheets(original, file_name, limits, scratch, table.sheet):
            found += personal.find(headings, cells, sheet=sheet)
    places = [(place.sheet, place.column, place.what, place.rows, place.count) for place in found]
    return {**_seen(table), "personal": places[:MOST_PLACES]}


def _seen(table: Table) -> dict[str, Any]:
    return {
        "columns": [(heading, [value[:60] for value in table.samples(heading)]) for heading in table.headings],
        "format": table.format,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "sheet": table.sheet,
        "sheets": table.sheets,
        "hidden_sheets": table.hidden_sheets,
        "heading_row": table.heading_row,
        "marked_upload": str(table.marked_upload) if table.marked_upload else "",
    }


def _check(task: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    import polars as pl

    from hub.uploads import checking
    from hub.uploads.catalogue import from_definition
    from hub.uploads.placing import Geography

    geography = Geography(*(pl.read_parquet(f"{name}.parquet") for name in GEOGRAPHY))
    edits, live, live_references = (pl.read_parquet(name) for name in (EDITS, LIVE, LIVE_REFERENCES))
    _shut_the_doors()
    table = _read(task, limits)
    checked = checking.check(
        table,
        from_definition(task["kind"]),
        task["column_fields"],
        geography,
        frozenset(task["scope"]),
        today=dt.date.fromisoformat(task["today"]),
        edits=edits,
        fixes=frozenset(task["fixes"]),
        answers=task["answers"],
        live=live,
        live_references=live_references,
        reference_key=bytes.fromhex(task["reference_key"]),
    )
    found = Path("found")
    found.mkdir()
    for name in FINDINGS:
        getattr(checked, name).write_parquet(found / f"{name}.parquet")
    with_problems = checked.problems["row"].drop_nulls().unique().implode()
    table.cells.filter(pl.col("row").is_in(with_problems)).write_parquet(found / f"{CELLS}.parquet")
    return checked.report


def _mark(task: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    import polars as pl

    from hub.uploads import marking

    problems, edits = pl.read_parquet(PROBLEMS), pl.read_parquet(EDITS)
    _shut_the_doors()
    table = _read(task, limits)
    return {
        "ending": marking.mark(Path(task["original"]), table, problems, edits, UUID(task["upload_id"]), Path(MARKED))
    }


def _read(task: Mapping[str, Any], limits: Limits, *, rows: int | None = None) -> Table:
    from hub.uploads import marking, reading

    table = reading.read(*_to_read(task, limits), rows=rows, answers=task["answers"])
    return marking.unguarded(table) if table.marked_upload and table.format == "csv" else table


def _to_read(task: Mapping[str, Any], limits: Limits) -> tuple[Path, str, Limits, Path]:
    scratch = Path("scratch")
    scratch.mkdir()
    return Path(task["original"]), task["file_name"], limits, scratch


def _confine(limits: Mapping[str, int]) -> None:
    """Set the limits of this process, and leave the network where the system lets it."""
    for kind, most in (
        (resource.RLIMIT_DATA, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, 2 * limits["seconds"]),
        (resource.RLIMIT_FSIZE, limits["unpacked_bytes"] + limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (least, least))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
    sys.modules.update(dict.fromkeys(FORBIDDEN_MODULES))  # type: ignore[arg-type]  # None: not to be imported


def _shut_the_doors() -> None:
    """Once everything is imported, let Python open no socket and start no process."""

    def refuse(event: str, _arguments: tuple[object, ...]) -> None:
        if event.startswith(FORBIDDEN_EVENTS):
            raise PermissionError(event)

    sys.addaudithook(refuse)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from hub.uploads.confined import _work as work

    work()
