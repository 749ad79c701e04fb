"""What a check finds: each problem by row and column, how grave it is, in words with the value and the cure.

Keeps the first of many alike and the number of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl

KEPT_OF_EACH_CODE = 10_000
LONGEST_VALUE_SHOWN = 60

SCHEMA: dict[str, type[pl.DataType]] = {
    "row": pl.Int64,
    "column": pl.String,
    "code": pl.String,
    "severity": pl.String,
    "message": pl.String,
    "suggestion": pl.String,
}


class Severity(StrEnum):
    """How grave a problem is."""

    MUST_FIX = "must_fix"
    WE_CAN_FIX = "we_can_fix"
    PLEASE_CONFIRM = "please_confirm"
    NOTE = "note"

    @property
    def words(self) -> str:
        """The severity as a heading."""
        return {
            "must_fix": "Must be fixed",
            "we_can_fix": "We can fix",
            "please_confirm": "Please confirm",
            "note": "For your information",
        }[self]


GRAVEST_FIRST = tuple(Severity)


@dataclass
class Findings:
    """Problems as they are found."""

    totals: dict[str, tuple[Severity, int]] = field(default_factory=dict)
    _kept: list[pl.DataFrame] = field(default_factory=list)

    def in_rows(
        self,
        rows: pl.DataFrame,
        code: str,
        severity: Severity,
        column: str | None,
        message: pl.Expr,
        suggestion: pl.Expr | None = None,
    ) -> None:
        """Note one problem for each of some rows of the file; `rows` has their number in `row`.

        `suggestion` is what the cell should hold instead, where that can be told.
        """
        before = self.totals.get(code, (severity, 0))[1]
        if rows.is_empty():
            return
        self.totals[code] = (severity, before + rows.height)
        self._kept.append(
            rows.head(max(0, KEPT_OF_EACH_CODE - before)).select(
                pl.col("row").cast(pl.Int64),
                pl.lit(column, dtype=pl.String).alias("column"),
                pl.lit(code).alias("code"),
                pl.lit(str(severity)).alias("severity"),
                message.alias("message"),
                (pl.lit(None, dtype=pl.String) if suggestion is None else suggestion).alias("suggestion"),
            )
        )

    def in_file(
        self, code: str, severity: Severity, message: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        """Note one problem of the file as a whole, or of one place in it."""
        self.in_rows(pl.DataFrame({"row": [row]}, {"row": pl.Int64}), code, severity, column, pl.lit(message))

    def frame(self) -> pl.DataFrame:
        """Every problem kept: the gravest first, then those of the whole file, then by row."""
        found = pl.concat([pl.DataFrame(schema=SCHEMA), *self._kept])
        grave = pl.col("severity").replace_strict({str(kind): n for n, kind in enumerate(GRAVEST_FIRST)}, default=9)
        return found.sort(grave, pl.col("row"), maintain_order=True, nulls_last=False)

    def count(self, severity: Severity) -> int:
        """How many problems of this gravity there are, kept or not."""
        return sum(total for kind, total in self.totals.values() if kind is severity)


def shown(column: str) -> pl.Expr:
    """A cell as it may stand in a message: not too long."""
    text = pl.col(column).fill_null("")
    return (
        pl.when(text.str.len_chars() > LONGEST_VALUE_SHOWN)
        .then(pl.concat_str(text.str.slice(0, LONGEST_VALUE_SHOWN), pl.lit("…")))
        .otherwise(text)
    )


def row_ranges(rows: Iterable[int], *, most: int = 8) -> str:
    """Name rows briefly: `rows 2–48, 60 and 71–93`, or the first few ranges and how many rows more."""
    ranges: list[list[int]] = []
    for row in sorted(rows):
        if ranges and row == ranges[-1][1] + 1:
            ranges[-1][1] = row
        else:
            ranges.append([row, row])
    words = [f"{first:,}" if first == last else f"{first:,}–{last:,}" for first, last in ranges[:most]]
    more = sum(last - first + 1 for first, last in ranges[most:])
    if more:
        words.append(f"{more:,} more")
    is_one = len(ranges) == 1 and ranges[0][0] == ranges[0][1]
    return f"{'row' if is_one else 'rows'} {in_a_list(words)}"


def in_a_list(words: Sequence[str]) -> str:
    """Join words as a person would: `a, b and c`."""
    return " and ".join([*[", ".join(words[:-1])][: len(words) - 1], *words[-1:]])
