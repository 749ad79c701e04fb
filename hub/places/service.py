"""Boroughs, BCUs, boundary sets, wards and populations: reading them, naming areas of them, and loading them.

Public geography: nothing here is fenced, and nothing here tells what happened anywhere.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import joinedload, undefer

from geo.frames import NATIONAL_GRID
from hub import audit, db, words
from hub.access import Permission, Viewer
from hub.db import HubSession
from hub.errors import BadFile, NotFound
from hub.places import checking, reading
from hub.places.checking import CENSUS, Edition, Known, Places, WardResidents
from hub.places.models import Bcu, Borough, BoroughPopulation, BoundarySet, City, Ward
from hub.places.reading import CityFacts, Finding, Severity, Unused

LONDON = "london"
"""The slug of the area that is every borough, in a fictional city too."""

_MOST_SETS_REMEMBERED = 8
_REMEMBERED: dict[str, Mapping[str, shapely.Geometry]] = {}
"""Outlines by ward_code, by the content hash of their set: what is remembered can never be out of date."""

_LABELS = (Ward.name, Ward.borough_code, Ward.residents, Ward.residents_source, Ward.residents_year)
_LABEL_TYPES = {
    "ward_name": "str",
    "borough_code": "str",
    "residents": "float64",
    "residents_source": "str",
    "residents_year": "Int64",
}

WardsInUse = Callable[[HubSession, int], Collection[str]]
"""Tells which ward codes of a boundary set stand in committed rows."""


# --- Areas -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Area:
    """What a person looks at: a borough, a BCU, or the whole city."""

    slug: str
    name: str
    kind: str
    """borough, bcu or london."""
    borough_codes: frozenset[str]

    @property
    def key(self) -> str:
        """Its boroughs, named the same way every time."""
        return db.area_key(self.borough_codes)


def area(viewer: Viewer, slug_or_name: str, permission: Permission) -> Area:
    """Find an area by borough code, BCU slug, `london`, or the name of any of them in any case.

    Raises
    ------
    NotFound
        If there is none, or it is not wholly in the viewer's scope.
    NotAllowed
        If the viewer's role does not give the permission in all of it.
    """
    wanted = _plain(slug_or_name)
    for each in _every_area(viewer.session):
        if wanted in {_plain(each.slug), _plain(each.name)}:
            viewer.require(permission, each.borough_codes)
            return each
    raise NotFound


def areas(viewer: Viewer, permission: Permission) -> list[Area]:
    """List the areas in all of whose boroughs the viewer has the permission: the city, BCUs, boroughs by name."""
    return [each for each in _every_area(viewer.session) if viewer.may(permission, each.borough_codes)]


def _every_area(session: HubSession) -> list[Area]:
    everywhere = boroughs(session)
    if not everywhere:
        return []
    by_bcu: dict[tuple[str, str], set[str]] = {}
    for borough in everywhere:
        if borough.bcu is not None:
            by_bcu.setdefault((borough.bcu.name, borough.bcu.slug), set()).add(borough.code)
    its_city = city(session)
    return [
        Area(LONDON, its_city.name if its_city else "London", "london", frozenset(each.code for each in everywhere)),
        *(Area(slug, name, "bcu", frozenset(codes)) for (name, slug), codes in sorted(by_bcu.items())),
        *(Area(each.code, each.name, "borough", frozenset({each.code})) for each in everywhere),
    ]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


# --- Readers ---------------------------------------------------------------------------------------------------------


def city(session: HubSession) -> City | None:
    """Get the city that this hub serves; None until places are loaded."""
    return session.scalar(select(City))


def boroughs(session: HubSession, codes: Collection[str] | None = None) -> list[Borough]:
    """List boroughs by name, each with its BCU: those asked for, or all."""
    wanted = select(Borough).options(joinedload(Borough.bcu)).order_by(Borough.name)
    if codes is not None:
        wanted = wanted.where(Borough.code.in_(codes))
    return list(session.scalars(wanted))


def every_borough(session: HubSession) -> frozenset[str]:
    """List the codes of all boroughs."""
    return frozenset(session.scalars(select(Borough.code)))


def bcu_boroughs(session: HubSession, bcu_id: int) -> frozenset[str]:
    """List the codes of a BCU's boroughs."""
    return frozenset(session.scalars(select(Borough.code).where(Borough.bcu_id == bcu_id)))


