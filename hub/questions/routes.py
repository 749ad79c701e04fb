"""Pages of figures and of what is asked about them: a figure's card, a borough's questions, and one of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import BadRequest, Conflict, HubError, NotFound
from hub.places import service as places
from hub.places.service import Area
from hub.questions import letters, service
from hub.questions.forms import AnswerForm, AskForm
from hub.questions.service import Asked, ShownQuestion
from hub.summaries import cards
from hub.summaries.cards import Card
from hub.web import needs, saw, settings
from hub.words import LONDON

bp = Blueprint("questions", __name__)


@bp.app_context_processor
def questions_to_answer() -> dict[str, Callable[[], list[ShownQuestion]]]:
    """Let the home page, which stands below this slice, tell its reader what waits for their answer."""

    def waiting() -> list[ShownQuestion]:
        return service.waiting(g.viewer) if g.viewer.may(Permission.QUESTION_ANSWER) else []

    return {"questions_to_answer": waiting}


@bp.get("/areas/<area>/figures/<path:key>")
@needs(Permission.SUMMARY_READ)
def figure(area: str, key: str) -> ResponseReturnValue:
    """Show the card of one figure of a borough's summary."""
    borough = _borough(area, Permission.SUMMARY_READ)
    card = cards.card(g.viewer, borough.slug, key)
    saw("figure.viewed", key, [borough.slug])
    return _card(card, AskForm(formdata=None))


@bp.post("/areas/<area>/figures/<path:key>")
@needs(Permission.QUESTION_ASK)
def ask(area: str, key: str) -> ResponseReturnValue:
    """Ask about one figure."""
    borough = _borough(area, Permission.QUESTION_ASK)
    card = cards.card(g.viewer, borough.slug, key)
    form = AskForm()
    try:
        asked = service.ask(g.viewer, borough.slug, Asked(key, card.full_title, card.shown), form.words.data or "")
    except (BadRequest, Conflict) as refusal:
        g.failed = True
        form.words.errors = [str(refusal)]
        return _card(card, form), refusal.status
    letters.tell_officers(g.viewer.session, settings(), asked, dt.datetime.now(LONDON).date())
    flash(f"Your question is with the officers of {borough.name}. The answer will be shown here.", "success")
    return redirect(url_for(".figure", area=borough.slug, key=key))


@bp.get("/areas/<area>/questions")
@needs(Permission.SUMMARY_READ)
def index(area: str) -> ResponseReturnValue:
    """List what is asked about a borough's figures."""
    borough = _borough(area, Permission.SUMMARY_READ)
    return render_template("questions/index.html", area=borough, asked=service.questions(g.viewer, borough.slug))


@bp.get("/areas/<area>/questions/<uuid:question_id>")
@needs(Permission.SUMMARY_READ)
def show(area: str, question_id: UUID) -> ResponseReturnValue:
    """Show one question and its answer."""
    borough = _borough(area, Permission.SUMMARY_READ)
    return _show(borough, service.question(g.viewer, borough.slug, question_id))


@bp.post("/areas/<area>/questions/<uuid:question_id>/answer")
@needs(Permission.QUESTION_ANSWER)
def answer(area: str, question_id: UUID) -> ResponseReturnValue:
    """Answer a question."""
    borough = _borough(area, Permission.QUESTION_ANSWER)
    asked = service.question(g.viewer, borough.slug, question_id)
    form = AnswerForm()
    try:
        answered = service.answer(
            g.viewer,
            borough.slug,
            question_id,
            form.words.data or "",
            untold=cards.untold(g.viewer, borough.slug, asked.figure),
        )
    except BadRequest as refusal:
        g.failed = True
        form.words.errors = [str(refusal)]
        return _show(borough, asked, form), refusal.status
    letters.tell_asker(g.viewer.session, settings(), answered)
    flash("The answer is shown beside the figure.", "success")
    return redirect(url_for(".show", area=borough.slug, question_id=question_id))


@bp.post("/areas/<area>/questions/<uuid:question_id>/withdraw")
@needs(Permission.QUESTION_ASK)
def withdraw(area: str, question_id: UUID) -> ResponseReturnValue:
    """Take back one's own question."""
    borough = _borough(area, Permission.QUESTION_ASK)
    service.withdraw(g.viewer, borough.slug, question_id)
    flash("Your question is taken back.", "success")
    return redirect(url_for(".index", area=borough.slug))


@bp.post("/areas/<area>/questions/<uuid:question_id>/close")
@needs(Permission.QUESTION_ANSWER)
def close(area: str, question_id: UUID) -> ResponseReturnValue:
    """Close a question without an answer."""
    borough = _borough(area, Permission.QUESTION_ANSWER)
    service.close(g.viewer, borough.slug, question_id)
    flash("The question is closed without an answer.", "success")
    return redirect(url_for(".index", area=borough.slug))


def _borough(area: str, permission: Permission) -> Area:
    found = places.area(g.viewer, area, permission)
    if found.kind != "borough":
        raise NotFound
    return found


def _card(card: Card, form: AskForm) -> str:
    code = card.summary.borough_code
    return render_template(
        "questions/figure.html",
        card=card,
        asked=service.questions(g.viewer, code, figure=card.key),
        form=form if g.viewer.may(Permission.QUESTION_ASK, [code]) else None,
        longest=service.LONGEST_QUESTION,
        is_exact=service.sees_exact(g.viewer, code),
    )


def _show(borough: Area, asked: ShownQuestion, form: AnswerForm | None = None) -> str:
    if form is None:
        form = AnswerForm(formdata=None)
        form.words.data = asked.answer
    return render_template(
        "questions/show.html",
        area=borough,
        one=asked,
        card=_card_now(borough, asked),
        form=form,
        longest=service.LONGEST_ANSWER,
    )


def _card_now(borough: Area, asked: ShownQuestion) -> Card | None:
    """The figure as its reader sees it now; None where it is not shown to them any more."""
    try:
        return cards.card(g.viewer, borough.slug, asked.figure)
    except HubError:
        return None
