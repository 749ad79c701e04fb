"""Reads place files into frames: outlines in metres on the National Grid, and tables of codes and figures.

Recognises a file by its columns. Knows no database, and judges nothing but whether a file can be read.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError

from geo.frames import NATIONAL_GRID
from hub.places.findings import Finding, Severity, Unusable

CITY_FILE = "CITY.json"
NOT_PLACES = "not a place file"

_OUTLINES = {".gpkg", ".geojson"}
_LONGEST_CITY_NAME, _LONGEST_ATTRIBUTION = 80, 500
_GRID_EAST, _GRID_NORTH = 800_000, 1_300_000
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_YEAR_OF_WARDS = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_ ]wards", re.IGNORECASE)
_LSOA = re.compile(r"lsoa_code|lsoa\d\dcd")
_WARD = re.compile(r"ward_code|wd\d\dcd")
_RESIDENTS = (
    (re.compile(r"census_((?:19|20)\d\d)$"), "Census"),
    (re.compile(r"mid_?year_estimate_((?:19|20)\d\d)$"), "Mid-year estimate"),
    (re.compile(r"population_iod_?((?:19|20)\d\d)$"), "Indices of Deprivation"),
    (re.compile(r"(?:population|residents)_((?:19|20)\d\d)$"), "Population"),
)
"""How columns of residents are headed, and their source as it is said before the year: 'Census 2021'."""


# --- What is read ----------------------------------------------------------------------------------------------------


class Kind(StrEnum):
    """What a table holds, with the columns it is known by."""

    BOROUGHS = "boroughs"
    BCUS = "BCUs"
    WARDS = "wards"
    WARD_RESIDENTS = "residents of wards"
    BOROUGH_RESIDENTS = "residents of boroughs"
    SMALL_AREAS = "LSOAs"
    LOOKUP = "LSOAs by ward"
    OUTWARD = "outward postcodes by ward"


COLUMNS = {
    Kind.BOROUGHS: ("borough_code", "borough_name"),
    Kind.BCUS: ("borough_code", "bcu_name"),
    Kind.WARDS: ("ward_code", "ward_name", "borough_code"),
    Kind.WARD_RESIDENTS: ("ward_code",),
    Kind.BOROUGH_RESIDENTS: ("borough_code",),
    Kind.SMALL_AREAS: ("lsoa_code", "borough_code"),
    Kind.LOOKUP: ("lsoa_code", "ward_code"),
    Kind.OUTWARD: ("outward_code", "ward_code", "share"),
}


@dataclass(frozen=True)
class Table:
    """What one file, or one layer of it, holds.

    `frame` has the columns of its kind, as text without outer spaces. Residents are one row for each code, `source`
    and `year`, those of wards with the label `ward_name`.
    """

    kind: Kind
    name: str
    frame: pd.DataFrame
    edition: str | None = None
    """The year of the wards, where the file's name says it."""


@dataclass(frozen=True)
class Outlines(Table):
    """A table whose `frame` also has outlines, in EPSG:27700, and for wards the label `borough_name`."""

    frame: gpd.GeoDataFrame


@dataclass(frozen=True)
class CityFacts:
    """What is to be said of the city, and when each of its boundary sets came into force."""

    name: str
    is_fictional: bool
    attribution: str
    in_force_from: Mapping[str, dt.date] = field(default_factory=dict)


@dataclass(frozen=True)
class Unused:
    """A file or layer left aside."""

    name: str
    reason: str


Found: TypeAlias = Table | CityFacts | Finding | Unused


@dataclass(frozen=True)
class PlaceFiles:
    """Everything read, everything found while reading, and which files were left aside and why."""

    tables: tuple[Table, ...]
    city: CityFacts | None
    findings: tuple[Finding, ...]
    unused: tuple[Unused, ...]

    def of(self, kind: Kind) -> list[Table]:
        """The tables of a kind, in the order read."""
        return [table for table in self.tables if table.kind is kind]

    def outlines(self, kind: Kind) -> list[Outlines]:
        """The tables of a kind that has outlines, in the order read."""
        return [table for table in self.of(kind) if isinstance(table, Outlines)]


