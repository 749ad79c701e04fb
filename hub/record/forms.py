"""Reads which acts of a record somebody asks for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from hub.errors import BadRequest
from hub.record.sentences import Kind
from hub.record.service import Wanted


def wanted(asked: Mapping[str, str]) -> Wanted:
    """Read the filters of the page; what is empty filters nothing.

    Raises
    ------
    BadRequest
        If a day is none, or there is no such kind of act.
    """
    kind = asked.get("kind", "")
    if kind and kind not in set(Kind):
        raise BadRequest("There is no such kind of act.", remedy="Choose one from the list.")
    return Wanted(
        person=asked.get("person", "")[:64],
        kind=Kind(kind) if kind else None,
        first_day=_day(asked.get("from", ""), "The first day"),
        last_day=_day(asked.get("to", ""), "The last day"),
    )


def _day(written: str, what: str) -> dt.date | None:
    if not written.strip():
        return None
    try:
        return dt.date.fromisoformat(written.strip())
    except ValueError:
        raise BadRequest(
            f"{what} is '{written[:20]}'.", remedy="Write it as year, month and day, for example 2026-01-31."
        ) from None
