"""Back-tests: what each method for small areas would have met, had it been followed in months gone by.

It reads what its asker may read as overlays do, and keeps nothing. A method never sees the month that it is tried on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo import boundaries, emerging, evaluation, grid
from geo.density import binned_density, suggest_bandwidth_metres
from geo.evaluation import BackTest
from geo.frames import FloatArray, GeoError, Geometry
from geo.hotspots import gi_star_grid
from hub.access import Permission, Viewer
from hub.errors import BadRequest
from hub.hotspots.checking import ALL_CRIME, understood
from hub.hotspots.emergence import MONTHS_TOGETHER, square_neighbours
from hub.hotspots.scoring import SMALLEST_TESTED_CELL_METRES, Method, Units, refuse_too_many
from hub.hotspots.sources import Source, choose_source, points_of
from hub.hotspots.wording import said_percent, said_span
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import figures
from hub.uploads.classification import ANTI_SOCIAL_BEHAVIOUR
from hub.words import month_name, months_before, number, plural

QUARTER = 3
AREA_SHARE = 0.01

Score = Callable[[FloatArray], npt.ArrayLike]


class NothingHappened(BadRequest):
    """No method can be tried on months without an incident."""


class Ranking(StrEnum):
    """What the squares may be ranked by: each a layer of the map, and the bare count to set them against."""

    COUNT = "count"
    DENSITY = "density"
    GI_STAR = "gi_star"
    EMERGING = "emerging"


@dataclass(frozen=True)
class Tried:
    """One category, tried by every method on the same squares, months and share of the ground.

    Attributes
    ----------
    area_name, category : str
        Where, and of what.
    months : tuple of date
        All that were used; the first `training_months` of them were tried on by none.
    training_months : int
        How many months a method is given.
    incidents : int
        In the squares, in all the months.
    squares, cell_metres, bandwidth_metres
        How many squares, their side, and the radius of the density's kernel.
    tests : mapping of Ranking to BackTest
        By method.
    """

    area_name: str
    category: str
    months: tuple[dt.date, ...]
    training_months: int
    incidents: int
    squares: int
    cell_metres: int
    bandwidth_metres: float
    tests: Mapping[Ranking, BackTest]

    @property
    def favoured(self) -> Ranking:
        """The method with the highest hit rate; of equals, the plainer."""
        return max(self.tests, key=lambda ranking: self.tests[ranking].hit_rate)

    @property
    def is_clear(self) -> bool:
        """Whether its interval lies above those of all the others."""
        best = self.tests[self.favoured]
        others = (test for ranking, test in self.tests.items() if ranking is not self.favoured)
        return all(best.hit_rate_lower > test.hit_rate_upper for test in others)


@dataclass(frozen=True)
class Basis:
    """The figures that methods are tried on: months in a row, all of them with data for the same boroughs."""

    area_name: str
    source: Source
    outline: Geometry
    training_months: int
    cell_metres: int | None


def try_methods(
    viewer: Viewer,
    area: Area,
    *,
    category: str | None,
    dataset: str,
    first_month: dt.date,
    last_month: dt.date,
    training_months: int = QUARTER,
    area_share: float = AREA_SHARE,
    cell_metres: int | None = None,
) -> Tried:
    """Try every method on each month of a period, from the months just before it and from nothing else.

    Parameters
    ----------
    viewer, area
        Who asks, and about where. Counts of small places are exact, so all of the area must be theirs to see so.
    category : str, optional
        An offence group or subgroup; all recorded crime unless given.
    dataset : str
        The key of a kind of dataset that has points.
    first_month, last_month : date
        The period, both months in it; of it, the last stretch of months that every borough has.
    training_months, area_share
        How many months a method is given, and how much of the ground it may choose.
    cell_metres : int, optional
        The side of a square; the smallest in which the map tests for hotspots unless given.

    Raises
    ------
    NothingHappened
        If there was nothing of the category in the months to be tried on.
    BadRequest
        If the data cannot answer it, for example with too few months.
    """
    asked = basis_of(
        viewer,
        area,
        category=category,
        dataset=dataset,
        first_month=first_month,
        last_month=last_month,
        training_months=training_months,
        cell_metres=cell_metres,
    )
    return try_on(viewer, asked, area_share=area_share)


def basis_of(
    viewer: Viewer,
    area: Area,
    *,
    category: str | None,
    dataset: str,
    first_month: dt.date,
    last_month: dt.date,
    training_months: int = QUARTER,
    cell_metres: int | None = None,
) -> Basis:
    """Choose the figures that methods are tried on, or say why they cannot be; as `try_methods` takes them."""
    viewer.require(Permission.OVERLAY_READ, area.borough_codes)
    viewer.require(Permission.EXACT_COUNTS, area.borough_codes)
    question = understood(
        units=Units.CELLS,
        method=Method.GI_STAR,
        category=category,
        first_month=first_month,
        last_month=last_month,
        dataset=dataset,
        cell_metres=cell_metres,
    )
    source = choose_source(viewer, area, question)
    months = _last_stretch(source.months)
    if len(months) <= training_months:
        raise BadRequest(
            f"A back-test needs {training_months + 1} months in a row, and {area.name} has only {len(months)}: "
            f"{said_span(months)}.",
            remedy="Choose a longer period, fewer months to learn from, or one borough that has more months.",
        )
    outline: Geometry = boundaries.outline(places.borough_outlines(viewer.session, source.borough_codes))
    return Basis(area.name, replace(source, months=months), outline, training_months, cell_metres)


def try_on(
    viewer: Viewer, basis: Basis, *, rankings: Collection[Ranking] = tuple(Ranking), area_share: float = AREA_SHARE
) -> Tried:
    """Try some methods on figures that were chosen already.

    Raises
    ------
    NothingHappened
        If there was nothing of the category in the months to be tried on.
    BadRequest
        If the squares asked for are too small or too many.
    """
    points = points_of(viewer, basis.source, by_month=True)
    try:
        return _tried(points, basis, rankings=rankings, area_share=area_share)
    except GeoError as error:
        sentence, _, remedy = str(error).partition(". ")
        raise BadRequest(f"{sentence}.", remedy=remedy) from error


def categories_to_try(viewer: Viewer, area: Area, dataset: str) -> list[str]:
    """List all recorded crime and every offence group that is live, anti-social behaviour apart at the end."""
    groups = [group for group, _ in figures.categories(viewer, area.borough_codes, dataset)]
    crimes = [group for group in groups if group != ANTI_SOCIAL_BEHAVIOUR]
    return [ALL_CRIME, *crimes, *(group for group in groups if group == ANTI_SOCIAL_BEHAVIOUR)]


def said_back_test(test: BackTest, *, topic: str, area_name: str, months: Sequence[dt.date]) -> str:
    """Say what following a method would have met.

    Parameters
    ----------
    test : BackTest
        Of the method.
    topic : str
        The category as it stands inside a sentence: `robbery`.
    area_name : str
        Where.
    months : sequence of date
        All that were used, as `Tried` has them.
    """
    training = len(months) - test.months.size
    before = "last quarter's places" if training == QUARTER else f"the places of the {plural(training, 'month')} before"
    when = f"in {month_name(months[-1])}" if test.months.size == 1 else f"each month, {said_span(months[training:])}"
    if np.isnan(test.hit_rate):
        return f"Nothing of {topic} was recorded in {area_name} {when}, so no map can be tried on it."
    met = (
        f"Had you patrolled {before}, you would have met {said_percent(test.hit_rate)} of the {topic} in "
        f"{area_name} {when}, in {_said_share(test.area_share)} of the area"
    )
    doubt = f"between {said_percent(test.hit_rate_lower)} and {said_percent(test.hit_rate_upper)}"
    if test.pai_lower <= 1:
        return f"{met} ({doubt}): that may be no more than chance."
    return f"{met} ({doubt}): {number(test.pai, 0 if test.pai >= 10 else 1)} times what chance would give."


def _said_share(share: float) -> str:
    # As many whole squares as fit into a hundredth of the ground are a little less than that.
    return f"{share:.0%}" if share >= 0.005 else said_percent(share)


def _last_stretch(months: Sequence[dt.date]) -> tuple[dt.date, ...]:
    first = len(months) - 1
    while first > 0 and months[first - 1] == months_before(months[first], 1):
        first -= 1
    return tuple(months[first:])


def _tried(points: pd.DataFrame, basis: Basis, *, rankings: Collection[Ranking], area_share: float) -> Tried:
    months, outline, training_months = basis.source.months, basis.outline, basis.training_months
    category = basis.source.category or ALL_CRIME
    suggested = grid.suggest_cell_metres(outline)
    side = basis.cell_metres or max(suggested, SMALLEST_TESTED_CELL_METRES)
    refuse_too_many(outline, side)
    squares = grid.square_grid(outline, cell_metres=side)
    counts = np.column_stack([_counted(squares, points[points["month"] == month]) for month in months])
    if not counts[:, training_months:].any():
        raise NothingHappened(
            f"There was nothing of {category} in {basis.area_name} in {said_span(months[training_months:])}.",
            remedy="Choose another category, or a longer period.",
        )
    # The kernel that the map would draw with, on the squares that all methods share.
    bandwidth = max(suggest_bandwidth_metres(suggested), float(side))
    return Tried(
        area_name=basis.area_name,
        category=category,
        months=months,
        training_months=training_months,
        incidents=int(counts.sum()),
        squares=len(counts),
        cell_metres=side,
        bandwidth_metres=bandwidth,
        tests={
            ranking: evaluation.back_test(
                counts,
                score,
                training_months=training_months,
                area_share=area_share,
                # Methods tie differently, and none is to gain or lose by that.
                ties=evaluation.SHARED,
            )
            for ranking, score in _rankings(squares, bandwidth).items()
            if ranking in rankings
        },
    )


def _rankings(squares: grid.Grid, bandwidth_metres: float) -> dict[Ranking, Score]:
    """How each method ranks the squares, from counts by square and month alone."""
    inside, neighbours = squares.mask, square_neighbours(squares)

    def on_the_grid(training: FloatArray) -> FloatArray:
        counts = np.zeros(inside.shape)
        counts[inside] = training.sum(axis=1)
        return counts

    def density(training: FloatArray) -> FloatArray:
        surface = binned_density(on_the_grid(training), squares, bandwidth_metres=bandwidth_metres)
        # Rounded, since the Fourier transform leaves noise where there is nothing, which would settle ties by accident.
        density: FloatArray = surface[inside].round(9)
        return density

    def gi_star(training: FloatArray) -> FloatArray:
        z: FloatArray = gi_star_grid(on_the_grid(training), inside)[inside]
        return z

    def latest(training: FloatArray) -> FloatArray:
        return emerging.space_time_scores(training, neighbours, lag_bins=MONTHS_TOGETHER - 1)[:, -1]

    return {
        Ranking.COUNT: lambda training: training.sum(axis=1),
        Ranking.DENSITY: density,
        Ranking.GI_STAR: gi_star,
        Ranking.EMERGING: latest,
    }


def _counted(squares: grid.Grid, points: pd.DataFrame) -> FloatArray:
    easting, northing, count = (points[name].to_numpy(dtype=float) for name in ("easting", "northing", "count"))
    counts: FloatArray = grid.cell_counts(squares, easting, northing, count)[squares.mask]
    return counts