def read(paths: Sequence[Path]) -> PlaceFiles:
    """Read place files, and the place files in folders.

    In a folder, what holds no places is left aside by name, and a GeoPackage is preferred to a GeoJSON of the same
    name. A file that is named itself must hold places. Files that cannot be read become fatal findings.

    Parameters
    ----------
    paths : sequence of Path
        Files and folders.

    Returns
    -------
    PlaceFiles
    """
    found = [each for path in paths for each in _read_path(path)]
    if all(isinstance(each, Unused) for each in found):
        where = ", ".join(map(str, paths))
        found.append(
            Finding(Severity.FATAL, "file.no_places", where, "There is no place file here.", _columns_wanted())
        )
    return PlaceFiles(
        tables=tuple(each for each in found if isinstance(each, Table)),
        city=next((each for each in found if isinstance(each, CityFacts)), None),
        findings=tuple(each for each in found if isinstance(each, Finding)),
        unused=tuple(each for each in found if isinstance(each, Unused)),
    )


def _read_path(path: Path) -> Iterator[Found]:
    if path.is_dir():
        yield from _read_folder(path)
    elif path.is_file():
        found = list(_read_file(path))
        yield from found
        if all(isinstance(each, Unused) for each in found):
            yield Finding(Severity.FATAL, "file.not_places", path.name, "It holds no places.", _columns_wanted())
    else:
        yield Finding(
            Severity.FATAL, "file.missing", str(path), "There is no such file or folder.", "Check how it is written."
        )


def _read_folder(folder: Path) -> Iterator[Found]:
    for path in sorted(folder.iterdir()):
        twin = path.with_suffix(".gpkg")
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield Unused(f"{path.name}/", "a folder inside the folder")
        elif path.suffix.lower() == ".geojson" and twin.is_file():
            yield Unused(path.name, f"{twin.name} is used instead")
        else:
            yield from _read_file(path)


def _read_file(path: Path) -> Iterator[Found]:
    suffix = path.suffix.lower()
    try:
        if path.name.upper() == CITY_FILE.upper():
            yield _read_city(path)
        elif suffix in _OUTLINES:
            yield from _read_outlines(path)
        elif suffix == ".csv":
            yield _read_csv(path)
        else:
            yield Unused(path.name, NOT_PLACES)
    except Unusable as refusal:
        yield refusal.finding
    except (DataSourceError, DataLayerError, ShapelyError):
        sentence = "It cannot be read as a GeoPackage or GeoJSON with outlines."
        remedy = "It may be cut short, damaged, or another kind of file: export it again."
        yield Finding(Severity.FATAL, "file.unreadable", path.name, sentence, remedy)


def _recognise(header: Iterable[str], *, has_outlines: bool) -> Kind | None:
    columns = set(header)
    if has_outlines:
        candidates: tuple[Kind, ...] = (Kind.SMALL_AREAS, Kind.WARDS, Kind.BOROUGHS)
    elif any(_LSOA.fullmatch(column) for column in columns):
        candidates = (Kind.LOOKUP,) if any(_WARD.fullmatch(column) for column in columns) else ()
        columns |= {"lsoa_code", "ward_code"}
    elif any(_source_and_year(column) for column in columns):
        candidates = (Kind.WARD_RESIDENTS, Kind.BOROUGH_RESIDENTS)
    else:
        candidates = (Kind.OUTWARD, Kind.BCUS)
    return next((kind for kind in candidates if columns.issuperset(COLUMNS[kind])), None)


def _columns_wanted() -> str:
    headed = "; ".join(f"{kind}: {', '.join(columns)}" for kind, columns in COLUMNS.items())
    return (
        f"Outlines are read from .gpkg and .geojson, tables from .csv, with these columns – {headed} – and residents "
        "in columns such as usual_residents_census_2021."
    )


# --- Outlines --------------------------------------------------------------------------------------------------------


def _read_outlines(path: Path) -> Iterator[Found]:
    layers = [str(layer) for layer in pyogrio.list_layers(path)[:, 0]]
    headers = {layer: [str(name).lower() for name in pyogrio.read_info(path, layer)["fields"]] for layer in layers}
    kinds = {layer: _recognise(header, has_outlines=True) for layer, header in headers.items()}
    if not any(kinds.values()):
        yield Unused(path.name, NOT_PLACES)
    for kind in {kind: None for kind in kinds.values() if kind}:
        candidates = [layer for layer in layers if kinds[layer] is kind]
        chosen = _choose_layer(path, candidates)
        yield from _read_layer(path, chosen, kind)
        for layer in candidates:
            if layer != chosen:
                yield Unused(f"{path.name}, layer {layer}", f"layer {chosen} is used instead")


