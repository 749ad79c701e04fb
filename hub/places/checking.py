"""Judges what was read from place files: may it be loaded, and what should be said about it.

Pure: takes what was read and what the hub holds already, gives back clean frames and findings; never refuses by itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import geopandas as gpd
import pandas as pd
import shapely

from geo import boundaries
from geo.frames import GeoError
from hub import words
from hub.places.reading import CITY_FILE, CityFacts, Finding, Kind, Outlines, PlaceFiles, Severity, Table

SLIVER_SQUARE_METRES = 500.0
"""Overlaps and gaps no larger than this are what rounding and generalising leave along an edge."""

SLIVER_METRES = 50.0
"""Ground of a borough that is no wider than this and lies in no ward is a difference in how two files are drawn."""

LONDON = CityFacts(
    name="London",
    is_fictional=False,
    attribution="Source: Office for National Statistics licensed under the Open Government Licence v3.0. "
    "Contains OS data © Crown copyright and database right 2022-2025. "
    "Contains public sector information licensed under the Open Government Licence (Metropolitan Police Service, "
    "data.police.uk, GLA/London Datastore, London Fire Brigade, Department for Transport).",
    in_force_from={"2014": dt.date(2014, 5, 22), "2018": dt.date(2018, 5, 3), "2022": dt.date(2022, 5, 5)},
)
_LONDON_BOROUGHS = frozenset(f"E09{number:06}" for number in range(1, 34))
_CITY_OF_LONDON = "E09000001"
"""Its own police force: no part of a Met BCU."""

_CODE = r"[A-Z]\d{8}"
_LONGEST = {"borough_name": 80, "bcu_name": 80, "ward_name": 120}
_NAMED = 5
CENSUS = "Census"

T = TypeVar("T")
AnyTable = TypeVar("AnyTable", bound=Table)
Judged: TypeAlias = Generator[Finding, None, T]
"""A judge yields what it finds and returns what may be kept."""


@dataclass(frozen=True)
class Edition:
    """One boundary set, ready to keep: `wards` indexed by ward_code, with ward_name, borough_code and geometry."""

    code: str
    in_force_from: dt.date
    source: str
    wards: gpd.GeoDataFrame

    @property
    def content_hash(self) -> str:
        """Names the codes, boroughs and outlines: the same for the same content, in whatever order it came."""
        wards = self.wards.sort_index()
        digest = hashlib.sha256()
        for code, borough, outline in zip(
            wards.index, wards["borough_code"], shapely.normalize(wards.geometry.to_numpy()), strict=True
        ):
            digest.update(f"{code} {borough} ".encode() + shapely.to_wkb(outline))
        return digest.hexdigest()


@dataclass(frozen=True)
class WardResidents:
    """Residents of one boundary set's wards, by ward_code."""

    residents: Mapping[str, int]
    source: str
    year: int


@dataclass(frozen=True)
class Known:
    """What the hub holds already, so that a file may be loaded alone."""

    city: CityFacts | None = None
    boroughs: gpd.GeoDataFrame | None = None
    """Indexed by borough_code, with borough_name and geometry; None while there are none."""
    wards: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """For each boundary set its wards, indexed by ward_code, with ward_name and borough_code."""
    with_residents: frozenset[str] = frozenset()
    """The boundary sets whose wards have residents."""


@dataclass(frozen=True)
class Places:
    """What may be kept; a part is None or empty where the files say nothing of it."""

    city: CityFacts | None = None
    boroughs: gpd.GeoDataFrame | None = None
    """Indexed by borough_code, with borough_name and geometry."""
    bcus: pd.Series[str] | None = None
    """The BCU's name by borough_code."""
    editions: tuple[Edition, ...] = ()
    ward_residents: Mapping[str, WardResidents] = field(default_factory=dict)
    """By boundary set."""
    borough_residents: pd.DataFrame | None = None
    """Columns borough_code, source, year, residents."""


def check(files: PlaceFiles, known: Known) -> tuple[Places, tuple[Finding, ...]]:
    """Judge place files against each other and against what the hub holds.

    Parameters
    ----------
    files : PlaceFiles
        From `reading.read`.
    known : Known
        What is loaded already.

    Returns
    -------
    places : Places
        Repaired and indexed; to be kept only when no finding is fatal.
    findings : tuple of Finding
        Those of reading first.
    """
    found = list(files.findings)
    judge = _judge(files, known)
    while True:
        try:
            found.append(next(judge))
        except StopIteration as end:
            return end.value, tuple(found)


