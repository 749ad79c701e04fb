"""Where harm concentrates: incidents of wards or small areas weighed by offence, each area tested, all corrected.

Pure: rows and a set of weights in, one table out. What the set does not weigh is counted, named, and in no harm.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from geo import boundaries, grid, hotspots
from geo.frames import BoolArray, FloatArray, GeoError, Geometry
from geo.harm import PlaceHarm, WeightSet, harm_of_counts, weights_of
from geo.permutation import sampled_tails, sampled_tails_grid
from hub.hotspots.scoring import SHUFFLE_SEED, Method, Scores, cells_of, choose_cell_metres, is_hot, refuse_too_many

DRAWS = 99_999
"""The least p that they can show, once in 100,000, still passes the correction over the squares of a borough."""
NOTABLE_SHARE = 0.25
"""Of a hotspot's harm: where one incident makes up so much, it is said."""


def weigh_wards(
    wards: gpd.GeoDataFrame,
    placed: pd.DataFrame,
    weight_set: WeightSet,
    *,
    rows: pd.DataFrame,
    borough_codes: Collection[str],
) -> Scores:
    """Weigh the offences of wards, and test each ward's harm together with that of its neighbours.

    Parameters
    ----------
    wards : GeoDataFrame
        Indexed by ward code, with `borough_code`, EPSG:27700.
    placed : DataFrame
        `ward_code` (missing where an offence is placed in no ward), `offence_group`, `offence_subgroup` and `count`.
    weight_set : WeightSet
        A subgroup has its own weight or else its group's.
    rows : DataFrame
        All incidents, those without a place too: `offence_group`, `offence_subgroup` and `count`.
    borough_codes : collection of str
        Those whose wards the rows are of; the others' are not tested.

    Raises
    ------
    GeoError
        If the set weighs none of the offences.
    """
    known = wards["borough_code"].isin(borough_codes).to_numpy()
    wide = _labelled(placed, weight_set).pivot_table("count", "ward_code", "label", "sum", fill_value=0, observed=True)
    counts = wide.reindex(wards.index[known], fill_value=0)
    harm = _weighed(counts, weight_set)
    neighbours = boundaries.queen_neighbours(wards[known])
    tails = sampled_tails(harm.total, neighbours, seed=SHUFFLE_SEED, draws=DRAWS, own_is_held=False)
    tested = _tested(counts, harm, hotspots.gi_star(harm.total, neighbours), tails.two_sided)
    table = tested.set_index(wards.index[known]).reindex(wards.index)
    table["class"] = table["class"].fillna(hotspots.NOT_TESTED)
    flags = _expected_flags(table, halved=True)
    unplaced = round(float(rows["count"].sum() - table["count"].sum()))
    return Scores(table, unplaced, flags, left_out=_left_out(rows, weight_set))


def weigh_cells(
    points: pd.DataFrame,
    outline: Geometry,
    wards: gpd.GeoDataFrame,
    weight_set: WeightSet,
    *,
    rows: pd.DataFrame,
    cell_metres: int | None = None,
) -> Scores:
    """Weigh the points of equal squares, and test the harm of each with that of the squares around it: for hotspots.

    Parameters
    ----------
    points : DataFrame
        `easting`, `northing`, `offence_group`, `offence_subgroup` and `count`.
    outline, wards, cell_metres
        As for `scoring.score_cells`.
    weight_set, rows
        As for `weigh_wards`.

    Raises
    ------
    GeoError
        If the set weighs none of the offences, or there would be too many squares.
    """
    labelled = _labelled(points, weight_set)
    is_weighed = labelled["label"].isin(weight_set.weights)
    side = cell_metres or choose_cell_metres(outline, labelled.loc[is_weighed, "count"].sum(), method=Method.HARM)
    refuse_too_many(outline, side)
    squares = grid.square_grid(outline, cell_metres=side)
    of_label = {str(label): _in_squares(squares, its) for label, its in labelled.groupby("label", observed=True)}
    counts = pd.DataFrame(of_label, index=np.flatnonzero(squares.mask))
    harm = _weighed(counts, weight_set)
    surface = np.zeros(squares.mask.shape)
    surface[squares.mask] = harm.total
    tails = sampled_tails_grid(surface, squares.mask, seed=SHUFFLE_SEED, draws=DRAWS, own_is_held=False)
    z = hotspots.gi_star_grid(surface, squares.mask)[squares.mask]
    table = cells_of(squares, wards)
    table = table.join(_tested(counts, harm, z, tails.at_least[squares.mask]).set_index(table.index))
    unplaced = round(float(rows["count"].sum() - table["count"].sum()))
    left_out = _left_out(rows, weight_set)
    return Scores(table, unplaced, _expected_flags(table, halved=False), cell_metres=side, left_out=left_out)


