"""The addresses for scripts: send a file, and ask how it stands. JSON in every answer, errors too.

Who asks is told by the token in the header alone, which no browser sends by itself: a page elsewhere cannot make a
person's browser act here, so these addresses need no CSRF token, and a cookie opens none of them.
"""

from __future__ import annotations

from typing import Any, BinaryIO, cast
from uuid import UUID

import orjson
from flask import Blueprint, Response, g, request, url_for
from flask.typing import ResponseReturnValue

from hub import audit
from hub.access import Viewer
from hub.accounts import tokens
from hub.errors import BadFile, BadRequest, NotSignedIn
from hub.uploads import intake, service
from hub.web import admitted_by, csrf, database, refusal_of

ACCEPTED = 202

bp = Blueprint("api", __name__, url_prefix="/api")
csrf.exempt(bp)


def by_token() -> Viewer:
    """Admit whoever shows a token that is good, in the header."""
    shown = request.authorization
    if shown is None or shown.type != "bearer" or not shown.token:
        raise NotSignedIn("No token was sent.", remedy="Send it in the header 'Authorization: Bearer TOKEN'.")
    g.bearer = tokens.admit(database(), g.db_session, shown.token, uploads=request.method == "POST")
    return cast(tokens.Bearer, g.bearer).viewer


@bp.post("/uploads")
@admitted_by(by_token)
def receive() -> ResponseReturnValue:
    """Take a file in, to be checked and, with commit=1, made live; how it stands is at the address given back."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise BadFile("No file was sent.", remedy="Send it as multipart/form-data, in the field 'file'.")
    left_out, month = frozenset(request.form.getlist("leave_out")), service.read_month(request.form.get("month", ""))
    upload = service.receive(g.viewer, cast(BinaryIO, sent.stream), sent.filename, leave_out=left_out)
    intake.ask_for(g.viewer, upload.id, dataset=g.bearer.dataset, month=month, commits=_commits())
    audit.record(g.viewer, "token.used", g.bearer.token_id, upload=upload.id)
    answer = _json(intake.standing(g.viewer, upload.id, dataset=g.bearer.dataset), ACCEPTED)
    answer.headers["Location"] = url_for(".show", upload_id=upload.id)
    return answer


@bp.get("/uploads/<uuid:upload_id>")
@admitted_by(by_token)
def show(upload_id: UUID) -> ResponseReturnValue:
    """Say how an upload of the token's dataset stands."""
    return _json(intake.standing(g.viewer, upload_id, dataset=g.bearer.dataset))


@bp.errorhandler(Exception)
def refuse(error: Exception) -> ResponseReturnValue:
    """Answer every error as JSON: a sentence, a remedy, and a reference when the fault is ours."""
    shown = refusal_of(error)
    reference = {"reference": g.get("reference")} if shown.status >= 500 else {}
    answer = _json({"error": shown.sentence, "remedy": shown.remedy, **reference}, shown.status)
    if isinstance(shown, NotSignedIn):
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _commits() -> bool:
    said = request.form.get("commit", "0")
    if said not in {"0", "1"}:
        raise BadRequest(f"commit is '{said[:20]}'.", remedy="Send commit=1 to make it live, or leave it out.")
    return said == "1"


def _json(answer: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(answer), status, mimetype="application/json")
