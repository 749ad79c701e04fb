"""Counts carried from older wards to others: totals kept in whole numbers, and how near real recounts it comes."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geo.convert import population_overlap
from hub.hotspots import editions

BOROUGHS = ("E09000007", "E09000019", "E09000020")
"""Camden, where every ward changed in 2022; Islington; Kensington and Chelsea, where none did."""


def areas(folder: Path, name: str, code: str) -> gpd.GeoDataFrame:
    layer = "wards" if name.startswith("wards") else None
    frame = gpd.read_file(folder / name, layer=layer, where=f"borough_code IN {BOROUGHS}").to_crs(27700)
    return frame.set_index(code).sort_index()


def counted(path: Path, wards: gpd.GeoDataFrame, months: list[str]) -> pd.DataFrame:
    """The burglaries and robberies of a ward file, by ward, kind and month."""
    frame = pd.read_csv(path)
    frame.columns = [name if name.isdigit() else name.casefold() for name in frame.columns]
    names = {"wardcode": "ward_code", "majortext": "offence_group"}
    frame = frame.rename(columns=names)
    frame["offence_group"] = frame["offence_group"].str.title()
    chosen = frame[frame["ward_code"].isin(wards.index) & frame["offence_group"].isin(["Burglary", "Robbery"])]
    long = chosen.melt(["ward_code", "offence_group"], months, var_name="month", value_name="count")
    rows = long.groupby(["ward_code", "offence_group", "month"], as_index=False)["count"].sum()
    return rows[rows["count"] > 0]


def test_three_real_boroughs_keep_their_totals_and_come_near_what_the_police_counted_anew(real_data: Path) -> None:
    older, wards = (areas(real_data, f"wards-{year}.gpkg", "ward_code") for year in (2018, 2022))
    blocks = areas(real_data, "lsoa-2021.gpkg", "lsoa_code")
    months = ["202109", "202112", "202203"]
    before = counted(real_data / "mps-ward-level-202009-202208-old-wards.csv", older, months)
    astray = before.iloc[:2].assign(ward_code=None)
    carried, shared_out = editions.carry(
        pd.concat([before, astray]),
        population_overlap(older, wards, blocks, np.ones(len(blocks))),
        wards["borough_code"],
    )
    keys = ["borough_code", "offence_group", "month"]
    placed = carried[carried["ward_code"].notna()]
    totals = [
        rows.assign(borough_code=rows["ward_code"].map(of_them["borough_code"])).groupby(keys)["count"].sum()
        for rows, of_them in ((before, older), (placed, wards))
    ]
    pd.testing.assert_series_equal(totals[0], totals[1])
    assert carried["ward_code"].isna().sum() == 2
    by_ward = placed.groupby("ward_code")["count"].sum().reindex(wards.index, fill_value=0)
    is_same = wards.index.isin(older.index)
    unmoved = before.groupby("ward_code")["count"].sum().reindex(wards.index[is_same], fill_value=0)
    assert is_same.sum() > 10
    assert (by_ward[is_same] == unmoved).all()
    assert (shared_out[is_same] == 0).all()
    assert (shared_out <= by_ward + len(months) * 2).all()
    anew = counted(real_data / "mps-ward-level-historical-201004-202402.csv.gz", wards, months)
    recount = anew.groupby("ward_code")["count"].sum().reindex(wards.index, fill_value=0)
    moved = ~is_same
    wrong = (by_ward[moved] - recount[moved]).abs().sum() / recount[moved].sum()
    evenly = np.abs(recount[moved] - recount[moved].mean()).sum() / recount[moved].sum()
    assert wrong < 0.2 < evenly


@pytest.mark.parametrize(("by", "expected"), [([], [3, 2]), (["month"], [3, 2])])
def test_whole_numbers_go_up_where_most_is_left_over(by: list[str], expected: list[int]) -> None:
    strip = gpd.GeoSeries.from_wkt([f"POLYGON(({w} 0,{e} 0,{e} 9,{w} 9,{w} 0))" for w, e in ((0, 6), (6, 10), (0, 10))])
    wards = gpd.GeoDataFrame({"borough_code": "b"}, geometry=strip[:2].to_numpy(), index=["west", "east"], crs=27700)
    older = gpd.GeoDataFrame({"borough_code": "b"}, geometry=strip[2:].to_numpy(), index=["all"], crs=27700)
    rows = pd.DataFrame({"ward_code": ["all"], **dict.fromkeys(by, "may"), "count": [5]})
    carried, shared_out = editions.carry(rows, population_overlap(older, wards, older, [1]), wards["borough_code"])
    assert carried.set_index("ward_code")["count"].to_dict() == dict(zip(["west", "east"], expected, strict=True))
    np.testing.assert_allclose(shared_out, [3, 2])
