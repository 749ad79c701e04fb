"""The page of a person's own account: who they are here, how they sign in, and where they are signed in."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from hub.accounts import second_factor, service, sessions
from hub.accounts.forms import ChangePasswordForm
from hub.accounts.routes import carry_on
from hub.errors import BadRequest, NotAllowed, TooMany
from hub.web import database, signed_in
from hub.words import plural

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.get("/")
@signed_in
def show() -> ResponseReturnValue:
    """Show a person their account."""
    return render_template(
        "accounts/account.html",
        roles=service.roles_held(g.viewer),
        set_up=second_factor.set_up(g.viewer),
        few=second_factor.FEW,
        sign_ins=sessions.listed(g.viewer.session, g.viewer.person_id, token=current_user.token),
    )


@bp.post("/sign-ins/<uuid:session_id>/end")
@signed_in
def end_sign_in(session_id: UUID) -> ResponseReturnValue:
    """End one of a person's own sign-ins."""
    sessions.end(g.viewer, g.viewer.person_id, session_id)
    flash("That sign-in has ended.", "success")
    return redirect(url_for(".show"))


@bp.post("/sign-ins/end-others")
@signed_in
def end_other_sign_ins() -> ResponseReturnValue:
    """End all of a person's sign-ins but this one."""
    ended = sessions.end_all(g.viewer.session, g.viewer.person_id, except_token=current_user.token)
    flash(f"{plural(ended, 'other sign-in')} ended.", "success")
    return redirect(url_for(".show"))


@bp.get("/password")
@signed_in
def password() -> ResponseReturnValue:
    """Ask for a new password."""
    return render_template("accounts/password.html", form=ChangePasswordForm())


@bp.post("/password")
@signed_in
def change_password() -> ResponseReturnValue:
    """Change the password, and end the other sign-ins."""
    form = ChangePasswordForm()
    if not form.validate():
        return render_template("accounts/password.html", form=form), BadRequest.status
    present, new, address = form.present.data, form.new.data, request.remote_addr or ""
    try:
        token = service.change_password(database(), g.viewer, current_user.token, present, new, address)
    except (BadRequest, NotAllowed, TooMany) as refusal:
        (form.new if isinstance(refusal, BadRequest) else form.present).errors = [str(refusal)]
        return render_template("accounts/password.html", form=form), refusal.status
    carry_on(token)
    flash("Your password is changed, and you are signed out everywhere else.", "success")
    return redirect(url_for(".show"))


@bp.post("/app/remove")
@signed_in
def remove_app() -> ResponseReturnValue:
    """Remove the authenticator app."""
    if must_prove := _proved_first():
        return must_prove
    second_factor.remove_app(g.viewer, current_user.token)
    flash("The authenticator app is removed.", "success")
    return redirect(url_for(".show"))


@bp.post("/keys/<uuid:key_id>/remove")
@signed_in
def remove_key(key_id: UUID) -> ResponseReturnValue:
    """Remove one of a person's own security keys."""
    if must_prove := _proved_first():
        return must_prove
    second_factor.remove_key(g.viewer, current_user.token, key_id)
    flash("The security key is removed.", "success")
    return redirect(url_for(".show"))


def _proved_first() -> ResponseReturnValue | None:
    """Lead whoever took the second step long ago to taking it, and then back to their account."""
    if not second_factor.must_prove_again(g.viewer, current_user.token):
        return None
    flash("Confirm that it is you. Then remove it here.")
    return redirect(url_for("second_factor.show", next=url_for(".show")))
