"""Judges figures of residents, of wards and of boroughs, against the places that they are given for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from hub import words
from hub.places.findings import Finding, Judged, fatal, names_of, note, some, warning
from hub.places.labels import only, set_of
from hub.places.reading import Kind, PlaceFiles, Table

CENSUS = "Census"


@dataclass(frozen=True)
class WardResidents:
    """Residents of one boundary set's wards, by ward_code."""

    residents: Mapping[str, int]
    source: str
    year: int


def ward_residents(
    files: PlaceFiles, sets: Mapping[str, pd.DataFrame], boroughs: pd.DataFrame
) -> Judged[Mapping[str, WardResidents]]:
    """Judge the residents of wards, by boundary set."""
    by_set: dict[str, WardResidents] = {}
    for table in files.of(Kind.WARD_RESIDENTS):
        code = table.edition or set_of(table.frame["ward_code"], sets)
        if code not in sets or not table.frame["ward_code"].isin(sets[code].index).any():
            sentence = f"Its codes are those of no boundary set{f' of {table.edition}' * bool(table.edition)}."
            yield fatal("residents.no_wards", table.name, sentence, "Load the wards with it.")
        elif code in by_set:
            sentence = f"Another file gives the residents of the wards of {code} too."
            yield fatal("file.twice", table.name, sentence, "Load one of them.")
        else:
            by_set[code] = yield from _residents_of_set(table, sets[code], boroughs)
    return by_set


def _residents_of_set(table: Table, wards: pd.DataFrame, boroughs: pd.DataFrame) -> Judged[WardResidents]:
    source, year = _newest(table.frame)
    rows = table.frame[(table.frame["source"] == source) & (table.frame["year"] == year)]
    bears = _borough_of_row(rows, wards, boroughs)
    names = names_of(boroughs, "borough_name")
    for code, residents in zip(bears[bears.ne("")], rows.loc[bears.ne(""), "residents"], strict=True):
        count = words.plural(int((wards["borough_code"] == code).sum()), "ward has", "wards have")
        sentence = f"{names[code]} ({code}) is one row of {residents:,} residents: its {count} no figure of their own."
        yield note("residents.borough_row", table.name, sentence)
    rows = rows[bears.eq("")]
    repeated = rows.loc[rows["ward_code"].duplicated(), "ward_code"].unique()
    if len(repeated):
        sentence = (
            f"{words.plural(len(repeated), 'ward stands', 'wards stand')} in it more than once: {some(repeated)}."
        )
        yield fatal("residents.repeated", table.name, sentence, "Keep one row for each ward.")
    unknown = rows.loc[~rows["ward_code"].isin(wards.index), "ward_code"]
    if len(unknown):
        sentence = f"{words.plural(len(unknown), 'code')} of no ward of the boundary set: {some(unknown)}."
        yield warning("residents.unknown_ward", table.name, sentence, "These rows are left out.")
    missing = wards.index[~wards.index.isin(rows["ward_code"]) & ~wards["borough_code"].isin(bears)]
    if len(missing):
        sentence = f"{words.plural(len(missing), 'ward has', 'wards have')} no residents in it: {some(missing)}."
        yield warning("residents.missing_ward", table.name, sentence, "They are shown without a rate.")
    known = rows[rows["ward_code"].isin(wards.index)]
    return WardResidents(dict(zip(known["ward_code"], known["residents"].tolist(), strict=True)), source, year)


def _newest(frame: pd.DataFrame) -> tuple[str, int]:
    """The source and year to count by: the newest census, or failing that the newest of any."""
    candidates = set(zip(frame["source"], frame["year"].tolist(), strict=True))
    return max(candidates, key=lambda candidate: (candidate[0] == CENSUS, candidate[1]))


def _borough_of_row(rows: pd.DataFrame, wards: pd.DataFrame, boroughs: pd.DataFrame) -> pd.Series[str]:
    """The borough that a row is about, where it is about no ward; blank for the rest.

    The City of London's wards are published as one row, under the borough's code or under the code of one of its
    wards. The second is told by its name, which is the borough's and not the ward's.
    """
    by_code = rows["ward_code"].where(rows["ward_code"].isin(boroughs.index), "")
    own_name = rows["ward_code"].map(wards["ward_name"])
    codes = {name: code for code, name in names_of(boroughs, "borough_name").items()}
    by_name = rows["ward_name"].map(codes).where(rows["ward_name"].ne(own_name)).fillna("")
    return by_code.where(by_code.ne(""), by_name)


def sets_without_residents(sources: Mapping[str, str], with_residents: Iterable[str]) -> Iterator[Finding]:
    """Name the boundary sets, by code with their files, that no residents are known of."""
    for code, source in sources.items():
        if code not in with_residents:
            sentence = f"There is no file of residents for the wards of {code}."
            yield warning("residents.absent", source, sentence, "They are shown without rates.")


def borough_residents(files: PlaceFiles, boroughs: pd.DataFrame) -> Judged[pd.DataFrame | None]:
    """Judge the residents of boroughs."""
    table = yield from only(files.of(Kind.BOROUGH_RESIDENTS))
    if table is None:
        return None
    frame = table.frame
    if frame.duplicated(["borough_code", "source", "year"]).any():
        sentence = "A borough stands in it more than once."
        yield fatal("residents.repeated", table.name, sentence, "Keep one row for each borough.")
    unknown = sorted(set(frame["borough_code"]) - set(boroughs.index))
    if unknown:
        sentence = f"{words.plural(len(unknown), 'code')} of no known borough: {some(unknown)}."
        yield warning("residents.unknown_borough", table.name, sentence, "These rows are left out.")
    missing = boroughs.loc[~boroughs.index.isin(frame["borough_code"]), "borough_name"]
    if len(missing):
        sentence = f"{words.plural(len(missing), 'borough has', 'boroughs have')} no residents in it: {some(missing)}."
        yield warning("residents.missing_borough", table.name, sentence, "They are shown without rates.")
    return frame[frame["borough_code"].isin(boroughs.index)]
