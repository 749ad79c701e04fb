"""Areas that somebody drew elsewhere and sends as a map file: read apart from the hub, and the file never kept."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO
from uuid import uuid4

from hub.access import Viewer
from hub.uploads import confined, files
from hub.uploads.files import ORIGINAL
from hub.uploads.reading.outlines import Areas

MOST_BYTES, MOST_SECONDS = 10_000_000, 20


def areas_in(viewer: Viewer, stream: BinaryIO, file_name: str) -> Areas:
    """Read the areas of a GeoJSON, GeoPackage or zipped shapefile.

    Raises
    ------
    BadFile
        Saying what is wrong with it, and the cure.
    """
    most = files.limits_of(viewer.session)
    limits = replace(most, file_bytes=min(most.file_bytes, MOST_BYTES), seconds=MOST_SECONDS)
    file_name = files.display_name(file_name, limits)
    folder = files.folder_of(viewer.session, uuid4())
    folder.mkdir(parents=True)
    try:
        files.store(stream, folder, limits)
        return confined.areas(folder / ORIGINAL, file_name, limits)
    finally:
        files.remove(folder)