def _labelled(rows: pd.DataFrame, weight_set: WeightSet) -> pd.DataFrame:
    """Name each row by what it is weighed as: its subgroup or its group; by the finer where it has no weight."""
    group, groups = pd.factorize(rows["offence_group"])
    subgroup, subgroups = pd.factorize(rows["offence_subgroup"].fillna(""))
    # Rows are many, and pairs of group and subgroup few.
    pairs, which = np.unique(group * len(subgroups) + subgroup, return_inverse=True)
    labels = [
        _label(str(groups[pair // len(subgroups)]), str(subgroups[pair % len(subgroups)]), weight_set)
        for pair in pairs.tolist()
    ]
    return rows.assign(label=pd.Categorical(labels).take(which))


def _label(group: str, subgroup: str, weight_set: WeightSet) -> str:
    is_by_group = group in weight_set.weights and subgroup not in weight_set.weights
    return group if is_by_group or not subgroup else subgroup


def _weighed(counts: pd.DataFrame, weight_set: WeightSet) -> PlaceHarm:
    weights = weights_of(counts.columns, weight_set)
    if weights.size and np.isnan(weights).all():
        raise GeoError(
            f"None of these offences has a weight in {weight_set.name}, version {weight_set.version}. Choose others, "
            "or have an administrator load a set that weighs them."
        )
    return harm_of_counts(counts.to_numpy(dtype=float), weights, cap=weight_set.cap)


def _in_squares(squares: grid.Grid, points: pd.DataFrame) -> FloatArray:
    easting, northing, count = (points[name].to_numpy(dtype=float) for name in ("easting", "northing", "count"))
    counts: FloatArray = grid.cell_counts(squares, easting, northing, count)[squares.mask]
    return counts


def _tested(counts: pd.DataFrame, harm: PlaceHarm, z: FloatArray, p: FloatArray) -> pd.DataFrame:
    q = hotspots.benjamini_hochberg(p)
    return pd.DataFrame(
        {
            "count": counts.to_numpy(dtype=float).sum(axis=1),
            "harm": harm.total,
            "harm_capped": harm.capped,
            "largest_share": harm.largest_share,
            "z": z,
            "p": p,
            "q": q,
            "class": hotspots.classify_gi_star(z, q),
        }
    )


def _expected_flags(table: pd.DataFrame, *, halved: bool) -> float | None:
    """How many areas chance alone would give so small a p; of a two-sided one, half of them are quiet."""
    hot: BoolArray = is_hot(table).to_numpy()
    if not hot.any():
        return None
    expected = float(table["p"].notna().sum() * table.loc[hot, "p"].max())
    return expected / 2 if halved else expected


def _left_out(rows: pd.DataFrame, weight_set: WeightSet) -> Mapping[str, int]:
    """What the set does not weigh, the most first."""
    labelled = _labelled(rows, weight_set)
    without = labelled[~labelled["label"].isin(weight_set.weights)]
    counted = without.groupby("label", observed=True)["count"].sum().sort_values(ascending=False, kind="stable")
    return {str(label): int(count) for label, count in counted.items() if count}
