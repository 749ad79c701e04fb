"""Pages of shares: all of them, asking for one, one with its decision and its end, and the map that it opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from hub import handover
from hub.access import Permission
from hub.errors import BadRequest, HubError
from hub.hotspots import exports, layers
from hub.hotspots import service as hotspots
from hub.hotspots.checking import ALL_CRIME
from hub.hotspots.keeping import reading_as
from hub.hotspots.overlays import Overlay
from hub.hotspots.routes import FILE_TYPES, FORM_WORDS, as_layer, shown_units
from hub.places import service as places
from hub.sharing import service
from hub.sharing.forms import AskForm, DecideForm, EndForm, say_dates
from hub.sharing.service import ShareView
from hub.sharing.standing import Standing
from hub.uploads.kinds import catalogue
from hub.web import database, needs, saw

bp = Blueprint("sharing", __name__, url_prefix="/shares")


@bp.app_context_processor
def shares_to_decide() -> dict[str, Callable[[], list[ShareView]]]:
    """Let the home page, which stands below this slice, tell its reader what waits for their decision."""

    def waiting() -> list[ShareView]:
        if not g.viewer.may(Permission.SHARE_DECIDE):
            return []
        return [one for one in service.shares(g.viewer, service.today()) if one.may_decide]

    return {"shares_to_decide": waiting}


@bp.get("/")
@needs(Permission.OVERLAY_READ)
def index() -> ResponseReturnValue:
    """List what was asked of the viewer's boroughs and by their areas."""
    own = places.boroughs(g.viewer.session, g.viewer.boroughs(Permission.SHARE_DECIDE))
    return render_template(
        "sharing/index.html",
        shares=service.shares(g.viewer, service.today()),
        own=[(borough.code, borough.name) for borough in own],
    )


@bp.get("/new")
@needs(Permission.SHARE_ASK)
def new() -> ResponseReturnValue:
    """Ask what is wanted, of whom and what for."""
    return render_template("sharing/new.html", form=_ask_form())


@bp.post("/new")
@needs(Permission.SHARE_ASK)
def ask() -> ResponseReturnValue:
    """Ask a borough to share one overlay."""
    form = _ask_form()
    if not form.validate():
        say_dates(form)
        return render_template("sharing/new.html", form=form), BadRequest.status
    try:
        area = places.area(g.viewer, form.area.data, Permission.SHARE_ASK)
        share_id = service.ask(g.viewer, area, form.wanted())
    except BadRequest as refusal:
        g.failed = True
        form.purpose.errors = [str(refusal)]
        return render_template("sharing/new.html", form=form), refusal.status
    flash("The borough was asked. Its liaison officer sees it on their home page.", "success")
    return redirect(url_for(".show", share_id=share_id))


@bp.get("/<uuid:share_id>")
@needs(Permission.OVERLAY_READ)
def show(share_id: UUID) -> ResponseReturnValue:
    """Show one share, and what the viewer can do about it."""
    return _show(_found(share_id))


@bp.post("/<uuid:share_id>/grant")
@needs(Permission.SHARE_DECIDE)
def grant(share_id: UUID) -> ResponseReturnValue:
    """Grant what was asked, perhaps for less long."""
    found, form = _found(share_id), DecideForm()
    if not form.validate():
        say_dates(form)
        return _show(found, decision=form), BadRequest.status
    try:
        service.grant(
            g.viewer,
            share_id,
            until=form.until.data,
            may_download=form.may_download.data,
            conditions=form.words.data or "",
        )
    except BadRequest as refusal:
        return _refused(found, refusal, decision=form)
    flash(f"{found.asker} can open it now. Both boroughs have it on record.", "success")
    return redirect(url_for(".show", share_id=share_id))


@bp.post("/<uuid:share_id>/refuse")
@needs(Permission.SHARE_DECIDE)
def refuse(share_id: UUID) -> ResponseReturnValue:
    """Refuse what was asked."""
    found, form = _found(share_id), DecideForm()
    try:
        service.refuse(g.viewer, share_id, reason=form.words.data or "")
    except BadRequest as refusal:
        return _refused(found, refusal, decision=form)
    flash("It is refused. Both boroughs have it on record.", "success")
    return redirect(url_for(".show", share_id=share_id))


@bp.post("/<uuid:share_id>/end")
@needs(Permission.OVERLAY_READ)
def end(share_id: UUID) -> ResponseReturnValue:
    """End a share early, or take back what was asked."""
    found, form = _found(share_id), EndForm()
    try:
        service.end(g.viewer, share_id, because=form.because.data or "")
    except BadRequest as refusal:
        return _refused(found, refusal, ending=form)
    flash("It has ended, and cannot be opened any more.", "success")
    return redirect(url_for(".show", share_id=share_id))


# --- What is shared --------------------------------------------------------------------------------------------------


