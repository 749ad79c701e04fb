"""The long work on uploads, for the worker and the command line: the only place here that ends a transaction.

A file is read and checked between two transactions: on SQLite a writing one keeps everybody else from writing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from hub.access import Viewer
from hub.errors import BadRequest
from hub.jobs import Handler, Report
from hub.uploads import kinds, service
from hub.uploads.files import ORIGINAL
from hub.words import megabytes


def check(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
    """Check an upload whose columns are matched; again, if it is changed meanwhile."""
    is_kept = False
    while not is_kept:
        task = service.plan_check(viewer, UUID(arguments["upload_id"]))
        viewer.session.commit()
        is_kept = _checked(viewer, task, report)
        viewer.session.commit()


def _checked(viewer: Viewer, task: service.CheckTask, report: Report) -> bool:
    what = f"Reading and checking {megabytes((task.folder / ORIGINAL).stat().st_size)}"
    report(what)
    result = task.run(lambda seconds: report(f"{what}: {seconds} seconds so far"))
    report("Keeping what was found")
    return service.keep_check(viewer, result)


def commit(viewer: Viewer, arguments: Mapping[str, Any], report: Report) -> None:
    """Make a checked upload live."""
    report("Making it live")
    service.commit(viewer, UUID(arguments["upload_id"]), seen=arguments.get("seen", ""))
    viewer.session.commit()


def map_and_check(
    viewer: Viewer,
    upload_id: UUID,
    *,
    dataset: str | None,
    column_fields: Mapping[str, str],
    month: str = "",
    report: Report,
) -> None:
    """Match an upload's columns, those given first and the rest by their headings, and check it.

    `month` is the one that all its rows are of, where no column says that.
    """
    proposal = service.propose(viewer, upload_id, dataset)
    if proposal.kind is None:
        known = ", ".join(kinds.catalogue(viewer.session))
        raise BadRequest(
            f"The headings of the file are those of no dataset the hub knows: {', '.join(proposal.headings)[:300]}.",
            remedy=f"Name the dataset ({known}), and say which column fills which field.",
        )
    proposed = {
        column: field for column, field in proposal.column_fields.items() if field not in column_fields.values()
    }
    service.set_columns(viewer, upload_id, proposal.kind.key, {**proposed, **column_fields}, month=month)
    check(viewer, {"upload_id": str(upload_id)}, report)


HANDLERS: Mapping[str, Handler] = MappingProxyType({"uploads.check": check, "uploads.commit": commit})
