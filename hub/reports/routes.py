"""Addresses of a borough's reports: the list, one report, what an officer and who approves do with it, its files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub import handover
from hub.access import Permission
from hub.documents import web_page
from hub.documents.model import Length
from hub.documents.writers import Form
from hub.errors import BadRequest, Conflict, HubError
from hub.places.service import Area
from hub.reports import approval, kinds, publishing, rendering, schedules, service, telling
from hub.reports.forms import DraftForm, ScheduleForm, chosen_sections, typed_day, typed_days, typed_repeats
from hub.summaries.service import NoFigures
from hub.web import needs, public, saw, settings
from hub.words import LONDON, listed, parse_month

bp = Blueprint("reports", __name__)
FORMS = ", ".join(f'"{form.value}"' for form in Form)
"""Of a file, as an address ends with them."""


# --- Reading ---------------------------------------------------------------------------------------------------------


@bp.get("/areas/<area>/reports")
@needs(Permission.SUMMARY_READ)
def index(area: str) -> ResponseReturnValue:
    """List a borough's reports."""
    found = service.borough(g.viewer, area)
    saw("reports.viewed", found.slug, found.borough_codes)
    return render_template(
        "reports/index.html",
        area=found,
        reports=service.reports(g.viewer, found),
        forms=tuple(Form),
        is_subscribed=telling.is_subscribed(g.viewer, found),
        sends_mail=settings().sends_mail,
    )


@bp.get("/areas/<area>/reports/<uuid:report_id>")
@needs(Permission.SUMMARY_READ)
def show(area: str, report_id: UUID) -> ResponseReturnValue:
    """Show one report at one of its three reading lengths."""
    return _show(service.borough(g.viewer, area), report_id)


@bp.get(f"/areas/<area>/reports/latest.<any({FORMS}):form>")
@needs(Permission.SUMMARY_READ)
def latest(area: str, form: str) -> ResponseReturnValue:
    """Ask what the report that was approved last is taken away for."""
    found = service.borough(g.viewer, area)
    return _ask(found, service.newest(g.viewer, found), form)


@bp.get(f"/areas/<area>/reports/<uuid:report_id>/report.<any({FORMS}):form>")
@needs(Permission.SUMMARY_READ)
def download(area: str, report_id: UUID, form: str) -> ResponseReturnValue:
    """Ask what a report is taken away for."""
    return _ask(service.borough(g.viewer, area), report_id, form)


@bp.post(f"/areas/<area>/reports/<uuid:report_id>/report.<any({FORMS}):form>")
@needs(Permission.SUMMARY_READ)
def take(area: str, report_id: UUID, form: str) -> ResponseReturnValue:
    """Give a report as a file."""
    found = service.borough(g.viewer, area)
    file = rendering.file(g.viewer, found, report_id, Form(form))
    try:
        given = handover.given()
    except BadRequest as error:
        return _ask(found, report_id, form, error)
    service.record_export(g.viewer, found, report_id, form, given.purpose)
    response = Response(file.content, mimetype=file.media_type)
    response.headers.set("Content-Disposition", "attachment", filename=file.name)
    return response


@bp.post("/areas/<area>/reports/subscription")
@needs(Permission.SUMMARY_READ)
def subscribe(area: str) -> ResponseReturnValue:
    """Be told of a borough's reports by e-mail, or no more."""
    found = service.borough(g.viewer, area)
    is_wanted = request.form.get("wanted") == "yes"
    telling.subscribe(g.viewer, found, wanted=is_wanted)
    flash("You will be told by e-mail." if is_wanted else "You will not be told any more.", "success")
    return redirect(url_for(".index", area=found.slug))


# --- Writing ---------------------------------------------------------------------------------------------------------


@bp.get("/areas/<area>/reports/new")
@needs(Permission.REPORT_WRITE)
def new(area: str) -> ResponseReturnValue:
    """Offer the kinds of report and the months."""
    return _new(service.borough(g.viewer, area, Permission.REPORT_WRITE))


