"""The people and the problem of the tests of problems, and what may be asked of partners."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from hub.problems import service as problems
from hub.problems.terms import Kind
from tests.problems.conftest import desk, opened
from tests.uploads.desk import Desk

__all__ = ["desk", "opened"]


def a_task(due: dt.date, **given: str) -> dict[str, str]:
    """What a task is written with."""
    return {"words": "Cut the hedge", "body": "council", "due": due.isoformat(), "status": "asked", **given}


def ask(desk: Desk, email: str, problem_id: UUID, due: dt.date, **given: str) -> UUID:
    """Write a task; returns its id."""
    with desk.writing(email) as viewer:
        return problems.write(viewer, problem_id, Kind.TASK, a_task(due, **given))


def follow_up(desk: Desk, email: str, problem_id: UUID, task: UUID, **given: str) -> None:
    """Say how a task stands now."""
    with desk.writing(email) as viewer:
        [thing] = [one for one in problems.record(viewer, problem_id).of(Kind.TASK) if one.id == task]
        problems.write(viewer, problem_id, Kind.TASK, {**thing.body, **given}, thing=task, follows=thing.number)


def person_of(desk: Desk, email: str) -> str:
    """Somebody's id."""
    with desk.reading(email) as viewer:
        return str(viewer.person_id)
