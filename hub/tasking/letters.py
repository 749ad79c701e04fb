"""The letters about tasks: to whoever is asked, before the day and after it. A link, and nothing of what is asked.

A person of the hub is written to by a job that runs as they, so that nobody hears of what they may not read any more.
An address outside the hub is written to by a job of the partner who asked, or of another where that account is off.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select

from hub import audit, jobs, mail
from hub.access import GRANTED, Permission, Role, Viewer
from hub.accounts import service as accounts
from hub.config import Settings
from hub.db import EVERYWHERE, Database, HubSession
from hub.errors import NotFound
from hub.jobs import Handler, Report, TryLater
from hub.mail import Letter, MailRefused
from hub.problems import across, contents
from hub.problems.across import Followed
from hub.problems.service import today as the_day
from hub.problems.terms import Kind
from hub.tasking import service
from hub.tasking.models import Occasion, TaskLetter
from hub.tasking.service import ShownTask
from hub.words import date_name

TELL = "tasks.tell"
WAIT_FOR_THE_SERVER = dt.timedelta(minutes=5)
DAYS_BEFORE, DAYS_BETWEEN, MOST_WHILE_LATE = 3, 7, 4
"""A reminder goes out so many days before the day; once it is past, one every so many days, and only so many."""
_WRITERS = frozenset(role for role in Role if Permission.PROBLEM_WRITE in GRANTED[role])

_SUBJECTS = {
    Occasion.ASKED: "A task waits for you",
    Occasion.SOON: "A task of yours is due soon",
    Occasion.LATE: "A task of yours is late",
}
_TO_PEOPLE = {
    Occasion.ASKED: "Somebody asked you to do something about a problem. Sign in to read what, and by when:",
    Occasion.SOON: "Something that you were asked to do about a problem is due soon. Sign in to read it:",
    Occasion.LATE: "Something that you were asked to do about a problem is late. Sign in to read it:",
}
_AFTERWARDS = "Once it is done, say there what was done. If it cannot be done, say so there too."


@dataclass(frozen=True)
class _Due:
    """A letter that is to go out."""

    about: Followed
    recipient: UUID
    occasion: Occasion
    day: dt.date
    runner: UUID
    """As whom it is sent."""


def ask_for_letters(database: Database, settings: Settings, today: dt.date, actor: str) -> int:
    """Have every letter about a task sent that is due and was not sent yet; returns how many were asked for.

    Each is written down in the transaction that asks for it, so that none is sent twice.
    """
    if not settings.sends_mail:
        return 0
    with database.writing() as session:
        with session.scoped(EVERYWHERE):
            is_any = next(_due(session, today), None) is not None
        if not is_any:
            return 0
        with audit.everywhere(session, actor=actor, reason="Have people reminded of their tasks."):
            found = list(_due(session, today))
            for one in found:
                _ask(session, one, actor)
    return len(found)


def _due(session: HubSession, today: dt.date) -> Iterator[_Due]:
    columns = (TaskLetter.task, TaskLetter.recipient, TaskLetter.occasion, TaskLetter.day)
    sent = {tuple(row) for row in session.execute(select(*columns))}
    active = set(accounts.active(session))
    for one in across.all_of_kind(session, Kind.TASK):
        recipient = _recipient(one, session.info["outside_domains"])
        if recipient is None or one.body["status"] not in contents.OPEN_TASKS:
            continue
        occasion, day = _occasion(service.due(one), today)
        is_own = occasion is Occasion.ASKED and recipient == one.last_by
        if is_own or (one.thing, recipient, occasion, day) in sent:
            continue
        runner = _runner(session, one, active, today)
        if runner is not None:
            yield _Due(one, recipient, occasion, day, runner)


def _occasion(due_on: dt.date, today: dt.date) -> tuple[Occasion, dt.date]:
    """What a letter of today would be about, and the day that tells it from the others."""
    late = (today - due_on).days
    if late > 0:
        weeks = min((late - 1) // DAYS_BETWEEN, MOST_WHILE_LATE - 1)
        return Occasion.LATE, due_on + dt.timedelta(days=weeks * DAYS_BETWEEN)
    return (Occasion.SOON if late >= -DAYS_BEFORE else Occasion.ASKED), due_on


def _recipient(one: Followed, domains: Collection[str]) -> UUID | None:
    if one.body["person"]:
        return UUID(one.body["person"])
    is_listed = contents.is_of_domain(one.body["outside"], domains)
    return uuid5(one.thing, one.body["outside"]) if is_listed else None


def _runner(session: HubSession, one: Followed, active: Collection[UUID], today: dt.date) -> UUID | None:
    """As whom a letter is sent: its reader, or for an address outside the hub a partner; if the account is on."""
    if one.body["person"]:
        person = UUID(one.body["person"])
        return person if person in active else None
    partners = accounts.holders(session, _WRITERS, one.boroughs, today)
    return next((person for person in (one.first_by, one.last_by, one.owner_id, *partners) if person in partners), None)


def _ask(session: HubSession, one: _Due, actor: str) -> None:
    session.add(
        TaskLetter(
            problem_id=one.about.problem_id,
            borough_set=one.about.borough_set,
            task=one.about.thing,
            recipient=one.recipient,
            occasion=one.occasion,
            day=one.day,
            asked_at=dt.datetime.now(dt.UTC),
        )
    )
    jobs.enqueue_for(
        session,
        one.runner,
        TELL,
        problem_id=str(one.about.problem_id),
        task=str(one.about.thing),
        recipient=str(one.recipient),
        occasion=one.occasion.value,
    )
    session.flush()
    audit.record_as(session, actor, "task.told", one.about.thing, boroughs=one.about.boroughs, occasion=one.occasion)


def handlers(settings: Settings) -> dict[str, Handler]:
    """What a worker does with these letters."""

    def send(viewer: Viewer, arguments: Mapping[str, Any], _report: Report) -> None:
        letter = _letter(viewer, settings, arguments)
        viewer.session.commit()  # Nothing is held while the mail server is waited for.
        if letter is None:
            return
        try:
            mail.deliver(settings, letter)
        except MailRefused as refusal:
            raise TryLater(WAIT_FOR_THE_SERVER) from refusal

    return {TELL: send}


def _letter(viewer: Viewer, settings: Settings, arguments: Mapping[str, Any]) -> Letter | None:
    """What to write, if the task is still open and still asked of the same person or address."""
    recipient, occasion = UUID(arguments["recipient"]), Occasion(arguments["occasion"])
    try:
        task = service.task(viewer, UUID(arguments["problem_id"]), UUID(arguments["task"]), the_day())
    except NotFound:
        return None
    if not settings.sends_mail or not task.is_open:
        return None
    if task.person_id is not None:
        link = f"{settings.public_address}/problems/{task.problem_id}#{task.id}"
        words = (_TO_PEOPLE[occasion], _AFTERWARDS)
        return Letter(viewer.email, _SUBJECTS[occasion], words, link) if task.person_id == recipient else None
    if not task.outside or uuid5(task.id, task.outside) != recipient:
        return None
    return Letter(task.outside, _SUBJECTS[occasion], _to_outside(viewer, task, occasion))


def _to_outside(viewer: Viewer, task: ShownTask, occasion: Occasion) -> tuple[str, ...]:
    """Who asks, by when, and whom to ask what it is: somebody without an account can open no link."""
    by = date_name(task.due_on)
    when = f"It was due by {by}" if occasion is Occasion.LATE else f"It is due by {by}"
    if task.asked_by in accounts.active(viewer.session):
        who = f"{task.asked_by_name} asks your organisation to do something about a problem."
        ask = f"Ask {task.asked_by_name} ({accounts.email_of(viewer.session, task.asked_by)}) what it is"
    else:
        who = "The community safety partnership asks your organisation to do something about a problem."
        ask = "Ask the partnership what it is"
    return (who, f"{when}. This letter cannot say more. {ask}, and name the problem {task.reference}.")
