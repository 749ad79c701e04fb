"""The land the fictional city stands on, before any boundary: its shores, its river and where people live.

One fine mosaic of small cells, from which areas of every level are made, so that they share their edges exactly.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import Voronoi

from hub.demo import names

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]
Texts = npt.NDArray[np.object_]

CENTRE = np.array([640_000.0, 437_500.0])
"""In the North Sea, far from any land: no record of this city can fall in a real one.

Not farther east: beyond 1.84° E pyproj changes how it turns metres into degrees, and points would come back 130 m off.
"""

TOWNS = {
    names.ASHMARROW: (-4_900.0, 2_900.0),
    names.BRACKENHOLT: (-4_900.0, -2_600.0),
    names.CASTLEHYTHE: (-500.0, 900.0),
    names.GULLHOLM: (4_900.0, -2_300.0),
    names.LARKHEATH: (300.0, -3_100.0),
    names.WINTERMOOR: (3_600.0, 4_000.0),
}
"""The town at the heart of each borough, in metres from the city's centre."""

_SPACING_METRES = 100.0
_RESIDENTS = 570_000


@dataclass(frozen=True)
class Ground:
    """The land as a mosaic of small cells, before anyone drew a boundary on it."""

    points: Floats
    bent: Floats
    """The points, moved by smooth noise: straight lines between these are winding lines on the ground."""
    swayed: Floats
    """The points, moved farther by slower noise: between these the boroughs are divided."""
    north: Flags
    residents: Floats
    neighbours: sparse.csr_array
    outlines: Shapes


def stream(seed: int, part: str) -> np.random.Generator:
    """Give each part of the city its own random numbers, so that a change to one leaves the others as they were."""
    return np.random.default_rng([seed, zlib.crc32(part.encode())])


def points_at(easting_northing: Floats) -> Shapes:
    """Make the coordinates, shape (n, 2), into an array of points."""
    return np.asarray(shapely.points(easting_northing), dtype=object)


def waves(points: Floats, rng: np.random.Generator, *, wavelength_metres: float) -> Floats:
    """Smooth noise of about that wavelength, mean 0 and variance 1: a sum of plane waves in random directions."""
    count = 24
    angle = rng.uniform(0, 2 * np.pi, count)
    pace = 2 * np.pi / (wavelength_metres * rng.uniform(0.7, 1.4, count))
    towards = np.column_stack([np.cos(angle), np.sin(angle)]) * pace[:, None]
    phase = (points - CENTRE) @ towards.T + rng.uniform(0, 2 * np.pi, count)
    return np.asarray(np.cos(phase).sum(axis=1) / np.sqrt(count / 2))


def build_ground(seed: int) -> Ground:
    """Raise the land from the sea."""
    rng = stream(seed, "ground")
    points = _mosaic(rng)
    mosaic = Voronoi(points)
    neighbours = _neighbours(mosaic)
    land = _land(points, neighbours, rng)
    bent = points + 125 * _drift(points, rng, wavelength_metres=1_500) + 45 * _drift(points, rng, wavelength_metres=600)
    swayed = bent + 620 * _drift(points, rng, wavelength_metres=5_500)
    return Ground(
        points=points[land],
        bent=bent[land],
        swayed=swayed[land],
        north=points[land, 1] > river_northing(points[land, 0]),
        residents=_residents(points[land], rng),
        neighbours=neighbours[land][:, land],
        outlines=_outlines(mosaic, land),
    )


def _drift(points: Floats, rng: np.random.Generator, *, wavelength_metres: float) -> Floats:
    return np.column_stack([waves(points, rng, wavelength_metres=wavelength_metres) for _ in "xy"])


def river_northing(easting: Floats) -> Floats:
    """The middle of the river, winding from the hills in the west to its mouth in the east."""
    east = easting - CENTRE[0]
    return np.asarray(CENTRE[1] + 900 * np.sin(east / 2_300 + 0.8) + 330 * np.sin(east / 790 + 1.5) - 0.09 * east)


