"""The background map: tiles found in a file of the format, served to whoever is signed in, and none elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hub import create_app
from hub.access import Role
from hub.config import Settings
from hub.db import Database
from hub.errors import SettingsError
from hub.places import tiles
from tests.client import StrictClient
from tests.conftest import HOME, PASSWORD
from tests.hotspots.figures_given import Figures
from tests.hotspots.test_page import ASKED, give_points
from tests.places.tile_archive import MVT, archive


def test_tiles_are_numbered_as_the_format_has_it() -> None:
    known = {
        (0, 0, 0): 0,
        (1, 0, 0): 1,
        (1, 0, 1): 2,
        (1, 1, 1): 3,
        (1, 1, 0): 4,
        (2, 0, 0): 5,
        (12, 3423, 1763): 19078479,
    }
    assert {place: tiles.number_of(*place) for place in known} == known
    of_zoom_4 = sorted(tiles.number_of(4, column, row) for column in range(16) for row in range(16))
    assert of_zoom_4 == list(range(85, 85 + 256))


def test_a_tile_is_found_in_runs_and_in_directories_of_directories(tmp_path: Path) -> None:
    held = tiles.opened(archive(tmp_path / "map.pmtiles"))
    assert (held.mimetype, held.deepest_zoom) == ("image/png", 2)
    assert tiles.tile(held, 0, 0, 0) == b"world"
    assert {tiles.tile(held, 1, column, row) for column in (0, 1) for row in (0, 1)} == {b"quarter"}
    assert tiles.tile(held, 2, 0, 0) == b"north"
    assert tiles.tile(held, 2, 0, 2) == b"south"
    for nowhere in ((2, 3, 3), (1, 2, 0), (3, 0, 0), (99, 0, 0), (2, -1, 0)):
        assert tiles.tile(held, *nowhere) is None


def test_what_is_no_file_of_pictures_stops_the_start(
    tmp_path: Path, new_settings: Callable[..., Settings], people: dict[Role, str]
) -> None:
    (tmp_path / "text.pmtiles").write_bytes(b"PMTiles\x03")
    archive(tmp_path / "lines.pmtiles", kind=MVT)
    plain = new_settings("sqlite")
    for name, said in (
        ("none", "cannot be read"),
        ("text", "no PMTiles file"),
        ("lines", "does not hold plain pictures"),
    ):
        with pytest.raises(SettingsError, match=said):
            create_app(replace(plain, basemap=str(tmp_path / f"{name}.pmtiles"), basemap_attribution="©"))


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_page_names_its_background_map_and_lets_in_no_more_than_that(
    tmp_path: Path, settings: Settings, database: Database, people: dict[Role, str]
) -> None:
    give_points(Figures(database))
    page = f"/areas/{HOME}/hotspots{ASKED.replace('2025-02', '2025-01')}"
    for basemap, pictures, address in (
        ("", "img-src 'self' data:;", None),
        ("https://tiles.example.org/{z}/{x}/{y}.png", "img-src 'self' data: https://tiles.example.org;", "https://"),
        (str(archive(tmp_path / "map.pmtiles")), "img-src 'self' data:;", "/basemap/{z}/{x}/{y}"),
    ):
        app = create_app(replace(settings, basemap=basemap, basemap_attribution="© Somebody" if basemap else ""))
        app.test_client_class = StrictClient
        client = app.test_client()
        assert isinstance(client, StrictClient)
        assert client.get("/basemap/0/0/0").status_code == 302
        client.sign_in(people[Role.CSP_ANALYST], PASSWORD)
        answer = client.get(page)
        assert pictures in answer.headers["Content-Security-Policy"] + ";"
        given = next(box.get("data-basemap") for box in client.page.all("div") if box.get("id") == "overlay-map")
        assert (given or "").startswith(address or "") if address else given is None
        assert ("Background map © Somebody" in client.page.main) is bool(basemap)
        is_local = basemap.endswith(".pmtiles")
        found = client.get("/basemap/1/1/1")
        assert found.status_code == (200 if is_local else 404)
        assert (found.data == b"quarter") is is_local
        assert client.get("/basemap/2/3/3").status_code == 404
        app.extensions["hub_database"].engine.dispose()
