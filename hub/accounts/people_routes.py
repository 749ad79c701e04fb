"""Pages for administrators: the people of their places, the roles they hold, their accounts and invitations."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.accounts import invitations, memberships, people
from hub.accounts.people_forms import InvitationForm, LastDayForm, MembershipForm, RoleForm
from hub.errors import BadRequest, Conflict
from hub.web import needs, refusal_of, settings
from hub.words import plural

Offered = TypeVar("Offered", bound=RoleForm)

bp = Blueprint("people", __name__, url_prefix="/people")


@bp.get("/")
@needs(Permission.PEOPLE_WRITE)
def index() -> ResponseReturnValue:
    """List the people who hold a role for a place of the administrator's scope."""
    return render_template("accounts/people.html", people=people.listed(g.viewer), settings=settings())


@bp.get("/invite")
@needs(Permission.PEOPLE_WRITE)
def new() -> ResponseReturnValue:
    """Ask whom to invite."""
    return _invite_page(_offered(InvitationForm(formdata=None)))


@bp.post("/invite")
@needs(Permission.PEOPLE_WRITE)
def invite() -> ResponseReturnValue:
    """Invite somebody, or give a role to somebody who has an account."""
    form = _offered(InvitationForm())
    if not form.validate():
        return _invite_page(form), BadRequest.status
    try:
        invited = invitations.invite(g.viewer, settings(), form.email.data, form.name.data, form.offer)
    except (BadRequest, Conflict) as refusal:
        form.email.errors = [str(refusal_of(refusal))]
        return _invite_page(form), refusal.status
    if invited.link:
        return _page(invited.person_id, link=invited.link)
    flash(f"{invited.name} was invited." if invited.is_new else f"{invited.name} now holds that role.", "success")
    return redirect(url_for(".show", person_id=invited.person_id))


@bp.get("/<uuid:person_id>")
@needs(Permission.PEOPLE_WRITE)
def show(person_id: UUID) -> ResponseReturnValue:
    """Show somebody's roles, and what can be done about them and the account."""
    return _page(person_id)


@bp.post("/<uuid:person_id>/roles")
@needs(Permission.PEOPLE_WRITE)
def add_role(person_id: UUID) -> ResponseReturnValue:
    """Give somebody one more role."""
    form = _offered(MembershipForm())
    if not form.validate():
        return _page(person_id, form=form), BadRequest.status
    try:
        people.add_role(g.viewer, settings(), person_id, form.offer)
    except (BadRequest, Conflict) as refusal:
        form.role.errors = [str(refusal_of(refusal))]
        return _page(person_id, form=form), refusal.status
    flash("The role was given. They are asked to sign in again, and it counts from its first day on.", "success")
    return redirect(url_for(".show", person_id=person_id))


@bp.post("/<uuid:person_id>/roles/<int:membership_id>/last-day")
@needs(Permission.PEOPLE_WRITE)
def set_last_day(person_id: UUID, membership_id: int) -> ResponseReturnValue:
    """Say until when a role is held."""
    form = LastDayForm()
    if not form.validate():
        return _page(person_id, last_day=(membership_id, form)), BadRequest.status
    try:
        people.set_last_day(g.viewer, person_id, membership_id, form.last_day)
    except BadRequest as refusal:
        form.ends_on.errors = [str(refusal_of(refusal))]
        return _page(person_id, last_day=(membership_id, form)), refusal.status
    flash("The last day was changed.", "success")
    return redirect(url_for(".show", person_id=person_id))


@bp.post("/<uuid:person_id>/roles/<int:membership_id>/end")
@needs(Permission.PEOPLE_WRITE)
def end_role(person_id: UUID, membership_id: int) -> ResponseReturnValue:
    """End a role now."""
    people.end_role(g.viewer, person_id, membership_id)
    flash("The role has ended. It opens nothing any more.", "success")
    return redirect(url_for(".show", person_id=person_id))


@bp.post("/<uuid:person_id>/switch-off")
@needs(Permission.PEOPLE_WRITE)
def switch_off(person_id: UUID) -> ResponseReturnValue:
    """Switch an account off."""
    people.switch_off(g.viewer, person_id)
    flash("The account is switched off. Every browser is signed out, and every job stopped.", "success")
    return redirect(url_for(".show", person_id=person_id))


@bp.post("/<uuid:person_id>/switch-on")
@needs(Permission.PEOPLE_WRITE)
def switch_on(person_id: UUID) -> ResponseReturnValue:
    """Switch an account on."""
    people.switch_on(g.viewer, person_id)
    flash("The account is switched on.", "success")
    return redirect(url_for(".show", person_id=person_id))


@bp.post("/<uuid:person_id>/sign-out")
@needs(Permission.PEOPLE_WRITE)
def end_sessions(person_id: UUID) -> ResponseReturnValue:
    """Sign somebody out everywhere."""
    ended = people.end_sessions(g.viewer, person_id)
    flash(f"{plural(ended, 'browser')} {'was' if ended == 1 else 'were'} signed out.", "success")
    return redirect(url_for(".show", person_id=person_id))


@bp.post("/<uuid:person_id>/remove-second-step")
@needs(Permission.PEOPLE_WRITE)
def remove_second_factor(person_id: UUID) -> ResponseReturnValue:
    """Remove a second step that somebody has lost."""
    people.remove_second_factor(g.viewer, person_id)
    flash("The second step was removed. They set up another when they next sign in.", "success")
    return redirect(url_for(".show", person_id=person_id))


@bp.post("/<uuid:person_id>/new-password")
@needs(Permission.PEOPLE_WRITE)
def reset(person_id: UUID) -> ResponseReturnValue:
    """Let somebody choose a new password."""
    link = people.reset(g.viewer, settings(), person_id)
    return _page(person_id, link=link) if link else _sent(person_id)


@bp.post("/<uuid:person_id>/invite")
@needs(Permission.PEOPLE_WRITE)
def invite_again(person_id: UUID) -> ResponseReturnValue:
    """Send an invitation again."""
    link = invitations.invite_again(g.viewer, settings(), person_id)
    return _page(person_id, link=link) if link else _sent(person_id)


@bp.post("/<uuid:person_id>/withdraw")
@needs(Permission.PEOPLE_WRITE)
def withdraw(person_id: UUID) -> ResponseReturnValue:
    """Take an invitation back."""
    invitations.withdraw(g.viewer, person_id)
    flash("The invitation was withdrawn. Its link is good for nothing any more.", "success")
    return redirect(url_for(".show", person_id=person_id))


def _sent(person_id: UUID) -> ResponseReturnValue:
    flash("A letter is on its way. Links in letters before it are good for nothing any more.", "success")
    return redirect(url_for(".show", person_id=person_id))


def _offered(form: Offered) -> Offered:
    form.offer_places(memberships.ground_of(g.viewer).areas.values())
    return form


def _invite_page(form: InvitationForm) -> str:
    return render_template("accounts/invite.html", form=form, settings=settings())


def _page(
    person_id: UUID,
    *,
    form: MembershipForm | None = None,
    last_day: tuple[int, LastDayForm] | None = None,
    link: str = "",
) -> str:
    return render_template(
        "accounts/person.html",
        person=people.show(g.viewer, person_id),
        form=form or _offered(MembershipForm(formdata=None)),
        last_day=last_day,
        link=link,
    )