def _mosaic(rng: np.random.Generator) -> Floats:
    """Scatter the mosaic's points evenly, and in pairs along the river so that the edge between two lies on it."""
    row_metres = _SPACING_METRES * np.sqrt(3) / 2
    column, row = np.meshgrid(np.arange(-108, 93), np.arange(-86, 87))
    grid = np.column_stack([(column + 0.5 * (row % 2)).ravel() * _SPACING_METRES, row.ravel() * row_metres])
    scattered = CENTRE + grid + rng.uniform(-0.36, 0.36, grid.shape) * _SPACING_METRES
    clear = np.abs(scattered[:, 1] - river_northing(scattered[:, 0])) > 0.9 * _SPACING_METRES
    along = np.arange(scattered[:, 0].min(), scattered[:, 0].max(), 0.6 * _SPACING_METRES)
    banks = [np.column_stack([along, river_northing(along) + side * 0.5 * _SPACING_METRES]) for side in (-1, 1)]
    return np.vstack([scattered[clear], *banks])


def _neighbours(mosaic: Voronoi) -> sparse.csr_array:
    """Which cells share an edge long enough to walk across."""
    ends = np.asarray(mosaic.ridge_vertices)
    length = np.linalg.norm(mosaic.vertices[ends[:, 0]] - mosaic.vertices[ends[:, 1]], axis=1)
    pairs = mosaic.ridge_points[(ends >= 0).all(axis=1) & (length > 0.12 * _SPACING_METRES)]
    size = len(mosaic.points)
    one_way = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size)).tocsr()
    return sparse.csr_array(one_way + one_way.T)


def _land(points: Floats, neighbours: sparse.csr_array, rng: np.random.Generator) -> Flags:
    """Which cells are the city: one piece of land without lakes, open to the sea along the river's lower half."""
    east, north = (points - CENTRE).T
    rough = 0.08 * waves(points, rng, wavelength_metres=5_200) + 0.035 * waves(points, rng, wavelength_metres=1_300)
    city = (east / 8_900) ** 2 + (north / 6_200) ** 2 + rough < 1
    coast = 7_300 + 420 * waves(points, rng, wavelength_metres=3_400) + 130 * waves(points, rng, wavelength_metres=900)
    half_width = np.clip(0.125 * (east - 500), 0, None) * (1 + 0.18 * waves(points, rng, wavelength_metres=1_500))
    estuary = np.abs(points[:, 1] - river_northing(points[:, 0])) < half_width
    # The mosaic's outermost cells are open: land there could not be drawn.
    inner = ((points > points.min(axis=0) + 250) & (points < points.max(axis=0) - 250)).all(axis=1)
    land = _largest_piece(inner & city & (east < coast) & ~estuary, neighbours)
    return ~_largest_piece(~land, neighbours)


def _largest_piece(chosen: Flags, neighbours: sparse.csr_array) -> Flags:
    members = np.flatnonzero(chosen)
    _, piece = csgraph.connected_components(neighbours[members][:, members], directed=False)
    largest = np.zeros(len(chosen), dtype=bool)
    largest[members[piece == np.bincount(piece).argmax()]] = True
    return largest


def _residents(points: Floats, rng: np.random.Generator) -> Floats:
    """Crowded at the centre and round each town, thin at the edges, with estates and parks."""

    def near(place: tuple[float, float], metres: float) -> Floats:
        return np.asarray(np.exp(-(((points - CENTRE - place) ** 2).sum(axis=1)) / (2 * metres**2)))

    density = 0.16 + 1.3 * near((-500, 700), 2_300) + sum(0.75 * near(town, 1_250) for town in TOWNS.values())
    density *= np.exp(0.45 * waves(points, rng, wavelength_metres=1_700))
    density[waves(points, rng, wavelength_metres=1_100) > 1.75] *= 0.04
    return np.asarray(density * _RESIDENTS / density.sum())


def _outlines(mosaic: Voronoi, land: Flags) -> Shapes:
    """The cells' polygons, to the decimetre: rounded before they are joined, so that shared edges stay shared."""
    regions = [mosaic.regions[region] for region in mosaic.point_region[land]]
    cell = np.repeat(np.arange(len(regions)), [len(region) for region in regions])
    corners = mosaic.vertices[np.concatenate(regions)]
    east, north = (corners - mosaic.points[land][cell]).T
    around = np.lexsort((np.arctan2(north, east), cell))
    return np.asarray(shapely.polygons(shapely.linearrings(corners[around].round(1), indices=cell[around])))
