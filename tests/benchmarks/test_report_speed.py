"""How long a quarterly pack takes in each form, from its figures to its files, and all 33 boroughs' packs together.

First with figures made up, as many as a borough's pack has; then with London's own: gathered from the database, put
through disclosure, written. Every chart is drawn anew each time. Nothing here asserts a time; how many pages the pack
that is made up has is asserted.
"""

from __future__ import annotations

import datetime as dt
import io
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pypdf import PdfReader
from pytest_benchmark.fixture import BenchmarkFixture

from hub import pictures
from hub.accounts import service as accounts
from hub.config import Settings
from hub.db import Database
from hub.demo import service as demo
from hub.documents.model import (
    AnyPart,
    Bullets,
    Cell,
    Chart,
    ChartKind,
    Column,
    Direction,
    Document,
    Heading,
    KeyFigure,
    Kind,
    Notes,
    PageBreak,
    Paragraph,
    Point,
    Reference,
    Series,
    Style,
    Table,
)
from hub.documents.writers import Form, write
from hub.places import service as places
from hub.reports import composing, kinds, service
from hub.reports.composing import Chosen, Plan
from hub.words import MARKING, number, short_month, signed

ASKED = (Form.PDF, Form.WORD, Form.SLIDES, Form.XLSX)
"""What a pack is given in."""
BOROUGHS = 33
WARDS = 22
PAGES = 24
FILES = ("mps-ward-level-202402-202601.csv", "police-uk/*-street/*.csv*")
"""The Met's counts by ward of two years, and the City's points of one."""
MEASURES = ("Burglary", "Robbery", "Violence with injury", "Vehicle crime", "Theft", "Public order", "Drugs")
GROUPS = (*MEASURES, "Anti-social behaviour", "Arson", "Sexual offences", "Possession of weapons", "Other")
MONTHS = [dt.date(2024 + month // 12, 1 + month % 12, 1) for month in range(24)]
WORDS = (
    "Recorded burglary fell by about a tenth in the year to December 2025, more than chance alone would explain. "
    "The fall was seen in most wards and in most months. Robbery did not change more than chance would explain."
)

pytestmark = pytest.mark.benchmark(disable_gc=True)


def figure(value: float, places: int = 0) -> Cell:
    """A figure as an aggregate reader sees it."""
    return Cell("fewer than 5", is_hidden=True) if value < 5 else Cell(number(value, places), round(value, places))


def pack(seed: int) -> Document:
    """A borough's quarterly pack: seven measures by month and by ward, every offence group, and what must be said."""
    random = np.random.default_rng(seed)
    parts: list[AnyPart] = [Paragraph(WORDS, Style.LEAD)]
    parts += [
        KeyFigure(name, figure(int(random.integers(500, 9000))), "the year before: 2,340", Direction("↓", "D", "Down"))
        for name in MEASURES
    ]
    parts += [Heading("What changed"), Paragraph(WORDS), Bullets((WORDS,) * 3), group_table(random)]
    for name in MEASURES:
        parts += [PageBreak(), Heading(name), Paragraph(WORDS), month_chart(random, name)]
        parts += [PageBreak(), Heading(f"{name} by ward", 3), ward_chart(random, name), ward_table(random, name)]
    parts += [PageBreak(), Heading("Outcomes"), month_chart(random, *MEASURES), Notes((WORDS,) * 12)]
    return Document(
        title=f"Borough {seed}: quarterly update",
        subtitle="October to December 2025",
        made_at=dt.datetime(2026, 2, 3, 9, tzinfo=dt.UTC),
        marking=MARKING,
        handling="for the partnership's own people only",
        footer=("Contains public sector information licensed under the Open Government Licence v3.0.",),
        parts=tuple(parts),
    )


def month_chart(random: np.random.Generator, *names: str) -> Chart:
    """Two years of months of some measures."""

    def series(name: str) -> Series:
        counts = random.poisson(random.integers(20, 400), len(MONTHS))
        return Series(
            name,
            tuple(
                Point(short_month(month), figure(int(count)), is_provisional=month >= MONTHS[-3])
                for month, count in zip(MONTHS, counts, strict=True)
            ),
        )

    kind = ChartKind.PANELS if len(names) > 1 else ChartKind.LINE
    title = f"{' and '.join(names)} by month"
    return Chart(title, kind, tuple(map(series, names)), WORDS, "Month", "Offences")


def ward_chart(random: np.random.Generator, name: str) -> Chart:
    """Each ward's rate with its interval."""
    rates = random.uniform(8, 40, WARDS)
    points = tuple(
        Point(f"Ward number {at}", *(figure(rate + by, 1) for by in (0, -2.5, 3))) for at, rate in enumerate(rates)
    )
    against = Reference("Borough", figure(21.4, 1))
    title = f"{name} for every 1,000 residents"
    return Chart(title, ChartKind.INTERVAL, (Series(name, points),), WORDS, "Ward", "Rate", Kind.RATE, against)


def ward_table(random: np.random.Generator, name: str) -> Table:
    """Each ward's counts of two years, the change and the rate."""
    return _table(random, f"{name}: every ward", "Ward", [f"Ward number {at}" for at in range(WARDS)])


def group_table(random: np.random.Generator) -> Table:
    """Each offence group's counts of two years, the change and the rate."""
    return _table(random, "Offence groups", "Offence group", GROUPS)


def _table(random: np.random.Generator, title: str, of: str, names: Sequence[str]) -> Table:
    columns = (
        Column(of),
        Column("Latest 12 months", Kind.NUMBER),
        Column("12 months before", Kind.NUMBER),
        Column("Change", Kind.PERCENT),
        Column("Rate", Kind.RATE, "per 1,000 residents"),
        Column("In words"),
    )
    rows = []
    for name in names:
        latest, before = (int(count) for count in random.integers(0, 900, 2))
        change = round(100 * (latest - before) / max(before, 30))
        row = (figure(latest), figure(before), Cell(f"{signed(change)}%", change), figure(latest / 14, 1))
        rows.append((Cell(name), *row, Cell("No clear change")))
    return Table(title, columns, tuple(rows), ("Counts are rounded to 5.",))


def write_anew(document: Document, forms: tuple[Form, ...] = ASKED) -> dict[Form, float]:
    """Write a document in some forms, with no chart remembered, and tell how long each took."""
    pictures._svg.cache_clear()
    took = {}
    for form in forms:
        started = time.perf_counter()
        write(document, form)
        took[form] = time.perf_counter() - started
    return took


def write_borough(seed: int) -> None:
    """Write one borough's pack, in a process that writes many."""
    write_anew(pack(seed))


@pytest.mark.parametrize("form", Form, ids=str)
def test_one_form(benchmark: BenchmarkFixture, form: Form) -> None:
    benchmark.group = f"a quarterly pack, {form.words}"
    document = pack(1)
    benchmark.pedantic(write_anew, (document, (form,)), rounds=3, warmup_rounds=1)


def test_one_pack(benchmark: BenchmarkFixture) -> None:
    document = pack(1)
    benchmark.group = "a quarterly pack in PDF, Word, PowerPoint and Excel, one process"
    took = benchmark.pedantic(write_anew, (document,), rounds=3)
    before = time.process_time()
    write_anew(document)
    processor = time.process_time() - before
    pages = len(PdfReader(io.BytesIO(write(document, Form.PDF).content)).pages)
    drawn = len([part for part in document.parts if isinstance(part, Chart)])
    assert PAGES <= pages <= PAGES + 4
    benchmark.extra_info |= {
        "stages": {form.words: seconds for form, seconds in took.items()},
        "figures": {"pages of the PDF": str(pages), "charts": str(drawn), "processor time": f"{processor:.1f} s"},
    }


def test_every_borough(benchmark: BenchmarkFixture) -> None:
    benchmark.group = f"all {BOROUGHS} boroughs' packs in those four forms, two processes"

    def write_all() -> None:
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as two:
            list(two.map(write_borough, range(BOROUGHS)))

    benchmark.pedantic(write_all, rounds=1)


# --- Of real figures -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class London:
    """A hub with London's own figures, and who reads all of it."""

    settings: Settings
    email: str
    boroughs: tuple[str, ...]


@pytest.fixture(scope="module")
def london(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> London:
    folder = tmp_path_factory.mktemp("london")
    made = demo.prepare(data=real_data, say=lambda words: None, folder=folder, files=FILES)
    email = next(person.email for person in made.people if person.email.startswith("administrator"))
    database = Database(made.settings)
    with database.reading() as session:
        codes = tuple(sorted(borough.code for borough in places.boroughs(session)))
    database.engine.dispose()
    assert len(codes) == BOROUGHS
    return London(made.settings, email, codes)


def write_real(london: London, code: str) -> dict[str, float]:
    """Draft a borough's quarterly update from what is live and write it; gives the seconds of each step, and pages."""
    pictures._svg.cache_clear()
    database = Database(london.settings)
    kind, started = kinds.kind("quarterly"), time.perf_counter()
    with database.reading() as session:
        viewer = accounts.viewer_by_email(session, london.email)
        month = service.usual_month(viewer, service.borough(viewer, code))
        plan = Plan(kind.key, code, month, tuple(map(Chosen, kind.sections)))
        document = composing.compose(viewer, plan, dt.datetime.now(dt.UTC)).document
    took = {"its figures": time.perf_counter() - started}
    database.engine.dispose()
    took |= {form.words: seconds for form, seconds in write_anew(document).items()}
    return took | {"pages": len(PdfReader(io.BytesIO(write(document, Form.PDF).content)).pages)}


def test_one_real_pack(benchmark: BenchmarkFixture, london: London) -> None:
    benchmark.group = "a borough's quarterly pack of its own figures in those four forms, one process"
    took = benchmark.pedantic(write_real, (london, london.boroughs[11]), rounds=3, warmup_rounds=1)
    benchmark.extra_info |= {"figures": {"pages of the PDF": str(took.pop("pages"))}, "stages": took}


def test_every_real_pack(benchmark: BenchmarkFixture, london: London) -> None:
    benchmark.group = f"all {BOROUGHS} boroughs' packs of their own figures in those four forms, two processes"

    def write_all() -> list[dict[str, float]]:
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as two:
            return list(two.map(write_real, [london] * BOROUGHS, london.boroughs))

    pages = sorted(int(took["pages"]) for took in benchmark.pedantic(write_all, rounds=1))
    assert len(pages) == BOROUGHS
    benchmark.extra_info["figures"] = {
        "pages of a PDF": f"{pages[0]} to {pages[-1]}, half of them at least {pages[BOROUGHS // 2]}"
    }
