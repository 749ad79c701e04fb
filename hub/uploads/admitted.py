"""A file that is kept beside something, as it came, once it has passed the gates of an upload."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import BinaryIO
from uuid import uuid4

from hub.access import Viewer
from hub.uploads import confined, files
from hub.uploads.files import ORIGINAL

MOST_BYTES, MOST_SECONDS = 10_000_000, 20


@dataclass(frozen=True)
class Admitted:
    """A file that is what it says it is, and tells of no person."""

    file_name: str
    content: bytes
    sha256: str


def admitted(viewer: Viewer, stream: BinaryIO, file_name: str) -> Admitted:
    """Read a file whole in a process of its own, and give it back if it may be kept.

    Raises
    ------
    PersonalData
        If it tells of people.
    BadFile
        If it is not a file that the hub can read for certain, or is too large.
    """
    most = files.limits_of(viewer.session)
    limits = replace(most, file_bytes=min(most.file_bytes, MOST_BYTES), seconds=MOST_SECONDS)
    file_name = files.display_name(file_name, limits)
    folder = files.folder_of(viewer.session, uuid4())
    folder.mkdir(parents=True)
    try:
        files.store(stream, folder, limits)
        confined.admit(folder / ORIGINAL, file_name, limits, ())
        content = (folder / ORIGINAL).read_bytes()
    finally:
        files.remove(folder)
    return Admitted(file_name, content, hashlib.sha256(content).hexdigest())
