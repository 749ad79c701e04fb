"""Pages that a one-time link opens, and the one that asks for a new password: for people who are not signed in."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.accounts import invitations, links, resets
from hub.accounts.models import LinkPurpose
from hub.accounts.people_forms import AddressForm, PasswordForm
from hub.errors import BadRequest, TooMany
from hub.web import database, public, refusal_of, settings

bp = Blueprint("links", __name__)


@bp.get("/invitations/<secret>")
@public
def invitation(secret: str) -> ResponseReturnValue:
    """Ask somebody who was invited for a password. Looking does not use the link up, as mail scanners look."""
    return _password_page(LinkPurpose.INVITATION, secret, PasswordForm(formdata=None))


@bp.post("/invitations/<secret>")
@public
def accept(secret: str) -> ResponseReturnValue:
    """Take the password of somebody who was invited, and let them sign in."""
    return _chosen(LinkPurpose.INVITATION, secret, lambda password: invitations.accept(g.db_session, secret, password))


@bp.get("/new-password")
@public
def ask() -> ResponseReturnValue:
    """Ask whose password is forgotten."""
    return _ask_page(AddressForm(formdata=None))


@bp.post("/new-password")
@public
def send() -> ResponseReturnValue:
    """Have a link sent, and say the same whoever was asked about."""
    form = AddressForm()
    if not form.validate():
        return _ask_page(form), BadRequest.status
    try:
        resets.ask(database(), settings(), form.email.data, request.remote_addr or "")
    except TooMany as refusal:
        form.email.errors = [str(refusal)]
        return _ask_page(form), refusal.status
    return render_template("accounts/reset_asked.html", sends_mail=settings().sends_mail)


@bp.get("/new-password/<secret>")
@public
def new_password(secret: str) -> ResponseReturnValue:
    """Ask somebody who forgot their password for a new one."""
    return _password_page(LinkPurpose.RESET, secret, PasswordForm(formdata=None))


@bp.post("/new-password/<secret>")
@public
def set_password(secret: str) -> ResponseReturnValue:
    """Take the new password, and let them sign in with it and their second step."""
    return _chosen(
        LinkPurpose.RESET, secret, lambda password: resets.choose(g.db_session, settings(), secret, password)
    )


def _chosen(purpose: LinkPurpose, secret: str, choose: Callable[[str], None]) -> ResponseReturnValue:
    form = PasswordForm()
    if not form.validate():
        return _password_page(purpose, secret, form), BadRequest.status
    try:
        choose(form.password.data)
    except BadRequest as refusal:
        form.password.errors = [str(refusal_of(refusal))]
        return _password_page(purpose, secret, form), refusal.status
    flash("Your password is set. Sign in with it.", "success")
    return redirect(url_for("accounts.sign_in"))


def _ask_page(form: AddressForm) -> str:
    return render_template("accounts/reset.html", form=form, sends_mail=settings().sends_mail)


def _password_page(purpose: LinkPurpose, secret: str, form: PasswordForm) -> str:
    person = links.held_by(g.db_session, secret, purpose)
    return render_template("accounts/choose_password.html", form=form, email=person.email, purpose=purpose.value)