def _judge(files: PlaceFiles, known: Known) -> Judged[Places]:
    city = yield from _city(files, known)
    if city is None:
        return Places()
    borough_table = yield from _only(files.outlines(Kind.BOROUGHS))
    boroughs = (yield from _boroughs(borough_table, known, city)) if borough_table else known.boroughs
    if boroughs is None:
        if borough_table is None and not is_fatal(files.findings):
            yield _fatal("boroughs.absent", "boroughs", "There is no file of boroughs.", "Add boroughs.gpkg.")
        return Places()
    bcu_table = yield from _only(files.of(Kind.BCUS))
    bcus = (yield from _bcus(bcu_table, boroughs)) if bcu_table else None
    in_force_from = {**(known.city.in_force_from if known.city else {}), **city.in_force_from}
    editions = yield from _editions(files, in_force_from, boroughs)
    ward_residents: Mapping[str, WardResidents] = {}
    if len(editions) == len(files.of(Kind.WARDS)):
        sets = {**known.wards, **{edition.code: edition.wards for edition in editions}}
        ward_residents = yield from _ward_residents(files, sets, boroughs)
        if len(ward_residents) == len(files.of(Kind.WARD_RESIDENTS)):
            yield from _without_residents(editions, known.with_residents | set(ward_residents))
    return Places(
        city=city,
        boroughs=boroughs if borough_table else None,
        bcus=bcus,
        editions=editions,
        ward_residents=ward_residents,
        borough_residents=(yield from _borough_residents(files, boroughs)),
    )


def is_fatal(findings: Iterable[Finding]) -> bool:
    """Whether nothing may be loaded."""
    return any(finding.severity is Severity.FATAL for finding in findings)


# --- Saying it -------------------------------------------------------------------------------------------------------


def _fatal(code: str, where: str, sentence: str, remedy: str) -> Finding:
    return Finding(Severity.FATAL, code, where, sentence, remedy)


def _warning(code: str, where: str, sentence: str, remedy: str = "") -> Finding:
    return Finding(Severity.WARNING, code, where, sentence, remedy)


def _note(code: str, where: str, sentence: str) -> Finding:
    return Finding(Severity.NOTE, code, where, sentence)


