"""The addresses for scripts: send a file, and ask how it stands. JSON in every answer; errors too, by `web.py`.

Who asks is told by the token in the header alone, which no browser sends by itself: a page elsewhere cannot make a
person's browser act here, so these addresses need no CSRF token, and a cookie opens none of them.
"""

from __future__ import annotations

from importlib.resources import files
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
from hub.web import FOR_SCRIPTS, admitted_by, csrf, database, file_sent, public

ACCEPTED = 202

bp = Blueprint("api", __name__, url_prefix=FOR_SCRIPTS.rstrip("/"))
csrf.exempt(bp)


def by_token() -> Viewer:
    """Admit whoever shows a token that is good, in the header."""
    shown = request.authorization
    if shown is None or shown.type != "bearer" or not shown.token:
        raise NotSignedIn("No token was sent.", remedy="Send it in the header 'Authorization: Bearer TOKEN'.")
    g.bearer = tokens.admit(database(), g.db_session, shown.token, uploads=request.method == "POST")
    return cast(tokens.Bearer, g.bearer).viewer


@bp.get("/openapi.json")
@public
def describe() -> ResponseReturnValue:
    """Describe these addresses, in OpenAPI's words, to whoever writes a script."""
    return Response((files(__package__) / "openapi.json").read_bytes(), mimetype="application/json")


@bp.post("/uploads")
@admitted_by(by_token)
def receive() -> ResponseReturnValue:
    """Take a file in, to be checked and, with commit=1, made live; how it stands is at the address given back."""
    sent = file_sent()
    if sent is None:
        raise BadFile("No file was sent.", remedy="Send it as multipart/form-data, in the field 'file'.")
    left_out, month = frozenset(request.form.getlist("leave_out")), service.read_month(request.form.get("month", ""))
    upload = service.receive(g.viewer, cast(BinaryIO, sent.stream), sent.filename or "", leave_out=left_out)
    intake.ask_for(g.viewer, upload.id, dataset=g.bearer.dataset, month=month, commits=_commits())
    audit.record(g.viewer, "token.used", g.bearer.token_id, boroughs=upload.area_key.split("+"), upload=upload.id)
    answer = _json(intake.standing(g.viewer, upload.id, dataset=g.bearer.dataset), ACCEPTED)
    answer.headers["Location"] = url_for(".show", upload_id=upload.id)
    return answer


@bp.get("/uploads/<uuid:upload_id>")
@admitted_by(by_token)
def show(upload_id: UUID) -> ResponseReturnValue:
    """Say how an upload of the token's dataset stands."""
    return _json(intake.standing(g.viewer, upload_id, dataset=g.bearer.dataset))


def _commits() -> bool:
    said = request.form.get("commit", "0")
    if said not in {"0", "1"}:
        raise BadRequest(f"commit is '{said[:20]}'.", remedy="Send commit=1 to make it live, or leave it out.")
    return said == "1"


def _json(answer: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(answer), status, mimetype="application/json")