def _choose_layer(path: Path, layers: list[str]) -> str:
    """Where several layers would do: the one called for what it holds, or as the file."""
    if len(layers) == 1:
        return layers[0]
    for name in ("wards", "boroughs", path.stem.lower()):
        for layer in layers:
            if layer.lower() == name:
                return layer
    raise Unusable(
        "file.ambiguous",
        path.name,
        f"Several of its layers hold the same kind of place: {', '.join(layers)}.",
        "Name the right one 'wards' or 'boroughs', or keep it alone in the file.",
    )


def _read_layer(path: Path, layer: str, kind: Kind) -> Iterator[Found]:
    edition = None if kind is Kind.BOROUGHS else _edition(path, layer, kind)
    frame = pyogrio.read_dataframe(path, layer=layer, force_2d=True)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise Unusable("file.no_outlines", path.name, "It has no outlines.", "Export it with its geometry.")
    frame = frame.rename(columns=str.lower)
    crs = _crs(frame, path.name)
    if crs.to_epsg() != NATIONAL_GRID:
        seen = crs.to_string() if crs.to_epsg() else crs.name
        frame = _reproject(frame, path.name, seen)
        sentence = f"Its outlines were turned from {seen} into EPSG:27700, to within about 2 m."
        yield Finding(Severity.NOTE, "crs.reprojected", path.name, sentence)
    _require_in_britain(frame, path.name)
    if kind is Kind.WARDS and "borough_name" not in frame:
        frame["borough_name"] = ""
    if kind is Kind.SMALL_AREAS and "lsoa_name" not in frame:
        frame["lsoa_name"] = frame["lsoa_code"]
    columns = list(dict.fromkeys([*COLUMNS[kind], *({"lsoa_name"} if kind is Kind.SMALL_AREAS else {"borough_name"})]))
    texts = {column: frame[column].map(str, na_action="ignore").fillna("").str.strip() for column in columns}
    yield Outlines(kind, path.name, frame.assign(**texts)[[*columns, "geometry"]], edition)


def _edition(path: Path, layer: str, kind: Kind) -> str:
    year = _YEAR.search(path.stem) or _YEAR.search(layer)
    if year is None and kind is Kind.SMALL_AREAS:
        raise Unusable(
            "small_areas.no_year",
            path.name,
            "Its name does not say which edition of the LSOAs it holds.",
            "Name it for the census that they were drawn for, for example lsoa-2021.gpkg.",
        )
    if year is None:
        raise Unusable(
            "wards.no_year",
            path.name,
            "Its name does not say which edition of the wards it holds.",
            "Name it for the year in which they came into force, for example wards-2022.gpkg.",
        )
    return year[1]


def _crs(frame: gpd.GeoDataFrame, name: str) -> CRS:
    if frame.crs is None or frame.crs.is_engineering:
        raise Unusable(
            "crs.missing",
            name,
            "It does not say which coordinate system its outlines are in.",
            "Save it again with its coordinate system declared: EPSG:27700 for the British National Grid.",
        )
    return frame.crs


def _reproject(frame: gpd.GeoDataFrame, name: str, seen: str) -> gpd.GeoDataFrame:
    try:
        return frame.to_crs(NATIONAL_GRID)
    except ProjError as error:
        raise Unusable(
            "crs.unknown", name, f"Its outlines cannot be turned from {seen} into EPSG:27700.", "Save it in EPSG:27700."
        ) from error


def _require_in_britain(frame: gpd.GeoDataFrame, name: str) -> None:
    drawn = frame[~(frame.geometry.isna() | frame.geometry.is_empty)]
    west, south, east, north = drawn.total_bounds
    if len(drawn) and not (west >= 0 and south >= 0 and east <= _GRID_EAST and north <= _GRID_NORTH):
        raise Unusable(
            "crs.wrong",
            name,
            "Its outlines lie outside Great Britain in the coordinate system that it declares.",
            "Find out which coordinate system the numbers are in, and save it again with that one declared.",
        )


# --- Tables ----------------------------------------------------------------------------------------------------------


def _read_csv(path: Path) -> Found:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        header = [column.strip().lower() for column in next(csv.reader(lines), [])]
    kind = _recognise(header, has_outlines=False)
    if kind is None:
        return Unused(path.name, NOT_PLACES)
    frame = pd.DataFrame(_rows(path, header), columns=header, dtype="str").apply(lambda column: column.str.strip())
    if kind is Kind.BCUS:
        return Table(kind, path.name, frame[list(COLUMNS[kind])])
    if kind is Kind.LOOKUP:
        return Table(kind, path.name, _lookup(frame))
    if kind is Kind.OUTWARD:
        return Table(kind, path.name, _outward(frame, path.name))
    if kind is Kind.BOROUGH_RESIDENTS:
        return Table(kind, path.name, _residents(frame, ["borough_code"], path.name))
    year = _YEAR_OF_WARDS.search(path.stem)
    labelled = frame if "ward_name" in frame else frame.assign(ward_name="")
    return Table(
        kind, path.name, _residents(labelled, ["ward_code", "ward_name"], path.name), year[1] if year else None
    )


