"""The hub as it is installed: a wheel that carries its pages, migrations and front end, in an empty environment."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen
from zipfile import ZipFile

import pytest

from hub import environment

ROOT = Path(__file__).resolve().parents[1]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the hub and what it needs to run, and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    environment.install(python, "--require-hashes", "--requirement", ROOT / "hub" / "requirements.lock")
    environment.install(python, "--no-deps", wheel)
    return folder / "bin"


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """A production hub on a new SQLite database, behind one proxy that ends TLS."""
    return {
        "PATH": os.environ["PATH"],
        "HUB_DATABASE_URL": f"sqlite:///{tmp_path / 'hub.sqlite'}",
        "HUB_FILES": str(tmp_path / "files"),
        "HUB_SECRET_KEY": "only-for-this-test-" + "x" * 32,
        "HUB_PROXIES": "1",
    }


@pytest.fixture
def address(installed: Path, settings: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Where the installed hub serves its pages."""
    subprocess.run([installed / "hub", "db", "upgrade"], check=True, cwd=tmp_path, env=settings)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [installed / "hub", "serve", "--port", str(port), "--workers", "1"]
    with subprocess.Popen(command, cwd=tmp_path, env=settings) as server:
        try:
            wait_until_listening(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def wait_until_listening(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the installed hub did not start listening")


def fetch(address: str) -> tuple[int, str]:
    with urlopen(Request(address, headers={"X-Forwarded-Proto": "https"}), timeout=120) as answer:
        return answer.status, answer.read().decode("utf-8")


def test_the_wheel_holds_the_hub_and_nothing_that_only_a_checkout_needs(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    shipped = {
        "geo/__init__.py",
        "hub/api/openapi.json",
        "hub/migrations/env.py",
        "hub/static/vendor/govuk-frontend/govuk-frontend.min.css",
        "hub/static/vendor/leaflet/leaflet.js",
        "hub/templates/base.html",
    }
    assert not shipped - names
    assert not [
        name for name in names - shipped if name.endswith((".lock", ".json", ".woff2")) and "dist-info" not in name
    ]
    assert not [name for name in names if name.startswith("tests/")]


def test_no_govuk_typeface_or_crest_is_shipped(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        css = archive.read("hub/static/vendor/govuk-frontend/govuk-frontend.min.css").decode("utf-8")
    assert "font-family:arial,sans-serif" in css
    assert "GDS Transport" not in css
    assert "crest" not in css


def test_an_installed_hub_makes_its_database_and_serves_its_sign_in_page(address: str) -> None:
    status, page = fetch(f"{address}/sign-in")
    assert status == 200
    assert "<h1" in page
    styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)
    assert styles
    for style in styles:
        status, css = fetch(address + style)
        assert status == 200
        assert "{" in css
