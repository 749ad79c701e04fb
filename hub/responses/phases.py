"""In which phase a problem is today, by the days of the responses that bear one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from hub.access import Viewer
from hub.problems import across
from hub.problems.choices import choices
from hub.problems.service import Record
from hub.problems.terms import Kind
from hub.words import date_name, listed

_UNDER_WAY = frozenset({"planned", "under_way"})


@dataclass(frozen=True)
class Phase:
    """One response that is a phase of a plan."""

    name: str
    """In words: `Clear`."""
    start: dt.date
    end: dt.date | None
    body: str
    """That leads it, in words."""

    def is_on(self, day: dt.date) -> bool:
        """Whether a day lies in it."""
        return self.start <= day and (self.end is None or day <= self.end)


def of_record(record: Record, today: dt.date) -> str:
    """In which phase a problem is, in a sentence; blank where none of its responses is a phase."""
    return said([thing.body for thing in record.of(Kind.RESPONSE)], today)


def of_area(viewer: Viewer, borough_codes: Iterable[str], today: dt.date) -> dict[UUID, str]:
    """The sentence of each problem of some boroughs that is in phases, is not closed and is this person's to read."""
    bodies: dict[UUID, list[Mapping[str, str]]] = {}
    for one in across.of_kind(viewer, Kind.RESPONSE, frozenset(borough_codes)):
        bodies.setdefault(one.problem_id, []).append(one.body)
    found = {problem_id: said(its, today) for problem_id, its in bodies.items()}
    return {problem_id: words for problem_id, words in found.items() if words}


def said(responses: Iterable[Mapping[str, str]], today: dt.date) -> str:
    """Say which phase it is, and what comes next.

    Parameters
    ----------
    responses
        The bodies of their entries; of those without a phase, or that are over, nothing is said.
    today
        Which day it is.
    """
    phases = sorted(filter(None, map(_phase, responses)), key=lambda one: one.start)
    if not phases:
        return ""
    now = [one for one in phases if one.is_on(today)]
    later = [one for one in phases if one.start > today]
    after = f" {later[0].name} begins on {date_name(later[0].start)}." if later else ""
    if now:
        return f"Today's phase is {listed([_until(one) for one in now])}.{after}"
    return f"It is in no phase today.{after}" if later else "Its phases have ended."


def _phase(body: Mapping[str, str]) -> Phase | None:
    if not body.get("phase") or body["status"] not in _UNDER_WAY:
        return None
    given, end = choices(), body.get("end")
    return Phase(
        given.phases.get(body["phase"], body["phase"]),
        dt.date.fromisoformat(body["start"]),
        dt.date.fromisoformat(end) if end else None,
        given.bodies.get(body["body"], body["body"]),
    )


def _until(one: Phase) -> str:
    until = f" until {date_name(one.end)}" if one.end else ""
    return f"{one.name}{until}, led by {one.body[:1].lower()}{one.body[1:]}"
