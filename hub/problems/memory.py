"""The problem memory: what owners of problems told all boroughs of them, to be searched, and taken back at any time."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import delete, select

from hub.access import Permission, Viewer
from hub.disclosure import service as disclosure
from hub.errors import Conflict, NotAllowed
from hub.places import service as places
from hub.problems import door, service
from hub.problems.choices import Technique, choices
from hub.problems.contents import RESULTS
from hub.problems.models import Abstract
from hub.problems.service import Record
from hub.problems.terms import Kind, Result
from hub.problems.wording import Unfit, fault_of_open_words, fault_of_words, tidied

LONGEST = {"problem": 500, "response": 1000, "learning": 1000}


@dataclass(frozen=True)
class Telling:
    """What an owner writes for all boroughs: the problem, what was done and what was learnt."""

    problem: str
    response: str
    learning: str = ""


@dataclass(frozen=True)
class ShownAbstract:
    """One problem as every borough's partners may read of it."""

    id: UUID
    kind: str
    premises: str
    techniques: tuple[Technique, ...]
    result: Result | None
    telling: Telling
    published_at: dt.datetime

    @property
    def result_words(self) -> str:
        """The result as a page says it."""
        return RESULTS[self.result] if self.result else "Not assessed"


@dataclass(frozen=True)
class Wanted:
    """What is looked for; what is empty is not minded."""

    words: str = ""
    kind: str = ""
    technique: str = ""
    result: str = ""


def search(viewer: Viewer, wanted: Wanted) -> list[ShownAbstract]:
    """Find what was told of problems like one's own, the newest first; every word must occur.

    Raises
    ------
    NotAllowed
        If this person works on problems nowhere.
    """
    if not viewer.may(Permission.PROBLEM_READ):
        raise NotAllowed("Your role does not include the problem memory.", remedy="Ask an administrator if it should.")
    rows = viewer.session.scalars(select(Abstract).order_by(Abstract.published_at.desc(), Abstract.id))
    found = [_shown(row) for row in rows if _is_wanted(row, wanted)]
    words = wanted.words.casefold().split()
    return [one for one in found if all(word in _all_words(one) for word in words)]


def abstract(viewer: Viewer, problem_id: UUID) -> ShownAbstract | None:
    """What a problem of one's own has in the memory; None where there is nothing.

    Raises
    ------
    NotFound
        As the door to a problem.
    """
    row = door.row(viewer, problem_id)
    its = viewer.session.get(Abstract, row.abstract_id) if row.abstract_id else None
    return _shown(its) if its else None


def publish(viewer: Viewer, problem_id: UUID, told: Telling) -> None:
    """Tell all boroughs of a problem, or tell it anew: its kind, techniques and result go with what is written here.

    Raises
    ------
    NotFound, NotAllowed
        As the door to a problem.
    Unfit
        If the words cannot stand: too many, of a person, of where it is, or an exact count.
    """
    row = door.row(viewer, problem_id, Permission.PROBLEM_PUBLISH, for_change=True)
    record = service.record(viewer, problem_id)
    said = Telling(*(tidied(words) for words in (told.problem, told.response, told.learning)))
    _require_fit(viewer, record, said)
    its = viewer.session.get(Abstract, row.abstract_id) if row.abstract_id else None
    if its is None:
        its = Abstract(id=uuid4())
        row.abstract_id = its.id
        viewer.session.add(its)
    its.kind, its.premises, its.result = row.kind, row.premises, row.result
    its.techniques = sorted({int(one.body["technique"]) for one in record.of(Kind.RESPONSE)})
    its.problem, its.response, its.learning = said.problem, said.response, said.learning
    its.published_at = dt.datetime.now(dt.UTC)
    door.append(viewer, row, Kind.PUBLISHED, vars(said))


def withdraw(viewer: Viewer, problem_id: UUID) -> None:
    """Take a problem out of the memory: nobody finds it any more.

    Raises
    ------
    Conflict
        If it is not in it.
    """
    row = door.row(viewer, problem_id, Permission.PROBLEM_PUBLISH, for_change=True)
    if row.abstract_id is None:
        raise Conflict("This problem is not in the problem memory.", remedy="Nothing is left to take back.")
    viewer.session.execute(delete(Abstract).where(Abstract.id == row.abstract_id))
    row.abstract_id = None
    door.append(viewer, row, Kind.WITHDRAWN, {})


def _is_wanted(row: Abstract, wanted: Wanted) -> bool:
    return (
        (not wanted.kind or row.kind == wanted.kind)
        and (not wanted.technique or wanted.technique in map(str, row.techniques))
        and (not wanted.result or row.result == wanted.result)
    )


def _all_words(one: ShownAbstract) -> str:
    techniques = " ".join(technique.name for technique in one.techniques)
    told = (one.kind, one.premises, techniques, one.telling.problem, one.telling.response, one.telling.learning)
    return " ".join(told).casefold()


def _shown(row: Abstract) -> ShownAbstract:
    given = choices()
    return ShownAbstract(
        id=row.id,
        kind=given.kinds.get(row.kind, row.kind),
        premises=given.premises.get(row.premises, row.premises),
        techniques=tuple(given.techniques[number] for number in row.techniques if number in given.techniques),
        result=row.result,
        telling=Telling(row.problem, row.response, row.learning),
        published_at=row.published_at,
    )


def _require_fit(viewer: Viewer, record: Record, told: Telling) -> None:
    policy = disclosure.in_force(viewer.session)
    own, others = _names_of(viewer, record), _names_around(viewer, record)
    faults = {}
    for name, words in vars(told).items():
        named = next((each for each in own if each.casefold() in words.casefold()), "")
        named = named or next((each for each in others if re.search(rf"\b{re.escape(each)}\b", words)), "")
        fault = fault_of_words(words, LONGEST[name]) or fault_of_open_words(words, policy)
        if not words and name != "learning":
            fault = "Say this in a sentence or two."
        elif not fault and named:
            fault = f"This names {named}. Leave out where it is: every borough reads this."
        if fault:
            faults[name] = fault
    if faults:
        raise Unfit(faults)


def _names_of(viewer: Viewer, record: Record) -> list[str]:
    """What its place, ward and boroughs are called."""
    problem = record.problem
    boroughs = [one.name for one in places.boroughs(viewer.session, problem.borough_codes)]
    wards = places.ward_index(viewer.session)
    its = wards[wards["ward_code"] == problem.place.ward_code]["ward_name"]
    return [problem.place.name, *map(str, its), *boroughs]


def _names_around(viewer: Viewer, record: Record) -> list[str]:
    """What other boroughs, and other wards of its own, are called: only as names are written, since some are words."""
    wards = places.ward_index(viewer.session)
    its = wards[wards["borough_code"].isin(record.problem.borough_codes)]["ward_name"]
    return [*dict.fromkeys(map(str, its)), *(one.name for one in places.boroughs(viewer.session))]
