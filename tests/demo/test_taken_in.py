"""Every file of the city's partners is known for what it is, and taken in whole."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import geopandas as gpd
import polars as pl
import pytest

from geo.frames import NATIONAL_GRID
from hub.uploads import checking, kinds, reading
from hub.uploads.placing import Geography
from hub.uploads.reading import Limits

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]

KINDS = {
    "council-asb": "council_asb",
    "ambulance": "ambulance",
    "fire": "fire",
    "hospital-assaults": "hospital_assaults",
    "perception": "perception",
    "police-offences": "other_points",
}


def places_of(folder: Path) -> Geography:
    editions = sorted(folder.glob("wards-*.gpkg"))
    frames = [gpd.read_file(path) for path in editions]
    boroughs = gpd.read_file(folder / "boroughs.gpkg").set_crs(NATIONAL_GRID, allow_override=True)
    wards = [
        pl.DataFrame(
            {
                "boundary_set_id": number,
                **{name: frame[name].tolist() for name in ("ward_code", "ward_name", "borough_code")},
                "outline": frame.geometry.to_wkb().tolist(),
            }
        )
        for number, frame in enumerate(frames)
    ]
    years = [dt.date(int(path.stem[-4:]), 5, 1) for path in editions]
    return Geography(
        pl.DataFrame({"boundary_set_id": range(len(years)), "boundary_set": map(str, years), "in_force_from": years}),
        pl.concat(wards),
        pl.DataFrame(
            {
                "borough_code": boroughs["borough_code"].tolist(),
                "borough_name": boroughs["borough_name"].tolist(),
                "outline": boroughs.geometry.to_wkb().tolist(),
            }
        ),
    )


def test_every_partner_file_is_known_and_nothing_of_it_is_lost(folder: Path) -> None:
    geography = places_of(folder)
    everywhere = frozenset(geography.boroughs["borough_code"])
    paths = sorted((folder / "partner").glob("*.csv"))
    assert {next(name for name in KINDS if path.name.startswith(name)) for path in paths} == set(KINDS)
    for path in paths:
        with tempfile.TemporaryDirectory() as scratch:
            table = reading.read(path, path.name, Limits(), Path(scratch))
        samples = {heading: table.samples(heading) for heading in table.headings}
        kind, column_fields = kinds.recognise(table.headings, samples)
        assert kind is not None, path.name
        assert path.name.startswith(next(name for name, key in KINDS.items() if key == kind.key)), path.name
        checked = checking.check(
            table,
            kind,
            column_fields,
            geography,
            everywhere,
            today=dt.date(2100, 1, 1),
            answers={"which_borough": min(everywhere)},
        )
        assert checked.report["total"] == table.cells.height, path.name
        assert checked.report["refused"] == 0, path.name
        severities = {one["severity"] for one in checked.report["problems"].values()}
        assert severities <= {"note", "please_confirm"}, path.name
