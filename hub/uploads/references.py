"""The references by which sources tell their incidents apart: hashed under the hub's key, to know one that came before.

Pure. A reference itself is neither kept nor compared; whether an incident that came before is to be left out is asked.
"""

from __future__ import annotations

import hashlib

import polars as pl

from hub.uploads.findings import Severity, shown
from hub.uploads.sheet import Sheet

LIVE_REFERENCES = {"borough_code": pl.String, "month": pl.Date, "reference_hash": pl.Int64}
"""The hashes of the incidents that are live of the same dataset, and where they are counted."""
BYTES_KEPT = 8
"""Of a hash: among ten million incidents one in a million files would meet a stranger, and be asked about it."""


def hash_all(sheet: Sheet) -> None:
    """Give every row the hash of its reference; none where it has no reference, or the check no key."""
    hashes: list[int | None] = [None] * sheet.lines.height
    if sheet.reference_key and "identifier" in sheet.headings:
        hashes = [_hash(sheet.reference_key, words) if words else None for words in sheet.lines["identifier"]]
    sheet.lines = sheet.lines.with_columns(pl.Series("reference_hash", hashes, dtype=pl.Int64))


def _hash(key: bytes, reference: str) -> int:
    # BLAKE2 with a key (RFC 7693) is as good as HMAC here, at half its time: half a million rows take a second.
    digest = hashlib.blake2b(reference.strip().upper().encode(), key=key, digest_size=BYTES_KEPT).digest()
    return int.from_bytes(digest, "big", signed=True)


def ask_about_loaded(sheet: Sheet, live: pl.DataFrame | None) -> None:
    """Ask about each row whose incident is live under a month that the file does not replace: it would count twice.

    A reference that several rows share, in the file or among what is live, is a stand-in for none and tells nothing.
    """
    if live is None or live.is_empty():
        return
    kept = sheet.kept()
    is_replaced = pl.col("month").is_in(kept["month"].unique().implode()) & pl.col("borough_code").is_in(
        kept["borough_code"].unique().implode()
    )
    staying = live.filter(pl.len().over("reference_hash") == 1, ~is_replaced).rename({"month": "live_month"})
    shared = sheet.lines.filter(pl.len().over("reference_hash") > 1)
    again = kept.join(shared, on="reference_hash", how="anti", maintain_order="left").join(
        staying.select("reference_hash", "live_month"), on="reference_hash", how="inner", maintain_order="left"
    )
    sheet.findings.in_rows(
        again,
        "loaded_before",
        Severity.PLEASE_CONFIRM,
        sheet.headings.get("identifier"),
        pl.format(
            "The incident '{}' is live already, under {}: with this row it would be counted twice. Leave the row out, "
            "or say why it is another incident. If references start anew in each file, match no column to them.",
            shown("identifier"),
            pl.col("live_month").dt.to_string("%B %Y"),
        ),
    )
