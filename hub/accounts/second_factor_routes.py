"""Pages of the second step of signing in: taking it, and setting up an app, a security key and recovery codes."""

from __future__ import annotations

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import Field

from hub.access import Viewer
from hub.accounts import second_factor
from hub.accounts.forms import CodeForm, KeyForm, NewAppForm, NewKeyForm
from hub.accounts.keys import Site
from hub.accounts.routes import carry_on, own_path
from hub.accounts.second_factor import FEW, Added, Somebody
from hub.accounts.service import HalfWay, Step
from hub.errors import BadRequest, Conflict, HubError, NotSignedIn, TooMany
from hub.web import database, half_way, signed_in
from hub.words import plural

bp = Blueprint("second_factor", __name__, url_prefix="/second-factor")


# --- Taking the step -------------------------------------------------------------------------------------------------


@bp.get("/")
@half_way
def show() -> ResponseReturnValue:
    """Ask for the second step, or lead to setting it up."""
    person, wanted = _person(), own_path(request.args.get("next", ""))
    if isinstance(person, HalfWay) and person.step is Step.ENROL:
        return redirect(url_for(".enrol", next=wanted))
    if isinstance(person, HalfWay) and person.step is Step.ADD_KEY:
        return redirect(url_for(".new_key", next=wanted))
    if not second_factor.ways(person).any:
        return redirect(url_for("account.show"))
    return _asking(CodeForm(next=wanted))


@bp.post("/")
@half_way
def prove() -> ResponseReturnValue:
    """Take the step with a code."""
    form = CodeForm()
    if not form.validate():
        return _asking(form), BadRequest.status
    try:
        token = second_factor.prove_by_code(database(), _person(), current_user.token, form.code.data, _address())
    except (NotSignedIn, TooMany) as refusal:
        return _asking(_with(form, form.code, refusal)), refusal.status
    return _proved(token, form.next.data or "")


@bp.post("/key/ask")
@half_way
def ask_key() -> ResponseReturnValue:
    """Tell the page what to have a key sign."""
    return _json(second_factor.ask_key(_person(), current_user.token, _site()))


@bp.post("/key")
@half_way
def prove_by_key() -> ResponseReturnValue:
    """Take the step with a security key."""
    form = KeyForm()
    if not form.validate():
        return _asking(_again(form, form.credential.errors[0])), BadRequest.status
    answer = form.credential.data
    try:
        token = second_factor.prove_by_key(database(), _person(), current_user.token, answer, _site(), _address())
    except (NotSignedIn, TooMany) as refusal:
        return _asking(_again(form, str(refusal))), refusal.status
    return _proved(token, form.next.data or "")


def _proved(token: str, wanted: str) -> ResponseReturnValue:
    left = second_factor.ways(_person()).recovery_codes
    carry_on(token)
    if left <= FEW:
        flash(f"You have {plural(left, 'recovery code')} left. Make new ones on your account page before they run out.")
    return redirect(own_path(wanted))


def _asking(form: CodeForm) -> str:
    return render_template(
        "accounts/prove.html", form=form, ways=second_factor.ways(_person()), site=_site(), is_half_way=not g.viewer
    )


def _again(form: KeyForm, words: str) -> CodeForm:
    """The page's other form, with what was wrong with the key."""
    shown = CodeForm(formdata=None, next=form.next.data)
    shown.code.errors = [words]
    return shown


# --- Setting up ------------------------------------------------------------------------------------------------------


@bp.get("/set-up")
@half_way
def enrol() -> ResponseReturnValue:
    """Offer what can be set up."""
    return _proved_first() or render_template(
        "accounts/enrol.html",
        wanted=own_path(request.args.get("next", "")),
        site=_site(),
        must_have_key=_must_have_key(),
    )


@bp.get("/app")
@half_way
def new_app() -> ResponseReturnValue:
    """Show an app what it is to know."""
    app = second_factor.new_app(_person())
    form = NewAppForm(next=own_path(request.args.get("next", "")), sealed=app.sealed)
    return _proved_first() or render_template("accounts/new_app.html", form=form, app=app)


