"""Addresses outside the hub that tasks are asked of: kept apart from what was written, to be erased when asked for.

An entry of a task holds an address's id. Once the address is erased the entry stays as it was, and names nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from hub import audit
from hub.access import Permission, Viewer
from hub.db import HubSession
from hub.problems import contents, door
from hub.problems.models import Entry, OutsideAddress, Problem
from hub.problems.terms import Kind
from hub.problems.wording import Unfit

FIELD = "outside"
"""Of a task's body: an address as people read it, an address's id as it is kept."""


def kept(viewer: Viewer, problem: Problem, body: Mapping[str, str]) -> dict[str, str]:
    """Put an address's id in its place in a task's body, and keep the address.

    Raises
    ------
    Unfit
        If the hub may not write to an address there.
    """
    said = body[FIELD]
    if not said:
        return dict(body)
    fault = contents.fault_of_domain(said, viewer.session.info["outside_domains"])
    if fault:
        raise Unfit({FIELD: fault})
    known = select(OutsideAddress).where(OutsideAddress.problem_id == problem.id, OutsideAddress.address == said)
    row = viewer.session.scalar(known)
    if row is None:
        row = OutsideAddress(problem_id=problem.id, borough_set=problem.borough_set, address=said)
        viewer.session.add(row)
        viewer.session.flush()
    return {**body, FIELD: str(row.id)}


def of_problem(viewer: Viewer, problem: Problem) -> Mapping[str, str]:
    """The addresses that a problem's tasks are asked of, by id."""
    its = select(OutsideAddress).where(OutsideAddress.problem_id == problem.id)
    return {str(row.id): row.address for row in viewer.session.scalars(its)}


def in_reach(session: HubSession) -> Mapping[str, str]:
    """Every address in the session's scope, by id."""
    return {str(row.id): row.address for row in session.scalars(select(OutsideAddress))}


def as_read(body: Mapping[str, Any], by_id: Mapping[str, str]) -> dict[str, Any]:
    """A body with the address in it: none where it was erased."""
    return {**body, FIELD: by_id.get(body[FIELD], "")} if FIELD in body else dict(body)


def erase(viewer: Viewer, said: str) -> int:
    """Erase an address from every task that this person may write to, of closed problems too; returns from how many.

    Raises
    ------
    Unfit
        If no such task holds it.
    """
    address = "".join(said.split()).casefold()
    rows = {row.id: row for row in door.rows(viewer, Permission.PROBLEM_WRITE)}
    found = [
        one
        for one in viewer.session.scalars(select(OutsideAddress).order_by(OutsideAddress.id))
        if one.problem_id in rows and one.address.casefold() == address
    ]
    if not found:
        raise Unfit({"address": "No task that you may write to is asked of this address. Check how it is spelt."})
    tasks = sum(len(_tasks(viewer, one)) for one in found)
    for one in found:
        problem = rows[one.problem_id]
        audit.record(
            viewer, "task.address_erased", problem.id, boroughs=problem.boroughs, tasks=len(_tasks(viewer, one))
        )
    viewer.session.execute(delete(OutsideAddress).where(OutsideAddress.id.in_([one.id for one in found])))
    viewer.session.flush()
    return tasks


def _tasks(viewer: Viewer, one: OutsideAddress) -> set[UUID]:
    its = select(Entry).where(Entry.problem_id == one.problem_id, Entry.kind == Kind.TASK)
    return {entry.thing for entry in viewer.session.scalars(its) if entry.body.get(FIELD) == str(one.id)}
