"""Commands that check the audit record, or take it away."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import orjson

from hub import errors, words
from hub.cli.frame import (
    AddCommand,
    machine,
    opened_hub,
    say,
    written_to,
)
from hub.config import read_settings


def audit_verify(chosen: argparse.Namespace) -> dict[str, Any]:
    """Check that no entry of the audit record was altered, removed, inserted, moved or cut off."""
    from hub import audit, heads

    with opened_hub() as database, database.reading() as session:
        kept = [heads.parse(chosen.head)] if chosen.head else heads.kept(read_settings().heads_folder)
        newest = audit.head(session)
        bad = audit.first_broken(session, kept)
    entries = newest.number if newest else 0
    whole = f"The record is whole: {words.plural(entries, 'entry', 'entries')}, checked against "
    against = words.plural(len(kept), "head", "heads") + " kept elsewhere."
    if bad:
        print(f"Refused: Entry {bad} is the first that is not as it was written.", file=sys.stderr)
    else:
        say(chosen, whole + against)
    return {"entries": entries, "first_bad": bad, "heads": len(kept), "exit_status": 1 if bad else 0}


def audit_head(chosen: argparse.Namespace) -> dict[str, Any]:
    """Print the number and hash of the newest entry, to be kept where nobody who can change the record can."""
    from hub import audit

    with opened_hub() as database, database.reading() as session:
        newest = audit.head(session)
    say(chosen, str(newest or "The record has no entry yet."))
    return {"number": newest.number if newest else 0, "hash": newest.chain_hash if newest else None}


def audit_export(chosen: argparse.Namespace) -> dict[str, Any]:
    """Write every entry to a file, one JSON object a line; that it was is an entry too."""
    from hub import audit

    with opened_hub() as database:
        with database.writing() as session:
            audit.record_as(session, machine(), "record.exported")
        with database.reading() as session, written_to(chosen.file) as out:
            count = sum(bool(out.write(orjson.dumps(audit.as_dict(entry)) + b"\n")) for entry in audit.entries(session))
    say(chosen, f"{words.plural(count, 'entry', 'entries')} in {chosen.file}")
    return {"output": str(chosen.file), "entries": count}


def audit_ledger(chosen: argparse.Namespace) -> dict[str, Any]:
    """Write the ledger of sharing, fit to be published."""
    import datetime as dt

    from hub.record import public

    makers = {".html": public.as_page, ".csv": public.as_csv}
    maker = makers.get(chosen.output.suffix.lower())
    if maker is None:
        raise errors.BadRequest(
            f"'{chosen.output.name}' ends with neither .html nor .csv.", remedy="Give --output such a name."
        )
    with opened_hub() as database, database.writing() as session:
        drawn = public.draw_up(session, dt.datetime.now(words.LONDON).date(), machine())
    with written_to(chosen.output) as out:
        out.write(maker(drawn))
    say(chosen, f"{words.plural(len(drawn['agreements']), 'agreement')} in {chosen.output}")
    return {"output": str(chosen.output), **drawn}


def offer(add: AddCommand, acts: Any) -> None:
    """Offer these commands."""
    verifying = add("verify", audit_verify, to=acts)
    verifying.add_argument(
        "--head", metavar="NUMBER:HASH", help="kept elsewhere; those in HUB_AUDIT_HEADS unless given"
    )
    add("head", audit_head, to=acts)
    publishing = add("ledger", audit_ledger, to=acts)
    publishing.add_argument("--output", required=True, type=Path, metavar="FILE.html|.csv")
    exporting = add("export", audit_export, to=acts)
    exporting.add_argument("file", type=Path, metavar="FILE.jsonl")
