"""What a commit would change, compared with what is live, and who would see it. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import polars as pl

from geo.disclosure import protect
from hub import words
from hub.access import Permission, Viewer
from hub.places import service as places
from hub.uploads import door, kinds, versions
from hub.uploads.kinds import DatasetKind
from hub.uploads.models import Upload

MONTHS_A_READER_SEES = 12
MOST_POINTS = 20_000
CATEGORY = "category"


@dataclass(frozen=True)
class Change:
    """What is live for one month, borough or category, and what would be."""

    label: str
    live: int | None
    """None where nothing is live yet."""
    new: int

    @property
    def difference(self) -> int:
        """By how much it would change."""
        return self.new - (self.live or 0)

    @property
    def percent(self) -> float | None:
        """By how much of what is live; None where nothing is to be compared."""
        return 100 * (self.new - self.live) / self.live if self.live else None


@dataclass(frozen=True)
class Page:
    """A map or summary that a commit would change."""

    kind: str
    """map or summary."""
    slug: str
    name: str


@dataclass(frozen=True)
class Preview:
    """What a commit would replace."""

    seen: str
    """Names what is live now, so that a commit can tell whether it still is."""
    months: tuple[Change, ...]
    boroughs: tuple[Change, ...]
    categories: tuple[Change, ...]
    months_replaced: int
    restated: tuple[Change, ...]
    """The months that are live already and would have another total."""
    unplaced_percent: float | None
    maps: tuple[Page, ...]
    summaries: tuple[Page, ...]
    cells: int
    """How many wards and categories have any in the latest 12 months of the file."""
    cells_hidden: int
    """For how many of those a reader of totals will see 'fewer than 5'."""


def preview(viewer: Viewer, upload_id: UUID) -> Preview:
    """Compare a checked upload with what is live, by month, borough and category."""
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_READ)
    kind = kinds.kind(viewer.session, str(upload.dataset))
    covered = door.found(viewer, upload, "months")
    new = covered.select("borough_code", "month", (pl.col("placed") + pl.col("unplaced")).alias("new"))
    live = versions.live_counts(viewer.session, upload, upload.report["boroughs"])
    both = new.join(live, on=["borough_code", "month"], how="left")
    names = {borough.code: borough.name for borough in places.boroughs(viewer.session)}
    months = tuple(Change(words.month_name(month), *sums) for month, *sums in _sums(both, "month").iter_rows())
    boroughs = [Change(names[code], *sums) for code, *sums in _sums(both, "borough_code").iter_rows()]
    kept = upload.report["placed"] + upload.report["unplaced"]
    counted = _counted(door.found(viewer, upload, "rows"), kind)
    hidden = _hidden(counted)
    maps, summaries = _pages(viewer, kind, frozenset(upload.report["boroughs"]))
    return Preview(
        seen=versions.live_stamp(viewer.session, str(upload.dataset), covered),
        months=months,
        boroughs=tuple(sorted(boroughs, key=lambda one: one.label)),
        categories=_categories(viewer, upload, counted, covered),
        months_replaced=both.filter(pl.col("live").is_not_null())["month"].n_unique(),
        restated=tuple(one for one in months if one.live is not None and one.difference),
        unplaced_percent=100 * upload.report["unplaced"] / kept if kept else None,
        maps=maps,
        summaries=summaries,
        cells=hidden.height,
        cells_hidden=int(hidden["hidden"].sum()),
    )


def _sums(both: pl.DataFrame, by: str) -> pl.DataFrame:
    live = pl.when(pl.col("live").is_not_null().any()).then(pl.col("live").sum())
    return both.group_by(by).agg(live.alias("live"), pl.col("new").sum()).sort(by)


def _counted(rows: pl.DataFrame, kind: DatasetKind) -> pl.DataFrame:
    """The rows that a commit would store, by ward, month and category; nothing of shares, which add up to nothing."""
    schema = {"ward_code": pl.String, "month": pl.Date, CATEGORY: pl.String, "count": pl.Int64}
    if kind.has_shares:
        return pl.DataFrame(schema=schema)
    category = "category" if kind.has_points else "offence_group"
    count = pl.len() if kind.has_points else pl.col("count").sum()
    by = ["ward_code", "month", pl.col(category).alias(CATEGORY)]
    return rows.group_by(by).agg(count.cast(pl.Int64).alias("count")).select(list(schema))


def _categories(viewer: Viewer, upload: Upload, counted: pl.DataFrame, covered: pl.DataFrame) -> tuple[Change, ...]:
    if counted.is_empty():
        return ()
    live = versions.live_categories(viewer.session, upload, covered)
    new = counted.group_by(CATEGORY).agg(pl.col("count").sum().alias("new"))
    both = new.join(live, on=CATEGORY, how="full", coalesce=True).sort(CATEGORY)
    has_live = live.height > 0
    return tuple(
        Change(name, (before or 0) if has_live else None, after or 0)
        for name, after, before in both.select(CATEGORY, "new", "live").iter_rows()
    )


def _hidden(counted: pl.DataFrame) -> pl.DataFrame:
    """The counts by ward and category of the latest months, and which of them a reader of totals is not shown."""
    latest = counted["month"].max()
    if latest is None:
        return pl.DataFrame(schema={"count": pl.Int64, "hidden": pl.Boolean})
    first = words.months_before(latest, MONTHS_A_READER_SEES - 1)  # type: ignore[arg-type]  # a column of dates
    cells = (
        counted.filter(pl.col("month") >= first, pl.col("ward_code").is_not_null())
        .group_by("ward_code", CATEGORY)
        .agg(pl.col("count").sum())
        .filter(pl.col("count") > 0)
    )
    return cells.with_columns(pl.Series("hidden", protect(cells["count"].to_numpy()).hidden, dtype=pl.Boolean))


def _pages(viewer: Viewer, kind: DatasetKind, boroughs: frozenset[str]) -> tuple[tuple[Page, ...], tuple[Page, ...]]:
    """Name the maps and summaries that are made of such data, of the areas that the viewer may see."""
    areas = [one for one in places.areas(viewer, Permission.OVERLAY_READ) if one.borough_codes & boroughs]
    maps = [Page("map", one.slug, one.name) for one in areas if kind.has_wards and not kind.has_shares]
    summaries = [Page("summary", one.slug, one.name) for one in areas if kind.is_crime and one.kind == "borough"]
    return tuple(maps), tuple(summaries)


# --- Points ----------------------------------------------------------------------------------------------------------


_POINTS = {"easting": pl.Float64, "northing": pl.Float64, "placed": pl.Boolean, "count": pl.UInt32}


def points(viewer: Viewer, upload_id: UUID) -> tuple[pl.DataFrame, int]:
    """Give the places of a checked upload: easting, northing, whether it lies in a ward, and how many stand there.

    Also returns how many rows have no place at all. Most of many places that are in a ward are left out.
    """
    upload = door.upload(viewer, upload_id, Permission.UPLOAD_READ)
    rows = door.found(viewer, upload, "rows")
    if "easting" not in rows.columns:
        return pl.DataFrame(schema=_POINTS), 0
    located = rows.filter(pl.col("easting").is_not_null())
    by = ["easting", "northing", pl.col("ward_code").is_not_null().alias("placed")]
    places_found = located.group_by(by).agg(pl.len().alias("count")).sort("placed", "easting", "northing")
    return places_found.head(MOST_POINTS), rows.height - located.height
