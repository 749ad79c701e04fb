"""The files that show a sender what each kind of dataset looks like: its headings alone, and a few fictional rows."""

from __future__ import annotations

from flask import Response, g
from flask.typing import ResponseReturnValue

from hub.access import Permission
from hub.errors import NotFound
from hub.uploads import kinds
from hub.uploads.kinds import DatasetKind
from hub.uploads.routes.address import bp
from hub.web import needs


@bp.get("/kinds/<kind>/template.csv")
@needs(Permission.UPLOAD_WRITE)
def template(kind: str) -> ResponseReturnValue:
    """Give a kind's headings as a file to fill in."""
    return _attached(_kind(kind).template(), f"{kind}-template.csv")


@bp.get("/kinds/<kind>/example.csv")
@needs(Permission.UPLOAD_WRITE)
def example(kind: str) -> ResponseReturnValue:
    """Give a file of a kind as it may look, with fictional rows."""
    return _attached(_kind(kind).example(), f"{kind}-example.csv")


def _kind(key: str) -> DatasetKind:
    found = kinds.catalogue(g.viewer.session).get(key)
    if found is None:
        raise NotFound
    return found


def _attached(content: str, file_name: str) -> Response:
    answer = Response(content.encode("utf-8-sig"), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=file_name)
    return answer
