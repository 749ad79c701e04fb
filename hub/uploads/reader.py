"""Reads and checks a file: the child's side of `confined`, run as a program of its own and nowhere else.

It starts as a nursery, with everything imported; each child sets its own limits before it touches what it is to read.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hub.errors import BadFile

if TYPE_CHECKING:
    from hub.uploads.reading import Limits, Table

TASK, ANSWER, REFUSAL, FAULT = "task.json", "answer.json", "refusal.json", "fault.txt"
GEOGRAPHY = ("sets", "wards", "boroughs", "lsoas", "outwards")
FINDINGS = ("rows", "months", "problems")
CELLS, EDITS, LIVE, LIVE_REFERENCES = "cells", "edits.parquet", "live.parquet", "live-references.parquet"
PROBLEMS, MARKED = "problems.parquet", "marked"
REWRITTEN, MOST_PLACES = "rewritten", 1_000
CLONE_NEWUSER, CLONE_NEWNET, PR_SET_PDEATHSIG = 0x10000000, 0x40000000, 1
FORBIDDEN_MODULES = ("fiona", "osgeo", "pyogrio", "rasterio")
"""All of GDAL, which opens whatever a file names: no file of a sender's ever comes near it."""
FORBIDDEN_EVENTS = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.startfile")


def forbid_modules() -> None:
    """Make what may not be loaded impossible to import; to be done before anything else is."""
    sys.modules.update(dict.fromkeys(FORBIDDEN_MODULES))  # type: ignore[arg-type]  # None: not to be imported


def work() -> None:
    """Do one task in the present folder, which is the child's own."""
    task = json.loads(Path(TASK).read_text("utf-8"))
    _confine(task["limits"])
    from hub.uploads.reading import Limits

    limits = Limits(**task["limits"])
    act = {"admit": _admit, "look": _look, "check": _check, "mark": _mark, "areas": _areas}[task["act"]]
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


def _areas(task: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    from hub.uploads import reading

    _shut_the_doors()
    found = reading.read_areas(*_to_read(task, limits))
    return {"epsg": found.epsg, "areas": [(area.shells, area.holes) for area in found.areas]}


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


def _shut_the_doors() -> None:
    """Once everything is imported, let Python open no socket and start no process."""

    def refuse(event: str, _arguments: tuple[object, ...]) -> None:
        if event.startswith(FORBIDDEN_EVENTS):
            raise PermissionError(event)

    sys.addaudithook(refuse)


if __name__ == "__main__":
    forbid_modules()
    import hub.uploads.checking
    import hub.uploads.marking  # noqa: F401 - both once, for every child
    from hub.uploads import nursery

    nursery.serve(work)
