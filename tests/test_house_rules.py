"""Rules that the code keeps everywhere, searched for in its syntax and in the files beside it."""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from hub import cli, create_app, web
from hub.config import Settings
from hub.uploads.kinds import DATASETS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
HUB = sorted((ROOT / "hub").rglob("*.py"))
SOURCES = [*HUB, *sorted((ROOT / "geo").rglob("*.py")), *sorted((ROOT / "migrations").rglob("*.py"))]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def here(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


# --- Nothing goes round the borough fence ----------------------------------------------------------------------------

# db.py holds the fence and its few named bulk writers, over the engine that engine.py opens; migrate.py changes the
# schema, as its owner, and reads no row;
# geopackage.py opens a sender's file, which is a database of its own, in a process that knows no other.
MAY_GO_ROUND = {
    ROOT / "hub" / "db.py",
    ROOT / "hub" / "engine.py",
    ROOT / "hub" / "migrate.py",
    ROOT / "hub" / "snapshots.py",
    ROOT / "hub" / "uploads" / "reading" / "geopackage.py",
}


def called(node: ast.AST) -> str:
    """The last name of what a node calls: `text` for `sqlalchemy.text(…)`; nothing where it is no call."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def imports(node: ast.ImportFrom, name: str) -> bool:
    return any(alias.name == name for alias in node.names)


def executes_with_rows(node: ast.AST) -> bool:
    """Whether a statement other than an insert is executed for a list of rows: an update by primary key is unfenced."""
    if called(node) != "execute" or not isinstance(node, ast.Call):
        return False
    more = len(node.args) > 1 or any(keyword.arg in {"params", "parameters"} for keyword in node.keywords)
    return more and called(node.args[0]) != "insert"


WAYS_ROUND: dict[str, tuple[Callable[[ast.AST], bool], str]] = {
    "written SQL": (
        lambda node: called(node) in {"text", "literal_column", "exec_driver_sql", "from_statement", "TextClause"},
        "session.execute(sqlalchemy.text('SELECT 1'))",
    ),
    "a Core table": (
        lambda node: (
            (isinstance(node, ast.Attribute) and node.attr in {"__table__", "__mapper__"})
            or (isinstance(node, ast.ImportFrom) and "sqlalchemy" in str(node.module) and imports(node, "Table"))
        ),
        "select(WardCount.__table__)",
    ),
    "pandas or polars reading the database": (
        lambda node: called(node) in {"read_sql", "read_sql_query", "read_sql_table", "read_database"},
        "pd.read_sql(statement, session.bind)",
    ),
    "a connection of its own": (
        lambda node: called(node) in {"connection", "raw_connection", "connect"},
        "session.connection().execute(statement)",
    ),
    "a bulk method": (
        lambda node: called(node) in {"bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"},
        "session.bulk_update_mappings(WardCount, rows)",
    ),
    "an update by primary key": (executes_with_rows, "session.execute(update(WardCount), [{'id': 1, 'count': 2}])"),
}


@pytest.mark.parametrize("way", WAYS_ROUND)
def test_nothing_goes_round_the_fence(way: str) -> None:
    goes_round, example = WAYS_ROUND[way]
    assert any(goes_round(node) for node in ast.walk(ast.parse(example))), "the search does not find its own example"
    found = [
        here(path, getattr(node, "lineno", 0))
        for path in HUB
        if path not in MAY_GO_ROUND
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if goes_round(node)
    ]
    assert not found, f"{way} is for hub/db.py and hub/engine.py alone"


# --- What a template may not do --------------------------------------------------------------------------------------

UNSAFE_MARKUP = {
    "escaping switched off": (re.compile(r"\|\s*safe\b|autoescape\s+false"), "{{ name|safe }}"),
    "a style attribute, which the CSP forbids": (re.compile(r"<[^>]*\sstyle\s*="), '<p style="color:red">'),
    "an inline event handler": (re.compile(r"<[^>]*\son[a-z]+\s*="), '<a onclick="go()">'),
    "an inline script without its nonce": (re.compile(r"<script(?![^>]*(?:nonce|src)=)[^>]*>"), "<script>"),
    "something from another host": (
        re.compile(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//[^\"']*\.(?:css|js|png|svg|woff2?)"),
        '<script src="//cdn.example/x.js"></script>',
    ),
}


@pytest.mark.parametrize("fault", UNSAFE_MARKUP)
def test_templates_are_safe(fault: str) -> None:
    pattern, example = UNSAFE_MARKUP[fault]
    assert pattern.search(example), "the search does not find its own example"
    found = [
        here(path, number)
        for path in TEMPLATES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, fault


# --- Names, words and documents --------------------------------------------------------------------------------------

NAMES_THAT_SAY_NOTHING = {"common", "helper", "helpers", "info", "manager", "misc", "obj", "tools", "util", "utils"}


def test_modules_are_named_for_what_they_own() -> None:
    named = {path: path.parent.name if path.stem == "__init__" else path.stem for path in SOURCES}
    assert not [str(path.relative_to(ROOT)) for path, name in named.items() if name in NAMES_THAT_SAY_NOTHING]


def test_every_module_says_what_it_owns() -> None:
    undescribed = [path for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert not [str(path.relative_to(ROOT)) for path in undescribed]


def written_by_hand() -> Iterator[Path]:
    for folder in ("hub", "geo", "templates", "migrations", "tests"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".html", ".css", ".js", ".md", ".toml"} and "vendor" not in path.parts:
                yield path
    yield from (ROOT / "README.md", ROOT / "pyproject.toml")


def test_nothing_is_left_to_be_done_later() -> None:
    later = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
    assert not [
        here(path, number)
        for path in written_by_hand()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if later.search(line)
    ]


def test_every_setting_is_in_the_readme() -> None:
    settings = [f"HUB_{field.name.upper()}" for field in fields(Settings)]
    assert settings
    assert not [name for name in settings if f"`{name}`" not in README]


def test_no_setting_in_the_readme_is_made_up() -> None:
    of_tests = {"HUB_REQUIRE_ALL", "HUB_KILLS_SEED"}
    known = {f"HUB_{field.name.upper()}" for field in fields(Settings)} | {"HUB_DEBUG"} | of_tests
    assert not set(re.findall(r"`(HUB_[A-Z_]+)`", README)) - known


def test_every_kind_of_dataset_is_in_the_readme() -> None:
    assert not [key for key in DATASETS if f"`{key}`" not in README]


# --- What is installed -----------------------------------------------------------------------------------------------


def locked(path: Path) -> set[str]:
    return set(re.findall(r"^([\w.-]+==\S+(?: ; [^\\\n]+)?)", path.read_text("utf-8"), re.MULTILINE))


def test_tests_run_with_the_packages_that_the_hub_runs_with() -> None:
    run, test = (locked(ROOT / "hub" / name) for name in ("requirements.lock", "requirements-test.lock"))
    assert len(run) > 40
    assert not {name.split(" ;")[0].strip() for name in run} - {name.split(" ;")[0].strip() for name in test}


def test_locks_name_no_host_and_every_package_has_its_hash() -> None:
    locks = sorted((ROOT / "hub").rglob("requirements*.lock"))
    assert len(locks) == 4
    for lock in locks:
        text = lock.read_text("utf-8")
        assert "://" not in text
        assert all("--hash=sha256:" in block for block in re.split(r"\n(?=\w)", text.strip()))
    packages = json.loads((ROOT / "hub" / "frontend" / "package-lock.json").read_text("utf-8"))["packages"]
    fetched = {name: package for name, package in packages.items() if name}
    assert fetched
    assert all("integrity" in package and "resolved" not in package for package in fetched.values())


# --- What is promised in the README, and what every route declares ---------------------------------------------------


def commands() -> dict[str, argparse.ArgumentParser]:
    """Every command by its name, those under another by both: `check planted`."""
    return dict(commands_under(cli._parser(), ""))


def commands_under(parser: argparse.ArgumentParser, above: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield above.strip(), parser
    for group in groups:
        for name, command in group.choices.items():
            yield from commands_under(command, f"{above} {name}")


def test_every_command_and_option_is_in_the_readme() -> None:
    assert commands()
    for name, command in commands().items():
        (line,) = (line for line in README.splitlines() if line.startswith(f"| `hub {name}"))
        options = {option for action in command._actions for option in action.option_strings if len(option) > 2}
        assert not [option for option in options - {"--help", "--json", "--password-stdin"} if option not in line]


def test_a_route_that_declares_no_permission_stops_the_start(new_settings: Callable[..., Settings]) -> None:
    app = create_app(new_settings("sqlite"))
    app.add_url_rule("/undeclared", "undeclared", lambda: "anybody's")
    with pytest.raises(RuntimeError, match="undeclared"):
        web.refuse_undeclared(app)
    app.view_functions["undeclared"] = web.public(app.view_functions["undeclared"])
    web.refuse_undeclared(app)
