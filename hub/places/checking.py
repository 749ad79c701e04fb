"""Judges what was read from place files: may it be loaded, and what should be said about it.

Pure: takes what was read and what the hub holds already, gives back clean frames and findings; never refuses by itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import geopandas as gpd
import pandas as pd
import shapely

from hub import words
from hub.places import residents, small_areas
from hub.places.findings import Finding, Judged, fatal, is_fatal, named, names_of, note, some, warning
from hub.places.labels import label_findings, only
from hub.places.outlines import astray_findings, clean_outlines, uncovered_findings
from hub.places.reading import CITY_FILE, CityFacts, Kind, Outlines, PlaceFiles, Table
from hub.places.residents import WardResidents
from hub.places.small_areas import Lookup, SmallAreas

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
class Known:
    """What the hub holds already, so that a file may be loaded alone."""

    city: CityFacts | None = None
    boroughs: gpd.GeoDataFrame | None = None
    """Indexed by borough_code, with borough_name and geometry; None while there are none."""
    wards: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """For each boundary set its wards, indexed by ward_code, with ward_name and borough_code."""
    with_residents: frozenset[str] = frozenset()
    """The boundary sets whose wards have residents."""
    small_areas: Mapping[str, str] = field(default_factory=dict)
    """The borough of every small area of every edition."""


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
    small_areas: tuple[SmallAreas, ...] = ()
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
    """By boundary set."""
    outward: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """By boundary set: outward_code, ward_code, share."""


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
    borough_table = yield from only(files.outlines(Kind.BOROUGHS))
    boroughs = (yield from _boroughs(borough_table, known, city)) if borough_table else known.boroughs
    if boroughs is None:
        if borough_table is None and not is_fatal(files.findings):
            yield fatal("boroughs.absent", "boroughs", "There is no file of boroughs.", "Add boroughs.gpkg.")
        return Places()
    bcu_table = yield from only(files.of(Kind.BCUS))
    bcus = (yield from _bcus(bcu_table, boroughs)) if bcu_table else None
    in_force_from = {**(known.city.in_force_from if known.city else {}), **city.in_force_from}
    editions = yield from _editions(files, in_force_from, boroughs)
    areas = yield from small_areas.small_areas(files, boroughs)
    places = Places(city, boroughs if borough_table else None, bcus, editions, small_areas=areas)
    if len(editions) == len(files.of(Kind.WARDS)):
        places = yield from _on_wards(files, known, places, boroughs)
    return replace(places, borough_residents=(yield from residents.borough_residents(files, boroughs)))


def _on_wards(files: PlaceFiles, known: Known, places: Places, boroughs: pd.DataFrame) -> Judged[Places]:
    """Add what is said of wards and needs all of them to be sound."""
    sets = {**known.wards, **{edition.code: edition.wards for edition in places.editions}}
    counted = yield from residents.ward_residents(files, sets, boroughs)
    if len(counted) == len(files.of(Kind.WARD_RESIDENTS)):
        sources = {edition.code: edition.source for edition in places.editions}
        yield from residents.sets_without_residents(sources, known.with_residents | set(counted))
    borough_of = dict(known.small_areas)
    for one in places.small_areas:
        borough_of |= dict(zip(one.areas.index, one.areas["borough_code"], strict=True))
    return replace(
        places,
        ward_residents=counted,
        lookups=(yield from small_areas.lookups(files, borough_of, sets)),
        outward=(yield from small_areas.outward(files, sets)),
    )


# --- The city, its boroughs and BCUs ---------------------------------------------------------------------------------


def _city(files: PlaceFiles, known: Known) -> Judged[CityFacts | None]:
    codes = {code for table in files.of(Kind.BOROUGHS) for code in table.frame["borough_code"]}
    is_london = codes & _LONDON_BOROUGHS or (known.city is not None and known.city.name == LONDON.name)
    city = files.city or (LONDON if is_london else known.city)
    if city is None:
        if not is_fatal(files.findings):
            sentence = "Nothing says which city this is: there is neither this file nor a borough of London."
            yield fatal("city.absent", CITY_FILE, sentence, f"Add {CITY_FILE}, or the boroughs of London.")
        return None
    if known.city is not None and (known.city.name, known.city.is_fictional) != (city.name, city.is_fictional):
        yield fatal(
            "city.other",
            city.name,
            f"This hub holds {known.city.name}, and these files are of {city.name}.",
            "A hub serves one city: load them into a hub with a database of its own.",
        )
    real = sorted(code for code in codes if code.startswith("E"))
    if city.is_fictional and real:
        yield fatal(
            "city.not_fictional",
            CITY_FILE,
            f"{city.name} is called fictional, but has codes of real boroughs: {some(real)}.",
            f"Correct {CITY_FILE} or the codes.",
        )
    return city


def _boroughs(table: Outlines, known: Known, city: CityFacts) -> Judged[gpd.GeoDataFrame | None]:
    labels = [*label_findings(table, "borough_code", "borough_name"), *_completeness(table, known, city)]
    yield from labels
    return None if is_fatal(labels) else (yield from clean_outlines(table, "borough_code", "borough_name"))


def _completeness(table: Outlines, known: Known, city: CityFacts) -> Iterator[Finding]:
    present = set(table.frame["borough_code"])
    if city.name == LONDON.name and not city.is_fictional and present != _LONDON_BOROUGHS:
        missing, strange = sorted(_LONDON_BOROUGHS - present), sorted(present - _LONDON_BOROUGHS)
        wrong = [f"missing: {some(missing)}"] * bool(missing) + [f"not in London: {some(strange)}"] * bool(strange)
        yield fatal(
            "boroughs.not_33",
            table.name,
            f"London has 33 boroughs with the City, and the file {len(present)} ({'; '.join(wrong)}).",
            "Load a file with all 33.",
        )
    held = {} if known.boroughs is None else names_of(known.boroughs, "borough_name")
    lost = named(held, sorted(set(held) - present))
    if lost:
        yield fatal(
            "boroughs.lost",
            table.name,
            f"The hub holds boroughs that the file leaves out: {some(lost)}.",
            "A load never removes a borough: add them to the file.",
        )


def _bcus(table: Table, boroughs: pd.DataFrame) -> Judged[pd.Series[str]]:
    yield from label_findings(table, "borough_code", "bcu_name")
    bcus = table.frame.set_index("borough_code")["bcu_name"]
    unknown = bcus.index.difference(boroughs.index)
    if len(unknown):
        yield fatal(
            "bcus.unknown_borough",
            table.name,
            f"It names boroughs that are not known: {some(unknown)}.",
            "Correct the codes, or load those boroughs too.",
        )
    for code, borough in names_of(boroughs.drop(bcus.index, errors="ignore"), "borough_name").items():
        sentence = f"{borough} ({code}) is in no BCU"
        if code == _CITY_OF_LONDON:
            yield note("bcus.city_of_london", table.name, f"{sentence}: it has a police force of its own.")
        else:
            yield warning("bcus.borough_without", table.name, f"{sentence}.", "Add it if it should be.")
    return bcus


# --- Wards -----------------------------------------------------------------------------------------------------------


def _editions(
    files: PlaceFiles, in_force_from: Mapping[str, dt.date], boroughs: gpd.GeoDataFrame
) -> Judged[tuple[Edition, ...]]:
    editions: dict[str, Edition] = {}
    for table in files.outlines(Kind.WARDS):
        code = table.edition or ""
        if code in editions:
            yield fatal("file.twice", table.name, f"Another file holds the wards of {code} too.", "Load one of them.")
            continue
        labels = list(_ward_findings(table, boroughs))
        yield from labels
        wards = None if is_fatal(labels) else (yield from clean_outlines(table, "ward_code", "ward_name"))
        if wards is None:
            continue
        yield from astray_findings(table, wards, boroughs)
        yield from uncovered_findings(table, wards, boroughs)
        day = in_force_from.get(code) or dt.date(int(code), 5, 1)
        if code not in in_force_from:
            sentence = f"Nothing says when its wards came into force: {words.date_name(day)} is taken."
            yield note("wards.no_date", table.name, sentence)
        editions[code] = Edition(code, day, table.name, wards.drop(columns="borough_name"))
    return tuple(editions.values())


def _ward_findings(table: Outlines, boroughs: pd.DataFrame) -> Iterator[Finding]:
    frame = table.frame
    yield from label_findings(table, "ward_code", "ward_name")
    strange = frame[~frame["borough_code"].isin(boroughs.index)]
    if len(strange):
        yield fatal(
            "wards.unknown_borough",
            table.name,
            f"{words.plural(len(strange), 'ward is', 'wards are')} in a borough that is not known "
            f"({some(sorted(strange['borough_code'].unique()))}): {some(strange['ward_code'])}.",
            "Correct the borough codes, or load those boroughs too.",
        )
    bare = names_of(boroughs.drop(frame["borough_code"].unique(), errors="ignore"), "borough_name")
    if bare:
        yield fatal(
            "wards.borough_without",
            table.name,
            f"It has no ward in {words.plural(len(bare), 'borough')}: {some(named(bare, bare))}.",
            "A boundary set covers the whole city: add the missing wards.",
        )
    alike = frame[frame.duplicated(["borough_code", "ward_name"], keep=False)].sort_values("ward_name")
    if len(alike):
        yield warning(
            "wards.same_name",
            table.name,
            f"Wards of one borough share a name: {some(alike['ward_name'] + ' (' + alike['ward_code'] + ')')}.",
            "A row that gives only the name cannot be placed in either.",
        )
    names = names_of(boroughs, "borough_name")
    for (code, label), count in Counter(zip(frame["borough_code"], frame["borough_name"], strict=True)).items():
        if label and label != names.get(code, label):
            sentence = f"{words.plural(count, 'ward')} of {names[code]} ({code}) labelled '{label}'; the code decides."
            yield note("wards.borough_label", table.name, sentence)
