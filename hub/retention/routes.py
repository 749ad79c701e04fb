"""Addresses of how long data is kept: the list of what is due, and the page that deletes one upload for good."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.access import Permission, Viewer
from hub.errors import BadRequest
from hub.retention import service
from hub.uploads import views
from hub.web import needs
from hub.words import LONDON

bp = Blueprint("retention", __name__)


@bp.app_context_processor
def warning() -> dict[str, object]:
    """Let the home page say how much will soon be deleted."""
    return {"soon_deleted": _soon_deleted}


def _soon_deleted() -> int:
    viewer: Viewer | None = g.get("viewer")
    if viewer is None or not viewer.may(Permission.UPLOAD_READ):
        return 0
    return sum(one.is_due for one in service.kept(viewer, _today()))


@bp.get("/kept-until")
@needs(Permission.UPLOAD_READ)
def index() -> ResponseReturnValue:
    """Show until when each upload is kept."""
    return render_template("retention/index.html", kept=service.kept(g.viewer, _today()))


@bp.get("/uploads/<uuid:upload_id>/erase")
@needs(Permission.UPLOAD_COMMIT)
def confirm(upload_id: UUID) -> ResponseReturnValue:
    """Ask whether an upload is to be deleted for good, and why."""
    return _confirm(upload_id)


@bp.post("/uploads/<uuid:upload_id>/erase")
@needs(Permission.UPLOAD_COMMIT)
def erase(upload_id: UUID) -> ResponseReturnValue:
    """Delete an upload for good."""
    try:
        service.erase(g.viewer, upload_id, request.form.get("reason", ""), word=request.form.get("word", ""))
    except BadRequest as error:
        return _confirm(upload_id, error)
    flash("The file and all that came of it are deleted.", "success")
    return redirect(url_for(".index"))


def _confirm(upload_id: UUID, error: BadRequest | None = None) -> ResponseReturnValue:
    upload = views.upload(g.viewer, upload_id)
    g.viewer.require(Permission.UPLOAD_COMMIT, upload.borough_codes)
    reason = request.form.get("reason", "")
    body = render_template(
        "retention/erase.html",
        upload=upload,
        error=error,
        reason=reason,
        word=service.WORD,
        longest=service.LONGEST_REASON,
    )
    return body, error.status if error else 200


def _today() -> dt.date:
    return dt.datetime.now(LONDON).date()
