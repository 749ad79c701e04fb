"""Which plans and measures are in use, and which five a borough puts first. Works out no figure.

Definitions are one list for every borough. A version is never altered, since figures made of it name it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from hub import audit, db
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.db import HubSession
from hub.errors import BadRequest, Conflict, NotAllowed, NotFound
from hub.measures import comparisons
from hub.measures.comparisons import Comparison
from hub.measures.definitions import Definitions, Kind, Measure, Plan, read, refuse_loose_ends, shipped
from hub.measures.models import MeasureChoice, MeasureFile
from hub.places import service as places
from hub.words import plural

HOW_MANY = 5
"""How many measures a borough puts first."""
CANNOT_COMPARE = "Choose another: a published rate is of one measure alone."
UNLESS_CHOSEN = ("all-crime", "violence-against-the-person", "burglary", "robbery", "good-job-locally")


# --- What is in use --------------------------------------------------------------------------------------------------


def plans(session: HubSession) -> tuple[Plan, ...]:
    """List the plans, the one to show first at the head."""
    return _in_use(session).plans


def measures(session: HubSession, plan: str | None = None) -> tuple[Measure, ...]:
    """List the measures, or those of one plan: theme by theme, in the plan's order."""
    known = _in_use(session)
    if plan is None:
        return known.measures
    themes = [theme.code for one in known.plans if one.code == plan for theme in one.themes]
    return tuple(one for theme in themes for one in known.measures if one.theme(plan) == theme)


def measure(session: HubSession, code: str) -> Measure:
    """Find a measure.

    Raises
    ------
    NotFound
        If there is none with this code.
    """
    found = next((one for one in _in_use(session).measures if one.code == code), None)
    if found is None:
        raise NotFound
    return found


def ever(session: HubSession) -> tuple[Measure, ...]:
    """List every version of every measure that was ever in use, the earliest first."""
    return tuple(one for each in (shipped(), *_loaded(session)) for one in each.measures)


def load(viewer: Viewer, text: str) -> tuple[Definitions, bool]:
    """Take plans and measures into use for the whole city; returns what was new, and whether anything was.

    Raises
    ------
    NotAllowed
        If the viewer does not administer the whole city.
    BadFile
        If the text is no list of plans and measures, or names a plan, theme or partner that is not there.
    Conflict
        If a version of one of them is known, and says otherwise.
    """
    if not viewer.may(Permission.MEASURE_WRITE, places.every_borough(viewer.session)):
        raise NotAllowed("Measures are one list for every borough.", remedy="Ask an administrator of the whole city.")
    db.lock(viewer.session, "measures")
    given = read(text)
    known = _in_use(viewer.session)
    refuse_loose_ends(known.with_these(given))
    earlier = [one for each in [shipped(), *_loaded(viewer.session)] for one in each.every_one]
    for one in given.every_one:
        if any(_label(each) == _label(one) and each != one for each in earlier):
            raise Conflict(
                f"Version {one.version} of '{one.code}' is known already, and says otherwise.",
                remedy="Give it another version, so that nobody takes one for the other.",
            )
    new = Definitions(
        tuple(one for one in given.plans if one not in known.plans),
        tuple(one for one in given.measures if one not in known.measures),
    )
    codes = [one.code for one in new.every_one]
    if not codes:
        return new, False
    viewer.session.add(MeasureFile(content=text, loaded_at=dt.datetime.now(dt.UTC), loaded_by=viewer.person_id))
    viewer.session.flush()
    audit.record(viewer, "measures.loaded", plural(len(codes), "definition"), codes=codes)
    return new, True


def _label(one: Plan | Measure) -> tuple[type, str, str]:
    return type(one), one.code, one.version


def _in_use(session: HubSession) -> Definitions:
    found = shipped()
    for newer in _loaded(session):
        found = found.with_these(newer)
    return found


def _loaded(session: HubSession) -> list[Definitions]:
    return [read(text) for text in session.scalars(select(MeasureFile.content).order_by(MeasureFile.id))]


