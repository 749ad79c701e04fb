"""The page that says how small numbers are protected, and the form that changes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from flask import Blueprint, Flask, current_app, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.db import HubSession
from hub.disclosure import service
from hub.disclosure.forms import PolicyForm
from hub.errors import BadRequest, Conflict, HubError
from hub.web import needs, signed_in

bp = Blueprint("disclosure", __name__)

TellDatasets = Callable[[HubSession], Mapping[str, str]]
"""Gives the kinds of dataset, each with its title."""


def offer_datasets(app: Flask, tell: TellDatasets) -> None:
    """Say which kinds of dataset there are: the slice that knows them stands above this one."""
    app.extensions["hub_datasets_to_protect"] = tell


def _datasets() -> Mapping[str, str]:
    return cast(TellDatasets, current_app.extensions["hub_datasets_to_protect"])(g.db_session)


@bp.get("/small-numbers")
@signed_in
def show() -> ResponseReturnValue:
    """Say what is protected, and which rules there were."""
    versions = service.versions(g.viewer.session)
    return render_template(
        "disclosure/show.html",
        versions=versions,
        policy=versions[0].policy,
        categories=map(service.in_words, versions[0].policy.categories),
        titles=_datasets(),
        may_write=service.may_write(g.viewer),
    )


@bp.get("/small-numbers/change")
@needs(Permission.POLICY_WRITE)
def edit() -> ResponseReturnValue:
    """Show the form, filled in with the policy in force."""
    service.require_all_boroughs(g.viewer)
    form = PolicyForm()
    form.offer(_datasets())
    form.show(service.in_force(g.viewer.session))
    return _form(form)


@bp.post("/small-numbers/change")
@needs(Permission.POLICY_WRITE)
def change() -> ResponseReturnValue:
    """Put the next version of the policy in force."""
    service.require_all_boroughs(g.viewer)
    form = PolicyForm()
    form.offer(_datasets())
    if not form.validate():
        return _form(form), BadRequest.status
    try:
        policy = service.change(g.viewer, form.written(), form.reason.data or "")
    except (BadRequest, Conflict) as error:
        return _form(form, error), error.status
    flash(f"Version {policy.version} of the rule is now in force for every borough.", "success")
    return redirect(url_for(".show"))


def _form(form: PolicyForm, error: HubError | None = None) -> str:
    return render_template("disclosure/edit.html", form=form, error=error)