def named_areas(session: HubSession) -> list[frozenset[str]]:
    """List the sets of boroughs that are a BCU."""
    members: dict[int, set[str]] = {}
    for bcu_id, code in session.execute(select(Borough.bcu_id, Borough.code)):
        if bcu_id is not None:
            members.setdefault(bcu_id, set()).add(code)
    return [frozenset(codes) for codes in members.values()]


def boundary_sets(session: HubSession) -> list[BoundarySet]:
    """List the boundary sets, newest first."""
    return list(session.scalars(select(BoundarySet).order_by(BoundarySet.in_force_from.desc())))


def boundary_set(session: HubSession, boundary_set_id: int) -> BoundarySet:
    """Get one boundary set.

    Raises
    ------
    NotFound
        If there is none with that id.
    """
    found = session.get(BoundarySet, boundary_set_id)
    if not isinstance(found, BoundarySet):
        raise NotFound
    return found


def ward_index(session: HubSession) -> pd.DataFrame:
    """List every ward of every boundary set, to tell which set a file's codes and names belong to.

    Returns
    -------
    DataFrame
        Columns boundary_set_id, ward_code, ward_name, borough_code, sorted by the first two.
    """
    rows = session.execute(
        select(Ward.boundary_set_id, Ward.code, Ward.name, Ward.borough_code).order_by(Ward.boundary_set_id, Ward.code)
    )
    return pd.DataFrame(rows.all(), columns=["boundary_set_id", "ward_code", "ward_name", "borough_code"])


def wards(session: HubSession, boundary_set_id: int, borough_codes: Collection[str] | None = None) -> gpd.GeoDataFrame:
    """Get the wards of a boundary set, of some boroughs or of all.

    Returns
    -------
    GeoDataFrame
        EPSG:27700, the caller's own. Index ward_code, sorted; columns ward_name, borough_code, residents (float, NaN
        where not known), residents_source (blank where not known), residents_year (Int64) and geometry. Source and
        year read together: "Census" "2021".

    Raises
    ------
    NotFound
        If there is no such boundary set.
    """
    boundary_set(session, boundary_set_id)
    wanted = (
        select(Ward.code, *_LABELS, BoundarySet.content_hash)
        .join(BoundarySet, BoundarySet.id == Ward.boundary_set_id)
        .where(Ward.boundary_set_id == boundary_set_id)
        .order_by(Ward.code)
    )
    if borough_codes is not None:
        wanted = wanted.where(Ward.borough_code.in_(borough_codes))
    rows = session.execute(wanted).all()
    outlines: Mapping[str, shapely.Geometry] | None = None
    # Labels and outlines are only joined when of the same content, though a load come between.
    while rows and (outlines := _REMEMBERED.get(rows[0].content_hash)) is None:
        _remember(session, boundary_set_id)
        rows = session.execute(wanted).all()
    frame = pd.DataFrame(rows, columns=["ward_code", *_LABEL_TYPES, "content_hash"]).set_index("ward_code")
    return gpd.GeoDataFrame(
        frame.drop(columns="content_hash").astype(_LABEL_TYPES),
        geometry=[outlines[code] for code in frame.index] if outlines else [],
        crs=NATIONAL_GRID,
    )


def _remember(session: HubSession, boundary_set_id: int) -> None:
    rows = session.execute(
        select(BoundarySet.content_hash, Ward.code, Ward.outline)
        .join(BoundarySet, BoundarySet.id == Ward.boundary_set_id)
        .where(Ward.boundary_set_id == boundary_set_id)
    ).all()
    if len(_REMEMBERED) >= _MOST_SETS_REMEMBERED:
        _REMEMBERED.clear()
    if rows:
        _REMEMBERED[rows[0].content_hash] = {row.code: row.outline for row in rows}


