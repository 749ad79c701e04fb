"""Traps in files that look right: totals among the rows, half a month, rows given twice, categories that moved.

Pure. Each function looks for one trap and says what it found; what is done about it, the check decides.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from hub.uploads import numbers
from hub.words import listed, month_name

TOTAL_LABEL = (
    r"(?i)^\s*(?:(?:grand|sub|overall)[ -]?total|total)s?(?:\b.*)?$"
    r"|^\s*all (?:wards|boroughs|london|areas|crimes?|offences?|incidents?|categories)(?: total)?\s*$"
    r"|^\s*(?:london|mps|met|borough|ward)(?: wide)? totals?\s*$|^\s*tno\s*$"
)
"""What a cell says that stands for all the others. A ward called Totteridge is none of these."""

PARTIAL_SHARE = 0.2
"""Of what the other months of a file usually have."""
FEWEST_MONTHS = 4
FEWEST_A_MONTH = 50
RATES_SHARE = 0.2
"""What share of a file's different numbers must be no whole ones for it to hold rates."""
FLAG_WORDS = r"(?i)\b(?:knife|gun|lethal barrel|domestic abuse|hate|non[- ]domestic|flag(?:ged)?|repeat victims?)\b"

MOVED_SHARE = 0.2
"""By what share a category must shrink for it to be asked where the rest went."""
FEWEST_MOVED = 50
SAME_AMOUNT = 0.25
"""By what share what one category lost and another won may differ."""


def same_figures(new: pl.DataFrame, live: pl.DataFrame) -> list[str]:
    """Tell which months of a file have, category by category, the figures of another month that is live and stays.

    Parameters
    ----------
    new, live
        borough_code, month, category and count.
    """
    mine, theirs = _figures(new), _figures(live)
    staying = theirs.join(mine, on=["borough_code", "month"], how="anti")
    alike = mine.join(staying, on=["borough_code", "figures"], suffix="_live").sort("month", "month_live")
    return [
        f"{month_name(month)} has in every category the figures that are live for {month_name(other)} "
        f"({count:,} in all). If it is the same data under another month, do not commit it."
        for month, other, count in alike.select("month", "month_live", "count").unique(maintain_order=True).iter_rows()
    ]


def _figures(parts: pl.DataFrame) -> pl.DataFrame:
    """Each borough's month with all its figures as one word; only of months with enough for that to tell anything."""
    said = pl.format("{}={}", "category", "count").sort().str.join("|").alias("figures")
    by_month = (
        parts.group_by("borough_code", "month", "category").agg(pl.col("count").sum()).filter(pl.col("count") > 0)
    )
    return (
        by_month.group_by("borough_code", "month")
        .agg(said, pl.col("count").sum(), pl.len().alias("categories"))
        .filter(pl.col("count") >= FEWEST_A_MONTH, pl.col("categories") > 1)
    )


def totals_among(lines: pl.DataFrame, fields: Iterable[str]) -> pl.DataFrame:
    """Find rows that say they are for all the others: row, and the field and words that say so."""
    empty = lines.select("row", pl.lit("").alias("field"), pl.lit("").alias("words")).clear()
    found = [
        lines.filter(pl.col(field).is_in(labels)).select(
            "row", pl.lit(field).alias("field"), pl.col(field).alias("words")
        )
        for field in fields
        if field in lines.columns and (labels := _total_labels(lines[field]))
    ]
    return pl.concat([empty, *found]).unique("row", keep="first", maintain_order=True)


def _total_labels(column: pl.Series) -> list[str]:
    different = column.drop_nulls().unique()
    return different.filter(different.str.contains(TOTAL_LABEL)).to_list()


@dataclass(frozen=True)
class PartialMonth:
    """A month at an end of a file that has next to nothing."""

    month: dt.date
    count: int
    usual: int
    is_first: bool

    @property
    def code(self) -> str:
        """By which it is asked about."""
        return "partial_first_month" if self.is_first else "partial_last_month"

    @property
    def sentence(self) -> str:
        """What is wrong with it."""
        return (
            f"{month_name(self.month)} has {self.count:,}, where the other months usually have {self.usual:,}. It is "
            "hardly a whole month. What should be done with it?"
        )


