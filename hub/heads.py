"""Heads of the audit record, kept away from the database: against them a cut tail or a full rewrite shows.

A file only ever grows; whoever keeps the folder should let the hub's machine add to it and nothing else.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from hub import audit
from hub.audit import Head
from hub.db import Database
from hub.errors import BadRequest, SettingsError

FILE = "hub-audit-heads.txt"


def parse(written: str) -> Head:
    """Read a head as `hub audit head` prints it.

    Raises
    ------
    BadRequest
        If it is not one.
    """
    number, _, chain_hash = written.strip().partition(":")
    if not number.isdecimal() or not chain_hash.isalnum():
        raise BadRequest(
            f"'{written}' is no head of the audit record.", remedy="Give it as 'hub audit head' printed it."
        )
    return Head(int(number), chain_hash)


def kept(folder: Path | None) -> list[Head]:
    """Every head that was kept in a folder, the oldest first; none where none is set."""
    if folder is None or not (folder / FILE).exists():
        return []
    lines = (folder / FILE).read_text("ascii", "replace").splitlines()
    return [parse(line.rpartition(" ")[2]) for line in lines if line.strip()]


def keep(database: Database, folder: Path, today: dt.date) -> bool:
    """Add the newest head to the file in a folder, if no head was kept there today; says whether one was added.

    Raises
    ------
    SettingsError
        If the folder cannot be written to.
    """
    with database.reading() as session:
        newest = audit.head(session)
    try:
        path = folder / FILE
        lines = path.read_text("ascii", "replace").splitlines() if path.exists() else []
        if newest is None or any(line.startswith(today.isoformat()) for line in lines):
            return False
        with path.open("a", encoding="ascii") as out:
            out.write(f"{today.isoformat()} {newest}\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise SettingsError(
            f"The head of the audit record cannot be kept in '{folder}': {error.strerror}.",
            remedy="Make the folder in HUB_AUDIT_HEADS, and let the worker write to it.",
        ) from error
    return True