def borough_outlines(session: HubSession, codes: Collection[str] | None = None) -> gpd.GeoDataFrame:
    """Get boroughs with their outlines: those asked for, or all.

    Returns
    -------
    GeoDataFrame
        EPSG:27700. Index borough_code, sorted; columns borough_name and geometry.
    """
    wanted = select(Borough.code, Borough.name, Borough.outline).order_by(Borough.code)
    if codes is not None:
        wanted = wanted.where(Borough.code.in_(codes))
    frame = pd.DataFrame(session.execute(wanted).all(), columns=["borough_code", "borough_name", "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=NATIONAL_GRID).set_index("borough_code")


def borough_residents(session: HubSession, codes: Collection[str]) -> dict[str, BoroughPopulation]:
    """Get the residents of boroughs by the newest census, or where there is none by the newest of any source."""
    rows = session.scalars(select(BoroughPopulation).where(BoroughPopulation.borough_code.in_(codes)))
    rising = sorted(rows, key=lambda population: (population.source == CENSUS, population.year))
    return {population.borough_code: population for population in rising}


# --- Loading ---------------------------------------------------------------------------------------------------------


class Outcome(StrEnum):
    """What a load did to one kind of place."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Loaded:
    """One kind of place in a load, and what became of it."""

    what: str
    outcome: Outcome
    detail: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many it holds now, for a script."""


@dataclass(frozen=True)
class PlacesReport:
    """What a load did and what it found."""

    city: str
    loaded: tuple[Loaded, ...]
    findings: tuple[Finding, ...]
    unused: tuple[Unused, ...]

    @property
    def is_unchanged(self) -> bool:
        """Whether the hub held all of it already."""
        return all(each.outcome is Outcome.UNCHANGED for each in self.loaded)

    def of(self, severity: Severity) -> list[Finding]:
        """The findings of one severity."""
        return [finding for finding in self.findings if finding.severity is severity]

    def lines(self) -> list[str]:
        """The report, for a person to read."""
        state = "nothing has changed" if self.is_unchanged else "places loaded"
        return [
            f"{self.city}: {state}.",
            *(f"  {each.what}: {each.outcome}{f' – {each.detail}' if each.detail else ''}" for each in self.loaded),
            *_listed("Look at these:", self.of(Severity.WARNING)),
            *_listed("Worth knowing:", self.of(Severity.NOTE)),
            *_listed("Left aside:", [f"{each.name} ({each.reason})" for each in self.unused]),
        ]

    def as_dict(self) -> dict[str, Any]:
        """The report, for a script."""
        return {
            "city": self.city,
            "state": "unchanged" if self.is_unchanged else "loaded",
            "places": [asdict(each) for each in self.loaded],
            "findings": [asdict(finding) for finding in self.findings],
            "not_used": [asdict(each) for each in self.unused],
        }


def _listed(heading: str, items: Iterable[object]) -> list[str]:
    lines = [f"  {item}" for item in items]
    return [heading, *lines] if lines else []


class PlacesRefused(BadFile):
    """Nothing was loaded, for the reasons in `findings`."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        fatal = [finding for finding in self.findings if finding.severity is Severity.FATAL]
        if len(fatal) == 1:
            super().__init__(f"{fatal[0].where}: {fatal[0].sentence}", remedy=fatal[0].remedy)
        else:
            reasons = "".join(f"\n- {finding}" for finding in fatal)
            super().__init__(
                f"No places were loaded, for {len(fatal)} reasons:{reasons}", remedy="Put these right, then load again."
            )


def load_places(
    session: HubSession, paths: Sequence[Path], *, actor: str, wards_in_use: WardsInUse | None = None
) -> PlacesReport:
    """Load place files, or none of them; what the hub holds already stays as it is.

    A boundary set whose file has changed keeps its id. It never loses a ward, nor sees one change borough, while
    committed rows may bear its code.

    Parameters
    ----------
    session : HubSession
        Open for writing; its scope does not matter.
    paths : sequence of Path
        Files and folders.
    actor : str
        Whom to name in the audit record.
    wards_in_use : function, optional
        Tells which ward codes stand in committed rows. Without it, every ward is taken to be in use.

    Raises
    ------
    PlacesRefused
        If anything is fatal, naming all that is.
    """
    db.lock(session, "places")
    files = reading.read(paths)
    known = _known(session)
    places, findings = checking.check(files, known)
    findings += tuple(_ward_losses(session, places, known, actor, wards_in_use))
    if checking.is_fatal(findings) or places.city is None:
        raise PlacesRefused(findings)
    loaded = (
        _keep_city(session, places.city),
        *_keep_boroughs(session, places.boroughs),
        *_keep_bcus(session, places.bcus),
        *_keep_wards(session, places),
        *_keep_borough_residents(session, places.borough_residents),
    )
    report = PlacesReport(places.city.name, loaded, findings, files.unused)
    audit.record_as(
        session,
        actor,
        "places.loaded",
        places.city.name,
        files=sorted({table.name for table in files.tables}),
        outcomes={each.what: each.outcome for each in loaded},
        warnings=len(report.of(Severity.WARNING)),
    )
    return report


def _known(session: HubSession) -> Known:
    sets = boundary_sets(session)
    its_city = city(session)
    dates = {each.code: each.in_force_from for each in sets}
    outlines = borough_outlines(session)
    held = {each.code: wards(session, each.id) for each in sets}
    return Known(
        city=CityFacts(its_city.name, its_city.is_fictional, its_city.attribution, dates) if its_city else None,
        boroughs=None if outlines.empty else outlines,
        wards=held,
        with_residents=frozenset(code for code, frame in held.items() if frame["residents"].notna().any()),
    )


def _ward_losses(
    session: HubSession, places: Places, known: Known, actor: str, wards_in_use: WardsInUse | None
) -> Iterator[Finding]:
    """Refuse to take away wards, or to move them to another borough, that committed rows may name."""
    for edition in places.editions:
        before = known.wards.get(edition.code)
        if before is None:
            continue
        after = edition.wards["borough_code"].reindex(before.index)
        lost = set(before.index[after != before["borough_code"]])
        if lost and wards_in_use is not None:
            its_set = _set_called(session, edition.code)
            with audit.everywhere(session, actor=actor, reason=f"Which wards of {edition.code} hold data"):
                lost &= set(wards_in_use(session, its_set.id)) if its_set else set()
        if lost:
            named = ", ".join(sorted(lost)[:5]) + (f" and {len(lost) - 5:,} more" if len(lost) > 5 else "")
            yield Finding(
                Severity.FATAL,
                "wards.in_use",
                edition.source,
                f"It leaves out, or moves to another borough, {words.plural(len(lost), 'ward')} of {edition.code} that "
                f"committed data stands on: {named}.",
                "If these are the wards of another year, name the file for that year; else put the wards back.",
            )


def _set_called(session: HubSession, code: str) -> BoundarySet | None:
    return session.scalar(select(BoundarySet).where(BoundarySet.code == code))


def _keep_city(session: HubSession, facts: CityFacts) -> Loaded:
    held = city(session)
    wanted = {"name": facts.name, "is_fictional": facts.is_fictional, "attribution": facts.attribution}
    if held is None:
        session.add(City(**wanted))
        return Loaded(facts.name, Outcome.NEW)
    is_same = all(getattr(held, name) == value for name, value in wanted.items())
    held.attribution = facts.attribution
    return Loaded(facts.name, Outcome.UNCHANGED if is_same else Outcome.CHANGED)


def _keep_boroughs(session: HubSession, frame: gpd.GeoDataFrame | None) -> Iterator[Loaded]:
    if frame is None:
        return
    held = {each.code: each for each in session.scalars(select(Borough).options(undefer(Borough.outline)))}
    changed = 0
    for code, name, outline in frame[["borough_name", "geometry"]].itertuples():
        borough = held.get(code)
        if borough is None:
            session.add(Borough(code=code, name=name, outline=outline))
        elif borough.name != name or borough.outline != outline:
            borough.name, borough.outline = name, outline
        else:
            continue
        changed += 1
    session.flush()
    outcome = _outcome(changed, is_new=not held)
    yield Loaded(words.plural(len(frame), "borough"), outcome, counts={"boroughs": len(frame)})


def _keep_bcus(session: HubSession, by_borough: pd.Series[str] | None) -> Iterator[Loaded]:
    if by_borough is None:
        return
    held = {each.slug: each for each in session.scalars(select(Bcu))}
    is_new, changed, moved = not held, 0, []
    for name in sorted(set(by_borough)):
        slug = _slug(name)
        if slug not in held:
            held[slug] = Bcu(slug=slug, name=name)
            session.add(held[slug])
            changed += 1
        elif held[slug].name != name:
            held[slug].name = name
            changed += 1
    wanted = {code: held[_slug(name)] for code, name in by_borough.items()}
    for borough in boroughs(session):
        after = wanted.get(borough.code)
        if borough.bcu is not after:
            if not is_new:
                moved.append(f"{borough.name} from {_bcu_name(borough.bcu)} to {_bcu_name(after)}")
            borough.bcu = after
            changed += 1
    session.flush()
    detail = f"moved: {', '.join(moved)}" if moved else ""
    count = int(by_borough.nunique())
    yield Loaded(words.plural(count, "BCU"), _outcome(changed, is_new=is_new), detail, {"bcus": count})


def _bcu_name(bcu: Bcu | None) -> str:
    return bcu.name if bcu else "no BCU"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


class _Labels(NamedTuple):
    """What is kept of a ward besides its outline."""

    name: str
    borough_code: str
    residents: int | None = None
    residents_source: str = ""
    residents_year: int | None = None


def _keep_wards(session: HubSession, places: Places) -> Iterator[Loaded]:
    editions = {edition.code: edition for edition in places.editions}
    for code in sorted({*editions, *places.ward_residents}):
        held = _set_called(session, code)
        before = _labels_held(session, held) if held else {}
        edition = editions.get(code) or _edition_held(session, held)
        after = _labels(edition, places.ward_residents.get(code), before)
        outcome = Outcome.NEW if held is None else Outcome.CHANGED
        if held is None:
            _write_wards(session, BoundarySet(code=code), edition, after)
        elif (held.content_hash, held.in_force_from, before) != (edition.content_hash, edition.in_force_from, after):
            _write_wards(session, held, edition, after)
        else:
            outcome = Outcome.UNCHANGED
        known = sum(ward.residents is not None for ward in after.values())
        counts = {"wards": len(after), "wards_with_residents": known}
        yield Loaded(f"Wards of {code}", outcome, _described(edition, after), counts)


def _labels_held(session: HubSession, held: BoundarySet) -> dict[str, _Labels]:
    rows = session.execute(select(Ward.code, *_LABELS).where(Ward.boundary_set_id == held.id))
    return {
        row.code: _Labels(row.name, row.borough_code, row.residents, row.residents_source, row.residents_year)
        for row in rows
    }


def _edition_held(session: HubSession, held: BoundarySet | None) -> Edition:
    if held is None:
        raise NotFound
    frame = wards(session, held.id)[["ward_name", "borough_code", "geometry"]]
    return Edition(held.code, held.in_force_from, held.source, frame)


def _labels(edition: Edition, given: WardResidents | None, before: Mapping[str, _Labels]) -> dict[str, _Labels]:
    """Label wards with the residents given, or where none are given with those that they had."""
    labels = {}
    for code, name, borough_code in edition.wards[["ward_name", "borough_code"]].itertuples():
        if given is None:
            labels[code] = _Labels(name, borough_code, *before.get(code, _Labels(name, borough_code))[2:])
        elif code in given.residents:
            labels[code] = _Labels(name, borough_code, given.residents[code], given.source, given.year)
        else:
            labels[code] = _Labels(name, borough_code)
    return labels


def _described(edition: Edition, labels: Mapping[str, _Labels]) -> str:
    counted = [ward for ward in labels.values() if ward.residents is not None]
    residents = f"{len(counted):,} with residents" if counted else "none with residents"
    source = f" ({counted[0].residents_source} {counted[0].residents_year})" if counted else ""
    in_force = words.date_name(edition.in_force_from)
    return f"{words.plural(len(labels), 'ward')}, {residents}{source}, in force from {in_force}"


def _write_wards(session: HubSession, its_set: BoundarySet, edition: Edition, labels: Mapping[str, _Labels]) -> None:
    its_set.in_force_from = edition.in_force_from
    its_set.source = edition.source
    its_set.content_hash = edition.content_hash
    its_set.loaded_at = dt.datetime.now(dt.UTC)
    session.add(its_set)
    session.flush()
    outlines = edition.wards.geometry
    rows = [
        {"boundary_set_id": its_set.id, "code": code, "outline": outlines[code], **ward._asdict()}
        for code, ward in labels.items()
    ]
    session.execute(
        delete(Ward).where(Ward.boundary_set_id == its_set.id), execution_options={"synchronize_session": False}
    )
    session.execute(insert(Ward), rows)


def _keep_borough_residents(session: HubSession, frame: pd.DataFrame | None) -> Iterator[Loaded]:
    if frame is None:
        return
    held = {(each.borough_code, each.source, each.year): each for each in session.scalars(select(BoroughPopulation))}
    changed = 0
    rows = zip(*(frame[name].tolist() for name in ("borough_code", "source", "year", "residents")), strict=True)
    for borough_code, source, year, residents in rows:
        before = held.get((borough_code, source, year))
        if before is None:
            session.add(BoroughPopulation(borough_code=borough_code, source=source, year=year, residents=residents))
        elif before.residents != residents:
            before.residents = residents
        else:
            continue
        changed += 1
    session.flush()
    sources = (frame["source"] + " " + frame["year"].astype(str)).unique()
    yield Loaded("Residents of boroughs", _outcome(changed, is_new=not held), ", ".join(sorted(sources)))


def _outcome(changed: int, *, is_new: bool) -> Outcome:
    if not changed:
        return Outcome.UNCHANGED
    return Outcome.NEW if is_new else Outcome.CHANGED
