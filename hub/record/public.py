"""The ledger of sharing, fit for anybody: which data is shared by whom, under what, and how often for which purpose.

Drawn up once a day from the agreements and the record. It names no person, and small numbers are hidden as anywhere.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from geo.disclosure import protect
from hub import audit, purposes
from hub.agreements import service as agreements
from hub.audit import AuditEntry
from hub.db import Database, HubSession
from hub.disclosure import service as disclosure
from hub.documents.rendering import render
from hub.errors import NotFound
from hub.places import service as places
from hub.uploads import kinds
from hub.words import LONDON, date_name, month_name, months_before, plain_cell

FILE = "sharing-ledger.json"
EXPORTED = {
    "overlay.exported": "Maps",
    "zone.exported": "Zones",
    "summary.exported": "Summaries",
    "report.exported": "Reports",
}
FEWER = "fewer than {}"
Drawn = Mapping[str, Any]


def draw_up(session: HubSession, today: dt.date, actor: str) -> Drawn:
    """Work the ledger out, for every borough at once."""
    with audit.everywhere(session, actor=actor, reason="Draw up the public ledger of sharing."):
        policy = disclosure.in_force(session)
        counted = sorted(_counted(session).items())
        safe = protect([count for _, count in counted], threshold=policy.threshold, base=policy.base)
        few = FEWER.format(policy.threshold)
        return {
            "drawn_up": today.isoformat(),
            "agreements": _agreements(session),
            "exports": [
                {
                    "quarter": _quarter_name(quarter),
                    "what": what,
                    "purpose": purposes.title(purpose),
                    "times": few if is_hidden else f"{int(shown):,}",
                }
                for ((quarter, what, purpose), _), shown, is_hidden in zip(
                    counted, safe.rounded, safe.hidden, strict=True
                )
            ],
        }


def _counted(session: HubSession) -> Counter[tuple[dt.date, str, str]]:
    """How often each kind of file was taken, by quarter and purpose."""
    entries = select(AuditEntry.at, AuditEntry.action, AuditEntry.details).where(AuditEntry.action.in_(EXPORTED))
    return Counter(
        (_quarter(at), EXPORTED[action], str(details.get("purpose", purposes.NOT_GIVEN)))
        for at, action, details in session.execute(entries)
    )


def _quarter(at: dt.datetime) -> dt.date:
    day = at.astimezone(LONDON).date()
    return day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)


def _quarter_name(first_day: dt.date) -> str:
    return f"{first_day:%B} to {month_name(months_before(first_day, -2))}"


def _agreements(session: HubSession) -> list[dict[str, Any]]:
    names = {borough.code: borough.name for borough in places.boroughs(session)}
    titles = kinds.titles(session)
    return [
        {
            "reference": terms.reference,
            "borough": names[borough_code],
            "partners": [f"{party.name} ({party.role.words})" for party in terms.parties],
            "datasets": [titles.get(key, key) for key in terms.datasets],
            "purpose": terms.purpose,
            "from": date_name(terms.starts_on) if terms.starts_on else "",
            "until": date_name(terms.ends_on) if terms.ends_on else "",
            "kept_months": terms.retention_months,
        }
        for borough_code, terms in agreements.signed(session)
    ]


# --- Kept for the page -----------------------------------------------------------------------------------------------


def keep(database: Database, today: dt.date, actor: str) -> bool:
    """Draw the ledger up for the page, unless today's is there; says whether it was drawn up."""
    path = database.files / FILE
    if path.exists() and json.loads(path.read_bytes())["drawn_up"] == today.isoformat():
        return False
    with database.writing() as session:
        drawn = draw_up(session, today, actor)
    part = path.with_suffix(".part")
    part.write_bytes(json.dumps(drawn).encode())
    os.replace(part, path)  # noqa: PTH105 - the same on every system
    return True


def kept(session: HubSession) -> Drawn:
    """The ledger as it was last drawn up.

    Raises
    ------
    NotFound
        If it never was.
    """
    path: Path = session.info["files"] / FILE
    if not path.exists():
        raise NotFound
    drawn: Drawn = json.loads(path.read_bytes())
    return drawn


# --- To publish ------------------------------------------------------------------------------------------------------


def as_page(drawn: Drawn) -> bytes:
    """One page that opens anywhere and asks nothing of the network."""
    return render("record/ledger_file.html", drawn=drawn).encode()


def as_csv(drawn: Drawn) -> bytes:
    """Both lists as one table: agreements, then exports."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(("list", "reference_or_quarter", "borough_or_what", "partners", "datasets", "purpose", "times"))
    for one in drawn["agreements"]:
        _row(
            writer.writerow,
            "agreement",
            one["reference"],
            one["borough"],
            one["partners"],
            one["datasets"],
            one["purpose"],
            "",
        )
    for one in drawn["exports"]:
        _row(writer.writerow, "exports", one["quarter"], one["what"], [], [], one["purpose"], one["times"])
    return written.getvalue().encode("utf-8-sig")


def _row(write: Any, *cells: str | Iterable[str]) -> None:
    write([plain_cell(cell if isinstance(cell, str) else "; ".join(cell)) for cell in cells])