@bp.post("/areas/<area>/reports")
@needs(Permission.REPORT_WRITE)
def draft(area: str) -> ResponseReturnValue:
    """Begin a report."""
    found = service.borough(g.viewer, area, Permission.REPORT_WRITE)
    try:
        month = parse_month(request.form.get("to", ""), what="The month")
        report_id = service.draft(g.viewer, found, request.form.get("kind", ""), month)
    except (BadRequest, NoFigures) as error:
        return _new(found, error)
    flash("The draft is made from the figures as they are now. Add your words, then ask for its approval.", "success")
    return redirect(url_for(".edit", area=found.slug, report_id=report_id))


@bp.get("/areas/<area>/reports/<uuid:report_id>/edit")
@needs(Permission.REPORT_WRITE)
def edit(area: str, report_id: UUID) -> ResponseReturnValue:
    """Show a draft's sections to be changed."""
    return _edit(service.borough(g.viewer, area, Permission.REPORT_WRITE), report_id)


@bp.post("/areas/<area>/reports/<uuid:report_id>/edit")
@needs(Permission.REPORT_WRITE)
def save(area: str, report_id: UUID) -> ResponseReturnValue:
    """Keep a draft's sections."""
    found = service.borough(g.viewer, area, Permission.REPORT_WRITE)
    present = service.sections(g.viewer, found, report_id)
    try:
        service.edit(g.viewer, found, report_id, chosen_sections(request.form, present))
    except BadRequest as error:
        return _edit(found, report_id, error)
    flash("The draft is saved.", "success")
    return redirect(url_for(".show", area=found.slug, report_id=report_id))


@bp.post("/areas/<area>/reports/<uuid:report_id>/discard")
@needs(Permission.REPORT_WRITE)
def discard(area: str, report_id: UUID) -> ResponseReturnValue:
    """Give a draft up."""
    found = service.borough(g.viewer, area, Permission.REPORT_WRITE)
    service.discard(g.viewer, found, report_id)
    flash("The draft is given up.", "success")
    return redirect(url_for(".index", area=found.slug))


@bp.post("/areas/<area>/reports/<uuid:report_id>/ask")
@needs(Permission.REPORT_WRITE)
def ask(area: str, report_id: UUID) -> ResponseReturnValue:
    """Ask that a draft be approved."""
    found = service.borough(g.viewer, area, Permission.REPORT_WRITE)
    try:
        able = approval.ask(g.viewer, found, report_id, tells=settings().sends_mail)
    except Conflict as error:
        return _show(found, report_id, error)
    if able:
        flash(f"You asked for approval. It can be given by {listed(able)}, who find it on their home page.", "success")
    else:
        flash(
            "You asked for approval, but nobody can give it now. Ask an administrator to make somebody who wrote "
            "nothing in the report a liaison officer of the borough.",
            "success",
        )
    return redirect(url_for(".show", area=found.slug, report_id=report_id))


@bp.post("/areas/<area>/reports/<uuid:report_id>/send-back")
@needs(Permission.REPORT_APPROVE)
def send_back(area: str, report_id: UUID) -> ResponseReturnValue:
    """Send a draft back to its officers, with a reason."""
    found = service.borough(g.viewer, area, Permission.REPORT_APPROVE)
    try:
        approval.send_back(g.viewer, found, report_id, request.form.get("reason", ""), tells=settings().sends_mail)
    except (BadRequest, Conflict) as error:
        return _show(found, report_id, error)
    flash("The draft is sent back to the officer who asked.", "success")
    return redirect(url_for(".show", area=found.slug, report_id=report_id))