@bp.post("/app")
@half_way
def add_app() -> ResponseReturnValue:
    """Keep an app that shows the right code."""
    form = NewAppForm()
    is_whole = form.validate()
    try:
        if is_whole:
            added = second_factor.add_app(_person(), current_user.token, form.sealed.data or "", form.code.data)
            return _added(added, form.next.data or "", "The authenticator app is set up.")
    except BadRequest as refusal:
        form = _with(form, form.code, refusal)
    app = second_factor.same_app(_person(), form.sealed.data or "")
    form.sealed.data = app.sealed
    return render_template("accounts/new_app.html", form=form, app=app), BadRequest.status


@bp.get("/keys")
@half_way
def new_key() -> ResponseReturnValue:
    """Ask for a new security key."""
    return _proved_first() or _asking_for_key(NewKeyForm(next=own_path(request.args.get("next", ""))))


@bp.post("/keys/ask")
@half_way
def ask_new_key() -> ResponseReturnValue:
    """Tell the page what to make of a new key."""
    return _json(second_factor.ask_new_key(_person(), current_user.token, _site()))


@bp.post("/keys")
@half_way
def add_key() -> ResponseReturnValue:
    """Keep a security key."""
    form = NewKeyForm()
    if not form.validate():
        # What no browser signed is told at the one field that can be seen.
        form.name.errors, form.credential.errors = [*form.name.errors, *form.credential.errors], []
        return _asking_for_key(form), BadRequest.status
    try:
        added = second_factor.add_key(_person(), current_user.token, form.name.data, form.credential.data, _site())
    except (BadRequest, Conflict) as refusal:
        return _asking_for_key(_with(form, form.name, refusal)), refusal.status
    return _added(added, form.next.data or "", "The security key is added.")


@bp.get("/recovery-codes")
@signed_in
def recovery_codes() -> ResponseReturnValue:
    """Offer new recovery codes."""
    return _proved_first() or render_template("accounts/recovery_codes.html", codes=[], wanted=url_for("account.show"))


@bp.post("/recovery-codes")
@signed_in
def make_recovery_codes() -> ResponseReturnValue:
    """Make new recovery codes, and show them this once."""
    made = second_factor.make_recovery_codes(g.viewer, current_user.token)
    return render_template("accounts/recovery_codes.html", codes=made, wanted=url_for("account.show"))


def _added(added: Added, wanted: str, words: str) -> ResponseReturnValue:
    carry_on(added.token)
    if added.recovery_codes:
        return render_template("accounts/recovery_codes.html", codes=added.recovery_codes, wanted=own_path(wanted))
    flash(words, "success")
    return redirect(own_path(wanted))


def _asking_for_key(form: NewKeyForm) -> str:
    return render_template("accounts/new_key.html", form=form, site=_site(), is_asked=not g.viewer and _must_have_key())


def _proved_first() -> ResponseReturnValue | None:
    """Lead whoever has yet to take the step, or took it long ago, to taking it, and then back here."""
    person = _person()
    if isinstance(person, Viewer):
        must_prove = second_factor.must_prove_again(person, current_user.token)
    else:
        must_prove = person.step is Step.PROVE
    return redirect(url_for(".show", next=request.full_path.rstrip("?"))) if must_prove else None


# --- What every page needs -------------------------------------------------------------------------------------------


def _person() -> Somebody:
    person: Somebody = current_user.person
    return person


def _must_have_key() -> bool:
    return second_factor.must_have_key(_person())


def _address() -> str:
    return request.remote_addr or ""


def _site() -> Site:
    return Site(request.host.rpartition(":")[0] or request.host, request.host_url.rstrip("/"))


def _json(written: str) -> Response:
    return Response(written, mimetype="application/json")


def _with(form: FlaskForm, asked: Field, refusal: HubError) -> FlaskForm:
    """A form with a refusal at one of its fields; nothing of the request is kept."""
    g.failed = True
    asked.errors = [str(refusal)]
    return form
