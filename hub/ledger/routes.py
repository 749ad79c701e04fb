"""The pages of the statutory ledger, and what the home page says is to be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.agreements.service import today
from hub.errors import BadRequest, HubError, NotFound
from hub.ledger import service
from hub.ledger.forms import ItemForm, LiaisonForm
from hub.ledger.prescribed import Item, Provider, shipped
from hub.ledger.quarters import Quarter
from hub.ledger.service import Letter, Liaison
from hub.ledger.todo import Task, tasks
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import kinds
from hub.web import needs

bp = Blueprint("ledger", __name__)

_PAGES = {
    "ledger": "ledger.show",
    "ledgers": "ledger.index",
    "entry": "ledger.entry",
    "agreement": "agreements.show",
    "agreements": "agreements.index",
    "upload": "uploads.show",
    "uploads": "uploads.index",
}


@dataclass(frozen=True)
class ToDo:
    """One thing to do, and where."""

    task: Task
    href: str


@bp.app_context_processor
def what_is_to_do() -> dict[str, Callable[[], list[ToDo]]]:
    """Let the home page, which stands below this slice, ask what its reader has to do."""
    return {
        "to_do": lambda: [ToDo(task, url_for(_PAGES[task.page], **task.values)) for task in tasks(g.viewer, today())]
    }


# --- The ledger ------------------------------------------------------------------------------------------------------


@bp.get("/ledger")
@needs(Permission.AGREEMENT_READ)
def index() -> ResponseReturnValue:
    """List the boroughs and how much has come to each; with one borough, go to it."""
    found = service.ledgers(g.viewer, today())
    if len(found) == 1:
        return redirect(url_for(".show", area=found[0].borough_code))
    return render_template("ledger/index.html", ledgers=found)


@bp.get("/areas/<area>/ledger")
@needs(Permission.AGREEMENT_READ)
def show(area: str) -> ResponseReturnValue:
    """Show what is due to one borough, quarter by quarter."""
    borough = _borough(area, Permission.AGREEMENT_READ)
    found = service.ledger(g.viewer, borough, today())
    may_write = g.viewer.may(Permission.AGREEMENT_WRITE, borough.borough_codes)
    return render_template("ledger/show.html", area=borough, ledger=found, law=shipped(), may_write=may_write)


@bp.get("/areas/<area>/ledger/<quarter>/<item>")
@needs(Permission.AGREEMENT_READ)
def entry(area: str, quarter: str, item: str) -> ResponseReturnValue:
    """Show one dataset of one quarter, and what can be done about it."""
    return _entry(area, quarter, item, None)


def _entry(area: str, quarter: str, item: str, error: HubError | None) -> str:
    borough = _borough(area, Permission.AGREEMENT_READ)
    return render_template(
        "ledger/entry.html",
        area=borough,
        entry=service.entry(g.viewer, borough, item, Quarter.parse(quarter), today()),
        may_write=g.viewer.may(Permission.AGREEMENT_WRITE, borough.borough_codes),
        titles=_titles(),
        error=error,
        reason=request.form.get("reason", "") if error else "",
    )


@bp.post("/areas/<area>/ledger/<quarter>/<item>/not-held")
@needs(Permission.AGREEMENT_WRITE)
def say_not_held(area: str, quarter: str, item: str) -> ResponseReturnValue:
    """Record that a provider holds nothing."""
    borough = _borough(area, Permission.AGREEMENT_WRITE)
    reason = request.form.get("reason", "")
    try:
        service.say_not_held(g.viewer, borough, item, Quarter.parse(quarter), reason, today())
    except BadRequest as error:
        g.failed = True
        return _entry(area, quarter, item, error), error.status
    flash("It is recorded that nothing is held.", "success")
    return redirect(url_for(".entry", area=area, quarter=quarter, item=item))


@bp.post("/areas/<area>/ledger/<quarter>/<item>/held")
@needs(Permission.AGREEMENT_WRITE)
def take_back_not_held(area: str, quarter: str, item: str) -> ResponseReturnValue:
    """Take back that a provider holds nothing."""
    borough = _borough(area, Permission.AGREEMENT_WRITE)
    service.take_back_not_held(g.viewer, borough, item, Quarter.parse(quarter))
    flash("That was taken back: the dataset is due again.", "success")
    return redirect(url_for(".entry", area=area, quarter=quarter, item=item))


@bp.get("/areas/<area>/ledger/<quarter>/<item>/letter")
@needs(Permission.AGREEMENT_WRITE)
def letter(area: str, quarter: str, item: str) -> ResponseReturnValue:
    """Write a reminder, to be printed or copied."""
    borough = _borough(area, Permission.AGREEMENT_WRITE)
    written = service.reminder(g.viewer, borough, item, Quarter.parse(quarter), today())
    found = service.item(g.viewer, item)
    back = url_for(".entry", area=area, quarter=quarter, item=item)
    return render_template(
        "ledger/letter.html", area=borough, letter=written, item=found, mail=_mail(written), way_back=back
    )


def _mail(letter: Letter) -> str:
    """The letter as an address that opens the officer's own e-mail program."""
    said = urlencode({"subject": letter.subject, "body": letter.text.replace("\n", "\r\n")}, quote_via=quote)
    return f"mailto:{quote(letter.to.email, safe='@')}?{said}"


