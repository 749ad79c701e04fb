"""Zip archives that are the same bytes each time: entries in order, dated by the document and by nothing else."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable

STORED = frozenset({"mimetype"})
"""An OpenDocument file is known by this entry: the first, and not compressed."""


def packed(entries: Iterable[tuple[str, bytes]], made_at: dt.datetime) -> bytes:
    """Make an archive of entries, in their order."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, content in entries:
            entry = zipfile.ZipInfo(name, made_at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_STORED if name in STORED else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            entry.create_system = 3
            target.writestr(entry, content)
    return archive.getvalue()


def repacked(
    content: bytes, made_at: dt.datetime, changed: Callable[[str, bytes], bytes | None] | None = None
) -> bytes:
    """Make an archive anew; `changed` gives each entry another content, or None to leave it out."""
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        entries = [(name, source.read(name)) for name in source.namelist()]
    if changed is not None:
        entries = [(name, after) for name, before in entries if (after := changed(name, before)) is not None]
    return packed(entries, made_at)
