"""Loading place files: whole or not at all, safe to repeat, and never taking away what committed rows stand on."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import pandas as pd
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import undefer

from hub import audit, db, words
from hub.db import HubSession
from hub.errors import NotFound
from hub.places import best_fits, checking, reading, service
from hub.places.checking import Edition, Known, Places
from hub.places.findings import Finding, Severity, is_fatal
from hub.places.models import Bcu, Borough, BoroughPopulation, BoundarySet, City, Ward
from hub.places.reading import CityFacts
from hub.places.reports import Loaded, Outcome, PlacesRefused, PlacesReport, outcome_of
from hub.places.residents import WardResidents

WardsInUse = Callable[[HubSession, int], Collection[str]]
"""Tells which ward codes of a boundary set stand in committed rows."""


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
    if is_fatal(findings) or places.city is None:
        raise PlacesRefused(findings)
    before = _contents(session)
    kept = [
        _keep_city(session, places.city),
        *_keep_boroughs(session, places.boroughs),
        *_keep_bcus(session, places.bcus),
        *_keep_wards(session, places),
        *_keep_borough_residents(session, places.borough_residents),
    ]
    fitted = list(_fit_small_areas(session, places, before))
    loaded = (*kept, *(each for each in fitted if isinstance(each, Loaded)))
    findings += tuple(each for each in fitted if isinstance(each, Finding))
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
    sets = service.boundary_sets(session)
    its_city = service.city(session)
    dates = {each.code: each.in_force_from for each in sets}
    outlines = service.borough_outlines(session)
    held = {each.code: service.wards(session, each.id) for each in sets}
    return Known(
        city=CityFacts(its_city.name, its_city.is_fictional, its_city.attribution, dates) if its_city else None,
        boroughs=None if outlines.empty else outlines,
        wards=held,
        with_residents=frozenset(code for code, frame in held.items() if frame["residents"].notna().any()),
        small_areas=best_fits.borough_of_small_areas(session),
    )


def _contents(session: HubSession) -> dict[str, str]:
    return {each.code: each.content_hash for each in service.boundary_sets(session)}


def _fit_small_areas(session: HubSession, places: Places, before: Mapping[str, str]) -> Iterator[Loaded | Finding]:
    """Keep small areas, and fit them to the wards wherever either has changed."""
    after = _contents(session)
    stale = {code for code in after if after[code] != before.get(code)}
    for area in best_fits.keep_small_areas(session, places.small_areas):
        if area.outcome is not Outcome.UNCHANGED:
            stale = set(after)
        yield area
    yield from best_fits.fit(session, places.lookups, stale)
    yield from best_fits.keep_outward(session, places.outward)


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
    held = service.city(session)
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
    outcome = outcome_of(changed, is_new=not held)
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
    for borough in service.boroughs(session):
        after = wanted.get(borough.code)
        if borough.bcu is not after:
            if not is_new:
                moved.append(f"{borough.name} from {_bcu_name(borough.bcu)} to {_bcu_name(after)}")
            borough.bcu = after
            changed += 1
    session.flush()
    detail = f"moved: {', '.join(moved)}" if moved else ""
    count = int(by_borough.nunique())
    yield Loaded(words.plural(count, "BCU"), outcome_of(changed, is_new=is_new), detail, {"bcus": count})


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
    rows = session.execute(select(Ward.code, *service.LABELS).where(Ward.boundary_set_id == held.id))
    return {
        row.code: _Labels(row.name, row.borough_code, row.residents, row.residents_source, row.residents_year)
        for row in rows
    }


def _edition_held(session: HubSession, held: BoundarySet | None) -> Edition:
    if held is None:
        raise NotFound
    frame = service.wards(session, held.id)[["ward_name", "borough_code", "geometry"]]
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
    yield Loaded("Residents of boroughs", outcome_of(changed, is_new=not held), ", ".join(sorted(sources)))
