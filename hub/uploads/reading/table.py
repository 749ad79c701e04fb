"""What every format ends as: a table of text, with its headings found and its cells trimmed.

Pure. Knows nothing of what the columns mean, and refuses what it cannot be sure of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from uuid import UUID

import polars as pl

from hub.errors import BadFile
from hub.uploads.findings import row_ranges

LOOK_SAMPLES = 3
TITLE_ROWS = 50
"""Among how many first rows the headings are looked for."""
WHAT_TO_FIX = re.compile(r"What to fix \(upload (?P<upload>[0-9a-f-]{36})\)")
MOST_HEADING_ROWS = 4
SUGGESTED_VALUES = "Suggested values"
SPLIT = "Split it, for example by month, and upload each part."


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How large an upload, and each thing in it, may be."""

    file_bytes: int = 50_000_000
    rows: int = 500_000
    columns: int = 300
    sheets: int = 50
    cell_characters: int = 32_767
    name_bytes: int = 255
    unpacked_bytes: int = 500_000_000
    ratio: int = 100
    ratio_counts_above_bytes: int = 10_000_000
    archive_entries: int = 100
    workbook_parts: int = 2_000
    seconds: int = 60
    memory_bytes: int = 1 << 30


@dataclass(frozen=True)
class Question:
    """Something about a file that only a person knows, and the answers there are."""

    code: str
    sentence: str
    choices: tuple[tuple[str, str], ...]
    """Each answer, and how it is put to a person."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a file holds, as text.

    `cells` has one line for each row that is not blank: `row` is its number in a spreadsheet, `0`, `1` … its cells,
    trimmed, null where empty, and `surplus` whatever stands to the right of the last heading.
    """

    headings: tuple[str, ...]
    cells: pl.DataFrame
    format: str
    encoding: str = ""
    delimiter: str = ""
    notes: tuple[str, ...] = ()
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    """Sheets or layers among which one can be chosen."""
    hidden_sheets: tuple[str, ...] = ()
    heading_row: int = 1
    above: tuple[tuple[int, str], ...] = ()
    """What stands above the headings, by row."""
    questions: tuple[Question, ...] = ()
    marked_upload: UUID | None = None
    """The upload that this file, given back marked, puts right."""

    def column(self, heading: str) -> str:
        """The name in `cells` of the column under a heading."""
        return str(self.headings.index(heading))

    def samples(self, heading: str) -> list[str]:
        """A few different values of a column."""
        return self.cells[self.column(heading)].drop_nulls().unique(maintain_order=True).head(LOOK_SAMPLES).to_list()


