"""The boundaries of the fictional city: boroughs, and the wards of two editions with a boundary review between.

A pure function of the seed; never reads or writes a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from hub.demo import names
from hub.demo.ground import CENTRE, TOWNS, Floats, Ground, Ints, Texts, build_ground, points_at, river_northing, stream

CRS = "EPSG:27700"
EARLIER, LATER = 2016, 2025
CENSUSES = (2011, 2021)
IN_FORCE_FROM = {EARLIER: "2016-05-05", LATER: "2025-05-01"}
_STRIP_METRES = 330.0
_RESIDENTS_OF_AN_LSOA = 1_600
_SPLIT_SINCE_THE_CENSUS_BEFORE = 12
_NORTH_OF_THE_RIVER = (names.ASHMARROW, names.CASTLEHYTHE, names.WINTERMOOR)
_WARDS_EARLIER = {
    names.ASHMARROW: 20,
    names.BRACKENHOLT: 19,
    names.CASTLEHYTHE: 21,
    names.GULLHOLM: 18,
    names.LARKHEATH: 20,
    names.WINTERMOOR: 18,
}


@dataclass(frozen=True, kw_only=True)
class Review:
    """What the boundary review did to one borough. Every ward of a reviewed borough gets a new code."""

    splits: int = 0
    merges: int = 0
    redrawn_pairs: int = 0
    renames: int = 0


_REVIEWS = {
    names.BRACKENHOLT: Review(splits=2, merges=1, redrawn_pairs=2, renames=2),
    names.CASTLEHYTHE: Review(splits=3, merges=1, redrawn_pairs=2, renames=2),
    names.LARKHEATH: Review(splits=2, merges=1, redrawn_pairs=2, renames=1),
    names.WINTERMOOR: Review(renames=1),
}
"""Ashmarrow and Gullholm were left alone: a third of the old codes are still valid, as a quarter are in London."""


@dataclass(frozen=True)
class Change:
    """One thing the review did: which wards became which."""

    kind: str
    earlier: tuple[str, ...]
    later: tuple[str, ...]


@dataclass(frozen=True)
class City:
    """The finished city. Ward frames carry their residents; streets and incidents are drawn on it elsewhere."""

    seed: int
    boroughs: gpd.GeoDataFrame
    wards: Mapping[int, gpd.GeoDataFrame]
    small_areas: Mapping[int, gpd.GeoDataFrame]
    """The LSOAs of each census."""
    changes: tuple[Change, ...]
    ground: Ground
    towns: Mapping[str, tuple[float, float]]


def build_city(seed: int) -> City:
    """Raise the city from the sea."""
    ground = build_ground(seed)
    borough = _boroughs(ground, stream(seed, "boroughs"))
    earlier, later = _wards(ground, borough, stream(seed, "wards"))
    frames, changes = _draw(ground, borough, earlier, later, stream(seed, "populations"))
    towns = {name: (float(CENTRE[0] + x), float(CENTRE[1] + y)) for name, (x, y) in TOWNS.items()}
    return City(
        seed=seed,
        boroughs=frames.boroughs,
        wards={EARLIER: frames.earlier, LATER: frames.later},
        small_areas=_small_areas(ground, borough, earlier, stream(seed, "small areas")),
        changes=changes,
        ground=ground,
        towns=towns,
    )


def place(easting_northing: Floats, wards: gpd.GeoDataFrame) -> Texts:
    """Say in which ward each point lies; None where it lies in none."""
    codes = np.full(len(easting_northing), None, dtype=object)
    ward, found = shapely.STRtree(points_at(easting_northing)).query(wards.geometry.to_numpy(), predicate="contains")
    codes[found] = wards["ward_code"].to_numpy(dtype=object)[ward]
    return codes


# --- Dividing the ground ----------------------------------------------------------------------------------------------


def _divide(ground: Ground, where: Floats, members: Ints, centres: Floats, *, rounds: int = 30) -> Ints:
    """Divide some cells into connected areas of roughly equal population, one grown around each centre."""
    where, weight = where[members], _pull(ground, members)
    for _ in range(rounds):
        area = np.asarray(cKDTree(centres).query(where)[1])
        mass = np.bincount(area, weight, minlength=len(centres))
        centres = np.column_stack([np.bincount(area, weight * axis, minlength=len(centres)) for axis in where.T])
        centres /= mass[:, None]
    return _join_fragments(area, ground.neighbours[members][:, members])


def _pull(ground: Ground, members: Ints) -> Floats:
    """How strongly each cell draws a centre: steep enough that wards are small where people live close together."""
    return np.asarray(ground.residents[members] ** 1.5)


def _seeds(ground: Ground, members: Ints, count: int, rng: np.random.Generator) -> Floats:
    """Choose centres to begin with, each likelier the farther it is from those before it (k-means++)."""
    where, pull = ground.bent[members], _pull(ground, members)
    centres = [where[rng.choice(len(members), p=pull / pull.sum())]]
    while len(centres) < count:
        far = pull * cKDTree(np.array(centres)).query(where)[0] ** 2
        centres.append(where[rng.choice(len(members), p=far / far.sum())])
    return np.array(centres)


def _join_fragments(area: Ints, neighbours: sparse.csr_array) -> Ints:
    """Give each piece that is cut off from its area to the area it touches most."""
    area = area.copy()
    one, other = neighbours.nonzero()
    while True:
        same = area[one] == area[other]
        inside = sparse.coo_array((np.ones(same.sum()), (one[same], other[same])), shape=neighbours.shape)
        _, piece = csgraph.connected_components(inside, directed=False)
        size = np.bincount(piece)
        pieces = [np.unique(piece[area == label]) for label in np.unique(area)]
        astray = np.setdiff1d(piece, [some[size[some].argmax()] for some in pieces])
        if astray.size == 0:
            return area
        for stray in astray:
            touched = area[other[(piece[one] == stray) & ~same]]
            area[piece == stray] = np.bincount(touched).argmax()


def _boroughs(ground: Ground, rng: np.random.Generator) -> Ints:
    """Three boroughs on each shore, each around its town. The number is the borough's place in the alphabet."""
    order = sorted(TOWNS)
    borough = np.empty(len(ground.points), dtype=np.intp)
    for north in (True, False):
        members = np.flatnonzero(ground.north == north)
        towns = [name for name in order if (name in _NORTH_OF_THE_RIVER) == north]
        centres = CENTRE + np.array([TOWNS[name] for name in towns]) + rng.normal(0, 150, (3, 2))
        number = np.array([order.index(name) for name in towns])
        # Two rounds only, so that each stays near its town.
        borough[members] = number[_divide(ground, ground.swayed, members, centres, rounds=2)]
    return borough


