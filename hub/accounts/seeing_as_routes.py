"""Pages on which an administrator or liaison officer begins and stops seeing as another role."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hub.access import Permission, Role
from hub.accounts import seeing_as
from hub.accounts.forms import SeeAsForm
from hub.errors import BadRequest
from hub.places import service as places
from hub.web import needs, open_to_one_seen_as, signed_in

bp = Blueprint("seeing_as", __name__, url_prefix="/see-as")


@bp.get("/")
@needs(Permission.SEE_AS)
def choose() -> ResponseReturnValue:
    """Ask which role to see as."""
    return render_template("accounts/see_as.html", form=_form())


@bp.post("/")
@needs(Permission.SEE_AS)
def start() -> ResponseReturnValue:
    """See as that role from the next page on."""
    form = _form()
    if not form.validate():
        return render_template("accounts/see_as.html", form=form), BadRequest.status
    seeing_as.start(g.viewer, current_user.token, Role(form.role.data), form.borough.data)
    return redirect(url_for("places.home"))


@bp.post("/stop")
@signed_in
@open_to_one_seen_as
def stop() -> ResponseReturnValue:
    """See as oneself again."""
    seeing_as.stop(g.viewer, current_user.token)
    flash("You see the hub as yourself again.", "success")
    return redirect(url_for("places.home"))


def _form() -> SeeAsForm:
    form = SeeAsForm()
    form.role.choices = [(role.value, role.title) for role in seeing_as.roles(g.viewer)]
    form.borough.choices = [
        (borough.code, borough.name)
        for borough in places.boroughs(g.viewer.session, g.viewer.boroughs(Permission.SEE_AS))
    ]
    return form
