"""A file sent in pieces, so that a dropped connection or a reload loses nothing that has arrived.

It lies in quarantine under an id that only the sender's session knows, until the form is sent that takes it in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID, uuid4

from flask import g, jsonify, request, session
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import BadRequest
from hub.uploads import files
from hub.uploads.routes.address import bp
from hub.web import needs

ARRIVING = "arriving"
LONGEST_NAME, LONGEST_NUMBER = 255, 15


@bp.get("/pieces")
@needs(Permission.UPLOAD_WRITE)
def arriving() -> ResponseReturnValue:
    """Say which file is arriving and how far it has come."""
    return jsonify(_standing())


@bp.post("/pieces")
@needs(Permission.UPLOAD_WRITE)
def begin() -> ResponseReturnValue:
    """Begin a file, or go on with the same one."""
    name, size = request.form.get("name", "")[:LONGEST_NAME], request.form.get("size", "")
    modified = request.form.get("modified", "")[:LONGEST_NUMBER]
    if not name or not size.isdecimal() or len(size) > LONGEST_NUMBER:
        raise BadRequest("It was not said which file is coming.", remedy="Choose the file again.")
    limits = files.limits_of(g.viewer.session)
    files.refuse_too_large(int(size), limits)
    known = session.get(ARRIVING, {})
    if (known.get("name"), known.get("size"), known.get("modified")) != (name, int(size), modified):
        forget()
        session[ARRIVING] = {"id": str(uuid4()), "name": name, "size": int(size), "modified": modified}
        files.begin_arrival(_folder())
    elif not files.arrived_bytes(_folder()):
        files.begin_arrival(_folder())
    return jsonify(_standing())


@bp.post("/pieces/<int:offset>")
@needs(Permission.UPLOAD_WRITE)
def append(offset: int) -> ResponseReturnValue:
    """Add a piece where the last one ended; sent for another place, it is not added, and the right place is said."""
    if ARRIVING in session and offset == _standing()["received"]:
        files.append_arrival(_folder(), cast(BinaryIO, request.stream), int(session[ARRIVING]["size"]))
    return jsonify(_standing())


def arrived() -> tuple[Path, str] | None:
    """The file that has arrived whole, and its name."""
    standing = _standing()
    if not standing["size"] or standing["received"] != standing["size"]:
        return None
    return files.arrival(_folder()), str(standing["name"])


def forget() -> None:
    """Remove what arrived."""
    if ARRIVING in session:
        files.remove(_folder())
        del session[ARRIVING]


def _standing() -> dict[str, Any]:
    if ARRIVING not in session:
        return {"name": "", "size": 0, "received": 0}
    known = session[ARRIVING]
    return {"name": known["name"], "size": known["size"], "received": files.arrived_bytes(_folder())}


def _folder() -> Path:
    return files.folder_of(g.viewer.session, UUID(session[ARRIVING]["id"]))
