"""Pages of signing in and out. The cookie carries only a random token; what it stands for is in the database."""

from __future__ import annotations

import re

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user, login_user

from hub.access import Viewer
from hub.accounts import seeing_as, service, sessions
from hub.accounts.forms import SignInForm
from hub.accounts.service import HalfWay
from hub.errors import BadRequest, NotSignedIn, TooMany
from hub.web import database, login_manager, public, settings

bp = Blueprint("accounts", __name__)

_OWN_PATH = re.compile(r"/(?!/)[\x21-\x5b\x5d-\x7e]*")
"""One of the hub's own addresses: no scheme, no host, and no character that a browser reads as a slash or skips."""


class SignedIn(UserMixin):  # type: ignore[misc]
    """A browser that somebody signed in with."""

    is_half_way = False

    def __init__(self, token: str, viewer: Viewer) -> None:
        self.token = token
        self.viewer = self.person = viewer

    def get_id(self) -> str:
        """What flask-login keeps in the cookie."""
        return self.token


class HalfSignedIn(UserMixin):  # type: ignore[misc]
    """A browser in which somebody's password was right, and that is nobody's until they have taken the second step."""

    is_authenticated = False
    is_half_way = True

    def __init__(self, token: str, person: HalfWay) -> None:
        self.token = token
        self.person = person

    def get_id(self) -> str:
        """What flask-login keeps in the cookie."""
        return self.token


@login_manager.user_loader  # type: ignore[untyped-decorator]
def resume(token: str) -> SignedIn | HalfSignedIn | None:
    """Find who is asking, and open the request's session to them."""
    arrived = service.arrive(database(), g.db_session, token)
    if isinstance(arrived, HalfWay):
        return HalfSignedIn(token, arrived)
    viewer = seeing_as.shown(arrived, token)
    return SignedIn(token, viewer) if viewer else None


@bp.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Ask who it is."""
    wanted = own_path(request.args.get("next", ""))
    if current_user.is_authenticated:
        return redirect(wanted)
    return _sign_in_page(SignInForm(next=wanted))


@bp.post("/sign-in")
@public
def begin() -> ResponseReturnValue:
    """Let somebody in, under a new token, and end what this browser was signed in to before."""
    form = SignInForm()
    if not form.validate():
        return _sign_in_page(form), BadRequest.status
    try:
        token = service.sign_in(
            database(), form.email.data, form.password.data, request.remote_addr or "", device=device()
        )
    except (NotSignedIn, TooMany) as refusal:
        form.email.errors = [str(refusal)]
        return _sign_in_page(form), refusal.status
    return enter(token, form.next.data or "")


@bp.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End this browser's sign-in, if it had not ended by itself."""
    _end()
    return redirect(url_for(".sign_in"))


def _end() -> None:
    if current_user.is_authenticated or current_user.is_half_way:
        service.sign_out(current_user.person, current_user.token)
    session.clear()


def _sign_in_page(form: SignInForm) -> str:
    return render_template("accounts/sign_in.html", form=form, settings=settings())


def enter(token: str, wanted: str) -> ResponseReturnValue:
    """Let a browser be whoever has just signed in, whatever it was before, and send it where it wanted to go."""
    _end()
    carry_on(token)
    return redirect(own_path(wanted))


def carry_on(token: str) -> None:
    """Give a browser its new token, and nothing of what it held before."""
    session.clear()
    g.pop("csrf_token", None)  # A form may have made one already for this answer, of what was held before.
    login_user(resume(token))


def device() -> str:
    """The kind of browser that is asking."""
    return sessions.device_of(request.user_agent.string)


def own_path(wanted: str) -> str:
    """One of the hub's own addresses, or the home page where what is wanted is none."""
    return wanted if _OWN_PATH.fullmatch(wanted) else url_for("places.home")
