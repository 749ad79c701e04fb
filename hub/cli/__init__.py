"""The `hub` command: the same services and the same scope as the pages, for officers' scripts and the administrator.

Options, JSON keys and exit statuses are a contract, listed in the README. 0 is done, 1 is refused with a message.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import orjson

from hub import errors, logs
from hub.cli import administration, asking, auditing, proving, running, sending
from hub.cli.frame import Command, print_lines
from hub.engine import database_errors

CHECKING = (
    "Check what the maps are worth, on the fictional city or on what is live. Exit status 1 where they fall short."
)


class _Parser(argparse.ArgumentParser):
    """Reads a command as written in full, and refuses what it does not know as the services refuse."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        usage = " ".join(self.format_usage().removeprefix("usage: ").split())
        raise errors.BadRequest(f"{message[:1].upper()}{message[1:]}.", remedy=f"Write {usage}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    logs.begin()
    try:
        chosen = _chosen(given)
        with database_errors():
            result = chosen.run(chosen)
    except errors.HubError as error:
        return _refuse(error, as_json=as_json)
    except KeyboardInterrupt:
        return 130
    except Exception:  # noqa: BLE001 - a contract: never a traceback
        if os.environ.get("HUB_DEBUG") == "1":
            traceback.print_exc()
        fault = errors.OurFault(
            f"'hub {given[0]}' failed inside the hub; nothing was left half done.",
            remedy="Run it again with HUB_DEBUG=1 to see where, and tell whoever looks after the hub.",
        )
        return _refuse(fault, as_json=as_json)
    if getattr(chosen, "json", False):
        print_lines(orjson.dumps(result).decode())
    return int(result.get("exit_status", 0))


def _chosen(given: Sequence[str]) -> argparse.Namespace:
    try:
        " ".join(given).encode()
    except UnicodeEncodeError as error:
        raise errors.BadRequest(
            "The command is not written in UTF-8, so the hub could not say it back.", remedy="Rename the file."
        ) from error
    parser = _parser()
    chosen, unknown = parser.parse_known_args(given)
    if unknown and chosen.run not in (running.test, running.bench):
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    chosen.for_pytest = unknown
    return chosen


def _refuse(error: errors.HubError, *, as_json: bool) -> int:
    print(f"Refused: {error.sentence}", file=sys.stderr)
    if error.remedy:
        print(f"What to do: {error.remedy}", file=sys.stderr)
    if as_json:
        print_lines(orjson.dumps({"error": error.sentence, "remedy": error.remedy}).decode())
    return error.exit_status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="hub", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Command, *, json: bool = True, to: Any = commands) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = to.add_parser(
            name, help=(run.__doc__ or "").strip(), description=run.__doc__
        )
        command.set_defaults(run=run)
        if json:
            command.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        return command

    for subject in (running, administration, sending, asking):
        subject.offer(add)
    recording = commands.add_parser("audit", help="Check the audit record, or take it away.")
    auditing.offer(add, recording.add_subparsers(dest="act", required=True, metavar="ACT"))
    checking = commands.add_parser("check", help="Check what the maps are worth.", description=CHECKING)
    proving.offer(add, checking.add_subparsers(dest="proof", required=True, metavar="PROOF"))
    return parser
