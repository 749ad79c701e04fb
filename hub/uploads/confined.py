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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.errors import BadFile, OurFault

if TYPE_CHECKING:
    from hub.uploads.placing import Geography
    from hub.uploads.reading import Limits

log = logging.getLogger(__name__)

TASK, ANSWER, REFUSAL, FAULT = "task.json", "answer.json", "refusal.json", "fault.txt"
GEOGRAPHY = ("sets", "wards", "boroughs")
FINDINGS = ("rows", "months", "problems")
LARGEST_ANSWER_BYTES = 10_000_000
LONGEST_FAULT = 4_000
CLONE_NEWUSER, CLONE_NEWNET, PR_SET_PDEATHSIG = 0x10000000, 0x40000000, 1
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
    encoding: str
    delimiter: str

    @property
    def headings(self) -> list[str]:
        """The headings, in order."""
        return [column.heading for column in self.columns]


def look(original: Path, file_name: str, limits: Limits) -> Look:
    """Read a file's headings and a few values of each column.

    Raises
    ------
    BadFile
        If it is not a CSV file that can be read for certain.
    """
    with _work_folder(original) as folder:
        found = _run(folder, {"act": "look", **_file(original, file_name, limits)}, limits)
    columns = tuple(Column(str(heading), tuple(map(str, samples))) for heading, samples in found["columns"])
    return Look(columns, str(found["encoding"]), str(found["delimiter"]))


def check(
    original: Path,
    file_name: str,
    limits: Limits,
    *,
    dataset: str,
    column_fields: Mapping[str, str],
    geography: Geography,
    scope: frozenset[str],
    today: dt.date,
    destination: Path,
) -> dict[str, Any]:
    """Check a whole file, and leave what it gives as Parquet files in a new folder.

    Parameters
    ----------
    original, file_name, limits
        The file, what its sender called it, and how large it may be.
    dataset, column_fields
        What it is said to hold, and in which columns.
    geography, scope, today
        As `checking.check` takes them.
    destination
        A folder that does not exist yet; made whole or not at all.

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
        "dataset": dataset,
        "column_fields": dict(column_fields),
        "scope": sorted(scope),
        "today": today.isoformat(),
    }
    with _work_folder(original) as folder:
        for name in GEOGRAPHY:
            getattr(geography, name).write_parquet(folder / f"{name}.parquet")
        report = _run(folder, task, limits)
        found = folder / "found"
        for name in FINDINGS:
            files.sync(found / f"{name}.parquet")
        files.sync(found)
        found.rename(destination)
        files.sync(destination.parent)
    return report


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


def _run(folder: Path, task: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
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
        status = child.wait(limits.seconds)
    except subprocess.TimeoutExpired:
        raise _too_slow(limits) from None
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
    act = {"look": _look, "check": _check}[task["act"]]
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
    table = reading.read(*_to_read(task, limits), rows=reading.LOOK_ROWS)
    columns = [(heading, [value[:60] for value in table.samples(heading)]) for heading in table.headings]
    return {"columns": columns, "encoding": table.encoding, "delimiter": table.delimiter}


def _check(task: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    import polars as pl

    from hub.uploads import checking, reading
    from hub.uploads.kinds import DATASETS
    from hub.uploads.placing import Geography

    geography = Geography(*(pl.read_parquet(f"{name}.parquet") for name in GEOGRAPHY))
    _shut_the_doors()
    checked = checking.check(
        reading.read(*_to_read(task, limits)),
        DATASETS[task["dataset"]],
        task["column_fields"],
        geography,
        frozenset(task["scope"]),
        today=dt.date.fromisoformat(task["today"]),
    )
    found = Path("found")
    found.mkdir()
    for name in FINDINGS:
        getattr(checked, name).write_parquet(found / f"{name}.parquet")
    return checked.report


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
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from hub.uploads.confined import _work as work

    work()
