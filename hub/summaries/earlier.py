"""The years that a borough's other summaries tell, beside those of one of them: each as its own page gives it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from hub.access import Viewer
from hub.summaries import service
from hub.summaries.changes import Change, Figure
from hub.summaries.service import Summary
from hub.words import months_before

Counted = tuple[str, str]
"""What is counted: `total`, `group`, `ward` or `measure`, and which of them."""


@dataclass(frozen=True)
class YearFigure:
    """A count over the twelve months to a month, as this reader may see it."""

    last_month: dt.date
    figure: Figure


def earlier(viewer: Viewer, newest: Summary, *, months_apart: int, most: int) -> Iterator[Summary]:
    """Read the summaries of the same dataset that end some months earlier each, as far as they are offered.

    Parameters
    ----------
    viewer, newest
        Who reads, and what was read already.
    months_apart, most
        How far apart they end, and how many are looked for.
    """
    for back in range(1, most + 1):
        end = months_before(newest.last_month, months_apart * back)
        found = service.of_another_year(viewer, newest, end)
        if found is not None:
            yield found


def years(pages: Iterable[Summary]) -> Mapping[Counted, tuple[YearFigure, ...]]:
    """Every year of every line that some summaries give, oldest first; a year of which nothing is told is left out."""
    known: dict[Counted, dict[dt.date, Figure]] = {}
    for page in pages:
        for counted, change in _changes(page):
            by_end = known.setdefault(counted, {})
            for end, figure in (
                (page.last_month, change.latest),
                (months_before(page.last_month, 12), change.before),
            ):
                if figure != Figure(None):
                    by_end.setdefault(end, figure)
    return {counted: tuple(YearFigure(end, by_end[end]) for end in sorted(by_end)) for counted, by_end in known.items()}


def _changes(page: Summary) -> Iterator[tuple[Counted, Change]]:
    yield ("total", ""), page.total
    yield from ((("group", line.code), line.change) for line in page.groups)
    yield from ((("ward", line.code), line.change) for line in page.wards)
    yield from ((("measure", code), one.change) for code, one in page.measures.items() if one.is_shown)
