"""Overlays on paper: what each page says, that it is marked, tagged and fits, and that its leaving is recorded."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pypdf import PdfReader
from pypdf.generic import DictionaryObject
from sqlalchemy import select

from hub.access import Role
from hub.accounts import service as accounts
from hub.audit import AuditEntry
from hub.db import Database
from hub.errors import BadRequest
from hub.hotspots import exports, layers, paper
from hub.hotspots.layers import Show
from hub.hotspots.overlays import Overlay
from hub.hotspots.paper import Paper, Sheet
from hub.words import MARKING
from tests.conftest import HOME
from tests.hotspots.figures_given import Figures, area_of
from tests.hotspots.overlays_made import (
    made_of_agencies,
    made_of_cells,
    made_of_changes,
    made_of_harm,
    made_of_kinds,
    made_of_wards,
)
from tests.hotspots.test_service import ask, burglaries

MILLIMETRES = 25.4 / 72


def sheet(overlay: Overlay, show: Show, size: Paper = Paper.A4) -> Sheet:
    ground = shapely.union_all(overlay.outlines.to_numpy())
    west, _, east, _ = ground.bounds
    halves = [
        ground.intersection(shapely.box(*sides))
        for sides in ((0, 0, (west + east) / 2, 1e6), ((west + east) / 2, 0, 1e6, 1e6))
    ]
    boroughs = gpd.GeoDataFrame({"borough_name": ["Alder", "Birch"]}, geometry=halves, index=["F1", "F2"], crs=27700)
    return Sheet(show, boroughs, size)


def pages_of(content: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]


def squeezed(words: str) -> str:
    """Without spaces and hyphens, which a line's end may add."""
    return "".join(letter for letter in words if letter.isalnum())


@pytest.mark.parametrize(
    ("overlay", "show"),
    [
        (made_of_wards("gi_star"), Show.WARD_HOTSPOTS),
        (made_of_wards("rate"), Show.WARD_COUNT),
        (made_of_changes("wards"), Show.WARD_CHANGE),
        (made_of_kinds("wards"), Show.WARD_EMERGING),
        (made_of_harm("wards"), Show.WARD_HARM),
        (made_of_agencies("wards"), Show.WARD_AGENCIES),
        (made_of_cells("gi_star"), Show.CELL_HOTSPOTS),
        (made_of_cells("density"), Show.CELL_DENSITY),
        (made_of_agencies("cells"), Show.CELL_AGENCIES),
    ],
    ids=lambda value: value.value if isinstance(value, Show) else "",
)
def test_all_that_must_be_said_is_on_the_first_page_and_the_table_on_the_second(overlay: Overlay, show: Show) -> None:
    pages = pages_of(paper.pdf(overlay, sheet(overlay, show)))
    assert len(pages) == 2
    assert all(page.count(MARKING) == 2 for page in pages)
    first = squeezed(pages[0])
    sentence = overlay.count_sentence if show is Show.WARD_COUNT else overlay.sentence
    for words in (
        sentence,
        show.words,
        overlay.method_words,
        overlay.source_words,
        overlay.attribution,
        *overlay.notes,
    ):
        assert squeezed(words) in first
    assert "Alder: drawn on 3 February 2025" in pages[0]
    title = f"The first 25 of {len(overlay.table):,}" if len(overlay.table) > 25 else "All wards"
    assert title in pages[1]
    assert "Page 2 of 2" in pages[1]
    assert ("Rates are by" in pages[0]) == ("1,000 residents" in pages[1])
    for row in layers.rows(overlay, show, layers.ordered(overlay, show, "").iloc[:25]):
        assert " ".join(row.cells[-2:]) in pages[1]


def test_the_paper_is_as_large_as_asked_and_tagged_for_who_does_not_see_it() -> None:
    overlay = made_of_harm("wards")
    for size, across, down in ((Paper.A4, 297, 210), (Paper.A3, 420, 297)):
        reader = PdfReader(io.BytesIO(paper.pdf(overlay, sheet(overlay, Show.WARD_HARM, size))))
        box = reader.pages[0].mediabox
        assert (round(box.width * MILLIMETRES), round(box.height * MILLIMETRES)) == (across, down)
        root = reader.trailer["/Root"]
        assert root["/MarkInfo"]["/Marked"]
        assert root["/Lang"] == "en-GB"
        assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
        assert reader.metadata.title == f"{MARKING}: Hotspots in North"
        alternatives = [each["/Alt"] for each in structure(root["/StructTreeRoot"]) if "/Alt" in each]
        (said,) = (words for words in alternatives if words.startswith("Map of North with its borough boundaries"))
        assert "Hotspot: very strong evidence (99.9%): 3" in said


def structure(element: DictionaryObject) -> list[DictionaryObject]:
    children = element.get("/K", [])
    children = children.get_object() if hasattr(children, "get_object") else children
    children = children if isinstance(children, list) else [children]
    found = [element]
    for child in children:
        each = child.get_object() if hasattr(child, "get_object") else child
        if isinstance(each, DictionaryObject):
            found += structure(each)
    return found


def test_a_name_is_only_a_name_on_paper() -> None:
    overlay = made_of_wards("gi_star")
    attack = "#sys.inputs <b> $x$ *bold* @ref \\ &amp;"
    overlay.table["ward_name"] = attack
    overlay = replace(overlay, area_name=attack)
    pages = pages_of(paper.pdf(overlay, sheet(overlay, Show.WARD_HOTSPOTS)))
    assert attack in pages[0]
    assert pages[1].count(attack) >= 6
    unprinted = pages_of(paper.pdf(replace(overlay, area_name="日本 wards"), sheet(overlay, Show.WARD_HOTSPOTS)))
    assert "\ufffd\ufffd wards" in unprinted[0]


def test_much_to_be_said_still_fits_beside_the_map() -> None:
    overlay = made_of_harm("wards")
    many = {f"Offence number {at} that has no weight": 1000 + at for at in range(40)}
    overlay = replace(overlay, scores=replace(overlay.scores, left_out=many))
    pages = pages_of(paper.pdf(overlay, sheet(overlay, Show.WARD_HARM)))
    assert len(pages) == 2
    assert "number39that" in squeezed(pages[0])


def test_paper_leaves_on_the_record_at_the_size_that_there_is(
    database: Database, live: Figures, people: dict[Role, str], tmp_path: Path
) -> None:
    live.ward_counts(HOME, burglaries(0, 5, 10))
    with database.session(writes=True) as session:
        officer = accounts.viewer_by_email(session, people[Role.CSP_OFFICER])
        area, overlay = area_of(officer, HOME), ask(officer)
        with pytest.raises(BadRequest, match="no paper called 'A7'"):
            paper.sheet_of(officer, area, Show.WARD_RATE, "A7")
        with pytest.raises(BadRequest, match="cannot be written as 'pdf'"):
            exports.content_of(overlay, "pdf")
        laid = paper.sheet_of(officer, area, Show.WARD_RATE, "A3")
        exports.write(officer, overlay, tmp_path / "home.pdf", laid)
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "overlay.exported")).all()
    assert [entry.details["form"] for entry in entries] == ["pdf"]
    pages = pages_of((tmp_path / "home.pdf").read_bytes())
    assert "Hotspots in Alder" in pages[0]
    assert "Alder West" in pages[1]
    assert isinstance(laid.boroughs, pd.DataFrame)
