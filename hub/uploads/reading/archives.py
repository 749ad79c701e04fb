"""Packed files: gzip, and the zip archives that workbooks and shapefiles are.

Unpacks nothing but what is asked for, counts the bytes that really come out, and never uses a name from inside as a
path.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hub.errors import BadFile
from hub.uploads.reading.table import SPLIT, Limits
from hub.words import megabytes

CHUNK_BYTES = 1_000_000
LOCAL_HEADER_BYTES = 30
DOS, UNIX = 0, 3
PACKED_ENDINGS = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".zst", ".xlsx", ".ods")
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    struct.error,
    ValueError,
)


@dataclass
class Counted:
    """How much has come out of a packed file."""

    limits: Limits
    packed_bytes: int
    unpacked_bytes: int = 0

    def count(self, more: int) -> None:
        """Count bytes that came out, and stop at what no honest file holds."""
        self.unpacked_bytes += more
        limits = self.limits
        if self.unpacked_bytes > limits.unpacked_bytes:
            raise BadFile(f"The file unpacks to more than {megabytes(limits.unpacked_bytes)}.", remedy=SPLIT)
        is_large = self.unpacked_bytes > limits.ratio_counts_above_bytes
        if is_large and self.unpacked_bytes > limits.ratio * self.packed_bytes:
            raise BadFile(
                f"The file unpacks to more than {limits.ratio} times its size, as no honest table does.",
                remedy="Save it as CSV, and upload that uncompressed.",
            )


# --- gzip ------------------------------------------------------------------------------------------------------------


def gunzip(original: Path, limits: Limits, target: Path) -> Path:
    """Unpack a single gzip stream."""
    counted = Counted(limits, original.stat().st_size)
    unpacker = zlib.decompressobj(wbits=31)
    with original.open("rb") as stream, target.open("wb") as out:
        for chunk in _unpacked(unpacker, stream):
            counted.count(len(chunk))
            out.write(chunk)
    if not counted.unpacked_bytes:
        raise BadFile("The compressed file is empty.", remedy="Check what was compressed, and upload it again.")
    return target


def _unpacked(unpacker: zlib._Decompress, stream: BinaryIO) -> Iterator[bytes]:
    try:
        while waiting := unpacker.unconsumed_tail or stream.read(CHUNK_BYTES):
            if unpacker.eof:
                break
            if chunk := unpacker.decompress(waiting, CHUNK_BYTES):
                yield chunk
    except zlib.error as error:
        raise BadFile(
            "The compressed file is damaged.", remedy="Compress it again, or upload it uncompressed."
        ) from error
    if not unpacker.eof:
        raise BadFile("The compressed file is cut short.", remedy="Send it again, or upload it uncompressed.")
    if unpacker.unused_data.strip(b"\0") or stream.read(1).strip(b"\0"):
        raise BadFile(
            "The compressed file holds more than one file.", remedy="Upload each file by itself, uncompressed."
        )


# --- zip -------------------------------------------------------------------------------------------------------------


class Archive:
    """A zip archive whose directory was read and found honest before anything is unpacked."""

    def __init__(self, path: Path, limits: Limits, *, most_entries: int) -> None:
        self._counted = Counted(limits, path.stat().st_size)
        try:
            self._zip = zipfile.ZipFile(path)
        except DAMAGED as error:
            raise _damaged() from error
        entries = self._zip.infolist()
        if len(entries) > most_entries:
            raise BadFile(
                f"The file holds {len(entries):,} parts; the hub takes {most_entries:,}.",
                remedy="Save only what is needed in a new file, and upload that.",
            )
        for entry in entries:
            _refuse_dishonest(entry)
        _refuse_overlaps(entries, self._zip.start_dir)
        self.names = tuple(entry.filename for entry in entries if not entry.is_dir())

    def chunks(self, name: str) -> Iterator[bytes]:
        """Unpack one part, bit by bit."""
        try:
            with self._zip.open(name) as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    self._counted.count(len(chunk))
                    yield chunk
        except DAMAGED as error:
            raise _damaged() from error

    def content(self, name: str) -> bytes:
        """Unpack one part whole."""
        return b"".join(self.chunks(name))


def _refuse_dishonest(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    shown = "".join(character for character in name[:60] if character.isprintable())
    if entry.flag_bits & 0x1:
        raise BadFile("The file is protected with a password.", remedy="Save it without the password, and upload that.")
    is_link = entry.create_system == UNIX and stat.S_ISLNK(entry.external_attr >> 16)
    climbs = name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or name[1:2] == ":"
    if is_link or climbs or "\0" in entry.orig_filename:
        raise BadFile(
            f"The file holds a part, '{shown}', that points outside of it.", remedy="Pack the files again, by name."
        )
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise BadFile("The file is packed in a way the hub does not unpack.", remedy="Pack it as an ordinary zip file.")
    if name.casefold().endswith(PACKED_ENDINGS):
        raise BadFile(
            f"The file holds another packed file, '{shown}'.", remedy="Unpack that one, and upload it by itself."
        )


def _refuse_overlaps(entries: list[zipfile.ZipInfo], end: int) -> None:
    names = [entry.filename.casefold() for entry in entries]
    if len(set(names)) < len(names):
        raise BadFile("The file holds two parts of the same name.", remedy="Save it again in the program that made it.")
    in_order = sorted(entries, key=lambda entry: entry.header_offset)
    starts = [*(entry.header_offset for entry in in_order[1:]), end]
    for entry, next_start in zip(in_order, starts, strict=True) if in_order else ():
        least = LOCAL_HEADER_BYTES + len(entry.orig_filename) + entry.compress_size
        if entry.header_offset + least > next_start:
            raise _damaged()


def _damaged() -> BadFile:
    return BadFile(
        "The file is damaged, or is not what its name says it is.",
        remedy="Open it in the program that made it, save it again, and upload that.",
    )
