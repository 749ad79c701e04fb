"""The child that reads a file is held to its limits, cannot reach out, and never takes the hub down with it."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import logging
import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from hub.errors import BadFile, OurFault
from hub.uploads import confined, corrections, nursery, reader, references, versions
from hub.uploads.kinds import DATASETS
from hub.uploads.reading import Limits
from hub.uploads.reading.personal import PersonalData, What
from tests.uploads.desk import ALDER, EVERYWHERE, TODAY, small_geography

ROOT = Path(__file__).resolve().parents[2]
CONTENT = b"Ward code,Month,Category,Count\nF05000011,2024-01,Burglary,2\nF05000005,2024-01,Burglary,3\n"


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "original"
    path.write_bytes(CONTENT)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def check(original: Path, limits: Limits | None = None, name: str = "file.csv", **options: object) -> dict[str, object]:
    given = {
        "kind": DATASETS["ward_counts"],
        "column_fields": {
            "Ward code": "ward_code",
            "Month": "month",
            "Category": "offence_group",
            "Count": "count",
        },
        "geography": small_geography(),
        "scope": EVERYWHERE,
        "today": TODAY,
        "edits": pl.DataFrame(schema=corrections.EDITS),
        "live": pl.DataFrame(schema=versions.LIVE_PARTS),
        "live_references": pl.DataFrame(schema=references.LIVE_REFERENCES),
        "reference_key": b"a key",
        "fixes": (),
        "answers": {},
        "wait": lambda _seconds: None,
        "destination": original.parent / "found",
    }
    return confined.check(original, name, limits or Limits(), **{**given, **options})


def test_a_look_gives_headings_and_samples(original: Path) -> None:
    look = confined.look(original, "file.csv", Limits(), {})
    assert look.headings == ["Ward code", "Month", "Category", "Count"]
    assert look.columns[0].samples == ("F05000011", "F05000005")
    assert (look.format, look.encoding, look.delimiter, look.heading_row) == ("csv", "UTF-8", "comma", 1)
    assert names_in(original.parent) == ["original"]


def test_a_new_file_without_people_in_it_is_let_in_as_it_is(original: Path) -> None:
    look, name = confined.admit(original, "file.csv", Limits(), {"Officer", ""})
    assert (look.headings, name) == (["Ward code", "Month", "Category", "Count"], "file.csv")
    look, name = confined.admit(original, "file.csv", Limits(), {"Officer"})
    assert (look.encoding, original.read_bytes(), names_in(original.parent)) == ("UTF-8", CONTENT, ["original"])


def test_a_file_that_tells_of_people_is_refused_with_the_places_and_never_the_values(original: Path) -> None:
    told = b"Ward code,Note\nF05000011,Mr Okafor rang from 07700 900123\nF05000005,bins\n"
    original.write_bytes(told)
    with pytest.raises(PersonalData) as refusal:
        confined.admit(original, "file.csv", Limits(), ())
    assert [(place.what, place.column, place.rows) for place in refusal.value.places] == [
        (What.NAME, "Note", (2,)),
        (What.PHONE, "Note", (2,)),
    ]
    assert not any(value in str(refusal.value) for value in ("Okafor", "0770", "900123"))
    assert (original.read_bytes(), names_in(original.parent)) == (told, ["original"])


def test_what_is_left_out_is_never_in_the_file_that_is_kept(original: Path) -> None:
    original.write_bytes(b"Call jo@example.org first,,\n,,\nWard;x,Note,Count\nF1,jo@example.org,2\n,,\nF2,,3\n")
    look, name = confined.admit(original, "list.of.calls.CSV", Limits(), {"Note"})
    assert (look.headings, name) == (["Ward;x", "Count"], "list.of.calls.csv")
    assert original.read_bytes() == b"Ward;x,Count\nF1,2\nF2,3\n"
    assert names_in(original.parent) == ["original"]


def test_a_hidden_sheet_is_searched_too(original: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Ward code", "Count"])
    book.active.append(["F05000011", 2])
    book.create_sheet("Old").append(["jo@example.org"])
    book["Old"].sheet_state = "hidden"
    book.save(original)
    with pytest.raises(PersonalData) as refusal:
        confined.admit(original, "book.xlsx", Limits(), ())
    assert (refusal.value.columns, refusal.value.is_beside_the_table) == ((), True)
    assert "'Old'" in refusal.value.sentence
    look, name = confined.admit(original, "book.xlsx", Limits(), {""})
    assert (look.headings, name, original.read_bytes()) == (
        ["Ward code", "Count"],
        "book.csv",
        b"Ward code,Count\nF05000011,2\n",
    )


def test_a_check_leaves_its_findings_whole(original: Path) -> None:
    report = check(original, scope=frozenset({ALDER}))
    assert (report["placed"], report["refused"], report["boroughs"]) == (2, 3, [ALDER])
    found = original.parent / "found"
    assert names_in(original.parent) == ["found", "original"]
    kept = pl.read_parquet(found / "rows.parquet")
    assert kept.select("borough_code", "month", "ward_code", "offence_group", "count").rows() == [
        (ALDER, dt.date(2024, 1, 1), "F05000011", "Burglary", 2)
    ]
    assert pl.read_parquet(found / "months.parquet")["placed"].to_list() == [2]


def test_a_refusal_comes_back_in_words_and_leaves_nothing(original: Path) -> None:
    original.write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(BadFile, match="Excel workbook"):
        confined.look(original, "file.csv", Limits(), {})
    with pytest.raises(BadFile, match="Excel workbook"):
        check(original)
    assert names_in(original.parent) == ["original"]


def test_too_much_memory_is_refused_in_words(original: Path) -> None:
    original.write_bytes(gzip.compress(b"a,b\n" + b"some text and more,2\n" * 4_000_000, 1))
    generous = Limits(rows=10_000_000, ratio=10_000, unpacked_bytes=400_000_000, memory_bytes=300_000_000)
    started = time.monotonic()
    with pytest.raises(BadFile, match="more memory"):
        check(original, generous, "file.csv.gz", column_fields={})
    assert time.monotonic() - started < Limits().seconds
    assert names_in(original.parent) == ["original"]


def test_too_much_time_is_refused_in_words(original: Path) -> None:
    with pytest.raises(BadFile, match="longer than 0 seconds"):
        check(original, Limits(seconds=0))
    assert names_in(original.parent) == ["original"]


def test_a_fault_of_ours_is_logged_without_what_it_met(original: Path, caplog: pytest.LogCaptureFixture) -> None:
    original.write_bytes(CONTENT + b"F05000011,2024-02,A secret category,1\n")
    with caplog.at_level(logging.ERROR), pytest.raises(OurFault):
        check(original, column_fields={"Ward code": "ward_code", "A secret heading": "month"})
    (record,) = caplog.records
    assert "ValueError" in record.where
    assert "secret" not in record.where


def test_the_child_knows_no_setting_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SECRET_KEY", "a secret")
    environment = confined._environment()
    assert not [name for name in environment if name.startswith("HUB")]
    assert "a secret" not in environment.values()


INSIDE = """
import json, sys
sys.path.insert(0, {root!r})
from hub.uploads import reader
reader.forbid_modules()
from hub.uploads.reading import Limits
from dataclasses import asdict
reader._confine(asdict(Limits()))
import polars, geopandas
reader._shut_the_doors()
{attempt}
"""


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('127.0.0.1', {port}), 2)",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:{port}/', timeout=2)",
    ],
)
def test_the_child_reaches_no_network_and_starts_nothing(attempt: str) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        code = INSIDE.format(root=str(ROOT), attempt=attempt.format(port=listener.getsockname()[1]))
        ended = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
        listener.settimeout(0.1)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert ended.returncode != 0
    assert "PermissionError" in ended.stderr


@pytest.mark.parametrize("module", reader.FORBIDDEN_MODULES)
def test_the_child_never_loads_a_library_that_opens_what_a_file_names(module: str) -> None:
    code = INSIDE.format(root=str(ROOT), attempt=f"import {module}")
    ended = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError" in ended.stderr


def test_a_child_that_hangs_is_killed_whole(original: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    marker = tmp_path / "pids"
    program = (
        "import os, subprocess, sys, time\n"
        "from hub.uploads import nursery\n"
        "def work():\n"
        "    other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"    open({str(marker)!r}, 'w').write(f'{{os.getpid()}} {{other.pid}}')\n"
        "    time.sleep(600)\n"
        "nursery.serve(work)\n"
    )
    monkeypatch.setattr(confined, "_NURSERY", nursery.Nursery([sys.executable, "-I", "-c", program], {}))
    with pytest.raises(BadFile, match="longer than"):
        confined.look(original, "file.csv", Limits(seconds=6), {})
    pids = [int(pid) for pid in marker.read_text().split()]
    assert len(pids) == 2
    deadline = time.monotonic() + 60
    while any(_is_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_is_alive(pid) for pid in pids)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_answer_that_is_no_answer_is_not_believed(original: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps(["not", "an", "object"]))
    with pytest.raises(OurFault):
        confined._answer(answer)
    answer.write_text(json.dumps({"padding": "x" * confined.LARGEST_ANSWER_BYTES}))
    with pytest.raises(OurFault):
        confined._answer(answer)


def test_a_check_ends_within_seconds_once_nobody_waits_for_it(original: Path) -> None:
    lines = (b"F05000011,2024-01,Kind %d,2\n" % number for number in range(300_000))
    original.write_bytes(CONTENT + b"".join(lines))
    said: list[int] = []

    def stop(seconds: int) -> None:
        said.append(seconds)
        raise InterruptedError

    started = time.monotonic()
    with pytest.raises(InterruptedError):
        check(original, wait=stop)
    assert time.monotonic() - started < Limits().seconds / 2
    assert (said, names_in(original.parent)) == ([confined.SECONDS_BETWEEN_WAITS], ["original"])