@bp.get("/<uuid:share_id>/map")
@needs(Permission.SHARE_ASK)
def open_map(share_id: UUID) -> ResponseReturnValue:
    """Show the overlay that is shared."""
    found, overlay = _opened(share_id)
    showing = found.wanted.show
    _, legend = layers.classes(overlay, showing)
    units, number, pages = shown_units(overlay, showing)
    return render_template(
        "sharing/map.html",
        share=found,
        overlay=overlay,
        show=showing,
        legend=[item for item in legend if item.units or item.key.startswith(layers.ALWAYS_IN_LEGEND)],
        columns=layers.columns(overlay),
        rows=layers.rows(overlay, showing, units),
        number=number,
        pages=pages,
    )


@bp.get("/<uuid:share_id>/layer.json")
@needs(Permission.SHARE_ASK)
def layer(share_id: UUID) -> ResponseReturnValue:
    """Give what the map draws."""
    found, overlay = _opened(share_id)
    outlines = places.borough_outlines(g.viewer.session, [found.wanted.owner_code])
    return as_layer(layers.layer(overlay, found.wanted.show, outlines))


@bp.get("/<uuid:share_id>/overlay.<any(csv, geojson):form>")
@needs(Permission.SHARE_ASK)
def download(share_id: UUID, form: str) -> ResponseReturnValue:
    """Ask what the overlay is taken away for, if the grant lets it be."""
    found = service.opened(g.viewer, share_id, service.today())
    service.require_download(found)
    return _ask_purpose(found, form)


def _ask_purpose(found: ShareView, form: str, error: BadRequest | None = None) -> ResponseReturnValue:
    back = url_for(".open_map", share_id=found.id)
    return handover.ask(f"the map that is shared ({FORM_WORDS[form]})", back, error)


@bp.post("/<uuid:share_id>/overlay.<any(csv, geojson):form>")
@needs(Permission.SHARE_ASK)
def take(share_id: UUID, form: str) -> ResponseReturnValue:
    """Give the overlay as a file, once it is on the record of both sides, and for what."""
    # What is worked out meanwhile may take seconds: a session that reads keeps nobody from writing.
    with reading_as(database(), g.viewer) as reader:
        found = service.opened(reader, share_id, service.today())
        service.require_download(found)
        try:
            taken = handover.given()
        except BadRequest as error:
            return _ask_purpose(found, form, error)
        overlay = service.overlay(database(), reader, found)
        content = exports.content_of(overlay, form, None, taken)
    service.record_download(g.viewer, found, overlay, form, taken.purpose)
    response = Response(content, mimetype=FILE_TYPES[form])
    response.headers["Content-Disposition"] = f'attachment; filename="{overlay.name}.{form}"'
    return response


def _opened(share_id: UUID) -> tuple[ShareView, Overlay]:
    found = service.opened(g.viewer, share_id, service.today())
    overlay = service.overlay(database(), g.viewer, found)
    # Its page and its layer are one look, on the record of both sides.
    saw("share.viewed", share_id, sorted({*found.asking_codes, found.wanted.owner_code}))
    return found, overlay


# --- Forms -----------------------------------------------------------------------------------------------------------


def _found(share_id: UUID) -> ShareView:
    return service.share(g.viewer, share_id, service.today())


def _show(found: ShareView, *, decision: DecideForm | None = None, ending: EndForm | None = None) -> str:
    decision = decision or DecideForm(formdata=None, until=found.wanted.until)
    return render_template(
        "sharing/show.html",
        share=found,
        title=_titles().get(found.wanted.dataset or "", "Whichever police figures the borough holds"),
        is_open=found.is_own and found.standing is Standing.GRANTED,
        decision=decision,
        ending=ending or EndForm(formdata=None),
    )


def _refused(found: ShareView, refusal: HubError, **forms: Any) -> ResponseReturnValue:
    """Say at the form what is wrong, and keep what was typed."""
    g.failed = True
    [form] = forms.values()
    field = form.because if isinstance(form, EndForm) else form.words
    field.errors = [str(refusal)]
    return _show(found, **forms), refusal.status


def _ask_form() -> AskForm:
    form, viewer = AskForm(), g.viewer
    areas = places.areas(viewer, Permission.SHARE_ASK)
    widest = max(areas, key=lambda area: len(area.borough_codes))
    beside, others = service.neighbours(viewer, widest)
    form.offer(
        [(area.slug, area.name) for area in areas],
        {f"Next to {widest.name}": beside, "Further away": others},
        _categories(widest),
        list(_titles().items()),
        service.today(),
    )
    return form


def _categories(area: places.Area) -> list[str]:
    """The offences that the asker's own area has figures of: what the other borough has is not said."""
    try:
        offered = hotspots.choices(g.viewer, area)
    except HubError:
        offered = None
    groups = [group for found in offered.categories.values() for group in found] if offered else []
    return [ALL_CRIME, *dict.fromkeys(name for group, subgroups in groups for name in (group, *subgroups))]


def _titles() -> dict[str, str]:
    return {kind.key: kind.title for kind in catalogue(g.viewer.session).values() if kind.has_wards}
