"""What commands stand on: the hub's database, whoever runs them, what is said, and files to read and write."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from hub import errors, migrate
from hub.access import Viewer
from hub.config import read_settings
from hub.db import Database, HubSession

Command = Callable[[argparse.Namespace], dict[str, Any]]
AddCommand = Callable[..., argparse.ArgumentParser]


def say(chosen: argparse.Namespace, *lines: str) -> None:
    """Tell a person; a script that asked for JSON hears only the JSON."""
    if not getattr(chosen, "json", False):
        print_lines(*lines)


def print_lines(*lines: str) -> None:
    """Write to standard output. That nobody reads on, as in `hub … | head`, is no failure of the work."""
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_aside(words: str) -> None:
    """Tell a person how far a long command is, where no script reads."""
    print(words, file=sys.stderr, flush=True)


def viewer_of(session: HubSession, email: str) -> Viewer:
    """The person whose scope to work in."""
    from hub.accounts import service as accounts

    return accounts.viewer_by_email(session, email)


@contextmanager
def opened_hub() -> Iterator[Database]:
    """Open the hub's database, as everybody but the migrator does, and close it."""
    settings = read_settings()
    migrate.metadata()
    if not migrate.is_current(settings):
        raise errors.SettingsError(
            "The database's schema is not the one this hub expects.", remedy="Run 'hub db upgrade'."
        )
    settings.files.mkdir(parents=True, exist_ok=True)
    database = Database(settings)
    try:
        database.refuse_unsafe_role()
        yield database
    finally:
        database.engine.dispose()


def machine() -> str:
    """Who is on the record where no person of the hub asked."""
    from hub import audit

    return f"{audit.MACHINE}:{getpass.getuser()}"


def opened(path: Path) -> BinaryIO:
    """Open a file to read it."""
    try:
        return path.open("rb")
    except OSError as error:
        raise errors.BadFile(f"'{path}' cannot be read: {error.strerror}.", remedy="Check the path.") from error


def text_of(path: Path) -> str:
    """What a file says."""
    with opened(path) as stream:
        try:
            return stream.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise errors.BadFile(f"'{path}' is not written in UTF-8.", remedy="Save it as UTF-8.") from error


@contextmanager
def written_to(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write it."""
    try:
        with path.open("wb") as out:
            yield out
    except OSError as error:
        raise errors.BadRequest(
            f"'{path}' cannot be written: {error.strerror}.", remedy="Choose another place."
        ) from error


def count_of(written: str) -> int:
    """Read a count."""
    if not written.isdecimal() or not 1 <= int(written) <= 100_000_000:
        raise argparse.ArgumentTypeError(f"'{written}' is no number from 1 to 100,000,000")
    return int(written)


def percent_of(written: str) -> float:
    """Read a percentage."""
    try:
        percent = float(written)
    except ValueError:
        percent = 0.0
    if not 0 < percent <= 100:
        raise argparse.ArgumentTypeError(f"'{written}' is no percentage above 0 and up to 100")
    return percent


def add_person(*commands: argparse.ArgumentParser) -> None:
    """Have commands ask for a person."""
    for command in commands:
        command.add_argument("--as", required=True, dest="email", metavar="EMAIL", help="whose scope to work in")
