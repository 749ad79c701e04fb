"""Sheets and layers as grids of the cells that exist, and from a grid to a table.

Pure. Never walks the empty cells between those that exist, and never believes what a file says of its own size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from hub.errors import BadFile
from hub.uploads.findings import in_a_list
from hub.uploads.reading.table import (
    TITLE_ROWS,
    Limits,
    Merge,
    Table,
    heading_band,
    heading_note,
    heading_row_of,
    joined_headings,
    named,
    tidied,
    too_many_columns,
    too_many_rows,
    unmarked,
)
from hub.words import plural

ROWS_AT_ONCE = 20_000
A_NUMBER = r"^[+-]?[\d.,]+%?$"


@dataclass(frozen=True)
class Grid:
    """The cells of a sheet that exist: `row`, `0`, `1` … as text, and `surplus` for what stands too far right."""

    cells: pl.DataFrame
    merged: tuple[Merge, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class GridBuilder:
    """Gathers rows of cells into a grid, holding no more of them as Python objects than it must."""

    limits: Limits
    height: int = 0
    width: int = 0
    _numbers: list[int] = field(default_factory=list)
    _rows: list[Mapping[int, str]] = field(default_factory=list)
    _done: list[pl.DataFrame] = field(default_factory=list)

    def add(self, number: int, cells: Mapping[int, str]) -> None:
        """Add a row, by its number and the cells that hold something."""
        self.height += 1
        if self.height > self.limits.rows + TITLE_ROWS:
            raise too_many_rows(self.limits)
        self._numbers.append(number)
        self._rows.append(cells)
        if len(self._rows) == ROWS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        most = self.limits.columns
        widest = max((max(cells) for cells in self._rows), default=-1) + 1
        surplus: list[str | None] = [None] * len(self._rows)
        if widest > most:
            surplus = [next((cells[at] for at in sorted(cells) if at >= most), None) for cells in self._rows]
        self.width = max(self.width, min(widest, most))
        columns = {str(at): [cells.get(at) for cells in self._rows] for at in range(min(widest, most))}
        schema = {"row": pl.Int64, **dict.fromkeys([*columns, "surplus"], pl.String)}
        self._done.append(pl.DataFrame({"row": self._numbers, **columns, "surplus": surplus}, schema))
        self._numbers, self._rows = [], []

    def grid(self, merged: Sequence[Merge] = (), notes: Sequence[str] = ()) -> Grid:
        """All that was added."""
        self._flush()
        order = ["row", *(str(at) for at in range(self.width)), "surplus"]
        return Grid(pl.concat(self._done, how="diagonal").select(order), tuple(merged), tuple(notes))


@dataclass(frozen=True)
class Sheets:
    """The sheets of a workbook by name: those that can be chosen, and those that are hidden."""

    visible: tuple[str, ...]
    hidden: tuple[str, ...] = ()

    def require(self, limits: Limits) -> None:
        """Refuse too many of them, and none at all."""
        if len(self.visible) + len(self.hidden) > limits.sheets:
            raise BadFile(
                f"The file has {len(self.visible) + len(self.hidden)} sheets; the hub takes {limits.sheets}.",
                remedy="Save only those that are needed in a new file, and upload that.",
            )
        if not self.visible:
            raise BadFile(
                "The file has no visible sheet." if self.hidden else "The file has no sheet.",
                remedy="Show the sheet that holds the data, save the file and upload it again.",
            )

    def asked_for(self, answers: Mapping[str, str]) -> str | None:
        """The sheet that a person has chosen."""
        asked = answers.get("sheet")
        if asked and asked not in self.visible:
            raise BadFile(
                f"The file has no visible sheet '{asked[:60]}'.",
                remedy=f"Choose one of: {in_a_list([name[:60] for name in self.visible])}.",
            )
        return asked or None

    def notes(self, chosen: str) -> tuple[str, ...]:
        """Say which sheet was read, and which were not."""
        others = [f"'{name[:60]}'" for name in self.visible if name != chosen]
        hidden = [f"'{name[:60]}'" for name in self.hidden]
        return (
            *([f"The sheet '{chosen[:60]}' was read, and not {in_a_list(others)}."] if others else []),
            *([f"{plural(len(hidden), 'hidden sheet')} not read: {in_a_list(hidden)}."] if hidden else []),
        )


def _is_table(grid: Grid) -> bool:
    """Whether a sheet's first rows look like a table, and not like a cover page in one column."""
    columns = pl.all().exclude("row")
    wide = grid.cells.select(pl.sum_horizontal(columns.is_not_null()) > 1).to_series()
    return grid.cells.height > 1 and int(wide.sum()) * 2 > grid.cells.height


