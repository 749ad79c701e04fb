"""What is counted and scored for an overlay: frames in, one table of wards or cells out.

Pure: it reads nothing, keeps nothing and words nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
from scipy import sparse

from geo import boundaries, chance, density, grid, hotspots, locate, permutation
from geo.frames import FloatArray, GeoError, Geometry, IntArray

METHOD_VERSION = 4
"""Raised whenever the same inputs would give another result, so that nothing kept before is shown again."""

SHUFFLE_SEED, SHUFFLES = 1995, 99_999
SMALLEST_TESTED_CELL_METRES = 150
LARGEST_CHOSEN_CELL_METRES = 300
LARGEST_COMPARED_CELL_METRES = 500
INCIDENTS_TESTED_TOGETHER = 10
CELLS_IN_A_NEIGHBOURHOOD = 9
DENSITY_BANDS = ((10, "10_times_average"), (5, "5_times_average"), (3, "3_times_average"), (2, "2_times_average"))
BUSIEST = ((0.01, "busiest_1"), (0.05, "busiest_5"), (0.2, "busiest_20"))
"""Shares of the area, the busiest first, and what squares in each are called."""
LESS_BUSY = "less_busy"
MOST_CELLS = 250_000
LESS_DENSE = "below_2_times_average"
LOOKUP_METRES = 100.0
TEXT_COLUMNS = frozenset({"class", "ward_name"})


class Units(StrEnum):
    """What the ground is divided into."""

    WARDS = "wards"
    CELLS = "cells"


class Method(StrEnum):
    """What is said of each unit, besides its count."""

    RATE = "rate"
    COUNT = "count"
    GI_STAR = "gi_star"
    DENSITY = "density"
    CHANGE = "change"
    EMERGING = "emerging"
    HARM = "harm"
    AGENCIES = "agencies"


TESTING = frozenset({Method.GI_STAR, Method.CHANGE, Method.EMERGING, Method.HARM, Method.AGENCIES})
"""The methods that test each unit and class it by the result."""


@dataclass(frozen=True)
class Scores:
    """The part of an overlay that takes time to work out, and is kept.

    Attributes
    ----------
    table : DataFrame, one row a unit
        Indexed by ward code or cell name. `count` is NaN where nothing is known; then, as they apply,
        `with_neighbours, z, p, q, class`, `density, class` or
        `count_before, difference, ratio, ratio_lower, ratio_upper, p, q, class` or, of the last of several months,
        `latest_count, hot_months, z, p, q, class`, `harm, harm_capped, largest_share, z, p, q, class` or, beside
        another agency, `count_beside, z, p, q, z_beside, p_beside, q_beside, class`; for cells also `west` and `south`
        (metres) and `ward_name`.
    unplaced : int
        Incidents counted in no unit.
    flags_by_chance : float, optional
        How many units chance alone would flag as hot, or as changed; None where nothing was flagged.
    cell_metres, bandwidth_metres : optional
        What was used, for cells and for density.
    left_out : mapping of str to int
        For harm: how many incidents of which offences have no weight, the most first.
    unplaced_beside : int
        Incidents of the other agency counted in no unit.
    """

    table: pd.DataFrame
    unplaced: int
    flags_by_chance: float | None = None
    cell_metres: int | None = None
    bandwidth_metres: float | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    unplaced_beside: int = 0

    def to_bytes(self) -> bytes:
        """Write for keeping."""
        kept = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "table"}
        kept["units"] = self.table.index.to_list()
        kept["columns"] = {name: self.table[name].to_list() for name in self.table}
        return zlib.compress(orjson.dumps(kept))

    @classmethod
    def from_bytes(cls, content: bytes) -> Scores:
        """Read what `to_bytes` wrote; numbers come back to the last digit."""
        kept: dict[str, Any] = orjson.loads(zlib.decompress(content))
        units, columns = kept.pop("units"), kept.pop("columns")
        for name, values in columns.items():
            if name not in TEXT_COLUMNS:
                columns[name] = np.array([np.nan if value is None else value for value in values])
        return cls(pd.DataFrame(columns, index=units), **kept)


def score_wards(wards: gpd.GeoDataFrame, counts: pd.Series[float], *, total: int, method: Method) -> Scores:
    """Score wards by their counts.

    Parameters
    ----------
    wards : GeoDataFrame, n rows
        Indexed by ward code, EPSG:27700.
    counts : Series
        Incidents by ward code; NaN or absent where nothing is known, and such wards are not tested.
    total : int
        Incidents, placed in a ward or not.
    method : Method
        Gi* tests the wards; for a rate the counts are all that is needed here.
    """
    table = pd.DataFrame({"count": counts.reindex(wards.index).astype(float)})
    unplaced = round(total - table["count"].sum())
    if method is not Method.GI_STAR:
        return Scores(table, unplaced)
    known = table["count"].notna().to_numpy()
    values = table["count"].to_numpy()[known]
    neighbours = boundaries.queen_neighbours(wards[known])
    z, with_neighbours = np.full(known.size, np.nan), np.full(known.size, np.nan)
    z[known], with_neighbours[known] = hotspots.gi_star(values, neighbours), neighbours @ values
    p = np.full(known.size, np.nan)
    p[known] = two_sided_chance(values, neighbours)
    table = _classed(table, with_neighbours, z, np.where(np.isnan(z), np.nan, p))
    largest = table.loc[is_hot(table), "p"].max()
    # No more than a share p of wards has a p so small by chance, and half of those are cold.
    return Scores(table, unplaced, None if np.isnan(largest) else float(known.sum() * largest / 2))


def score_cells(
    points: pd.DataFrame,
    outline: Geometry,
    wards: gpd.GeoDataFrame,
    *,
    total: int,
    method: Method,
    cell_metres: int | None = None,
    bandwidth_metres: float | None = None,
) -> Scores:
    """Score equal squares by the points in them.

    Parameters
    ----------
    points : DataFrame
        `easting`, `northing` and `count`.
    outline : polygon or multipolygon
        The study area: squares outside it are in no statistic.
    wards : GeoDataFrame
        `ward_name` and outlines, to say where a square lies.
    total : int
        Incidents, those without a place included.
    method : Method
        Count, Gi* or density.
    cell_metres, bandwidth_metres : optional
        Side of a square, and radius of the density's kernel; chosen unless given.

    Raises
    ------
    GeoError
        If there would be more than `MOST_CELLS` squares, or the bandwidth is smaller than a square.
    """
    x, y, weight = (points[name].to_numpy(dtype=float) for name in ("easting", "northing", "count"))
    side = cell_metres or choose_cell_metres(outline, weight.sum(), method=method)
    refuse_too_many(outline, side)
    squares = grid.square_grid(outline, cell_metres=side)
    counts = grid.cell_counts(squares, x, y, weight)
    inside = squares.mask
    table = cells_of(squares, wards).assign(count=counts[inside])
    unplaced = round(total - counts.sum())
    if method is Method.DENSITY:
        radius = bandwidth_metres or density.suggest_bandwidth_metres(side)
        surface = density.quartic_density(x, y, squares, bandwidth_metres=radius, weights=weight)[inside]
        table = table.assign(**{"density": surface, "class": density_classes(surface)})
        return Scores(table, unplaced, cell_metres=side, bandwidth_metres=radius)
    if method is Method.COUNT:
        around = chance.dealt_totals(counts, inside).totals
        table = table.assign(with_neighbours=around, **{"class": busiest(counts[inside], around)})
        return Scores(table, unplaced, cell_metres=side)
    # Dealt out whole, not with each square's own count held (geo.permutation): that law asks of the surroundings alone,
    # so that it passes over the busiest squares themselves and flags the ring around them.
    dealt = chance.dealt_totals(counts, inside)
    z = hotspots.gi_star_grid(counts, inside)[inside]
    table = _classed(table, dealt.totals, z, np.where(np.isnan(z), np.nan, dealt.p_at_least()[inside]))
    largest = table.loc[is_hot(table), "p"].max()
    flags = None if np.isnan(largest) else dealt.expected_flags(p_at_most=largest)
    return Scores(table, unplaced, flags, cell_metres=side)


def cells_of(squares: grid.Grid, wards: gpd.GeoDataFrame) -> pd.DataFrame:
    """List the squares of a grid by name: where each lies, and in which ward."""
    numbers, side = np.flatnonzero(squares.mask), squares.cell_metres
    row, column = np.divmod(numbers, squares.n_columns)
    west, south = squares.origin_easting + column * side, squares.origin_northing + row * side
    return pd.DataFrame(
        {
            "west": west,
            "south": south,
            "ward_name": _names_at(wards, west + side / 2, south + side / 2, within=side),
        },
        index=grid.cell_names(squares, numbers),
    )


def choose_cell_metres(outline: Geometry, incidents: float, *, method: Method) -> int:
    """Choose how large the squares are.

    For density, geo's suggestion; for a count the same, but 150 m at least. What is tested must hold enough for a
    difference to show: from 150 m up, in steps of 50 m, until it holds 10 of the incidents on average. For a change
    that is a square alone, of 500 m at most; otherwise a square with its neighbours, of 300 m at most; or the
    suggestion, if that is larger.

    Parameters
    ----------
    outline : polygon or multipolygon
        The study area.
    incidents : float
        Those that are tested at once: of both periods for a change, of two months for emerging classes.
    method : Method
        What the squares are for.
    """
    suggested = grid.suggest_cell_metres(outline)
    if method is Method.DENSITY:
        return suggested
    if method is Method.COUNT:
        return max(suggested, SMALLEST_TESTED_CELL_METRES)
    together = 1 if method is Method.CHANGE else CELLS_IN_A_NEIGHBOURHOOD
    largest = LARGEST_COMPARED_CELL_METRES if method is Method.CHANGE else LARGEST_CHOSEN_CELL_METRES
    side = max(suggested, SMALLEST_TESTED_CELL_METRES)
    while side < largest and incidents * together * side**2 / outline.area < INCIDENTS_TESTED_TOGETHER:
        side += grid.CELL_STEP_METRES
    return side


def count_in_wards(points: pd.DataFrame, wards: gpd.GeoDataFrame) -> pd.Series[float]:
    """Count points by the code of the ward that they lie in."""
    counted = points.groupby(wards_at(points, wards))["count"].sum()
    return counted.reindex(wards.index, fill_value=0).astype(float)


def wards_at(points: pd.DataFrame, wards: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """Find the code of the ward that each point lies in; None where it lies in none."""
    lookup = locate.build_lookup(wards, cell_metres=LOOKUP_METRES)
    placed = locate.place(lookup, points["easting"].to_numpy(float), points["northing"].to_numpy(float))
    codes: npt.NDArray[np.object_] = np.array([*wards.index, None], dtype=object)[placed]
    return codes


def refuse_too_many(outline: Geometry, side: int) -> None:
    """Refuse squares so small that there would be more than `MOST_CELLS`.

    Raises
    ------
    GeoError
        Naming the smallest side that would do.
    """
    expected = outline.area / side**2
    if expected > MOST_CELLS:
        fewest = side * np.sqrt(expected / MOST_CELLS)
        raise GeoError(
            f"Squares of {side} m would be about {expected:,.0f}, more than {MOST_CELLS:,}. Choose "
            f"{int(np.ceil(fewest / grid.CELL_STEP_METRES)) * grid.CELL_STEP_METRES} m or more, or a smaller area."
        )


def two_sided_chance(counts: FloatArray, neighbours: sparse.csr_array) -> FloatArray:
    """Return the chance of each total, had the counts been shuffled over the wards: exact, or sampled if that is slow.

    Not by the normal law: ward counts are so uneven that it flags something in a third of cities without structure.
    """
    try:
        return permutation.exact_tails(counts, neighbours, own_is_held=False).two_sided
    except GeoError:
        tails = permutation.sampled_tails(counts, neighbours, seed=SHUFFLE_SEED, draws=SHUFFLES, own_is_held=False)
        return tails.two_sided


def is_hot(table: pd.DataFrame) -> pd.Series[bool]:
    """Which units are hotspots."""
    return table["class"].str.startswith("hot")


def is_cold(table: pd.DataFrame) -> pd.Series[bool]:
    """Which units are quieter than chance would explain."""
    return table["class"].str.startswith("cold")


def _classed(table: pd.DataFrame, with_neighbours: FloatArray | IntArray, z: FloatArray, p: FloatArray) -> pd.DataFrame:
    q = hotspots.benjamini_hochberg(p)
    classes = hotspots.classify_gi_star(z, q)
    return table.assign(with_neighbours=with_neighbours, z=z, p=p, q=q, **{"class": classes})


def busiest(counts: FloatArray, around: IntArray) -> npt.NDArray[np.str_]:
    """Class squares by the share of the area that they and the busier ones take up; of equals, by those around them."""
    place = np.empty(counts.size, dtype=int)
    place[np.lexsort((-around, -counts))] = np.arange(counts.size)
    conditions = [(counts > 0) & (place < max(int(share * counts.size), 1)) for share, _ in BUSIEST]
    return np.select(conditions, [name for _, name in BUSIEST], LESS_BUSY)


def density_classes(surface: FloatArray) -> npt.NDArray[np.str_]:
    """Class squares by how many times the average their density is."""
    times = surface / surface.mean() if surface.any() else np.zeros(surface.shape)
    conditions = [times >= least for least, _ in DENSITY_BANDS]
    return np.select(conditions, [name for _, name in DENSITY_BANDS], LESS_DENSE)


def _names_at(wards: gpd.GeoDataFrame, easting: FloatArray, northing: FloatArray, *, within: float) -> list[str]:
    """Name the ward of each place; where it lies in none, as squares at the border may, the nearest."""
    place = locate.place(locate.build_lookup(wards, cell_metres=LOOKUP_METRES), easting, northing)
    outside = place < 0
    place[outside] = locate.nearest_within(wards, easting[outside], northing[outside], metres=within)
    names = [*wards["ward_name"], ""]
    return [names[position] for position in place]
