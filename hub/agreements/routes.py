"""The pages of sharing agreements: all of them, one, a new one, the next version of one, and its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast
from uuid import UUID

from flask import Blueprint, Flask, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.agreements import service
from hub.agreements.forms import AgreementForm
from hub.agreements.service import AgreementView
from hub.agreements.terms import PartyRole, faults
from hub.db import HubSession
from hub.errors import BadRequest, HubError
from hub.places import service as places
from hub.web import needs
from hub.words import listed

bp = Blueprint("agreements", __name__, url_prefix="/agreements")

TellDatasets = Callable[[HubSession], Mapping[str, str]]
"""Gives the datasets that need an agreement, each with its title."""


def offer_datasets(app: Flask, tell: TellDatasets) -> None:
    """Say which datasets an agreement can cover: the slice that knows them stands above this one."""
    app.extensions["hub_datasets_to_agree_on"] = tell


def _datasets() -> Mapping[str, str]:
    return cast(TellDatasets, current_app.extensions["hub_datasets_to_agree_on"])(g.db_session)


@bp.get("/")
@needs(Permission.AGREEMENT_READ)
def index() -> ResponseReturnValue:
    """List the agreements of the viewer's boroughs."""
    found = service.agreements(g.viewer, service.today())
    return render_template("agreements/index.html", agreements=found, titles=_datasets())


@bp.get("/<uuid:agreement_id>")
@needs(Permission.AGREEMENT_READ)
def show(agreement_id: UUID) -> ResponseReturnValue:
    """Show one version of an agreement, and the others."""
    return _show(service.agreement(g.viewer, agreement_id, service.today()), None)


def _show(agreement: AgreementView, error: HubError | None) -> str:
    reason = request.form.get("because", "") if error else ""
    return render_template("agreements/show.html", agreement=agreement, titles=_datasets(), error=error, reason=reason)


@bp.get("/new")
@needs(Permission.AGREEMENT_WRITE)
def new() -> ResponseReturnValue:
    """Ask for a new agreement."""
    return _ask(_form(None), None)


@bp.post("/new")
@needs(Permission.AGREEMENT_WRITE)
def write() -> ResponseReturnValue:
    """Keep a new agreement."""
    form = _form(None)
    boroughs = form.boroughs.data if len(form.boroughs.choices) > 1 else [code for code, _ in form.boroughs.choices]
    is_good = _is_good(form)
    if not boroughs and not form.boroughs.errors:
        form.boroughs.errors = ["Choose at least one borough"]
    if not is_good or not boroughs:
        return _ask(form, None), BadRequest.status
    try:
        written = service.write(g.viewer, boroughs, form.terms())
    except HubError as error:
        g.failed = True
        return _ask(form, None, error), error.status
    flash(f"Agreement {form.terms().reference} is kept.", "success")
    return redirect(url_for(".show", agreement_id=written[0]) if len(written) == 1 else url_for(".index"))


@bp.get("/<uuid:agreement_id>/edit")
@needs(Permission.AGREEMENT_WRITE)
def edit(agreement_id: UUID) -> ResponseReturnValue:
    """Ask for the next version of an agreement, beginning from this one."""
    before = _to_follow(agreement_id)
    form = _form(before)
    form.show(before.terms)
    return _ask(form, before)


@bp.post("/<uuid:agreement_id>/edit")
@needs(Permission.AGREEMENT_WRITE)
def write_next(agreement_id: UUID) -> ResponseReturnValue:
    """Keep the next version of an agreement."""
    before = _to_follow(agreement_id)
    form = _form(before)
    form.reference.data = before.terms.reference
    if not _is_good(form):
        return _ask(form, before), BadRequest.status
    try:
        written = service.write_next(g.viewer, agreement_id, form.terms())
    except HubError as error:
        g.failed = True
        return _ask(form, before, error), error.status
    flash(f"Version {before.number + 1} of {before.terms.reference} is kept.", "success")
    return redirect(url_for(".show", agreement_id=written))


@bp.post("/<uuid:agreement_id>/end")
@needs(Permission.AGREEMENT_WRITE)
def end(agreement_id: UUID) -> ResponseReturnValue:
    """End an agreement now."""
    try:
        service.end(g.viewer, agreement_id, request.form.get("because", ""))
    except BadRequest as error:
        g.failed = True
        return _show(service.agreement(g.viewer, agreement_id, service.today()), error), error.status
    flash("The agreement is ended. What came under it can no longer be loaded or seen.", "success")
    return redirect(url_for(".show", agreement_id=agreement_id))


def _to_follow(agreement_id: UUID) -> AgreementView:
    before = service.agreement(g.viewer, agreement_id, service.today())
    g.viewer.require(Permission.AGREEMENT_WRITE, [before.borough_code])
    return before


def _form(before: AgreementView | None) -> AgreementForm:
    form = AgreementForm()
    # What an earlier version covers can be kept, though the hub now takes it without an agreement.
    kept = {key: key for key in before.terms.datasets} if before else {}
    allowed = g.viewer.boroughs(Permission.AGREEMENT_WRITE)
    named = [(borough.code, borough.name) for borough in places.boroughs(g.viewer.session, allowed)]
    form.offer(named, {**kept, **_datasets()})
    if before:
        del form.boroughs  # A next version stays where the first is.
    return form


def _is_good(form: AgreementForm) -> bool:
    is_readable = form.is_readable()
    found = faults(form.terms(), today=service.today())
    form.blame(found)
    return is_readable and not found


def _ask(form: AgreementForm, before: AgreementView | None, error: HubError | None = None) -> str:
    return render_template("agreements/edit.html", form=form, before=before, error=error, roles=tuple(PartyRole))


@bp.app_template_filter()
def dataset_words(keys: tuple[str, ...], titles: Mapping[str, str]) -> str:
    """Name datasets by their titles."""
    return listed([titles.get(key, key) for key in keys])
