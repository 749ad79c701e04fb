"""The page on which an administrator says which role a group of somebody's organisation gives."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission, Role
from hub.accounts import groups, memberships
from hub.accounts.people_forms import GroupForm
from hub.errors import BadRequest, Conflict
from hub.web import needs, refusal_of, settings

bp = Blueprint("groups", __name__, url_prefix="/people/groups")


@bp.get("/")
@needs(Permission.PEOPLE_WRITE)
def index() -> ResponseReturnValue:
    """List what groups give for the administrator's places, and offer to add to it."""
    return _page(GroupForm(formdata=None))


@bp.post("/")
@needs(Permission.PEOPLE_WRITE)
def add() -> ResponseReturnValue:
    """Let members of a group hold a role."""
    form = _offered(GroupForm())
    if not form.validate():
        return _page(form), BadRequest.status
    try:
        groups.add(g.viewer, form.group.data, Role(form.role.data), form.place.data)
    except (BadRequest, Conflict) as refusal:
        form.group.errors = [str(refusal_of(refusal))]
        return _page(form), refusal.status
    flash("The group gives that role from its members' next sign-in on.", "success")
    return redirect(url_for(".index"))


@bp.post("/<uuid:rule_id>/remove")
@needs(Permission.PEOPLE_WRITE)
def remove(rule_id: UUID) -> ResponseReturnValue:
    """Let a group give a role no more."""
    groups.remove(g.viewer, rule_id)
    flash("The group gives that role no more. Whoever held it from there holds it no longer.", "success")
    return redirect(url_for(".index"))


def _offered(form: GroupForm) -> GroupForm:
    form.offer_places(memberships.ground_of(g.viewer).areas.values())
    return form


def _page(form: GroupForm) -> str:
    return render_template(
        "accounts/groups.html",
        form=_offered(form),
        groups=groups.listed(g.viewer),
        has_single_sign_on=settings().has_single_sign_on,
    )
