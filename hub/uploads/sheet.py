"""One file as it is being checked: its rows, what its columns mean, and all that was found and asked so far.

Pure. Decides nothing itself: who reads months, places, categories and counts works on it in turn.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from hub.uploads.catalogue import MONTH_COUNTS, DatasetKind
from hub.uploads.findings import Findings, Severity
from hub.uploads.placing import Fate, Geography
from hub.uploads.reading import Table


@dataclass
class Sheet:
    """One file as it is being checked: `lines` is the file row by row, `findings` what was found so far."""

    table: Table
    kind: DatasetKind
    column_fields: Mapping[str, str]
    geography: Geography
    scope: frozenset[str]
    today: dt.date
    fixes: frozenset[str]
    answers: Mapping[str, str]
    reference_key: bytes = b""
    findings: Findings = field(default_factory=Findings)
    questions: list[dict[str, Any]] = field(default_factory=list)
    cells: pl.DataFrame = field(init=False)
    lines: pl.DataFrame = field(init=False)
    headings: Mapping[str, str] = field(init=False)
    """Heading of each field that has a column."""
    boundary_set_id: int | None = None
    months: list[dt.date] = field(default_factory=list)
    by_category: pl.DataFrame = field(init=False)
    edition: str = ""
    rows_left_out: int = 0

    def begin(self, edits: pl.DataFrame | None) -> None:
        """Lay out the rows by what their cells mean, as people have put them right."""
        self.headings = {key: heading for heading, key in self.column_fields.items() if key != MONTH_COUNTS}
        self.cells = _edited(self.table, edits)
        self.rows_left_out = self.table.cells.height - self.cells.height
        fields = [one for one in self.kind.fields if one.key != MONTH_COUNTS]
        self.lines = self.cells.select(
            "row",
            "surplus",
            *(
                pl.col(self.table.column(self.headings[one.key]))
                .fill_null(pl.lit(one.absent or None, dtype=pl.String))
                .alias(one.key)
                if one.key in self.headings
                else pl.lit(None, dtype=pl.String).alias(one.key)
                for one in fields
            ),
        )
        for question in self.table.questions:
            self.ask(question.code, None, question.sentence, list(question.choices))
        for note in self.table.notes:
            self.findings.in_file("text_cleaned", Severity.NOTE, note)

    def ask(
        self,
        code: str,
        column: str | None,
        sentence: str,
        choices: list[tuple[str, str]],
        *,
        is_required: bool = True,
    ) -> str | None:
        """Ask a person once; what must be answered stands in the way until it is. Returns the answer, if any."""
        answer = self.answers.get(f"{code}:{column}") or self.answers.get(code)
        answer = answer if answer in {value for value, _ in choices} else None
        self.questions.append(
            {
                "code": code,
                "column": column,
                "sentence": sentence,
                "choices": [list(choice) for choice in choices],
                "is_required": is_required,
                "answer": answer,
            }
        )
        if is_required and answer is None:
            self.findings.in_file(code, Severity.MUST_FIX, sentence, column=column)
        return answer

    def must_not(self, wrong: pl.Expr, code: str, column: str | None, message: pl.Expr) -> None:
        """Refuse the rows of the uploader's own boroughs in which something is wrong."""
        self.refuse(wrong, code, Severity.MUST_FIX, column, message)

    def refuse(
        self,
        wrong: pl.Expr,
        code: str,
        severity: Severity,
        column: str | None,
        message: pl.Expr,
        suggestion: pl.Expr | None = None,
    ) -> None:
        wrong = wrong & (pl.col("fate") != Fate.OUTSIDE)
        self.findings.in_rows(self.lines.filter(wrong), code, severity, column, message, suggestion)
        self.lines = self.lines.with_columns(pl.when(wrong).then(pl.lit(Fate.FAULTY)).otherwise("fate").alias("fate"))

    def kept(self) -> pl.DataFrame:
        return self.lines.filter(pl.col("fate").is_in([Fate.PLACED, Fate.UNPLACED]))


def _edited(table: Table, edits: pl.DataFrame | None) -> pl.DataFrame:
    """The cells as people have put them right, without the rows that they left out."""
    cells = table.cells
    if edits is None or edits.is_empty():
        return cells
    left_out = edits.filter(pl.col("column") == "")["row"]
    cells = cells.filter(~pl.col("row").is_in(left_out.implode()))
    for (heading,), changed in edits.filter(pl.col("column") != "").partition_by("column", as_dict=True).items():
        if heading not in table.headings:
            continue
        column = table.column(str(heading))
        trimmed = pl.col("value").str.strip_chars()
        value = pl.when(trimmed.str.len_bytes() > 0).then(trimmed).alias("value")
        cells = (
            cells.join(
                changed.select(pl.col("row").cast(pl.Int64), value, pl.lit(value=True).alias("is_changed")),
                on="row",
                how="left",
                maintain_order="left",
            )
            .with_columns(pl.when("is_changed").then("value").otherwise(column).alias(column))
            .drop("value", "is_changed")
        )
    return cells
