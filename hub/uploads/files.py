"""Where the files of uploads lie: a folder each, named at random, with the original and what a check found.

What a sender called a file is shown, and never becomes a path.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import polars as pl

from hub.db import HubSession
from hub.errors import BadFile, Conflict
from hub.uploads.reading import Limits
from hub.words import megabytes

ORIGINAL = "original"
ARRIVING = "arriving"
CHUNK_BYTES = 1_000_000
STRAY_AFTER = dt.timedelta(hours=1)


def limits_of(session: HubSession) -> Limits:
    """How large an upload may be in this hub."""
    return Limits(file_bytes=session.info["max_upload_bytes"], rows=session.info["max_upload_rows"])


def folder_of(session: HubSession, upload_id: UUID) -> Path:
    """The folder of one upload."""
    files: Path = session.info["files"]
    return files.resolve() / str(upload_id)


def display_name(file_name: str, limits: Limits) -> str:
    """Take the last part of what the sender called the file, as it may be shown."""
    last = file_name.replace("\\", "/").rpartition("/")[2]
    name = "".join(character for character in last if character.isprintable()).strip()
    if not name:
        raise BadFile("The file has no name.", remedy="Give it a name that ends in .csv.")
    if len(name.encode()) > limits.name_bytes:
        raise BadFile(f"The file's name is longer than {limits.name_bytes} bytes.", remedy="Shorten it.")
    return name


def store(stream: BinaryIO, folder: Path, limits: Limits) -> tuple[str, int]:
    """Write a stream to disk, to stay; returns its hash and size."""
    digest, size = hashlib.sha256(), 0
    with (folder / ORIGINAL).open("xb") as out:
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            refuse_too_large(size, limits)
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    sync(folder)
    sync(folder.parent)
    return digest.hexdigest(), size


def digest(folder: Path) -> tuple[str, int]:
    """The hash and the size of an original that was written anew."""
    with (folder / ORIGINAL).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest(), os.fstat(stream.fileno()).st_size


def refuse_too_large(size: int, limits: Limits) -> None:
    """Refuse a file of more bytes than the hub takes."""
    if size > limits.file_bytes:
        raise BadFile(
            f"The file is larger than {megabytes(limits.file_bytes)}.",
            remedy="Split it, for example by month, and upload each part.",
        )


def begin_arrival(folder: Path) -> None:
    """Make room for a file that comes in pieces."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ARRIVING).touch()


def append_arrival(folder: Path, stream: BinaryIO, size: int) -> None:
    """Add a piece to a file that is arriving: never more than it is to have. What is cut off in mid-piece is kept."""
    if not (folder / ARRIVING).is_file():
        raise Conflict("The file was left for too long, and what had come was removed.", remedy="Choose it again.")
    with (folder / ARRIVING).open("ab") as out:
        while out.tell() < size and (chunk := stream.read(min(CHUNK_BYTES, size - out.tell()))):
            out.write(chunk)
    os.utime(folder)


def arrived_bytes(folder: Path) -> int:
    """How much of a file has arrived."""
    path = folder / ARRIVING
    return path.stat().st_size if path.is_file() else 0


def arrival(folder: Path) -> Path:
    """Where a file lies that arrived in pieces."""
    return folder / ARRIVING


def copy_original(source: Path, destination: Path) -> None:
    """Give another upload the same original, in a folder of its own, to stay."""
    if not (source / ORIGINAL).is_file():
        raise Conflict("The file of this upload was removed.", remedy="Upload the file again.")
    destination.mkdir(parents=True)
    shutil.copyfile(source / ORIGINAL, destination / ORIGINAL)
    sync(destination / ORIGINAL)
    sync(destination)
    sync(destination.parent)


def sync(path: Path) -> None:
    """Have the disk keep a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def found(folder: Path, check_id: str, name: str) -> pl.DataFrame:
    """Read what a check found: its rows, months or problems."""
    path = folder / check_id / f"{name}.parquet"
    if not path.is_file():
        raise Conflict("This upload is not checked, or its files were removed.", remedy="Check it, or upload it again.")
    return pl.read_parquet(path)


def remove_older_checks(folder: Path, check_id: str) -> None:
    """Keep only what the last check found."""
    for other in folder.iterdir():
        if other.is_dir() and other.name != check_id:
            remove(other)


def remove(folder: Path) -> None:
    """Remove a folder and all in it, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)


def remove_strays(session: HubSession, kept: Collection[UUID]) -> int:
    """Remove the folders of uploads that are not among those kept, unless one is just arriving; returns how many.

    Whatever else lies there is nobody's upload, and is left alone.
    """
    files: Path = session.info["files"]
    settled = dt.datetime.now(dt.UTC).timestamp() - STRAY_AFTER.total_seconds()
    strays = [one for one in files.iterdir() if _is_stray(one, kept) and one.stat().st_mtime < settled]
    for folder in strays:
        remove(folder)
    return len(strays)


def _is_stray(folder: Path, kept: Collection[UUID]) -> bool:
    try:
        return folder.is_dir() and UUID(folder.name) not in kept
    except ValueError:
        return False
