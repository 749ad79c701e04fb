"""Questions about figures: asking, answering, withdrawing and closing, on the record; who may read which.

What somebody asks who sees exact counts, and its answer, is never read by those who see rounded ones. Figures are not
looked up here: whoever calls says what they are.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import polars as pl
from sqlalchemy import select

from hub import audit, db, purposes
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.errors import BadRequest, Conflict, NotFound
from hub.places import service as places
from hub.questions.models import Question
from hub.uploads.reading import personal
from hub.words import LONDON, listed

LONGEST_QUESTION, LONGEST_ANSWER = 500, 1500
MOST_OPEN = 20
"""Questions of one person in one borough that wait for an answer."""

_NUMBER = re.compile(r"\d[\d,]*")
_NUMBERS_IN_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)


@dataclass(frozen=True)
class Asked:
    """The figure that is asked about: its key, what it is in words, and its value as the asker reads it."""

    figure: str
    title: str
    shown: str


@dataclass(frozen=True)
class ShownQuestion:
    """One question as pages show it."""

    id: UUID
    borough_code: str
    borough: str
    figure: str
    title: str
    shown: str
    """The value as its asker read it; empty where that is exact."""
    is_for_all: bool
    words: str
    asker: str
    asked_by: UUID
    asked_at: dt.datetime
    answer: str
    answerer: str
    answered_at: dt.datetime | None
    is_ended: bool
    """Whether it was withdrawn, or closed without an answer."""
    may_answer: bool
    may_withdraw: bool

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.answered_at is None and not self.is_ended

    @property
    def state(self) -> str:
        """How it stands, in a word or two."""
        if self.is_ended:
            return "Closed"
        return "Waiting" if self.answered_at is None else "Answered"


# --- Reading ---------------------------------------------------------------------------------------------------------


def questions(viewer: Viewer, borough_code: str, *, figure: str | None = None) -> list[ShownQuestion]:
    """List what is asked about a borough's figures, or about one of them, that this reader may read; the newest first.

    What was withdrawn or closed is left out.
    """
    return _shown(viewer, [row for row in _rows(viewer, borough_code, figure) if row.ended_at is None])


def question(viewer: Viewer, borough_code: str, question_id: UUID) -> ShownQuestion:
    """Get one question of a borough.

    Raises
    ------
    NotFound
        If the borough has none such that this reader may read.
    """
    return _shown(viewer, [_row(viewer, borough_code, question_id)])[0]


def waiting(viewer: Viewer) -> list[ShownQuestion]:
    """List the questions that wait for an answer of this person's boroughs, the oldest first."""
    codes = viewer.boroughs(Permission.QUESTION_ANSWER)
    rows = viewer.session.scalars(
        select(Question)
        .where(Question.borough_code.in_(codes), Question.answered_at.is_(None), Question.ended_at.is_(None))
        .order_by(Question.asked_at)
    ).all()
    return _shown(viewer, rows)


def answered_since(viewer: Viewer, borough_code: str, day: dt.date) -> tuple[ShownQuestion, ...]:
    """List what was answered from a day on, the oldest answer first, for a report that anybody of the borough may read.

    Only what readers of rounded figures may read, whoever asks.
    """
    start = dt.datetime.combine(day, dt.time(), tzinfo=LONDON)
    rows = [
        row
        for row in _rows(viewer, borough_code)
        if row.is_for_all and row.ended_at is None and row.answered_at is not None and row.answered_at >= start
    ]
    return tuple(sorted(_shown(viewer, rows), key=lambda one: one.answered_at or start))


def sees_exact(viewer: Viewer, borough_code: str) -> bool:
    """Whether this person's questions stay among those who see exact counts."""
    return viewer.may(Permission.EXACT_COUNTS, [borough_code])


def _rows(viewer: Viewer, borough_code: str, figure: str | None = None) -> Sequence[Question]:
    """The only way to a borough's questions: those that this reader may read."""
    viewer.require(Permission.SUMMARY_READ, [borough_code])
    wanted = select(Question).where(Question.borough_code == borough_code).order_by(Question.asked_at.desc())
    if figure is not None:
        wanted = wanted.where(Question.figure == figure)
    if not sees_exact(viewer, borough_code):
        wanted = wanted.where(Question.is_for_all)
    return viewer.session.scalars(wanted).all()


def _row(viewer: Viewer, borough_code: str, question_id: UUID) -> Question:
    found = next((row for row in _rows(viewer, borough_code) if row.id == question_id), None)
    if found is None:
        raise NotFound
    return found


def _shown(viewer: Viewer, rows: Iterable[Question]) -> list[ShownQuestion]:
    rows = list(rows)
    people = {person for row in rows for person in (row.asked_by, row.answered_by) if person}
    names = accounts.names(viewer.session, people)
    boroughs = {one.code: one.name for one in places.boroughs(viewer.session)}
    return [
        ShownQuestion(
            id=row.id,
            borough_code=row.borough_code,
            borough=boroughs[row.borough_code],
            figure=row.figure,
            title=row.title,
            shown=row.shown,
            is_for_all=row.is_for_all,
            words=row.words,
            asker=names.get(row.asked_by, "somebody who has left"),
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            answer=row.answer,
            answerer=names.get(row.answered_by, "somebody who has left") if row.answered_by else "",
            answered_at=row.answered_at,
            is_ended=row.ended_at is not None,
            may_answer=row.ended_at is None and viewer.may(Permission.QUESTION_ANSWER, [row.borough_code]),
            may_withdraw=row.ended_at is None and row.answered_at is None and row.asked_by == viewer.person_id,
        )
        for row in rows
    ]


# --- Asking and answering --------------------------------------------------------------------------------------------