def _some(names: Iterable[object], *, separator: str = ", ") -> str:
    """The first few of a list, and how many more."""
    listed = [str(name) for name in names]
    rest = len(listed) - _NAMED
    return separator.join(listed[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")


def _area(square_metres: float) -> str:
    if square_metres >= 1e5:
        return f"{square_metres / 1e6:,.2f} km²"
    return f"{square_metres / 1e4:,.2f} ha" if square_metres >= 1e4 else f"{square_metres:,.0f} m²"


def _named(names: Mapping[str, str], codes: Iterable[str]) -> list[str]:
    return [f"{names[code]} ({code})" for code in codes]


def _names(places: pd.DataFrame, column: str) -> dict[str, str]:
    return dict(zip(places.index, places[column], strict=True))


def _only(tables: list[AnyTable]) -> Judged[AnyTable | None]:
    if len(tables) > 1:
        names = " and ".join(table.name for table in tables)
        yield _fatal("file.twice", names, f"More than one file holds {tables[0].kind}.", "Load one of them.")
    return tables[0] if tables else None


# --- The city, its boroughs and BCUs ---------------------------------------------------------------------------------


def _city(files: PlaceFiles, known: Known) -> Judged[CityFacts | None]:
    codes = {code for table in files.of(Kind.BOROUGHS) for code in table.frame["borough_code"]}
    is_london = codes & _LONDON_BOROUGHS or (known.city is not None and known.city.name == LONDON.name)
    city = files.city or (LONDON if is_london else known.city)
    if city is None:
        if not is_fatal(files.findings):
            sentence = "Nothing says which city this is: there is neither this file nor a borough of London."
            yield _fatal("city.absent", CITY_FILE, sentence, f"Add {CITY_FILE}, or the boroughs of London.")
        return None
    if known.city is not None and (known.city.name, known.city.is_fictional) != (city.name, city.is_fictional):
        yield _fatal(
            "city.other",
            city.name,
            f"This hub holds {known.city.name}, and these files are of {city.name}.",
            "A hub serves one city: load them into a hub with a database of its own.",
        )
    real = sorted(code for code in codes if code.startswith("E"))
    if city.is_fictional and real:
        yield _fatal(
            "city.not_fictional",
            CITY_FILE,
            f"{city.name} is called fictional, but has codes of real boroughs: {_some(real)}.",
            f"Correct {CITY_FILE} or the codes.",
        )
    return city


def _boroughs(table: Outlines, known: Known, city: CityFacts) -> Judged[gpd.GeoDataFrame | None]:
    labels = [*_label_findings(table, "borough_code", "borough_name"), *_completeness(table, known, city)]
    yield from labels
    return None if is_fatal(labels) else (yield from _clean_outlines(table, "borough_code", "borough_name"))


def _completeness(table: Outlines, known: Known, city: CityFacts) -> Iterator[Finding]:
    present = set(table.frame["borough_code"])
    if city.name == LONDON.name and not city.is_fictional and present != _LONDON_BOROUGHS:
        missing, strange = sorted(_LONDON_BOROUGHS - present), sorted(present - _LONDON_BOROUGHS)
        wrong = [f"missing: {_some(missing)}"] * bool(missing) + [f"not in London: {_some(strange)}"] * bool(strange)
        yield _fatal(
            "boroughs.not_33",
            table.name,
            f"London has 33 boroughs with the City, and the file {len(present)} ({'; '.join(wrong)}).",
            "Load a file with all 33.",
        )
    held = {} if known.boroughs is None else _names(known.boroughs, "borough_name")
    lost = _named(held, sorted(set(held) - present))
    if lost:
        yield _fatal(
            "boroughs.lost",
            table.name,
            f"The hub holds boroughs that the file leaves out: {_some(lost)}.",
            "A load never removes a borough: add them to the file.",
        )


def _label_findings(table: Table, code: str, name: str) -> Iterator[Finding]:
    """Codes that are missing, misshapen or repeated; names that are missing or too long."""
    frame = table.frame
    if frame.empty:
        yield _fatal("file.empty", table.name, f"It holds no {table.kind}.", "Export it again.")
    misshapen = frame.loc[~frame[code].str.fullmatch(_CODE), code]
    if len(misshapen):
        yield _fatal(
            f"{code}.misshapen",
            table.name,
            f"{words.plural(len(misshapen), 'row has', 'rows have')} no {code} of one letter and eight digits, but "
            f"{_some(repr(written) for written in misshapen)}.",
            "Give each its official code.",
        )
    repeated = frame.loc[frame[code].duplicated() & frame[code].str.fullmatch(_CODE), code].unique()
    if len(repeated):
        yield _fatal(
            f"{code}.repeated",
            table.name,
            f"{words.plural(len(repeated), f'{code} stands', f'values of {code} stand')} in more than one row: "
            f"{_some(repeated)}.",
            "Keep one row for each; join the parts of an outline into one.",
        )
    unnamed = frame.loc[~frame[name].str.len().between(1, _LONGEST[name]), code]
    if len(unnamed):
        yield _fatal(
            f"{name}.missing",
            table.name,
            f"{words.plural(len(unnamed), 'row has', 'rows have')} no {name}, or one of over {_LONGEST[name]} "
            f"characters: {_some(unnamed)}.",
            "Name each one.",
        )


def _bcus(table: Table, boroughs: pd.DataFrame) -> Judged[pd.Series[str]]:
    yield from _label_findings(table, "borough_code", "bcu_name")
    bcus = table.frame.set_index("borough_code")["bcu_name"]
    unknown = bcus.index.difference(boroughs.index)
    if len(unknown):
        yield _fatal(
            "bcus.unknown_borough",
            table.name,
            f"It names boroughs that are not known: {_some(unknown)}.",
            "Correct the codes, or load those boroughs too.",
        )
    for code, borough in _names(boroughs.drop(bcus.index, errors="ignore"), "borough_name").items():
        sentence = f"{borough} ({code}) is in no BCU"
        if code == _CITY_OF_LONDON:
            yield _note("bcus.city_of_london", table.name, f"{sentence}: it has a police force of its own.")
        else:
            yield _warning("bcus.borough_without", table.name, f"{sentence}.", "Add it if it should be.")
    return bcus


# --- Outlines --------------------------------------------------------------------------------------------------------


def _clean_outlines(table: Outlines, code: str, name: str) -> Judged[gpd.GeoDataFrame | None]:
    """Index by code, in order, and repair; None where an outline encloses nothing."""
    places: gpd.GeoDataFrame = table.frame.set_index(code).sort_index()
    coverage = boundaries.check_coverage(places)
    names = _names(places, name)
    faults = zip(_named(names, coverage.invalid.index), coverage.invalid, strict=True)
    listed = _some((f"{place}: {fault}" for place, fault in faults), separator="; ")
    try:
        repaired = boundaries.repair(places)
    except GeoError:
        sentence = f"Some of its outlines enclose no ground. Those that are not valid: {listed}."
        yield _fatal("outline.empty", table.name, sentence, "Correct or remove them in the source file.")
        return None
    if len(coverage.invalid):
        sentence = f"{words.plural(len(coverage.invalid), 'invalid outline')} repaired: {listed}."
        yield _warning("outline.repaired", table.name, sentence, "Look at them on the map.")
    yield from _overlap_findings(table, names, coverage.overlaps)
    yield from _gap_findings(table, names, repaired, coverage.gaps)
    return repaired


def _overlap_findings(table: Table, names: Mapping[str, str], overlaps: pd.DataFrame) -> Iterator[Finding]:
    large = overlaps[overlaps["square_metres"] > SLIVER_SQUARE_METRES]
    if len(large):
        pairs = _some(
            (
                f"{names[first]} ({first}) and {names[second]} ({second}) share {_area(square_metres)}"
                for first, second, square_metres in large.itertuples(index=False)
            ),
            separator="; ",
        )
        yield _fatal(
            "coverage.overlap",
            table.name,
            f"{words.plural(len(large), 'pair')} of {table.kind} overlap, by {_area(large['square_metres'].sum())} in "
            f"all: {pairs}.",
            "The same place would lie in both: correct the outlines.",
        )
    yield from _sliver_findings(table, "overlap", overlaps["square_metres"])


def _gap_findings(
    table: Table, names: Mapping[str, str], places: gpd.GeoDataFrame, gaps: gpd.GeoDataFrame
) -> Iterator[Finding]:
    large = gaps[gaps["square_metres"] > SLIVER_SQUARE_METRES]
    if len(large):
        listed = _some(
            (
                f"{_area(gap.area)} beside {_some(_named(names, places.index[places.dwithin(gap, 1.0)]))}"
                for gap in large.geometry
            ),
            separator="; ",
        )
        yield _warning(
            "coverage.gap",
            table.name,
            f"{words.plural(len(large), 'gap')} between {table.kind}, {_area(large['square_metres'].sum())} in all: "
            f"{listed}.",
            "Incidents there are placed in none of them: correct the outlines, unless nobody can be there.",
        )
    yield from _sliver_findings(table, "gap", gaps["square_metres"])


def _sliver_findings(table: Table, what: str, square_metres: pd.Series[float]) -> Iterator[Finding]:
    slivers = square_metres[square_metres <= SLIVER_SQUARE_METRES]
    if len(slivers):
        sentence = (
            f"{words.plural(len(slivers), what)} of no more than {_area(SLIVER_SQUARE_METRES)} between {table.kind} "
            f"left as found, {_area(slivers.sum())} in all."
        )
        yield _note(f"coverage.sliver_{what}", table.name, sentence)


# --- Wards -----------------------------------------------------------------------------------------------------------


def _editions(
    files: PlaceFiles, in_force_from: Mapping[str, dt.date], boroughs: gpd.GeoDataFrame
) -> Judged[tuple[Edition, ...]]:
    editions: dict[str, Edition] = {}
    for table in files.outlines(Kind.WARDS):
        code = table.edition or ""
        if code in editions:
            yield _fatal("file.twice", table.name, f"Another file holds the wards of {code} too.", "Load one of them.")
            continue
        labels = list(_ward_findings(table, boroughs))
        yield from labels
        wards = None if is_fatal(labels) else (yield from _clean_outlines(table, "ward_code", "ward_name"))
        if wards is None:
            continue
        yield from _astray_findings(table, wards, boroughs)
        yield from _uncovered_findings(table, wards, boroughs)
        day = in_force_from.get(code) or dt.date(int(code), 5, 1)
        if code not in in_force_from:
            sentence = f"Nothing says when its wards came into force: {words.date_name(day)} is taken."
            yield _note("wards.no_date", table.name, sentence)
        editions[code] = Edition(code, day, table.name, wards.drop(columns="borough_name"))
    return tuple(editions.values())


def _ward_findings(table: Outlines, boroughs: pd.DataFrame) -> Iterator[Finding]:
    frame = table.frame
    yield from _label_findings(table, "ward_code", "ward_name")
    strange = frame[~frame["borough_code"].isin(boroughs.index)]
    if len(strange):
        yield _fatal(
            "wards.unknown_borough",
            table.name,
            f"{words.plural(len(strange), 'ward is', 'wards are')} in a borough that is not known "
            f"({_some(sorted(strange['borough_code'].unique()))}): {_some(strange['ward_code'])}.",
            "Correct the borough codes, or load those boroughs too.",
        )
    bare = _names(boroughs.drop(frame["borough_code"].unique(), errors="ignore"), "borough_name")
    if bare:
        yield _fatal(
            "wards.borough_without",
            table.name,
            f"It has no ward in {words.plural(len(bare), 'borough')}: {_some(_named(bare, bare))}.",
            "A boundary set covers the whole city: add the missing wards.",
        )
    alike = frame[frame.duplicated(["borough_code", "ward_name"], keep=False)].sort_values("ward_name")
    if len(alike):
        yield _warning(
            "wards.same_name",
            table.name,
            f"Wards of one borough share a name: {_some(alike['ward_name'] + ' (' + alike['ward_code'] + ')')}.",
            "A row that gives only the name cannot be placed in either.",
        )
    names = _names(boroughs, "borough_name")
    for (code, label), count in Counter(zip(frame["borough_code"], frame["borough_name"], strict=True)).items():
        if label and label != names.get(code, label):
            sentence = f"{words.plural(count, 'ward')} of {names[code]} ({code}) labelled '{label}'; the code decides."
            yield _note("wards.borough_label", table.name, sentence)


def _astray_findings(table: Table, wards: gpd.GeoDataFrame, boroughs: gpd.GeoDataFrame) -> Iterator[Finding]:
    """Wards that lie mostly in another borough's outline than the one that they say, or in none."""
    outlines = dict(zip(boroughs.index, boroughs.geometry, strict=True))
    names = _names(boroughs, "borough_name")
    own = [outlines[code] for code in wards["borough_code"]]
    suspects = wards[~shapely.intersects(own, shapely.point_on_surface(wards.geometry.to_numpy()))]
    astray = []
    for code, name, borough, outline in suspects[["ward_name", "borough_code", "geometry"]].itertuples():
        shared = {place: shapely.area(shapely.intersection(outline, outlines[place])) for place in outlines}
        lies_in = max(shared, key=shared.__getitem__)
        if lies_in != borough or not shared[borough]:
            astray.append(
                f"{name} ({code}) of {names[borough]} lies in {names[lies_in] if shared[lies_in] else 'none'}"
            )
    if not astray:
        return
    listed = _some(astray, separator="; ")
    sentence = f"{words.plural(len(astray), 'ward lies', 'wards lie')} outside the borough of its code: {listed}."
    if len(astray) > len(wards) / 2:
        yield _fatal("wards.elsewhere", table.name, sentence, "Are these the wards of this city, in the right place?")
    else:
        yield _warning("wards.astray", table.name, sentence, "The code decides; look at them on the map.")


def _uncovered_findings(table: Table, wards: gpd.GeoDataFrame, boroughs: gpd.GeoDataFrame) -> Iterator[Finding]:
    """Ground at a borough's edge that no ward covers. What the wards enclose is a gap, and reported as that."""
    covered = shapely.get_parts(boundaries.outline(wards))
    filled = shapely.union_all(shapely.polygons(shapely.get_exterior_ring(covered)))
    bare = shapely.difference(boroughs.geometry.to_numpy(), filled)
    wide = shapely.buffer(shapely.buffer(bare, -SLIVER_METRES / 2), SLIVER_METRES / 2)
    by_borough = sorted(zip(shapely.area(wide), boroughs["borough_name"], strict=True), reverse=True)
    listed = [f"{_area(area)} of {name}" for area, name in by_borough if area > SLIVER_SQUARE_METRES]
    if listed:
        yield _warning(
            "coverage.uncovered",
            table.name,
            f"Ground of {words.plural(len(listed), 'borough')} lies in no ward: {_some(listed)}.",
            "Is a ward missing? Incidents there are placed in none, unless it is water.",
        )


# --- Residents -------------------------------------------------------------------------------------------------------


def _ward_residents(
    files: PlaceFiles, sets: Mapping[str, pd.DataFrame], boroughs: pd.DataFrame
) -> Judged[Mapping[str, WardResidents]]:
    by_set: dict[str, WardResidents] = {}
    for table in files.of(Kind.WARD_RESIDENTS):
        code = table.edition or _set_of(table.frame["ward_code"], sets)
        if code not in sets or not table.frame["ward_code"].isin(sets[code].index).any():
            sentence = f"Its codes are those of no boundary set{f' of {table.edition}' * bool(table.edition)}."
            yield _fatal("residents.no_wards", table.name, sentence, "Load the wards with it.")
        elif code in by_set:
            sentence = f"Another file gives the residents of the wards of {code} too."
            yield _fatal("file.twice", table.name, sentence, "Load one of them.")
        else:
            by_set[code] = yield from _residents_of_set(table, sets[code], boroughs)
    return by_set


def _set_of(ward_codes: pd.Series[str], sets: Mapping[str, pd.DataFrame]) -> str:
    """The boundary set that has most of the codes; of equals, the newest."""
    return max(sets, key=lambda code: (ward_codes.isin(sets[code].index).sum(), code), default="")


def _residents_of_set(table: Table, wards: pd.DataFrame, boroughs: pd.DataFrame) -> Judged[WardResidents]:
    source, year = _newest(table.frame)
    rows = table.frame[(table.frame["source"] == source) & (table.frame["year"] == year)]
    bears = _borough_of_row(rows, wards, boroughs)
    names = _names(boroughs, "borough_name")
    for code, residents in zip(bears[bears.ne("")], rows.loc[bears.ne(""), "residents"], strict=True):
        count = words.plural(int((wards["borough_code"] == code).sum()), "ward has", "wards have")
        sentence = f"{names[code]} ({code}) is one row of {residents:,} residents: its {count} no figure of their own."
        yield _note("residents.borough_row", table.name, sentence)
    rows = rows[bears.eq("")]
    repeated = rows.loc[rows["ward_code"].duplicated(), "ward_code"].unique()
    if len(repeated):
        sentence = (
            f"{words.plural(len(repeated), 'ward stands', 'wards stand')} in it more than once: {_some(repeated)}."
        )
        yield _fatal("residents.repeated", table.name, sentence, "Keep one row for each ward.")
    unknown = rows.loc[~rows["ward_code"].isin(wards.index), "ward_code"]
    if len(unknown):
        sentence = f"{words.plural(len(unknown), 'code')} of no ward of the boundary set: {_some(unknown)}."
        yield _warning("residents.unknown_ward", table.name, sentence, "These rows are left out.")
    missing = wards.index[~wards.index.isin(rows["ward_code"]) & ~wards["borough_code"].isin(bears)]
    if len(missing):
        sentence = f"{words.plural(len(missing), 'ward has', 'wards have')} no residents in it: {_some(missing)}."
        yield _warning("residents.missing_ward", table.name, sentence, "They are shown without a rate.")
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
    codes = {name: code for code, name in _names(boroughs, "borough_name").items()}
    by_name = rows["ward_name"].map(codes).where(rows["ward_name"].ne(own_name)).fillna("")
    return by_code.where(by_code.ne(""), by_name)


def _without_residents(editions: Iterable[Edition], with_residents: Iterable[str]) -> Iterator[Finding]:
    for edition in editions:
        if edition.code not in with_residents:
            sentence = f"There is no file of residents for the wards of {edition.code}."
            yield _warning("residents.absent", edition.source, sentence, "They are shown without rates.")


def _borough_residents(files: PlaceFiles, boroughs: pd.DataFrame) -> Judged[pd.DataFrame | None]:
    table = yield from _only(files.of(Kind.BOROUGH_RESIDENTS))
    if table is None:
        return None
    frame = table.frame
    if frame.duplicated(["borough_code", "source", "year"]).any():
        sentence = "A borough stands in it more than once."
        yield _fatal("residents.repeated", table.name, sentence, "Keep one row for each borough.")
    unknown = sorted(set(frame["borough_code"]) - set(boroughs.index))
    if unknown:
        sentence = f"{words.plural(len(unknown), 'code')} of no known borough: {_some(unknown)}."
        yield _warning("residents.unknown_borough", table.name, sentence, "These rows are left out.")
    missing = boroughs.loc[~boroughs.index.isin(frame["borough_code"]), "borough_name"]
    if len(missing):
        sentence = f"{words.plural(len(missing), 'borough has', 'boroughs have')} no residents in it: {_some(missing)}."
        yield _warning("residents.missing_borough", table.name, sentence, "They are shown without rates.")
    return frame[frame["borough_code"].isin(boroughs.index)]
