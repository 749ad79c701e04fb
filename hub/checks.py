"""What `hub test` and `hub bench` run in a checkout, and how they tell what passed, failed, or could not be tested.

Checks the code and never changes it: formatting is compared, not applied.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO

from hub.errors import SettingsError

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.executable).parent

BENCHMARKS = {
    "hotspots": ("test_hotspots_speed.py",),
    "maps": ("test_map_speed.py",),
    "reports": ("test_report_speed.py",),
    "uploads": ("test_upload_speed.py", "test_upload_speed_large.py", "test_pages_under_load.py"),
}

CODE_CHECKS = (
    ("ruff check", "."),
    ("ruff format", "--check", "--quiet", "."),
    ("mypy",),
    ("lint-imports",),
    ("djlint", "--lint", "--quiet", "templates"),
)
PURE = "tests/geo"
# Of the library that only counts and computes every branch is tested; elsewhere measuring would take too long.
EVERY_BRANCH_OF_GEO = ("--cov=geo", "--cov-branch", "--cov-fail-under=100", "--cov-report=term-missing:skip-covered")
MOST_WORKERS = 5
SKIPPED = re.compile(r"SKIPPED \[(?P<tests>\d+)\] \S+?: (?P<reason>.+)")


@dataclass(frozen=True)
class Outcome:
    """How one step ended; `said` is what it found."""

    name: str
    passed: bool
    seconds: float
    said: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"  {'passed' if self.passed else 'FAILED'}  {self.name:<14}{self.seconds:7.1f} s"


def run_tests(arguments: Sequence[str] = (), *, is_long: bool = False) -> int:
    """Check the code, run every test, and say what was not tested; `arguments` go to pytest.

    Without arguments `geo` is tested first, and every branch of it must have been taken. The code is checked beside
    the first tests, since most of what checks it uses one processor. With `is_long` tests that make do with a few
    tries make all that were promised.
    """
    _refuse_without_a_checkout()
    with ThreadPoolExecutor(max_workers=1) as beside:
        checking = [beside.submit(_check, *command) for command in CODE_CHECKS]
        try:
            return _run_tests(arguments, checking, is_long=is_long)
        finally:
            beside.shutdown(cancel_futures=True)


def _run_tests(arguments: Sequence[str], checking: Sequence[Future[Outcome]], *, is_long: bool) -> int:
    # One more at work than there are processors: much of a test's time goes by waiting for a browser or a database.
    workers = str(min((os.cpu_count() or 1) + 1, MOST_WORKERS))
    runs: dict[str, Sequence[str]] = {
        "pytest of geo": (PURE, *EVERY_BRANCH_OF_GEO),
        "pytest of hub": (f"--ignore={PURE}",),
    }
    outcomes: list[Outcome] = []
    lines, summaries = [], []
    for name, chosen in ({"pytest": arguments} if arguments else runs).items():
        started = time.monotonic()
        passed, said = _pytest("-n", workers, "--dist", "loadgroup", "-rfEs", *(["--long"] * is_long), *chosen)
        if not outcomes:
            outcomes = [_told(check.result()) for check in checking]
        outcomes.append(Outcome(name, passed, time.monotonic() - started))
        lines += said
        summaries += said[-1:] or ["pytest said nothing"]
    print("\nWhat was checked:", *outcomes, sep="\n")
    not_tested = list(_not_tested(lines))
    if not_tested:
        print("\nNOT TESTED on this machine:", *not_tested, sep="\n")
    print("", *summaries, sep="\n", flush=True)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def run_benchmarks(of: str | None = None, arguments: Sequence[str] = (), *, as_json: bool = False) -> dict[str, Any]:
    """Time the hub beside its peers, of one of `BENCHMARKS` or of all; `arguments` go to pytest.

    One benchmark group is one task. In it, the hub's own way has no `extra_info["peer"]`, a peer's way names the peer
    there. Of the rest of `extra_info`, `peak_megabytes`, `stages`, name to seconds, and `figures`, name to words, are
    told as well. With `as_json` nothing is printed but what pytest says, to standard error.
    """
    _refuse_without_a_checkout()
    modules = [f"tests/benchmarks/{module}" for name in ([of] if of else BENCHMARKS) for module in BENCHMARKS[name]]
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        results = Path(folder, "results.json")
        options = ("--benchmark-only", "--benchmark-quiet", f"--benchmark-json={results}", "-q")
        passed, _ = _pytest(*modules, *options, *arguments, shown_on=sys.stderr if as_json else sys.stdout)
        told = results.read_text("utf-8") if results.exists() else ""
        tasks = list(_compared(json.loads(told)["benchmarks"])) if told else []
    if not as_json:
        print(*_as_table(tasks), sep="\n", flush=True)
    return {"exit_status": 0 if passed else 1, "machine": machine(), "tasks": tasks}


def machine() -> dict[str, Any]:
    """What figures were measured on: the date, the processors, the Python."""
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _refuse_without_a_checkout() -> None:
    if not (ROOT / "tests").is_dir():
        raise SettingsError(
            "Tests and benchmarks run in a checkout, and this is an installed hub.",
            remedy="Clone the hub and run 'python3 -m hub test' in it.",
        )
    if not (TOOLS / "pytest").exists():
        raise SettingsError(
            "The packages that tests need are not in this environment.",
            remedy=f"Run 'python3 -m hub test' in {ROOT}: it installs them.",
        )


def _check(tool: str, *arguments: str) -> Outcome:
    """Run one tool over the code."""
    program, *subcommand = tool.split()
    started = time.monotonic()
    finished = subprocess.run(
        [TOOLS / program, *subcommand, *arguments],
        check=False,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Outcome(tool, finished.returncode == 0, time.monotonic() - started, finished.stdout)


def _told(outcome: Outcome) -> Outcome:
    """Show what a tool said only when it found something."""
    print(f"{outcome.name} … {'passed' if outcome.passed else 'FAILED'}", flush=True)
    if not outcome.passed:
        print(outcome.said, flush=True)
    return outcome


def _pytest(*arguments: str, shown_on: TextIO | None = None) -> tuple[bool, list[str]]:
    """Run pytest with its output shown as it comes, and give whether it passed and what it printed."""
    # Else each of the workers, and each hub that a test starts, compiles all of the tests and of the hub anew.
    keeping = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    command = [str(TOOLS / "pytest"), *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=keeping, text=True, stdout=subprocess.PIPE) as process:
        lines = []
        for line in process.stdout or ():
            print(line, end="", flush=True, file=shown_on)
            lines.append(line.rstrip())
    return process.returncode == 0, lines


def _not_tested(lines: Sequence[str]) -> Iterator[str]:
    counts: dict[str, int] = {}
    for line in lines:
        if found := SKIPPED.match(line):
            counts[found["reason"]] = counts.get(found["reason"], 0) + int(found["tests"])
    for reason, tests in sorted(counts.items()):
        yield f"  {reason} ({tests:,} test{'s' if tests > 1 else ''})"


def _compared(benchmarks: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give each task's times, the hub's first, and each peer's as a multiple of the hub's."""

    def task(benchmark: dict[str, Any]) -> str:
        return str(benchmark["group"] or benchmark["name"])

    def peer(benchmark: dict[str, Any]) -> str:
        return str(benchmark["extra_info"].get("peer", ""))

    every = [task(benchmark) for benchmark in benchmarks]
    in_order = sorted(benchmarks, key=lambda one: (every.index(task(one)), peer(one)))
    for name, timed in groupby(in_order, key=task):
        own, ways = None, []
        for benchmark in timed:
            seconds, told = benchmark["stats"]["median"], benchmark["extra_info"]
            is_peer = bool(peer(benchmark))
            own = own if is_peer else own or seconds
            name_of_test = benchmark["name"].removeprefix("test_").partition("[")[0].replace("_", " ")
            ways.append(
                {
                    "way": peer(benchmark) or name_of_test,
                    "is_peer": is_peer,
                    "median_seconds": seconds,
                    "times_the_hubs": seconds / own if own and is_peer else None,
                    **{key: told[key] for key in ("peak_megabytes", "stages", "figures") if key in told},
                }
            )
        yield {"task": name, "ways": ways}


def _as_table(tasks: Sequence[dict[str, Any]]) -> Iterator[str]:
    for task in tasks:
        yield f"\n{task['task']}"
        for way in task["ways"]:
            ratio = f"{way['times_the_hubs']:12,.2f} × the hub's" if way["times_the_hubs"] else " " * 24
            peak = f"{way['peak_megabytes']:10,.0f} MB" if "peak_megabytes" in way else ""
            yield f"  {way['way']:<50}{1000 * way['median_seconds']:14,.2f} ms{ratio}{peak}".rstrip()
            for stage, seconds in way.get("stages", {}).items():
                yield f"    {stage:<48}{1000 * seconds:14,.2f} ms"
            for figure, words in way.get("figures", {}).items():
                yield f"    {figure:<48}{words:>14}"
