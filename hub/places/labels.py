"""Judges codes and names in place files: missing, misshapen, repeated, too long; and files that say the same. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import pandas as pd

from hub import words
from hub.places.findings import Finding, Judged, fatal, some
from hub.places.reading import Table

CODE = "[A-Z][0-9]{8}"
"""Letters and digits of ASCII: a comma, a plus or an asterisk in a borough's code would widen who sees its rows."""

LONGEST = {"borough_name": 80, "bcu_name": 80, "ward_name": 120, "lsoa_name": 120}

AnyTable = TypeVar("AnyTable", bound=Table)


def only(tables: list[AnyTable]) -> Judged[AnyTable | None]:
    """Take the one table of a kind; more than one would say different things."""
    if len(tables) > 1:
        names = " and ".join(table.name for table in tables)
        yield fatal("file.twice", names, f"More than one file holds {tables[0].kind}.", "Load one of them.")
    return tables[0] if tables else None


def label_findings(table: Table, code: str, name: str) -> Iterator[Finding]:
    """Codes that are missing, misshapen or repeated; names that are missing or too long."""
    frame = table.frame
    if frame.empty:
        yield fatal("file.empty", table.name, f"It holds no {table.kind}.", "Export it again.")
    misshapen = frame.loc[~frame[code].str.fullmatch(CODE), code]
    if len(misshapen):
        yield fatal(
            f"{code}.misshapen",
            table.name,
            f"{words.plural(len(misshapen), 'row has', 'rows have')} no {code} of one letter and eight digits, but "
            f"{some(repr(written) for written in misshapen)}.",
            "Give each its official code.",
        )
    repeated = frame.loc[frame[code].duplicated() & frame[code].str.fullmatch(CODE), code].unique()
    if len(repeated):
        yield fatal(
            f"{code}.repeated",
            table.name,
            f"{words.plural(len(repeated), f'{code} stands', f'values of {code} stand')} in more than one row: "
            f"{some(repeated)}.",
            "Keep one row for each; join the parts of an outline into one.",
        )
    unnamed = frame.loc[~frame[name].str.len().between(1, LONGEST[name]), code]
    if len(unnamed):
        yield fatal(
            f"{name}.missing",
            table.name,
            f"{words.plural(len(unnamed), 'row has', 'rows have')} no {name}, or one of over {LONGEST[name]} "
            f"characters: {some(unnamed)}.",
            "Name each one.",
        )


def set_of(ward_codes: pd.Series[str], sets: Mapping[str, pd.DataFrame]) -> str:
    """The boundary set that has most of the codes; of equals, the newest."""
    return max(sets, key=lambda code: (ward_codes.isin(sets[code].index).sum(), code), default="")