@dataclass(frozen=True)
class Merge:
    """Cells shown as one: the first and last row and column, rows counted from 1 and columns from 0."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int

    @property
    def is_wide(self) -> bool:
        """Whether it covers more than one column."""
        return self.last_column > self.first_column


# --- Where the headings are ------------------------------------------------------------------------------------------


def heading_row_of(rows: Sequence[tuple[int, Sequence[str]]], answers: Mapping[str, str]) -> int:
    """Find the first row from which a table clearly begins: one that fills more than half of what the rows below do.

    Parameters
    ----------
    rows
        The first rows that are not blank, by number.
    answers
        `heading_row`, where a person has said which it is.
    """
    if asked := answers.get("heading_row", "").strip():
        return _heading_row_asked_for(asked, rows)
    filled = [(number, sum(1 for cell in cells if cell.strip())) for number, cells in rows]
    most = median(count for _, count in filled)
    for (number, count), (following, fuller) in zip(filled, [*filled[1:], filled[-1]], strict=True):
        stands_alone = following > number + 1 and fuller > count
        if count > most / 2 and not stands_alone:
            return number
    return filled[0][0]


def _heading_row_asked_for(asked: str, rows: Sequence[tuple[int, Sequence[str]]]) -> int:
    known = [number for number, _ in rows]
    if not asked.isdecimal() or len(asked) > len("1000000") or int(asked) not in known:
        raise BadFile(
            f"Row '{asked[:20]}' cannot hold the headings: it is blank, or is not among the first rows.",
            remedy=f"Give the number of the row that holds them, from {known[0]} to {known[-1]}.",
        )
    return int(asked)


def heading_note(heading_row: int, above: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    """Say where the headings were found, unless they were where everybody expects them."""
    if not above:
        return ()
    return (f"The headings were read from row {heading_row}. What stands above them was left out.",)


def heading_band(rows: Mapping[int, Sequence[str]], merged: Sequence[Merge], heading_row: int) -> tuple[int, int]:
    """Find the rows that make up the headings together, by the merged cells that bind them."""
    first = last = heading_row
    for _ in range(MOST_HEADING_ROWS - 1):
        first = min([first, *(merge.first_row for merge in merged if _binds(merge, first, rows))])
        last = max([last, *(merge.last_row for merge in merged if first <= merge.first_row <= last)])
        if _has_headings_below(rows, merged, last):
            last += 1
    return max(first, last - MOST_HEADING_ROWS + 1), last


def _has_headings_below(rows: Mapping[int, Sequence[str]], merged: Sequence[Merge], last: int) -> bool:
    """Whether a heading that covers several columns has their own below it, and the others nothing."""
    wide = [merge for merge in merged if merge.is_wide and merge.last_row == last]
    covered = {column for merge in wide for column in range(merge.first_column, merge.last_column + 1)}
    below = {column for column, cell in enumerate(rows.get(last + 1, ())) if cell.strip()}
    alone = {column for column, cell in enumerate(rows.get(last, ())) if cell.strip()} - covered
    return bool(covered & below) and not alone & below


def _binds(merge: Merge, first: int, rows: Mapping[int, Sequence[str]]) -> bool:
    """Whether a merged cell above belongs to the headings, and is no title across them all."""
    if merge.first_row >= first:
        return False
    if merge.last_row >= first:
        return True
    anchors = sum(1 for cell in rows.get(merge.first_row, ()) if cell.strip())
    return merge.is_wide and merge.last_row == first - 1 and anchors > 1


def joined_headings(
    rows: Mapping[int, Sequence[str]], merged: Sequence[Merge], band: tuple[int, int], columns: int
) -> list[str]:
    """Join the headings of a band of rows into one name for each column."""
    first, last = band
    words = {
        (number, column): cell.strip()
        for number in range(first, last + 1)
        for column, cell in enumerate(rows.get(number, ()))
    }
    for merge in merged:
        if merge.is_wide and merge.last_row == last:  # With nothing below, it heads its first column only.
            continue
        value = words.get((merge.first_row, merge.first_column), "")
        for number in range(max(first, merge.first_row), min(last, merge.last_row) + 1):
            for column in range(merge.first_column, min(merge.last_column, columns - 1) + 1):
                words[number, column] = value
    return [
        " ".join(dict.fromkeys(filter(None, (words.get((number, column), "") for number in range(first, last + 1)))))
        for column in range(columns)
    ]


def named(cells: Sequence[str], limits: Limits) -> tuple[str, ...]:
    """Tidy headings, and refuse those that could not be told apart."""
    names = [" ".join(cell.split()) for cell in cells]
    while names and not names[-1] and len(names) > limits.columns:
        names.pop()
    if len(names) > limits.columns:
        raise too_many_columns(f"{len(names):,}", limits)
    for position, name in enumerate(names, start=1):
        if len(name.encode()) > limits.name_bytes:
            raise BadFile(
                f"The heading of column {position} is longer than {limits.name_bytes} bytes.",
                remedy="Shorten it, and check that the headings are in the first row.",
            )
        if name and names.index(name) != position - 1:
            raise BadFile(
                f"Columns {names.index(name) + 1} and {position} have the same heading, '{name[:60]}'.",
                remedy="Give each column its own heading.",
            )
    return tuple(name or f"Column {position}" for position, name in enumerate(names, start=1))


def too_many_columns(count: str, limits: Limits) -> BadFile:
    """Refuse a table that is too wide."""
    return BadFile(
        f"The file has {count} columns; the hub takes {limits.columns}.",
        remedy="Delete the columns that the dataset does not need.",
    )


def too_many_rows(limits: Limits) -> BadFile:
    """Refuse a table that is too long."""
    return BadFile(f"The file has more than {limits.rows:,} rows.", remedy=SPLIT)


# --- Cells -----------------------------------------------------------------------------------------------------------


def tidied(raw: pl.DataFrame, headings: tuple[str, ...], limits: Limits) -> pl.DataFrame:
    """Trim every cell, make the empty ones null, leave out blank rows, and refuse what is too much."""
    cells = pl.all().exclude("row")
    trimmed = raw.with_columns(cells.str.strip_chars())
    trimmed = trimmed.with_columns(pl.when(cells.str.len_bytes() > 0).then(cells), pl.col("row").cast(pl.Int64))
    trimmed = trimmed.filter(~pl.all_horizontal(cells.is_null()))
    if trimmed.is_empty():
        raise BadFile("The file has headings but no rows.", remedy="Check that you chose the right file.")
    _refuse_long_cells(trimmed, headings, limits)
    return trimmed


def _refuse_long_cells(cells: pl.DataFrame, headings: tuple[str, ...], limits: Limits) -> None:
    for column, heading in [*((str(position), one) for position, one in enumerate(headings)), ("surplus", "")]:
        longest = cells[column].str.len_bytes().max()
        if not isinstance(longest, int) or longest <= limits.cell_characters:
            continue
        too_long = cells.filter(pl.col(column).str.len_chars() > limits.cell_characters)["row"]
        if too_long.len():
            where = f"of '{heading}'" if heading else "to the right of the last heading"
            raise BadFile(
                f"A cell {where} holds more than {limits.cell_characters:,} characters "
                f"({row_ranges(too_long.to_list())}).",
                remedy="Shorten it, or delete the column if the dataset does not need it.",
            )


def unmarked(headings: tuple[str, ...], cells: pl.DataFrame) -> tuple[tuple[str, ...], pl.DataFrame, UUID | None]:
    """Take off the two columns that a file given back to its sender carries, and say which upload it was."""
    marks = [(heading, WHAT_TO_FIX.fullmatch(heading)) for heading in headings]
    found = next(((heading, mark) for heading, mark in marks if mark), None)
    if found is None or found[1] is None:
        return headings, cells, None
    try:
        upload = UUID(found[1]["upload"])
    except ValueError:
        return headings, cells, None
    return *without(headings, cells, {found[0], SUGGESTED_VALUES}), upload


def without(
    headings: tuple[str, ...], cells: pl.DataFrame, left_out: set[str] | frozenset[str]
) -> tuple[tuple[str, ...], pl.DataFrame]:
    """Leave columns out."""
    kept = [position for position, heading in enumerate(headings) if heading not in left_out]
    columns = (pl.col(str(old)).alias(str(new)) for new, old in enumerate(kept))
    narrower = cells.select("row", *columns, "surplus")
    blank = pl.all_horizontal(pl.all().exclude("row").is_null())
    return tuple(headings[position] for position in kept), narrower.filter(~blank)