def partial_months(by_month: pl.DataFrame) -> list[PartialMonth]:
    """Find a first or last month that cannot be whole; `by_month` has month and count."""
    ordered = by_month.sort("month")
    if ordered.height < FEWEST_MONTHS:
        return []
    usual = ordered.slice(1, ordered.height - 2)["count"].median()
    if not isinstance(usual, int | float) or usual < FEWEST_A_MONTH:
        return []
    ends = [(0, True), (ordered.height - 1, False)]
    return [
        PartialMonth(ordered["month"][at], ordered["count"][at], round(usual), is_first)
        for at, is_first in ends
        if ordered["count"][at] < usual * PARTIAL_SHARE
    ]


def are_rates(words: Sequence[str]) -> bool:
    """Whether the different words of count columns are those of rates: many are fractions or percentages."""
    fractions = sum(map(numbers.is_fraction, words))
    return fractions >= 2 and fractions >= RATES_SHARE * len(words)


def overlapping(categories: Iterable[str]) -> list[str]:
    """Find categories that are flags: an offence may have several, and is an offence of another category too."""
    different = pl.Series("category", sorted(set(categories)), dtype=pl.String)
    return different.filter(different.str.contains(FLAG_WORDS)).to_list()


# --- Rows given twice ------------------------------------------------------------------------------------------------


def alike(cells: pl.DataFrame) -> pl.DataFrame:
    """Find rows that equal an earlier one in every cell: row, and the first such row."""
    columns = [name for name in cells.columns if name != "row"]
    # Rows are told apart by their hash first, which needs far less memory than sorting out whole rows.
    hashed = pl.DataFrame({"row": cells["row"], "hash": cells.select(columns).hash_rows()})
    again = hashed.filter(pl.col("hash").is_duplicated())
    if again.is_empty():
        return cells.select("row", pl.col("row").alias("first")).clear()
    suspects = cells.join(again.select("row"), on="row", how="semi")
    return (
        suspects.with_columns(pl.col("row").first().over(columns).alias("first"))
        .filter(pl.col("row") != pl.col("first"))
        .select("row", "first")
    )


# --- Categories that moved -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moved:
    """How two categories differ between what is live and a new file, in the months that both have."""

    code: str
    sentence: str


def moved(new: pl.DataFrame, live: pl.DataFrame) -> list[Moved]:
    """Find categories whose figures seem to have gone to another since what is live.

    Parameters
    ----------
    new, live
        Each with month, category and count.
    """
    months = set(new["month"]) & set(live["month"])
    if not months:
        return []
    sums = [
        frame.filter(pl.col("month").is_in(list(months))).group_by("category").agg(pl.col("count").sum().alias(name))
        for frame, name in ((live, "live"), (new, "new"))
    ]
    both = (
        sums[0].join(sums[1], on="category", how="full", coalesce=True).with_columns(pl.col("live", "new").fill_null(0))
    )
    change = both.with_columns((pl.col("new") - pl.col("live")).alias("change"))
    shrunk = change.filter(pl.col("change") <= -FEWEST_MOVED, -pl.col("change") >= MOVED_SHARE * pl.col("live")).sort(
        "change"
    )
    grown = change.filter(pl.col("change") >= FEWEST_MOVED).sort("change", descending=True)
    found, taken = [], set[str]()
    for category, was, now, lost in shrunk.select("category", "live", "new", "change").iter_rows():
        near = [
            (abs(won + lost), other, before)
            for other, before, won in grown.select("category", "live", "change").iter_rows()
            if other not in taken and abs(won + lost) <= SAME_AMOUNT * -lost
        ]
        _, other, before = min(near, default=(0, None, 0))
        taken.add(other or "")
        found.append(_say(category, was, now, other, before, months))
    return found


def _say(category: str, was: int, now: int, other: str | None, before: int, months: Iterable[dt.date]) -> Moved:
    ordered = sorted(months)
    when = listed([month_name(month) for month in sorted({ordered[0], ordered[-1]})]).replace(" and ", " to ")
    if other is None:
        if now:
            return Moved(
                "category_shrunk",
                f"'{category}' has {now:,} where {was:,} are live ({when}). Ask the sender why before you go on.",
            )
        return Moved(
            "category_gone",
            f"'{category}' has nothing where {was:,} are live ({when}). Ask the sender where it went before you go on.",
        )
    if not now and not before:
        return Moved(
            "category_renamed",
            f"'{category}' is gone and '{other}' is new, with about as many ({when}): it seems to be renamed. Load "
            "every month that you compare from one edition, or the two stand apart.",
        )
    return Moved(
        "category_moved",
        f"'{category}' has {now:,} where {was:,} are live ({when}), and '{other}' has about as many more: part of the "
        "one seems to be counted as the other now. Load every month that you compare from one edition.",
    )