@bp.post("/areas/<area>/reports/<uuid:report_id>/approve")
@needs(Permission.REPORT_APPROVE)
def approve(area: str, report_id: UUID) -> ResponseReturnValue:
    """Freeze a draft as it was read."""
    found = service.borough(g.viewer, area, Permission.REPORT_APPROVE)
    try:
        approval.approve(
            g.viewer,
            found,
            report_id,
            request.form.get("seen", ""),
            numbers_are_checked="checked" in request.form,
            tells=settings().sends_mail,
        )
    except (BadRequest, Conflict) as error:
        return _show(found, report_id, error)
    flash("The report is approved, and frozen as known today.", "success")
    return redirect(url_for(".show", area=found.slug, report_id=report_id))


@bp.post("/areas/<area>/reports/<uuid:report_id>/reissue")
@needs(Permission.REPORT_WRITE)
def reissue(area: str, report_id: UUID) -> ResponseReturnValue:
    """Begin a report that replaces an approved one."""
    found = service.borough(g.viewer, area, Permission.REPORT_WRITE)
    try:
        again = service.reissue(g.viewer, found, report_id, request.form.get("reason", ""))
    except (BadRequest, Conflict) as error:
        return _show(found, report_id, error)
    flash("The new draft replaces the old report once it is approved.", "success")
    return redirect(url_for(".edit", area=found.slug, report_id=again))


# --- By the clock ----------------------------------------------------------------------------------------------------


@bp.get("/areas/<area>/reports/schedules")
@needs(Permission.REPORT_WRITE)
def schedule(area: str) -> ResponseReturnValue:
    """Show what is drafted by itself, and offer more."""
    return _schedules(service.borough(g.viewer, area, Permission.REPORT_WRITE))


@bp.post("/areas/<area>/reports/schedules")
@needs(Permission.REPORT_WRITE)
def set_schedule(area: str) -> ResponseReturnValue:
    """Have a kind of report drafted before a day."""
    found = service.borough(g.viewer, area, Permission.REPORT_WRITE)
    sent = request.form
    try:
        schedules.schedule(
            g.viewer,
            found,
            sent.get("kind", ""),
            typed_day(sent.get("due_on", "")),
            typed_days(sent.get("days_before", "")),
            typed_repeats(sent.get("repeats", "")),
            dt.datetime.now(LONDON).date(),
        )
    except BadRequest as error:
        return _schedules(found, error)
    flash("The report will be drafted by itself.", "success")
    return redirect(url_for(".schedule", area=found.slug))


@bp.post("/areas/<area>/reports/schedules/<uuid:schedule_id>/end")
@needs(Permission.REPORT_WRITE)
def end_schedule(area: str, schedule_id: UUID) -> ResponseReturnValue:
    """Draft nothing more by a schedule."""
    found = service.borough(g.viewer, area, Permission.REPORT_WRITE)
    schedules.end(g.viewer, found, schedule_id)
    flash("The schedule is ended.", "success")
    return redirect(url_for(".schedule", area=found.slug))


# --- The public page -------------------------------------------------------------------------------------------------


@bp.get("/areas/<area>/reports/<uuid:report_id>/public")
@needs(Permission.REPORT_PUBLISH)
def ask_public(area: str, report_id: UUID) -> ResponseReturnValue:
    """Show a leader what the public would read, and offer to publish or withdraw it."""
    found = service.borough(g.viewer, area, Permission.REPORT_PUBLISH)
    shown = service.show(g.viewer, found, report_id)
    document = publishing.preview(g.viewer, found, report_id)
    saw("report.viewed", report_id, found.borough_codes)
    return render_template("reports/publish.html", report=shown, area=found, body=web_page.body(document))


@bp.post("/areas/<area>/reports/<uuid:report_id>/publish")
@needs(Permission.REPORT_PUBLISH)
def publish(area: str, report_id: UUID) -> ResponseReturnValue:
    """Let anybody read a report."""
    found = service.borough(g.viewer, area, Permission.REPORT_PUBLISH)
    publishing.publish(g.viewer, found, report_id, is_indexed="is_indexed" in request.form)
    flash("Anybody can read this report now.", "success")
    return redirect(url_for(".ask_public", area=found.slug, report_id=report_id))


