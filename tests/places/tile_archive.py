"""A small file of tiles, made as the format has it."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Sequence
from pathlib import Path

from hub.places import tiles

PNG, MVT = 2, 1


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def directory(entries: Sequence[tuple[int, int, int, int]]) -> bytes:
    """Entries of a tile's number, its run, its length and its offset, as a packed directory."""
    numbers, runs, lengths, offsets = zip(*entries, strict=True)
    steps = [number - before for number, before in zip(numbers, (0, *numbers), strict=False)]
    columns = (steps, runs, lengths, [offset + 1 for offset in offsets])
    return gzip.compress(b"".join(map(varint, [len(entries), *(each for column in columns for each in column)])))


def archive(path: Path, *, kind: int = PNG) -> Path:
    """One tile at zoom 0, the same for all four of zoom 1, and two at zoom 2 behind a directory of their own."""
    content = b"world" + b"quarter" + b"north" + b"south"
    leaf = directory([(5, 1, 5, 12), (9, 1, 5, 17)])
    root = directory([(0, 1, 5, 0), (1, 4, 7, 5), (5, 0, len(leaf), 0)])
    at = 127 + len(root)
    header = b"PMTiles\x03" + struct.pack("<11Q", 127, len(root), at, 0, at, len(leaf), at + len(leaf), 24, 7, 4, 4)
    path.write_bytes(header + bytes([1, tiles.GZIP, tiles.PLAIN, kind, 0, 2]) + bytes(25) + root + leaf + content)
    return path
