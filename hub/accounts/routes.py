"""Pages of signing in and out. The cookie carries only a random token; what it stands for is in the database."""

from __future__ import annotations

import re

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user, login_user

from hub.access import Viewer
from hub.accounts import service
from hub.accounts.forms import SignInForm
from hub.errors import BadRequest, NotSignedIn, TooMany
from hub.web import database, login_manager, public

bp = Blueprint("accounts", __name__)

_OWN_PATH = re.compile(r"/(?!/)[\x21-\x5b\x5d-\x7e]*")
"""One of the hub's own addresses: no scheme, no host, and no character that a browser reads as a slash or skips."""


class SignedIn(UserMixin):  # type: ignore[misc]
    """A browser that somebody signed in with."""

    def __init__(self, token: str, viewer: Viewer) -> None:
        self.token = token
        self.viewer = viewer

    def get_id(self) -> str:
        """What flask-login keeps in the cookie."""
        return self.token


@login_manager.user_loader  # type: ignore[untyped-decorator]
def resume(token: str) -> SignedIn | None:
    """Find who is asking, and open the request's session to them."""
    viewer = service.resume(database(), g.db_session, token)
    return SignedIn(token, viewer) if viewer else None


@bp.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Ask who it is."""
    wanted = _own_path(request.args.get("next", ""))
    if current_user.is_authenticated:
        return redirect(wanted)
    return render_template("accounts/sign_in.html", form=SignInForm(next=wanted))


@bp.post("/sign-in")
@public
def begin() -> ResponseReturnValue:
    """Let somebody in, under a new token, and end what this browser was signed in to before."""
    form = SignInForm()
    if not form.validate():
        return render_template("accounts/sign_in.html", form=form), BadRequest.status
    try:
        token = service.sign_in(database(), form.email.data, form.password.data, request.remote_addr or "")
    except (NotSignedIn, TooMany) as refusal:
        form.email.errors = [str(refusal)]
        return render_template("accounts/sign_in.html", form=form), refusal.status
    _end()
    login_user(resume(token))
    return redirect(_own_path(form.next.data or ""))


@bp.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End this browser's sign-in, if it had not ended by itself."""
    _end()
    return redirect(url_for(".sign_in"))


def _end() -> None:
    if current_user.is_authenticated:
        service.sign_out(current_user.viewer, current_user.token)
    session.clear()


def _own_path(wanted: str) -> str:
    return wanted if _OWN_PATH.fullmatch(wanted) else url_for("places.home")