@dataclass
class _Edition:
    """One edition of the wards while it is being drawn: the ward of every cell, and what each ward is called."""

    ward: Ints
    name: dict[int, str]


def _wards(ground: Ground, borough: Ints, rng: np.random.Generator) -> tuple[_Edition, _Edition]:
    spare = list(rng.permutation(names.WARDS))
    earlier = _Edition(np.empty(len(ground.points), dtype=np.intp), {})
    for number, name in enumerate(sorted(TOWNS)):
        members = np.flatnonzero(borough == number)
        count = _WARDS_EARLIER[name]
        first = len(earlier.name)
        earlier.ward[members] = first + _divide(ground, ground.bent, members, _seeds(ground, members, count, rng))
        shared = [ward for ward, holders in names.SHARED_WARDS.items() if name in holders]
        called = shared + [str(spare.pop()) for _ in range(count - len(shared))]
        earlier.name.update({first + index: ward for index, ward in enumerate(called)})
    earlier.name[_ward_at_the_mouth(ground, borough, earlier)] = names.PORT_WARD
    later = _Edition(earlier.ward.copy(), dict(earlier.name))
    for name, review in _REVIEWS.items():
        _redraw(ground, later, np.flatnonzero(borough == sorted(TOWNS).index(name)), review, spare, rng)
    return earlier, later


def _ward_at_the_mouth(ground: Ground, borough: Ints, edition: _Edition) -> int:
    """The ward on the south shore that ships pass first."""
    shore = np.flatnonzero(borough == sorted(TOWNS).index(names.GULLHOLM))
    mouth = np.array([CENTRE[0] + 6_000, river_northing(CENTRE[:1] + 6_000)[0]])
    return int(edition.ward[shore[np.linalg.norm(ground.points[shore] - mouth, axis=1).argmin()]])


def _redraw(
    ground: Ground, edition: _Edition, members: Ints, review: Review, spare: list[str], rng: np.random.Generator
) -> None:
    """Review one borough: split its most populous wards, merge its emptiest, move some edges, rename some."""
    residents = np.bincount(edition.ward[members], ground.residents[members])
    untouched = [
        int(ward) for ward in np.unique(edition.ward[members]) if edition.name[int(ward)] not in names.SHARED_WARDS
    ]
    untouched.sort(key=lambda ward: residents[ward])
    for _ in range(review.splits):
        _split(ground, edition, untouched.pop(), rng)
    for _ in range(review.merges):
        kept, lost = _touching_pair(ground, edition, untouched)
        edition.ward[edition.ward == lost] = kept
        edition.name[kept] = " & ".join(sorted([edition.name[kept], edition.name.pop(lost)]))
        untouched = [ward for ward in untouched if ward not in (kept, lost)]
    for _ in range(review.redrawn_pairs):
        pair = _touching_pair(ground, edition, untouched)
        _move_edge(ground, edition, *pair)
        untouched = [ward for ward in untouched if ward not in pair]
    for ward in rng.choice(untouched, review.renames, replace=False):
        edition.name[int(ward)] = str(spare.pop())


