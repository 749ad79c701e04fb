"""Tiles of a background map in one local file of the PMTiles format, version 3, read tile by tile.

Of pictures only: tiles of lines and names would need a program in the page to draw them. Knows no web.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hub.errors import SettingsError

MAGIC, VERSION = b"PMTiles", 3
HEADER_BYTES = 127
PLAIN, GZIP = 1, 2
KINDS = {2: "image/png", 3: "image/jpeg", 4: "image/webp"}
MOST_LEVELS = 4
"""Of directories, one inside the other."""
LARGEST_DIRECTORY_BYTES, LARGEST_TILE_BYTES = 5_000_000, 2_000_000
DEEPEST_ZOOM = 22
DIRECTORIES_REMEMBERED = 64


@dataclass(frozen=True)
class Tiles:
    """What the header of a file says."""

    path: Path
    root: tuple[int, int]
    leaves_at: int
    data_at: int
    compression: int
    mimetype: str
    deepest_zoom: int


@dataclass(frozen=True)
class Entry:
    """Where a run of equal tiles lies, or where it has no length the directory that goes on from it."""

    tile: int
    run: int
    offset: int
    length: int


def opened(path: Path) -> Tiles:
    """Read the header of a file.

    Raises
    ------
    SettingsError
        If it is not there, is no such file, or holds no pictures.
    """
    try:
        with path.open("rb") as stream:
            header = stream.read(HEADER_BYTES)
    except OSError as error:
        raise SettingsError(f"HUB_BASEMAP names '{path}', which cannot be read.", remedy="Check the path.") from error
    if len(header) < HEADER_BYTES or header[:7] != MAGIC or header[7] != VERSION:
        raise SettingsError(
            f"HUB_BASEMAP names '{path}', which is no PMTiles file of version 3.",
            remedy="Make it with 'pmtiles convert'.",
        )
    root_at, root_bytes, _, _, leaves_at, _, data_at = struct.unpack_from("<7Q", header, 8)
    compression, tile_compression, kind = header[97:100]
    if kind not in KINDS or compression not in {PLAIN, GZIP} or tile_compression not in {0, PLAIN}:
        raise SettingsError(
            f"HUB_BASEMAP names '{path}', which does not hold plain pictures (PNG, JPEG or WebP).",
            remedy="Use a file of raster tiles; vector tiles cannot be drawn.",
        )
    return Tiles(path, (root_at, root_bytes), leaves_at, data_at, compression, KINDS[kind], header[101])


def tile(tiles: Tiles, zoom: int, column: int, row: int) -> bytes | None:
    """Read one tile; None where the file has none."""
    if not (0 <= zoom <= DEEPEST_ZOOM and 0 <= column < 1 << zoom and 0 <= row < 1 << zoom):
        return None
    wanted, (at, length) = number_of(zoom, column, row), tiles.root
    for _ in range(MOST_LEVELS):
        directory = _directory(tiles, at, length)
        place = bisect_right(directory, wanted, key=lambda entry: entry.tile) - 1
        if place < 0:
            return None
        found = directory[place]
        if found.run:
            is_there = wanted < found.tile + found.run and found.length <= LARGEST_TILE_BYTES
            return _read(tiles.path, tiles.data_at + found.offset, found.length) if is_there else None
        at, length = tiles.leaves_at + found.offset, found.length
    return None


def number_of(zoom: int, column: int, row: int) -> int:
    """Number a tile: all of the zooms before it, then its place along a Hilbert curve."""
    along, x, y = 0, column, row
    for bit in reversed(range(zoom)):
        side = 1 << bit
        right, down = int(x & side > 0), int(y & side > 0)
        along += side * side * ((3 * right) ^ down)
        if not down:
            if right:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
    return ((1 << 2 * zoom) - 1) // 3 + along


@lru_cache(maxsize=DIRECTORIES_REMEMBERED)
def _directory(tiles: Tiles, at: int, length: int) -> tuple[Entry, ...]:
    """Read a directory: numbers of few bytes, column by column, each number of a tile from the one before it."""
    packed = _read(tiles.path, at, min(length, LARGEST_DIRECTORY_BYTES))
    try:
        numbers = _numbers(gzip.decompress(packed) if tiles.compression == GZIP else packed)
        count = next(numbers)
        steps, runs, lengths, offsets = ([next(numbers) for _ in range(count)] for _ in range(4))
    except (OSError, EOFError, zlib.error, StopIteration, RuntimeError):
        return ()
    entries: list[Entry] = []
    number = 0
    for step, run, size, offset in zip(steps, runs, lengths, offsets, strict=True):
        number += step
        follows = entries[-1].offset + entries[-1].length if entries else 0
        entries.append(Entry(number, run, offset - 1 if offset else follows, size))
    return tuple(entries)


def _numbers(packed: bytes) -> Iterator[int]:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    number, shift = 0, 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number, shift = 0, 0


def _read(path: Path, at: int, length: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(at)
        return stream.read(length)
