"""What the tests of uploads share: a small geography, and a desk at which people send files."""

from __future__ import annotations

import datetime as dt
import io
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import shapely

from geo.frames import to_longitude_latitude
from hub.access import Viewer
from hub.accounts import service as accounts
from hub.db import Database
from hub.uploads import checking, confined, corrections, kinds, reading, service, views, work
from hub.uploads.checking import Checked
from hub.uploads.kinds import DatasetKind
from hub.uploads.placing import Geography
from hub.uploads.reading import Limits, Table, personal

TODAY = dt.date(2025, 6, 15)
OLD, NEW = 1, 2
ALDER, BIRCH, CEDAR = "F09000001", "F09000002", "F09000003"
EVERYWHERE = frozenset({ALDER, BIRCH, CEDAR})
ORIGIN = 530_000, 180_000

# Set, code, name, borough, and the square kilometre (counted from the origin to the east) it covers. Cedar kept its
# codes, Alder and Birch got new ones; "Abbey" is in Alder and in Birch.
WARDS = (
    (OLD, "F05000001", "Abbey", ALDER, 0),
    (OLD, "F05000002", "Brook", ALDER, 1),
    (OLD, "F05000003", "Abbey", BIRCH, 3),
    (OLD, "F05000004", "Court", BIRCH, 4),
    (OLD, "F05000005", "Dell", CEDAR, 6),
    (NEW, "F05000011", "Abbey", ALDER, 0),
    (NEW, "F05000012", "Brook & Green", ALDER, 1),
    (NEW, "F05000013", "Abbey", BIRCH, 3),
    (NEW, "F05000014", "St Mary's Court", BIRCH, 4),
    (NEW, "F05000005", "Dell", CEDAR, 6),
)
BOROUGHS = {ALDER: ("Alder", 0, 2), BIRCH: ("Birch", 3, 5), CEDAR: ("Cedar", 6, 7)}


def square(first: int, last: int) -> bytes:
    x, y = ORIGIN
    return shapely.to_wkb(shapely.box(x + 1000 * first, y, x + 1000 * last, y + 1000))


def small_geography() -> Geography:
    return Geography(
        pl.DataFrame(
            {
                "boundary_set_id": [OLD, NEW],
                "boundary_set": ["2018", "2022"],
                "in_force_from": [dt.date(2018, 5, 3), dt.date(2022, 5, 5)],
            }
        ),
        pl.DataFrame(
            [(*ward[:4], square(ward[4], ward[4] + 1)) for ward in WARDS],
            ["boundary_set_id", "ward_code", "ward_name", "borough_code", "outline"],
            orient="row",
        ),
        pl.DataFrame(
            [(code, name, square(first, last)) for code, (name, first, last) in BOROUGHS.items()],
            ["borough_code", "borough_name", "outline"],
            orient="row",
        ),
    )


def degrees(east_metres: float, north_metres: float = 500) -> str:
    """Longitude and latitude of a place, counted from the origin, as two cells."""
    longitude, latitude = to_longitude_latitude([ORIGIN[0] + east_metres], [ORIGIN[1] + north_metres])
    return f"{longitude[0]:.6f},{latitude[0]:.6f}"


def read(
    content: str | bytes,
    name: str = "file.csv",
    limits: Limits | None = None,
    answers: Mapping[str, str] | None = None,
) -> Table:
    """Read a file as the confined process would."""
    with tempfile.TemporaryDirectory() as folder:
        original = Path(folder, "original")
        original.write_bytes(content.encode() if isinstance(content, str) else content)
        return reading.read(original, name, limits or Limits(), Path(folder), answers=answers or {})


def check(
    content: str,
    dataset: str,
    scope: frozenset[str] = EVERYWHERE,
    column_fields: Mapping[str, str] | None = None,
    geography: Geography | None = None,
    **options: Any,
) -> Checked:
    """Read and check a file whose headings are those of its kind."""
    table, kind = read(content), kinds.DATASETS[dataset]
    fields = kinds.propose(table.headings, kind) if column_fields is None else column_fields
    return checking.check(table, kind, fields, geography or small_geography(), scope, today=TODAY, **options)


def found(checked: Checked) -> set[tuple[int | None, str | None, str, str]]:
    """Every problem, without its words."""
    return set(checked.problems.select("row", "column", "code", "severity").iter_rows())