@bp.post("/areas/<area>/reports/<uuid:report_id>/withdraw")
@needs(Permission.REPORT_PUBLISH)
def withdraw(area: str, report_id: UUID) -> ResponseReturnValue:
    """Take a report off the public page."""
    found = service.borough(g.viewer, area, Permission.REPORT_PUBLISH)
    publishing.withdraw(g.viewer, found, report_id)
    flash("The report is withdrawn. Nobody outside can read it any more.", "success")
    return redirect(url_for(".ask_public", area=found.slug, report_id=report_id))


@bp.get("/public/reports/<uuid:public_id>")
@public
def published(public_id: UUID) -> ResponseReturnValue:
    """Show anybody a report that a council leader made public."""
    found = publishing.published(g.db_session, public_id)
    response = Response(render_template("reports/public.html", report=found, body=web_page.body(found.document)))
    if not found.is_indexed:
        response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.app_context_processor
def told_to_pages() -> dict[str, Callable[..., object]]:
    """Let a page ask whether a borough has a report to take away, and which drafts wait for its reader."""
    return {
        "has_report": lambda borough_code: service.has_report(g.viewer, borough_code),
        "reports_to_approve": lambda: approval.to_approve(g.viewer),
        "reports_sent_back": lambda: approval.sent_back(g.viewer),
    }


# --- Pages -----------------------------------------------------------------------------------------------------------


def _show(area: Area, report_id: UUID, error: HubError | None = None) -> ResponseReturnValue:
    asked = request.args.get("length", Length.FULL.value)
    length = Length(asked) if asked in set(Length) else Length.FULL
    shown = service.show(g.viewer, area, report_id)
    saw("report.viewed", report_id, area.borough_codes)
    body = render_template(
        "reports/show.html",
        report=shown,
        history=approval.history(g.viewer, area, report_id),
        area=area,
        length=length,
        lengths=tuple(Length),
        body=web_page.body(shown.document.read(length)),
        forms=tuple(Form),
        reason=request.form.get("reason", ""),
        error=error,
    )
    return body, error.status if error else 200


def _ask(area: Area, report_id: UUID, form: str, error: BadRequest | None = None) -> ResponseReturnValue:
    what = f"{service.title(g.viewer, area, report_id)} ({Form(form).words})"
    return handover.ask(
        what,
        url_for(".show", area=area.slug, report_id=report_id),
        error,
        address=url_for(".take", area=area.slug, report_id=report_id, form=form),
        is_on_file=False,
        usual="" if g.viewer.may(Permission.EXACT_COUNTS, area.borough_codes) else "scrutiny",
    )


def _new(area: Area, error: HubError | None = None) -> ResponseReturnValue:
    form = DraftForm()
    months = service.months(g.viewer, area)
    form.offer(months, service.usual_month(g.viewer, area) if months else None)
    body = render_template("reports/new.html", area=area, form=form, kinds=kinds.kinds().values(), error=error)
    return body, error.status if error else 200


def _edit(area: Area, report_id: UUID, error: BadRequest | None = None) -> ResponseReturnValue:
    body = render_template(
        "reports/edit.html",
        area=area,
        report_id=report_id,
        title=service.title(g.viewer, area, report_id),
        chosen=service.sections(g.viewer, area, report_id),
        sections=kinds.sections(),
        typed=request.form if error else None,
        longest=service.LONGEST_WORDS,
        error=error,
    )
    return body, error.status if error else 200


def _schedules(area: Area, error: BadRequest | None = None) -> ResponseReturnValue:
    form = ScheduleForm()
    form.offer()
    body = render_template(
        "reports/schedules.html",
        area=area,
        form=form,
        schedules=schedules.schedules(g.viewer, area),
        typed=request.form,
        error=error,
    )
    return body, error.status if error else 200