def _split(ground: Ground, edition: _Edition, ward: int, rng: np.random.Generator) -> None:
    cells = np.flatnonzero(edition.ward == ward)
    half = _divide(ground, ground.bent, cells, _seeds(ground, cells, 2, rng))
    east, north = ground.points[cells[half == 1]].mean(axis=0) - ground.points[cells[half == 0]].mean(axis=0)
    sides = ("West", "East") if abs(east) > abs(north) else ("South", "North")
    if (east if abs(east) > abs(north) else north) < 0:
        sides = sides[::-1]
    was = edition.name.pop(ward)
    for number, side in enumerate(sides):
        fresh = max(edition.name) + 1 if number else ward
        edition.ward[cells[half == number]] = fresh
        edition.name[fresh] = f"{was} {side}"


def _move_edge(ground: Ground, edition: _Edition, gainer: int, loser: int) -> None:
    """Give a ward a strip of its neighbour's ground."""
    cells = np.flatnonzero(np.isin(edition.ward, [gainer, loser]))
    ward = edition.ward[cells]
    metres, _ = cKDTree(ground.points[cells[ward == gainer]]).query(ground.points[cells])
    ward[metres < _STRIP_METRES] = gainer
    edition.ward[cells] = _join_fragments(ward, ground.neighbours[cells][:, cells])


def _touching_pair(ground: Ground, edition: _Edition, wards: list[int]) -> tuple[int, int]:
    """The first ward in the list that has a neighbour in the list, with the first such neighbour."""
    one, other = ground.neighbours.nonzero()
    touching = set(zip(edition.ward[one].tolist(), edition.ward[other].tolist(), strict=True))
    return next((a, b) for a in wards for b in wards if a != b and (a, b) in touching)


def _small_areas(
    ground: Ground, borough: Ints, wards: _Edition, rng: np.random.Generator
) -> Mapping[int, gpd.GeoDataFrame]:
    """Divide each ward into a few LSOAs; by the second census the most populous of them are split under new codes."""
    area = np.empty(len(ground.points), dtype=np.intp)
    made = 0
    for number in np.lexsort((np.arange(len(wards.name)), _borough_of_wards(borough, wards))):
        members = np.flatnonzero(wards.ward == number)
        count = max(2, round(ground.residents[members].sum() / _RESIDENTS_OF_AN_LSOA))
        area[members] = made + _divide(ground, ground.bent, members, _seeds(ground, members, count, rng))
        made += count
    first = _small_area_frame(ground, borough, area)
    residents = np.bincount(area, ground.residents)
    for crowded in np.argsort(-residents, kind="stable")[:_SPLIT_SINCE_THE_CENSUS_BEFORE]:
        members = np.flatnonzero(area == crowded)
        area[members] = made + _divide(ground, ground.bent, members, _seeds(ground, members, 2, rng))
        made += 2
    return dict(zip(CENSUSES, (first, _small_area_frame(ground, borough, area)), strict=True))


def _borough_of_wards(borough: Ints, wards: _Edition) -> Ints:
    _, first = np.unique(wards.ward, return_index=True)
    return borough[first]


def _small_area_frame(ground: Ground, borough: Ints, area: Ints) -> gpd.GeoDataFrame:
    order = sorted(TOWNS)
    numbers, first = np.unique(area, return_index=True)
    outlines = [shapely.coverage_union_all(ground.outlines[area == number]) for number in numbers]
    within = borough[first]
    return gpd.GeoDataFrame(
        {
            "lsoa_code": [_code("F01", number + 1) for number in numbers],
            "lsoa_name": [f"{order[one]} {number + 1:03}" for one, number in zip(within, numbers, strict=True)],
            "borough_code": [_code("F09", one + 1) for one in within],
            "borough_name": [order[one] for one in within],
        },
        geometry=shapely.coverage_simplify(np.array(outlines, dtype=object), 60.0),
        crs=CRS,
    )


# --- Drawing it -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Frames:
    boroughs: gpd.GeoDataFrame
    earlier: gpd.GeoDataFrame
    later: gpd.GeoDataFrame