@dataclass(frozen=True)
class Desk:
    """A hub's database, and the people who work at it."""

    database: Database

    @contextmanager
    def writing(self, email: str) -> Iterator[Viewer]:
        with self.database.writing() as session:
            yield accounts.viewer_by_email(session, email)

    @contextmanager
    def reading(self, email: str) -> Iterator[Viewer]:
        with self.database.reading() as session:
            yield accounts.viewer_by_email(session, email)

    def receive(
        self, email: str, content: str | bytes, name: str = "file.csv", leave_out: Collection[str] = ()
    ) -> UUID:
        stream = io.BytesIO(content.encode() if isinstance(content, str) else content)
        with self.writing(email) as viewer:
            return service.receive(viewer, stream, name, leave_out=frozenset(leave_out)).id

    def check(
        self, email: str, content: str | bytes, name: str = "file.csv", dataset: str | None = None, **fields: str
    ) -> UUID:
        """Send a file and have it checked."""
        upload_id = self.receive(email, content, name)
        with self.database.session(writes=True) as session:
            viewer = accounts.viewer_by_email(session, email)
            work.map_and_check(viewer, upload_id, dataset=dataset, column_fields=fields, report=lambda words: None)
        return upload_id

    def recheck(self, email: str, upload_id: UUID) -> None:
        """Have an upload checked, or checked again, as a worker would."""
        with self.database.session(writes=True) as session:
            viewer = accounts.viewer_by_email(session, email)
            work.check(viewer, {"upload_id": str(upload_id)}, lambda words: None)

    def commit(
        self,
        email: str,
        content: str | bytes,
        name: str = "file.csv",
        *,
        answers: Mapping[str, str] | None = None,
        because: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Send a file, have it checked and make it live; `because` says why what must be confirmed is right."""
        upload_id = self.check(email, content, name)
        if answers:
            with self.writing(email) as viewer:
                corrections.answer(viewer, upload_id, answers)
            self.recheck(email, upload_id)
        with self.writing(email) as viewer:
            if because:
                corrections.confirm(viewer, upload_id, because)
            service.commit(viewer, upload_id)
        return self.outcome(email, upload_id)

    def undo(self, email: str, upload_id: str | UUID) -> None:
        with self.writing(email) as viewer:
            service.undo(viewer, UUID(str(upload_id)))

    def outcome(self, email: str, upload_id: UUID) -> dict[str, Any]:
        with self.reading(email) as viewer:
            return views.outcome(viewer, upload_id)


# --- Without a child process, where confinement is not what is tested ------------------------------------------------


admit_in_earnest = confined.admit


def admit_here(original: Path, file_name: str, limits: Limits, leave_out: Collection[str]) -> tuple[confined.Look, str]:
    """As `confined.admit`, in this process; a file that is to be written anew is, by a child."""
    if leave_out:
        return admit_in_earnest(original, file_name, limits, leave_out)
    with tempfile.TemporaryDirectory() as folder:
        table = reading.read(original, file_name, limits, Path(folder))
    if found := personal.find(table.headings, table.cells, above=table.above):
        raise personal.PersonalData(found)
    return look_here(original, file_name, limits, {}), file_name


def look_here(original: Path, file_name: str, limits: Limits, answers: Mapping[str, str]) -> confined.Look:
    """As `confined.look`, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        table = reading.read(original, file_name, limits, Path(folder), rows=reading.LOOK_ROWS, answers=answers)
    return confined.Look(
        columns=tuple(confined.Column(heading, tuple(table.samples(heading))) for heading in table.headings),
        format=table.format,
        encoding=table.encoding,
        delimiter=table.delimiter,
        sheet=table.sheet,
        sheets=table.sheets,
        hidden_sheets=table.hidden_sheets,
        heading_row=table.heading_row,
        marked_upload=table.marked_upload,
    )


def check_here(
    original: Path,
    file_name: str,
    limits: Limits,
    *,
    kind: DatasetKind,
    answers: Mapping[str, str],
    destination: Path,
    wait: confined.Wait,
    **options: Any,
) -> dict[str, Any]:
    """As `confined.check`, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        table = reading.read(original, file_name, limits, Path(folder), answers=answers)
    checked = checking.check(table, kind, answers=answers, **options)
    destination.mkdir()
    for name in confined.FINDINGS:
        getattr(checked, name).write_parquet(destination / f"{name}.parquet")
    with_problems = checked.problems["row"].drop_nulls().unique().implode()
    table.cells.filter(pl.col("row").is_in(with_problems)).write_parquet(destination / f"{confined.CELLS}.parquet")
    return checked.report
