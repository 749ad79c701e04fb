"""What lies around each area or cell: its neighbours' values added up, by a graph or by shifted grids.

The shared ground of `hotspots`, `moran` and `permutation`; it adds up and judges nothing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from geo.frames import FloatArray, GeoError
from geo.kernels import kernel_sums

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Neighbourhoods:
    """The values of n areas or cells, and what is around each.

    Attributes
    ----------
    values : shape (n,)
        Each area's own value.
    totals : shape (n,)
        Weighted sum of the neighbours' values, the area's own included where it is its own neighbour.
    weights, squared_weights : shape (n,)
        Sum of the weights, and of their squares, likewise.
    own_weights : shape (n,)
        The weight of the area in its own neighbourhood.
    is_binary : bool
        Whether every weight is 0 or 1.
    """

    values: FloatArray
    totals: FloatArray
    weights: FloatArray
    squared_weights: FloatArray
    own_weights: FloatArray
    is_binary: bool

    def around(self) -> "Neighbourhoods":
        """Return the same neighbourhoods with each area left out of its own."""
        own = self.own_weights
        squared_weights = self.squared_weights - own**2
        # Without neighbours nothing is left but rounding.
        has_neighbours = squared_weights > _ROUNDING * own**2
        return Neighbourhoods(
            values=self.values,
            totals=np.where(has_neighbours, self.totals - own * self.values, 0.0),
            weights=np.where(has_neighbours, self.weights - own, 0.0),
            squared_weights=np.where(has_neighbours, squared_weights, 0.0),
            own_weights=np.zeros_like(own),
            is_binary=self.is_binary,
        )


def neighbourhoods_of_areas(values: npt.ArrayLike, neighbours: sparse.csr_array) -> Neighbourhoods:
    """Add up what lies around each area.

    Parameters
    ----------
    values : shape (n,)
        One for each area, in the order of `neighbours`.
    neighbours : csr_array, shape (n, n)
        Weight of each neighbour, 0 where there is none (see `boundaries.queen_neighbours`).

    Returns
    -------
    Neighbourhoods
        Of the n areas.

    Raises
    ------
    GeoError
        If a value is missing or the shapes differ.
    """
    known = _known(np.asarray(values, dtype=np.float64))
    if known.ndim != 1 or neighbours.shape != (known.size, known.size):
        raise GeoError(
            f"There are {known.size} counts for neighbours of shape {neighbours.shape}. "
            "Make both from the same areas, in the same order."
        )
    return Neighbourhoods(
        values=known,
        totals=neighbours @ known,
        weights=np.asarray(neighbours.sum(axis=1), dtype=np.float64),
        squared_weights=np.asarray(neighbours.multiply(neighbours).sum(axis=1), dtype=np.float64),
        own_weights=np.asarray(neighbours.diagonal(), dtype=np.float64),
        is_binary=_only_ones(neighbours.data),
    )


def neighbourhoods_of_cells(
    values: npt.ArrayLike, mask: npt.ArrayLike, *, reach_cells: int = 1, kernel: npt.ArrayLike | None = None
) -> Neighbourhoods:
    """Add up what lies around each cell of a grid.

    Parameters
    ----------
    values : shape (n_rows, n_columns)
        One for each cell; what lies outside the mask is not looked at.
    mask : shape (n_rows, n_columns)
        True for the n cells of the study area; every neighbourhood is made of these alone.
    reach_cells : int
        How many cells a neighbourhood reaches each way: 1 is the eight cells around, and the cell itself.
    kernel : shape (k, l), both odd, optional
        Weights of the cells around, in place of the box that `reach_cells` describes (see `kernels.lattice_kernel`).

    Returns
    -------
    Neighbourhoods
        Of the n cells of the mask, row by row.

    Raises
    ------
    GeoError
        If a value inside the mask is missing, the shapes differ, the reach is below 1, or the kernel is not symmetric.
    """
    study, grid = np.asarray(mask, dtype=bool), np.asarray(values, dtype=np.float64)
    if grid.shape != study.shape or study.ndim != 2:
        raise GeoError(f"The counts have shape {grid.shape} and the mask {study.shape}. Make both from the same grid.")
    if reach_cells < 1:
        raise GeoError(f"A neighbourhood cannot reach {reach_cells} cells. Give 1 or more.")
    inside, ground = _known(grid[study]), study.astype(np.float64)
    held = np.where(study, grid, 0.0)
    if kernel is None:
        totals, weights = _box_sums(held, reach_cells)[study], _box_sums(ground, reach_cells)[study]
        return Neighbourhoods(inside, totals, weights, weights, np.ones(inside.size), is_binary=True)
    window = np.asarray(kernel, dtype=np.float64)
    totals, weights, squared = (
        kernel_sums(each, around)[study] for each, around in ((held, window), (ground, window), (ground, window**2))
    )
    middle = float(window[window.shape[0] // 2, window.shape[1] // 2])
    return Neighbourhoods(inside, totals, weights, squared, np.full(inside.size, middle), _only_ones(window))


def on_grid(inside: FloatArray, mask: npt.ArrayLike) -> FloatArray:
    """Lay the values of a mask's cells out on its grid.

    Parameters
    ----------
    inside : shape (n,)
        One for each cell of the mask, row by row.
    mask : shape (n_rows, n_columns)
        True for n cells.

    Returns
    -------
    shape (n_rows, n_columns)
        NaN outside the mask.
    """
    study = np.asarray(mask, dtype=bool)
    grid = np.full(study.shape, np.nan)
    grid[study] = inside
    return grid


def _known(values: FloatArray) -> FloatArray:
    unknown = ~np.isfinite(values)
    if unknown.any():
        raise GeoError(
            f"{unknown.sum()} of {values.size} counts are missing or infinite. "
            "Give 0 where nothing was recorded, and leave out areas that were not observed."
        )
    return values


def _only_ones(weights: npt.NDArray[np.floating]) -> bool:
    return bool(((weights == 0) | (weights == 1)).all())


def _box_sums(values: FloatArray, reach_cells: int) -> FloatArray:
    for axis in (0, 1):
        size = values.shape[axis]
        bordered = np.pad(values, [(reach_cells, reach_cells) if each == axis else (0, 0) for each in (0, 1)])
        values = np.zeros(values.shape)
        for start in range(2 * reach_cells + 1):
            values += bordered[start : start + size] if axis == 0 else bordered[:, start : start + size]
    return values