def _draw(
    ground: Ground, borough: Ints, earlier: _Edition, later: _Edition, rng: np.random.Generator
) -> tuple[_Frames, tuple[Change, ...]]:
    """Turn the areas into frames with codes, outlines and residents, and say what changed between the editions."""
    pieces = _pieces(ground, borough, earlier, later)
    growth = rng.uniform(0.985, 1.0, len(TOWNS))
    pieces["residents_2019"] = pieces["residents"] * growth[pieces["borough"]]
    old = _ward_frame(pieces, earlier.name, by="earlier", residents="residents_2019")
    new = _ward_frame(pieces, later.name, by="later", residents="residents")
    old["ward_code"] = [_code("F05", number) for number in range(1, len(old) + 1)]
    is_reviewed = new["borough_name"].isin(list(_REVIEWS))
    new.loc[is_reviewed, "ward_code"] = [_code("F05", len(old) + 1 + number) for number in range(is_reviewed.sum())]
    new.loc[~is_reviewed, "ward_code"] = new["area"].map(old.set_index("area")["ward_code"])
    changes = _changes(pieces, old, new)
    frames = [frame.drop(columns="area").reset_index(drop=True) for frame in (old, new)]
    return _Frames(_borough_frame(pieces, *frames), *frames), changes


def _pieces(ground: Ground, borough: Ints, earlier: _Edition, later: _Edition) -> gpd.GeoDataFrame:
    """The city cut along the boundaries of both editions: simplified once, so that every level keeps the same edges."""
    cells = pd.DataFrame(
        {"borough": borough, "earlier": earlier.ward, "later": later.ward, "residents": ground.residents}
    )
    groups = cells.groupby(["borough", "earlier", "later"])
    residents = groups["residents"].sum()
    outlines = [shapely.coverage_union_all(ground.outlines[groups.indices[piece]]) for piece in residents.index]
    simplified = shapely.coverage_simplify(np.array(outlines, dtype=object), 60.0)
    return gpd.GeoDataFrame(residents.reset_index(), geometry=simplified, crs=CRS)


def _ward_frame(pieces: gpd.GeoDataFrame, name: dict[int, str], *, by: str, residents: str) -> gpd.GeoDataFrame:
    """Wards in the order of their codes: by borough, then by name."""
    order = sorted(TOWNS)
    rows = []
    for area in np.unique(pieces[by]):
        parts = pieces[pieces[by] == area]
        number = int(parts["borough"].iloc[0])
        rows.append(
            {
                "area": area,
                "ward_code": "",
                "ward_name": name[int(area)],
                "borough_code": _code("F09", number + 1),
                "borough_name": order[number],
                "residents": round(parts[residents].sum()),
                "geometry": shapely.coverage_union_all(parts.geometry.to_numpy()),
            }
        )
    return gpd.GeoDataFrame(rows, crs=CRS).sort_values(["borough_code", "ward_name"], ignore_index=True)


def _borough_frame(pieces: gpd.GeoDataFrame, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Boroughs, whose residents are exactly the sum of their wards' in the year of each edition's count."""
    order = sorted(TOWNS)
    in_2019 = old.groupby("borough_code")["residents"].sum()
    in_2021 = new.groupby("borough_code")["residents"].sum()
    return gpd.GeoDataFrame(
        {
            "borough_code": in_2021.index,
            "borough_name": order,
            "bcu_name": [names.BCU_OF_BOROUGH[name] for name in order],
            "residents_2019": in_2019.to_numpy(),
            "residents_2020": ((in_2019 + in_2021) // 2).to_numpy(),
            "residents_2021": in_2021.to_numpy(),
        },
        geometry=[
            shapely.coverage_union_all(pieces[pieces["borough"] == number].geometry.to_numpy())
            for number in range(len(order))
        ],
        crs=CRS,
    )


def _changes(pieces: gpd.GeoDataFrame, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> tuple[Change, ...]:
    """Read from the two editions which wards became which: wards that share ground belong to the same change."""
    first_new = int(pieces["earlier"].max()) + 1
    size = first_new + int(pieces["later"].max()) + 1
    ends = (pieces["earlier"].to_numpy(), first_new + pieces["later"].to_numpy())
    shared = sparse.coo_array((np.ones(len(pieces)), ends), shape=(size, size))
    _, group = csgraph.connected_components(shared, directed=False)
    old_group, new_group = group[old["area"]], group[first_new + new["area"]]
    changes = []
    for number in dict.fromkeys(old_group):
        before, after = old[old_group == number], new[new_group == number]
        if list(before["ward_code"]) != list(after["ward_code"]):
            changes.append(Change(_kind(before, after), tuple(before["ward_code"]), tuple(after["ward_code"])))
    return tuple(changes)


def _kind(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> str:
    if len(before) == len(after) == 1:
        return "recoded" if before["ward_name"].iloc[0] == after["ward_name"].iloc[0] else "renamed"
    if len(before) == 1:
        return "split"
    return "merged" if len(after) == 1 else "redrawn"


def _code(kind: str, number: int) -> str:
    return f"{kind}{number:06d}"