# --- The borough's five ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """The five measures that a borough puts first, in its order, and with what it compares each."""

    measures: tuple[Measure, ...]
    comparisons: Mapping[str, Comparison]
    """By a measure's code; those left out are compared with what is usual."""
    chosen_by: str
    """Empty where nobody chose, and the five are the usual ones."""
    chosen_at: dt.datetime | None


def choice(viewer: Viewer, borough_code: str) -> Choice:
    """Tell which five measures a borough puts first and with what it compares them; the usual if it has chosen none.

    Raises
    ------
    NotFound
        If the borough is not in the viewer's scope.
    """
    viewer.require(Permission.SUMMARY_READ, [borough_code])
    newest = select(MeasureChoice).where(MeasureChoice.borough_code == borough_code)
    found = viewer.session.scalar(newest.order_by(MeasureChoice.id.desc()).limit(1))
    known = {one.code: one for one in measures(viewer.session)}
    five = tuple(known[code] for code in (found.codes if found else UNLESS_CHOSEN))
    told = found.comparisons if found else {}
    return Choice(
        five,
        {code: comparisons.known()[with_what] for code, with_what in told.items() if with_what in comparisons.known()},
        accounts.names(viewer.session, [found.chosen_by]).get(found.chosen_by, "") if found else "",
        found.chosen_at if found else None,
    )


def chosen(viewer: Viewer, borough_code: str) -> tuple[Measure, ...]:
    """List the five measures that a borough puts first, in its order; the usual five if it has chosen none.

    Raises
    ------
    NotFound
        If the borough is not in the viewer's scope.
    """
    return choice(viewer, borough_code).measures


def to_choose_from(session: HubSession) -> tuple[Measure, ...]:
    """List the measures that a borough may put first: those that the hub can have figures for."""
    return tuple(one for one in measures(session) if one.is_held)


def choose(
    viewer: Viewer, borough_code: str, codes: Sequence[str], compared_with: Mapping[str, str] | None = None
) -> None:
    """Put five measures first in a borough, in this order, each compared with what is named for it, or with the usual.

    Raises
    ------
    NotFound, NotAllowed
        If the borough is not the viewer's, or their role does not choose.
    BadRequest
        If these are not five different measures that the hub can have figures for, or one cannot be compared so.
    """
    viewer.require(Permission.MEASURE_CHOOSE, [borough_code])
    offered = {one.code for one in to_choose_from(viewer.session)}
    if unknown := [code for code in codes if code not in offered]:
        raise BadRequest(f"'{unknown[0]}' is no measure that can be chosen.", remedy="Choose from the list.")
    if len(codes) != HOW_MANY or len(set(codes)) != HOW_MANY:
        raise BadRequest("A borough puts five measures first.", remedy="Choose five different ones.")
    told = _fitting(viewer.session, codes, compared_with or {})
    now = choice(viewer, borough_code)
    is_as_now = told == {code: one.code for code, one in now.comparisons.items()}
    if is_as_now and list(codes) == [one.code for one in now.measures]:
        return
    viewer.session.add(
        MeasureChoice(
            borough_code=borough_code,
            codes=list(codes),
            comparisons=told,
            chosen_by=viewer.person_id,
            chosen_at=dt.datetime.now(dt.UTC),
        )
    )
    viewer.session.flush()
    audit.record(viewer, "measures.chosen", borough_code, boroughs=[borough_code], codes=list(codes), comparisons=told)


def _fitting(session: HubSession, codes: Sequence[str], compared_with: Mapping[str, str]) -> dict[str, str]:
    """What is chosen for the recorded ones of these measures; a survey is always set against the year before."""
    told = {}
    for one in (measure(session, code) for code in codes if code in compared_with):
        found = comparisons.known().get(compared_with[one.code])
        if found is None or not found.fits(one):
            with_what = found.title if found else compared_with[one.code]
            raise BadRequest(f"'{one.title}' cannot be compared with '{with_what}'.", remedy=CANNOT_COMPARE)
        if one.kind is Kind.RECORDED:
            told[one.code] = found.code
    return told
