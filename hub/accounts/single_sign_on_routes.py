"""The way to an organisation's own sign-in and back. An address here exists only where an issuer is configured.

Both pages are asked for by GET, as browsers are sent to and fro; the sign-in itself is kept by its own transaction.
"""

from __future__ import annotations

from flask import Blueprint, g, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hub.accounts import openid, single_sign_on
from hub.accounts.routes import carry_on, device, own_path
from hub.config import Settings
from hub.errors import NotFound
from hub.web import database, public, settings

KEPT = "openid"

bp = Blueprint("single_sign_on", __name__)


@bp.get("/sign-in/organisation")
@public
def begin() -> ResponseReturnValue:
    """Send a browser to its organisation's sign-in."""
    asked = openid.ask(_configured())
    session[KEPT] = {**asked.kept, "next": own_path(request.args.get("next", ""))}
    return redirect(asked.address)


@bp.get(openid.ANSWER_PATH)
@public
def answer() -> ResponseReturnValue:
    """Take the organisation's answer, once, and let in whoever it says it is."""
    kept = session.pop(KEPT, {})
    claims = openid.answered(_configured(), kept, request.args)
    before = current_user.token if current_user.is_authenticated or current_user.is_half_way else ""
    g.db_session.rollback()  # It is to see the sign-in that is about to be kept.
    carry_on(single_sign_on.sign_in(database(), claims, device=device(), before=before))
    return redirect(own_path(kept["next"]))


def _configured() -> Settings:
    found = settings()
    if not found.has_single_sign_on:
        raise NotFound
    return found
