"""Commands that send incident data, in a person's scope."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

from hub import errors
from hub.access import Role, Viewer
from hub.cli.frame import (
    AddCommand,
    add_person,
    count_of,
    opened,
    opened_hub,
    say,
    viewer_of,
)


def upload(chosen: argparse.Namespace) -> dict[str, Any]:
    """Check a file and, if asked, make it live."""
    from hub.uploads import intake, service, views

    said = intake.Said(
        dataset=chosen.dataset,
        column_fields=dict(_pair(pair, "--map COLUMN=FIELD") for pair in chosen.map),
        sheet=chosen.sheet,
        month=service.read_month(chosen.month),
        answers=dict(_pair(pair, "--answer CODE=VALUE") for pair in chosen.answer),
        fixes=frozenset(chosen.fix),
        reasons=dict(_pair(pair, "--confirm CODE=REASON", first=True) for pair in chosen.confirm),
        is_holding=chosen.hold,
    )
    with opened_hub() as database, database.session(writes=True) as session:
        viewer = viewer_of(session, chosen.email)
        _raise_limits(viewer, chosen)
        with opened(chosen.file) as stream:
            received = service.receive(viewer, stream, chosen.file.name, leave_out=frozenset(chosen.leave_out))
        session.commit()

        def report(progress: str) -> None:
            say(chosen, progress)

        intake.take_in(viewer, received.id, said, report)
        refusal = intake.commit(viewer, received.id, report) if chosen.commit else None
        outcome = views.outcome(viewer, received.id)
        session.commit()
    say(chosen, *views.outcome_lines(outcome))
    if refusal:
        # The script that sent the file is told what is wrong with it, and not only that it was refused.
        print(f"Refused: {refusal}", file=sys.stderr)
        outcome |= {**intake.told(refusal), "exit_status": refusal.exit_status}
    return outcome


def _raise_limits(viewer: Viewer, chosen: argparse.Namespace) -> None:
    """Let an administrator send more than the pages take, this once."""
    raised = {"max_upload_rows": chosen.max_rows, "max_upload_bytes": (chosen.max_megabytes or 0) * 1_000_000}
    if not any(raised.values()):
        return
    if Role.ADMINISTRATOR not in viewer.roles:
        raise errors.NotAllowed(
            "Only an administrator sends more than the pages take.", remedy="Split the file, or ask one to send it."
        )
    viewer.session.info.update({name: most for name, most in raised.items() if most})


def watch(chosen: argparse.Namespace) -> dict[str, Any]:
    """Take in each new file of a folder, until stopped."""
    from hub.uploads.watching import Watch

    with opened_hub() as database:
        with database.reading() as session:
            viewer_of(session, chosen.email)
        watching = Watch(
            database,
            chosen.folder,
            chosen.email,
            chosen.dataset,
            commits=chosen.commit,
            report=lambda words: say(chosen, words),
        )
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: watching.stop())
        say(chosen, f"Watching {chosen.folder}.")
        watching.run()
    return {}


def _pair(pair: str, as_written: str, *, first: bool = False) -> tuple[str, str]:
    """Part what is given at its last '=', or at its first where the second half is free text."""
    name, equals, value = pair.partition("=") if first else pair.rpartition("=")
    if not equals:
        raise errors.BadRequest(f"{as_written.partition(' ')[0]} {pair} has no '='.", remedy=f"Write {as_written}.")
    return name, value


def offer(add: AddCommand) -> None:
    """Offer these commands."""
    sending = add("upload", upload)
    sending.add_argument("file", type=Path, metavar="FILE")
    sending.add_argument("--dataset", metavar="KIND", help="recognised from the columns unless given")
    sending.add_argument("--map", action="append", default=[], metavar="COLUMN=FIELD")
    sending.add_argument("--sheet", default="", metavar="NAME", help="which sheet or layer of the file to read")
    sending.add_argument("--month", default="", metavar="YYYY-MM", help="of all rows, where no column says when")
    sending.add_argument("--leave-out", action="append", default=[], metavar="COLUMN", help="never stored")
    sending.add_argument("--answer", action="append", default=[], metavar="CODE=VALUE", help="to what a check asks")
    sending.add_argument("--fix", action="append", default=[], metavar="CODE", help="apply the hub's own cure")
    sending.add_argument("--confirm", action="append", default=[], metavar="CODE=REASON", help="why it is right")
    sending.add_argument("--hold", action="store_true", help="let good rows go ahead, and hold those with problems")
    sending.add_argument("--max-rows", type=count_of, metavar="N", help="for this file; administrators only")
    sending.add_argument("--max-megabytes", type=count_of, metavar="N", help="for this file; administrators only")
    sending.add_argument("--commit", action="store_true", help="make it live; otherwise it is only checked")

    watching = add("watch", watch, json=False)
    watching.add_argument("folder", type=Path, metavar="FOLDER")
    watching.add_argument("--dataset", required=True, metavar="KIND")
    watching.add_argument("--commit", action="store_true", help="make files live; otherwise they are only checked")
    add_person(sending, watching)