def _rows(path: Path, header: list[str]) -> list[list[str]]:
    """The rows below the header, each as long as it: a comma too many would move figures between columns."""
    if len(set(header)) < len(header):
        raise Unusable("file.unreadable", path.name, "Two of its columns have the same heading.", "Rename one of them.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.reader(lines) if any(row)][1:]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unusable("file.unreadable", path.name, f"It is no table: {error}.", "Save it as CSV in UTF-8.") from error
    uneven = next((number for number, row in enumerate(rows, 2) if len(row) != len(header)), None)
    if uneven is not None:
        sentence = f"Row {uneven} has {len(rows[uneven - 2])} columns, and the heading {len(header)}."
        raise Unusable("file.uneven", path.name, sentence, "Put values that hold a comma between quotation marks.")
    return rows


def _lookup(frame: pd.DataFrame) -> pd.DataFrame:
    """The newest edition's codes, where the file has several."""
    newest = {
        name: max(column for column in frame.columns if pattern.fullmatch(column))
        for name, pattern in (("lsoa_code", _LSOA), ("ward_code", _WARD))
    }
    return pd.DataFrame({name: frame[column] for name, column in newest.items()})


def _outward(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    share = pd.to_numeric(frame["share"], errors="coerce")
    wrong = np.flatnonzero(share.isna())
    if wrong.size:
        sentence = f"'{frame['share'].iloc[wrong[0]]}' in row {wrong[0] + 2}, column share, is no share."
        raise Unusable("outward.not_a_number", name, sentence, "Write it as a part of 1, such as 0.25.")
    return frame[["outward_code", "ward_code"]].assign(outward_code=frame["outward_code"].str.upper(), share=share)


def _source_and_year(column: str) -> tuple[str, int] | None:
    found = ((pattern.search(column), source) for pattern, source in _RESIDENTS)
    return next(((source, int(match[1])) for match, source in found if match), None)


def _residents(frame: pd.DataFrame, labels: list[str], name: str) -> pd.DataFrame:
    """One row for each place, source and year; blanks left out."""
    parts = []
    for column in frame.columns:
        headed = _source_and_year(column)
        if headed is None:
            continue
        written = frame[column].str.replace(",", "")
        wrong = np.flatnonzero(written.ne("") & ~written.str.fullmatch(r"\d{1,9}"))
        if wrong.size:
            raise Unusable(
                "residents.not_a_number",
                name,
                f"'{frame[column].iloc[wrong[0]]}' in row {wrong[0] + 2}, column {column}, is no number of residents.",
                "Write a whole number, or leave it blank where it is not known.",
            )
        given = frame.loc[written.ne(""), labels]
        source, year = headed
        parts.append(given.assign(source=source, year=year, residents=written[given.index].astype("int64")))
    return pd.concat(parts, ignore_index=True)


# --- The city --------------------------------------------------------------------------------------------------------


def _read_city(path: Path) -> CityFacts:
    try:
        return _city_facts(json.loads(path.read_text(encoding="utf-8-sig")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unusable(
            "city.unreadable",
            path.name,
            "It does not say which city this is.",
            'Write {"name": "…", "fictional": true, "attribution": "…", "in_force_from": {"2022": "2022-05-05"}}, with '
            f"a name of at most {_LONGEST_CITY_NAME} characters and an attribution of at most {_LONGEST_ATTRIBUTION}.",
        ) from error


def _city_facts(written: Any) -> CityFacts:
    name, is_fictional, attribution = written["name"], written["fictional"], written["attribution"]
    if not (0 < len(name) <= _LONGEST_CITY_NAME and len(attribution) <= _LONGEST_ATTRIBUTION):
        raise ValueError("The name or the attribution is too long.")
    if not (isinstance(name, str) and isinstance(attribution, str) and isinstance(is_fictional, bool)):
        raise TypeError("The name or the attribution is no text, or fictional is neither true nor false.")
    dates = written.get("in_force_from", {}).items()
    return CityFacts(name, is_fictional, attribution, {year: dt.date.fromisoformat(day) for year, day in dates})
