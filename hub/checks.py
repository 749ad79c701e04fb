"""What `hub test` and `hub bench` run in a checkout, and how they tell what passed, failed, or could not be tested.

Checks the code and never changes it: formatting is compared, not applied.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from hub.errors import SettingsError

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(sys.executable).parent

CODE_CHECKS = (
    ("ruff check", "."),
    ("ruff format", "--check", "--quiet", "."),
    ("mypy",),
    ("lint-imports",),
    ("djlint", "--lint", "--quiet", "templates"),
)
MOST_WORKERS = 5
SKIPPED = re.compile(r"SKIPPED \[(?P<tests>\d+)\] \S+?: (?P<reason>.+)")


@dataclass(frozen=True)
class Outcome:
    """How one step ended."""

    name: str
    passed: bool
    seconds: float

    def __str__(self) -> str:
        return f"  {'passed' if self.passed else 'FAILED'}  {self.name:<14}{self.seconds:7.1f} s"


def run_tests(arguments: Sequence[str] = ()) -> int:
    """Check the code, run every test, and say what was not tested; `arguments` go to pytest."""
    _refuse_without_a_checkout()
    outcomes = [_check(*command) for command in CODE_CHECKS]
    started = time.monotonic()
    # One more at work than there are processors: much of a test's time goes by waiting for a browser or a database.
    workers = str(min((os.cpu_count() or 1) + 1, MOST_WORKERS))
    passed, lines = _pytest("-n", workers, "--dist", "loadgroup", "-rfEs", *arguments)
    outcomes.append(Outcome("pytest", passed, time.monotonic() - started))
    print("\nWhat was checked:", *outcomes, sep="\n")
    not_tested = list(_not_tested(lines))
    if not_tested:
        print("\nNOT TESTED on this machine:", *not_tested, sep="\n")
    print(f"\n{lines[-1] if lines else 'pytest said nothing'}", flush=True)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def run_benchmarks(arguments: Sequence[str] = ()) -> int:
    """Time the hub beside its peers; `arguments` go to pytest.

    One benchmark group is one task. In it, the hub's own way has no `extra_info["peer"]`, a peer's way names the peer
    there; `extra_info["stages"]`, name to seconds, and `extra_info["figures"]`, name to words, are printed beneath.
    """
    _refuse_without_a_checkout()
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        results = Path(folder, "results.json")
        passed, _ = _pytest(
            "tests/benchmarks", "--benchmark-only", "--benchmark-quiet", f"--benchmark-json={results}", "-q", *arguments
        )
        if results.exists() and results.stat().st_size:
            print(*_compared(json.loads(results.read_text("utf-8"))["benchmarks"]), sep="\n", flush=True)
    return 0 if passed else 1


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
    """Run one tool over the code; show what it says only when it finds something."""
    program, *subcommand = tool.split()
    print(f"{tool} … ", end="", flush=True)
    started = time.monotonic()
    finished = subprocess.run(
        [TOOLS / program, *subcommand, *arguments],
        check=False,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    outcome = Outcome(tool, finished.returncode == 0, time.monotonic() - started)
    print("passed" if outcome.passed else f"FAILED\n{finished.stdout}", flush=True)
    return outcome


def _pytest(*arguments: str) -> tuple[bool, list[str]]:
    """Run pytest with its output shown as it comes, and give whether it passed and what it printed."""
    with subprocess.Popen([TOOLS / "pytest", *arguments], cwd=ROOT, text=True, stdout=subprocess.PIPE) as process:
        lines = []
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line.rstrip())
    return process.returncode == 0, lines


def _not_tested(lines: Sequence[str]) -> Iterator[str]:
    counts: dict[str, int] = {}
    for line in lines:
        if found := SKIPPED.match(line):
            counts[found["reason"]] = counts.get(found["reason"], 0) + int(found["tests"])
    for reason, tests in sorted(counts.items()):
        yield f"  {reason} ({tests:,} test{'s' if tests > 1 else ''})"


def _compared(benchmarks: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Give each task's times, the hub's first, and each peer's as a multiple of the hub's."""

    def task(benchmark: dict[str, Any]) -> str:
        return str(benchmark["group"] or benchmark["name"])

    def peer(benchmark: dict[str, Any]) -> str:
        return str(benchmark["extra_info"].get("peer", ""))

    for name, timed in groupby(sorted(benchmarks, key=lambda one: (task(one), peer(one))), key=task):
        yield f"\n{name}"
        own = None
        for benchmark in timed:
            seconds = benchmark["stats"]["median"]
            way = peer(benchmark) or benchmark["name"].removeprefix("test_").replace("_", " ")
            if not peer(benchmark):
                own = own or seconds
            ratio = f"{seconds / own:10.2f} × the hub's" if own and peer(benchmark) else ""
            yield f"  {way:<50}{seconds:12.4f} s{ratio}"
            for stage, stage_seconds in benchmark["extra_info"].get("stages", {}).items():
                yield f"    {stage:<48}{stage_seconds:12.4f} s"
            for figure, words in benchmark["extra_info"].get("figures", {}).items():
                yield f"    {figure:<48}{words:>14}"
