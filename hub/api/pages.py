"""The page of a person's own tokens: making one, which is shown once, and ending one."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.fields.choices import SelectChoice

from hub.access import Permission
from hub.accounts import tokens
from hub.api.forms import TokenForm
from hub.errors import BadRequest
from hub.uploads import kinds
from hub.web import needs, signed_in

bp = Blueprint("tokens", __name__, url_prefix="/tokens")


@bp.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """List a person's tokens, and offer to make another."""
    return _page(_form(), "")


@bp.post("/")
@needs(Permission.UPLOAD_WRITE)
def make() -> ResponseReturnValue:
    """Make a token and show it, this once."""
    form = _form()
    if not form.validate():
        return _page(form, ""), BadRequest.status
    try:
        _, written = tokens.make(g.viewer, form.name.data, form.dataset.data, form.ends_on)
    except BadRequest as refusal:
        g.failed = True
        form.name.errors = [str(refusal)]
        return _page(form, ""), refusal.status
    return _page(_form(is_new=True), written)


@bp.post("/<uuid:token_id>/end")
@signed_in
def end(token_id: UUID) -> ResponseReturnValue:
    """End one of a person's own tokens."""
    ended = tokens.end(g.viewer, token_id)
    flash(f"The token for {ended.name} has ended. Nothing sent with it is taken any more.", "success")
    return redirect(url_for(".index"))


def _form(*, is_new: bool = False) -> TokenForm:
    form = TokenForm(formdata=None) if is_new else TokenForm()
    form.dataset.choices = [SelectChoice(kind.key, kind.title) for kind in kinds.catalogue(g.viewer.session).values()]
    return form


def _page(form: TokenForm, written: str) -> str:
    return render_template(
        "api/tokens.html",
        form=form,
        written=written,
        tokens=tokens.own(g.viewer),
        titles={choice.value: choice.label for choice in form.dataset.choices},
        address=request.url_root.rstrip("/") + url_for("api.receive"),
    )