class Workbook(ABC):
    """An opened workbook, whatever its format."""

    format: str
    sheets: Sheets

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    @abstractmethod
    def grid(self, sheet: str, *, rows: int | None = None) -> Grid:
        """Read a sheet, or its first rows."""

    def table(self, *, rows: int | None, answers: Mapping[str, str]) -> Table:
        """Read the sheet asked for, or the first that holds a table and no cover page."""
        sheet = self.sheets.asked_for(answers) or self._first_table()
        grid = self.grid(sheet, rows=None if rows is None else rows + TITLE_ROWS)
        return self._tabled(grid, sheet, rows, answers)

    def cells(self, sheet: str) -> tuple[tuple[str, ...], pl.DataFrame]:
        """The headings and all the cells, headings too, of a sheet that is only looked through."""
        cells = self.grid(sheet).cells
        first_rows = _first_rows(cells)
        return tuple(first_rows[heading_row_of(list(first_rows.items()), {})]) if first_rows else (), cells

    def _first_table(self) -> str:
        visible = self.sheets.visible
        if len(visible) == 1:
            return visible[0]
        return next((sheet for sheet in visible if _is_table(self.grid(sheet, rows=TITLE_ROWS))), visible[0])

    def _tabled(self, grid: Grid, sheet: str, rows: int | None, answers: Mapping[str, str]) -> Table:
        """Find a sheet's headings, and give what stands below them."""
        limits, first_rows = self._limits, _first_rows(grid.cells)
        if not first_rows:
            raise BadFile("The sheet has no headings and no rows.", remedy="Choose another file or another sheet.")
        heading_row = heading_row_of(list(first_rows.items()), answers)
        first, last = heading_band(first_rows, grid.merged, heading_row)
        _refuse_too_wide(grid, last, limits)
        headings = named(_headings(first_rows, grid.merged, (first, last)), limits)
        body = _below(grid.cells, last, len(headings)).head(rows or limits.rows + 1)
        if body.height > limits.rows:
            raise too_many_rows(limits)
        body, filled = _with_merged_cells_filled(body, grid.merged)
        headings, cells, marked_upload = unmarked(headings, tidied(body, headings, limits))
        before = [(number, " ".join(filter(None, cells))) for number, cells in first_rows.items() if number < first]
        return Table(
            headings=headings,
            cells=cells,
            format=self.format,
            notes=(*self.sheets.notes(sheet), *heading_note(last, before), *grid.notes, *filled),
            sheet=sheet,
            sheets=self.sheets.visible,
            hidden_sheets=self.sheets.hidden,
            heading_row=last,
            above=tuple(before),
            marked_upload=marked_upload,
        )


def _first_rows(cells: pl.DataFrame) -> dict[int, list[str]]:
    start = cells.head(TITLE_ROWS).drop("surplus").fill_null("")
    return {int(number): [str(cell).strip() for cell in row] for number, *row in start.iter_rows()}


def _headings(first_rows: Mapping[int, Sequence[str]], merged: Sequence[Merge], band: tuple[int, int]) -> list[str]:
    first, last = band
    columns = max((len(cells) for cells in first_rows.values()), default=0)
    names = joined_headings(first_rows, merged, (first, last), columns)
    while names and not names[-1]:
        names.pop()
    return names


def _refuse_too_wide(grid: Grid, heading_row: int, limits: Limits) -> None:
    beyond = grid.cells.filter(pl.col("row") == heading_row)["surplus"]
    if beyond.drop_nulls().len():
        raise too_many_columns(f"more than {limits.columns}", limits)


def _below(cells: pl.DataFrame, heading_row: int, columns: int) -> pl.DataFrame:
    kept = [str(at) for at in range(columns)]
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in kept if name not in cells.columns]
    beyond = [name for name in cells.columns if name not in {"row", "surplus", *kept}]
    return (
        cells.filter(pl.col("row") > heading_row)
        .with_columns(*absent, pl.coalesce(*beyond, "surplus").alias("surplus"))
        .select("row", *kept, "surplus")
    )


def _with_merged_cells_filled(body: pl.DataFrame, merged: Sequence[Merge]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Give words in cells merged downwards to every row they stand beside; a number stays in its first row only."""
    tall: dict[str, list[tuple[int, int]]] = {}
    for merge in merged:
        if merge.last_row > merge.first_row and str(merge.first_column) in body.columns:
            tall.setdefault(str(merge.first_column), []).append((merge.first_row, merge.last_row))
    filled = 0
    for column, ranges in tall.items():
        words = body.select(pl.col("row").alias("first"), pl.col(column).alias("words"))
        spans = (
            pl.DataFrame(ranges, {"first": pl.Int64, "last": pl.Int64}, orient="row")
            .join(words, on="first")
            .filter(~pl.col("words").str.contains(A_NUMBER))
            .sort("first")
        )
        beside = body.select("row").join_asof(spans, left_on="row", right_on="first", strategy="backward")
        words_beside = beside.select(pl.when(pl.col("row") <= pl.col("last")).then("words")).to_series()
        before = body[column].null_count()
        body = body.with_columns(pl.coalesce(pl.col(column), words_beside).alias(column))
        filled += before - body[column].null_count()
    return body, (f"Filled from the merged cell they belong to: {plural(filled, 'cell')}.",) if filled else ()
