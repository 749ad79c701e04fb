"""`hub test` fails when anything failed and names what it could not test; `hub bench` sets the hub beside its peers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub import checks
from hub.errors import SettingsError


def stand_in(folder: Path, tool: str, *, says: str, status: int = 0) -> None:
    path = folder / tool
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{says}\nEND\nexit {status}\n")
    path.chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for the tools, all content."""
    for tool in ("ruff", "mypy", "lint-imports", "djlint"):
        stand_in(tmp_path, tool, says="nothing to say")
    stand_in(tmp_path, "pytest", says="===== 3 passed in 0.10s =====")
    monkeypatch.setattr(checks, "TOOLS", tmp_path)
    return tmp_path


def test_all_passing_is_said_and_pytest_has_the_last_word(tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checks.run_tests() == 0
    said = capsys.readouterr().out
    assert "FAILED" not in said
    assert "NOT TESTED" not in said
    assert "nothing to say" not in said
    assert said.endswith("\n===== 3 passed in 0.10s =====\n")


@pytest.mark.parametrize("tool", ["ruff", "mypy", "lint-imports", "djlint", "pytest"])
def test_one_failing_tool_fails_everything_and_is_heard(
    tools: Path, tool: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(tools, tool, says="what is wrong", status=1)
    assert checks.run_tests() == 1
    said = capsys.readouterr().out
    assert "what is wrong" in said
    assert f"  FAILED  {tool}" in said


def test_the_code_is_checked_beside_the_first_tests_and_told_after_them(
    tools: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = tools / "begun"
    (tools / "pytest").write_text(f"#!/bin/sh\ntouch {begun}\necho as tested\n")
    wait = f"for once in $(seq 600); do [ -e {begun} ] && exit 0; sleep 0.1; done; exit 1"
    (tools / "ruff").write_text(f"#!/bin/sh\n{wait}\n")
    stand_in(tools, "djlint", says="what is wrong\non which line", status=1)
    assert checks.run_tests(["tests"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("as tested\nruff check … passed\n")
    assert "\ndjlint … FAILED\nwhat is wrong\non which line\n" in said


def test_every_branch_of_geo_is_asked_for_and_missing_one_fails(
    tools: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tools / "pytest").write_text('#!/bin/sh\necho "$@"\ncase "$@" in *cov-fail-under=100*) exit 1;; esac\n')
    assert checks.run_tests() == 1
    geo, hub = capsys.readouterr().out.splitlines()[-2:]
    assert " tests/geo --cov=geo --cov-branch " in geo
    assert hub.endswith(" --ignore=tests/geo")
    assert checks.run_tests(["tests/geo", "-k", "gi_star"]) == 0
    chosen = capsys.readouterr().out.splitlines()[-1]
    assert chosen.endswith(" tests/geo -k gi_star")
    assert "--cov" not in chosen
    assert "--long" not in chosen
    checks.run_tests(is_long=True)
    geo, hub = capsys.readouterr().out.splitlines()[-2:]
    assert " --long tests/geo --cov=geo " in geo
    assert hub.endswith(" --long --ignore=tests/geo")


def test_what_was_skipped_is_named_with_how_many_tests(tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        "SKIPPED [2] tests/conftest.py:39: A browser is missing, so this was not tested.",
        "SKIPPED [1] tests/conftest.py:40: A PostgreSQL is missing, so this was not tested.",
        "SKIPPED [1200] tests/conftest.py:41: A browser is missing, so this was not tested.",
        "===== 3 passed, 1203 skipped in 0.10s =====",
    ]
    stand_in(tools, "pytest", says="\n".join(lines))
    assert checks.run_tests(["tests"]) == 0
    said = capsys.readouterr().out
    assert (
        "NOT TESTED on this machine:\n"
        "  A PostgreSQL is missing, so this was not tested. (1 test)\n"
        "  A browser is missing, so this was not tested. (1,202 tests)\n"
    ) in said


def test_an_installed_hub_has_nothing_to_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "ROOT", tmp_path)
    with pytest.raises(SettingsError, match="installed hub"):
        checks.run_tests()


def test_without_pytest_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "TOOLS", tmp_path)
    with pytest.raises(SettingsError) as refused:
        checks.run_benchmarks()
    assert "python3 -m hub test" in refused.value.remedy


def test_peers_are_given_as_multiples_of_the_hubs_own_time() -> None:
    def timed(name: str, median: float, **extra: object) -> dict[str, object]:
        return {"name": name, "group": "points to wards", "stats": {"median": median}, "extra_info": extra}

    tasks = list(
        checks._compared(
            [
                timed("test_points_joined", 5.0, peer="geopandas"),
                timed("test_points_placed[ten]", 0.5, stages={"reading": 0.125, "placing": 0.375}, peak_megabytes=12.0),
            ]
        )
    )
    assert [[way["times_the_hubs"] for way in task["ways"]] for task in tasks] == [[None, 10.0]]
    assert [row.split() for row in checks._as_table(tasks)] == [
        ["points", "to", "wards"],
        ["points", "placed", "500.00", "ms", "12", "MB"],
        ["reading", "125.00", "ms"],
        ["placing", "375.00", "ms"],
        ["geopandas", "5,000.00", "ms", "10.00", "×", "the", "hub's"],
    ]


def test_a_script_hears_of_benchmarks_as_one_object(tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stand_in(tools, "pytest", says="collected nothing", status=1)
    told = checks.run_benchmarks("uploads", as_json=True)
    assert (told["exit_status"], told["tasks"]) == (1, [])
    heard = capsys.readouterr()
    assert (heard.out, heard.err) == ("", "collected nothing\n")


@pytest.mark.xdist_group("kept-together")
@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process keeps all tests together")
def test_a_group_of_tests_is_kept_on_one_worker(request: pytest.FixtureRequest) -> None:
    """Or else each worker sets up every browser's and every command's hub anew, which takes longer than all tests."""
    assert request.node.nodeid.endswith("@kept-together")
