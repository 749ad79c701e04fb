"""What a commit would change, compared with what is live. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import polars as pl

from hub import words
from hub.access import Permission, Viewer
from hub.places import service as places
from hub.uploads import door, versions


@dataclass(frozen=True)
class Change:
    """What is live for one month or borough, and what would be."""

    label: str
    live: int | None
    """None where nothing is live yet."""
    new: int

    @property
    def percent(self) -> float | None:
        """By how much it would change; None where nothing is to be compared."""
        return 100 * (self.new - self.live) / self.live if self.live else None


@dataclass(frozen=True)
class Preview:
    """What a commit would replace."""

    months: tuple[Change, ...]
    boroughs: tuple[Change, ...]
    months_replaced: int


def preview(viewer: Viewer, upload_id: UUID) -> Preview:
    """Compare a checked upload with what is live, by month and by borough."""
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_READ)
    new = door.found(viewer, upload, "months").select(
        "borough_code", "month", (pl.col("placed") + pl.col("unplaced")).alias("new")
    )
    live = versions.live_counts(viewer.session, upload, upload.report["boroughs"])
    both = new.join(live, on=["borough_code", "month"], how="left")
    names = {borough.code: borough.name for borough in places.boroughs(viewer.session)}
    months = [Change(words.month_name(month), *sums) for month, *sums in _sums(both, "month").iter_rows()]
    boroughs = [Change(names[code], *sums) for code, *sums in _sums(both, "borough_code").iter_rows()]
    replaced = both.filter(pl.col("live").is_not_null())["month"].n_unique()
    return Preview(tuple(months), tuple(sorted(boroughs, key=lambda one: one.label)), replaced)


def _sums(both: pl.DataFrame, by: str) -> pl.DataFrame:
    live = pl.when(pl.col("live").is_not_null().any()).then(pl.col("live").sum())
    return both.group_by(by).agg(live.alias("live"), pl.col("new").sum()).sort(by)