def ask(viewer: Viewer, borough_code: str, asked: Asked, words: str) -> ShownQuestion:
    """Ask about a figure; to ask the same again while it waits is to ask it once.

    Raises
    ------
    BadRequest
        If nothing is asked, too much, or the words tell of a person.
    Conflict
        If too many questions of this person wait already.
    """
    viewer.require(Permission.QUESTION_ASK, [borough_code])
    said = _screened("question", words, LONGEST_QUESTION)
    db.lock(viewer.session, f"questions:{borough_code}")
    own = [row for row in _rows(viewer, borough_code) if row.asked_by == viewer.person_id and _waits(row)]
    twin = next((row for row in own if (row.figure, row.words) == (asked.figure, said)), None)
    if twin is not None:
        return _shown(viewer, [twin])[0]
    if len(own) >= MOST_OPEN:
        raise Conflict(
            f"{MOST_OPEN} of your questions wait for an answer already.", remedy="Withdraw one, or wait for an answer."
        )
    is_for_all = not sees_exact(viewer, borough_code)
    row = Question(
        borough_code=borough_code,
        figure=asked.figure,
        title=asked.title,
        shown=asked.shown if is_for_all else "",
        is_for_all=is_for_all,
        words=said,
        asked_by=viewer.person_id,
        asked_at=dt.datetime.now(dt.UTC),
    )
    viewer.session.add(row)
    viewer.session.flush()
    audit.record(viewer, "question.asked", row.id, boroughs=[borough_code], figure=row.figure)
    return _shown(viewer, [row])[0]


def answer(
    viewer: Viewer, borough_code: str, question_id: UUID, words: str, *, untold: Collection[int] = ()
) -> ShownQuestion:
    """Answer a question, or answer it anew.

    Parameters
    ----------
    viewer, borough_code, question_id
        Who answers which.
    words
        The answer.
    untold
        The exact counts of the figure that its readers see otherwise: an answer for all readers may not give them.

    Raises
    ------
    BadRequest
        If there is no answer, too long a one, or it tells of a person or an exact count that its readers may not know.
    Conflict
        If the question was withdrawn or closed.
    """
    row = _to_change(viewer, borough_code, question_id, Permission.QUESTION_ANSWER)
    said = _screened("answer", words, LONGEST_ANSWER)
    if row.is_for_all:
        _refuse_exact(said, untold)
    row.answer, row.answered_by, row.answered_at = said, viewer.person_id, dt.datetime.now(dt.UTC)
    viewer.session.flush()
    audit.record(viewer, "question.answered", row.id, boroughs=[borough_code], figure=row.figure)
    return _shown(viewer, [row])[0]


def withdraw(viewer: Viewer, borough_code: str, question_id: UUID) -> None:
    """Take back one's own question that has no answer yet; nobody reads it any more.

    Raises
    ------
    NotFound
        If it is not one's own.
    Conflict
        If it is answered, or over already.
    """
    row = _to_change(viewer, borough_code, question_id, Permission.QUESTION_ASK)
    if row.asked_by != viewer.person_id:
        raise NotFound
    _end(viewer, row, "question.withdrawn")


def close(viewer: Viewer, borough_code: str, question_id: UUID) -> None:
    """Close a question without an answer.

    Raises
    ------
    Conflict
        If it is answered, or over already.
    """
    _end(viewer, _to_change(viewer, borough_code, question_id, Permission.QUESTION_ANSWER), "question.closed")


def _to_change(viewer: Viewer, borough_code: str, question_id: UUID, permission: Permission) -> Question:
    row = _row(viewer, borough_code, question_id)
    viewer.require(permission, [borough_code])
    db.lock(viewer.session, f"questions:{borough_code}")
    viewer.session.refresh(row)
    if row.ended_at is not None:
        raise Conflict("This question is closed.", remedy="Ask it again if it still matters.")
    return row


def _end(viewer: Viewer, row: Question, action: str) -> None:
    if row.answered_at is not None:
        raise Conflict("This question is answered.", remedy="Read the answer, and ask again if something is missing.")
    row.ended_by, row.ended_at = viewer.person_id, dt.datetime.now(dt.UTC)
    viewer.session.flush()
    audit.record(viewer, action, row.id, boroughs=[row.borough_code], figure=row.figure)


def _waits(row: Question) -> bool:
    return row.answered_at is None and row.ended_at is None


# --- What may be written ---------------------------------------------------------------------------------------------


def _screened(what: str, words: str, longest: int) -> str:
    """The words with single spaces, if they are not too many and tell of nobody."""
    said = " ".join(words.split())
    if not said:
        raise BadRequest(f"The {what} is empty.", remedy="Write it in a sentence or two.")
    if len(said) > longest or not said.isprintable():
        raise BadRequest(
            f"The {what} has {len(said):,} characters.", remedy=f"Use no more than {longest:,}, in plain text."
        )
    purposes.refuse_telling_of_a_person(f"words of the {what}", said)
    found = personal.find((what,), pl.DataFrame({"row": [1], "0": [said]}))
    if found:
        raise BadRequest(
            f"The {what} seems to hold {listed([each.what.value for each in found])}.",
            remedy="Leave it out: everybody who reads the borough's figures can read this.",
        )
    return said


def _refuse_exact(said: str, untold: Collection[int]) -> None:
    """Refuse an answer in which a count stands that its readers see rounded or hidden."""
    numbers = {int(found.replace(",", "")) for found in _NUMBER.findall(said)}
    words = set(re.findall(r"[a-z]+", said.casefold()))
    spelled = {value for value, word in enumerate(_NUMBERS_IN_WORDS) if word in words}
    if not (numbers | spelled).isdisjoint(untold):
        raise BadRequest(
            "The answer seems to give the exact count of this figure, which the reader who asked may not know.",
            remedy="Use the count as it is shown to them, or say it without a number.",
        )