# --- Liaison officers ------------------------------------------------------------------------------------------------


@bp.get("/areas/<area>/ledger/liaison")
@needs(Permission.AGREEMENT_WRITE)
def liaison(area: str) -> ResponseReturnValue:
    """List whom to write to at each provider."""
    borough = _borough(area, Permission.AGREEMENT_WRITE)
    return render_template("ledger/liaison.html", area=borough, recorded=service.liaison(g.viewer, borough))


@bp.get("/areas/<area>/ledger/liaison/<provider>")
@needs(Permission.AGREEMENT_WRITE)
def ask_liaison(area: str, provider: str) -> ResponseReturnValue:
    """Ask whom to write to at one provider."""
    borough = _borough(area, Permission.AGREEMENT_WRITE)
    recorded = _recorded(borough, provider)
    form = LiaisonForm(organisation=recorded.organisation, name=recorded.name, email=recorded.email)
    return render_template("ledger/liaison_edit.html", area=borough, provider=recorded.provider, form=form)


@bp.post("/areas/<area>/ledger/liaison/<provider>")
@needs(Permission.AGREEMENT_WRITE)
def record_liaison(area: str, provider: str) -> ResponseReturnValue:
    """Keep whom to write to at one provider."""
    borough = _borough(area, Permission.AGREEMENT_WRITE)
    recorded, form = _recorded(borough, provider), LiaisonForm()
    given = form.given(recorded.provider)
    if found := service.liaison_faults(given):
        form.blame(found)
        page = render_template("ledger/liaison_edit.html", area=borough, provider=recorded.provider, form=form)
        return page, BadRequest.status
    service.record_liaison(g.viewer, borough, given)
    flash(f"Reminders to {given.organisation} go to {given.name}.", "success")
    return redirect(url_for(".liaison", area=area))


def _recorded(borough: Area, provider: str) -> Liaison:
    for recorded in service.liaison(g.viewer, borough):
        if recorded.provider.value == provider:
            return recorded
    raise NotFound


# --- What is prescribed ----------------------------------------------------------------------------------------------


@bp.get("/ledger/prescribed")
@needs(Permission.AGREEMENT_READ)
def prescribed() -> ResponseReturnValue:
    """Show what the regulations prescribe, and what of it is to be verified."""
    by_provider = {
        provider: [item for item in service.items(g.viewer.session) if item.provider is provider]
        for provider in Provider
    }
    return render_template(
        "ledger/prescribed.html",
        by_provider=by_provider,
        law=shipped(),
        titles=_titles(),
        may_correct=service.may_correct(g.viewer),
    )


@bp.get("/ledger/prescribed/<item>")
@needs(Permission.PRESCRIBED_WRITE)
def ask_correction(item: str) -> ResponseReturnValue:
    """Ask what a prescribed dataset should say."""
    found = service.item(g.viewer, item)
    service.refuse_unless_citywide(g.viewer)
    form = _item_form()
    form.show(found)
    return _ask_correction(found, form)


@bp.post("/ledger/prescribed/<item>")
@needs(Permission.PRESCRIBED_WRITE)
def correct(item: str) -> ResponseReturnValue:
    """Keep what a prescribed dataset should say."""
    found, form = service.item(g.viewer, item), _item_form()
    if faults := service.correction_faults(g.viewer.session, form.changes()):
        form.blame(faults)
        return _ask_correction(found, form), BadRequest.status
    service.correct(g.viewer, item, form.changes())
    flash(f"{form.changes().title} is corrected, for every borough.", "success")
    return redirect(url_for(".prescribed"))


def _item_form() -> ItemForm:
    form = ItemForm()
    form.offer(_titles())
    return form


def _ask_correction(item: Item, form: ItemForm) -> str:
    corrections = service.corrections(g.viewer, item.key)
    return render_template("ledger/correct.html", item=item, form=form, corrections=corrections)


def _titles() -> dict[str, str]:
    return {kind.key: kind.title for kind in kinds.catalogue(g.db_session).values()}


def _borough(slug: str, permission: Permission) -> Area:
    """Find a borough; the ledger is one for each, so there is none of a BCU or of the city."""
    found: Area = places.area(g.viewer, slug, permission)
    if found.kind != "borough":
        raise NotFound
    return found


@bp.app_template_filter()
def kind_words(keys: tuple[str, ...], titles: dict[str, Any]) -> list[str]:
    """Name dataset kinds by their titles."""
    return [titles.get(key, key) for key in keys]
