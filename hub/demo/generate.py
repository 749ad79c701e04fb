"""Writes the fictional city into a folder laid out like the folder of real London data, so that one loader reads both.

The same seed gives the same CSV and JSON files byte for byte, and GeoPackages with the same content.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from hub.demo import names, partner_files, police_files
from hub.demo.city import CRS, EARLIER, IN_FORCE_FROM, LATER, City, build_city
from hub.demo.incidents import Record, record
from hub.demo.planted import MONTHS, RESPONSES, Hotspot
from hub.demo.streets import build_streets

DEFAULT_SEED = 2024
ATTRIBUTION = (
    f"Fictional data. {names.CITY} does not exist: its places, organisations and figures were made up by the hub's own "
    "generator and describe nobody."
)

_LATEST_MONTHS = 24


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was written."""

    folder: Path
    name: str
    seed: int
    first_month: str
    last_month: str
    boroughs: int
    wards: dict[int, int]
    offences: int
    offences_not_placed: int
    asb_incidents: int
    files: tuple[str, ...]


def write_city(folder: Path, *, seed: int = DEFAULT_SEED) -> Written:
    """Generate the city and write it into the folder, which is made if it is not there."""
    city = build_city(seed)
    streets = build_streets(city)
    happened = record(city, streets)
    files = []
    for path, geography in _geography(city):
        geography.to_file(_within(folder, path), layer=Path(path).stem.split("-")[0], driver="GPKG", engine="pyogrio")
        files.append(path)
    for path, table in _tables(city, streets, happened):
        table.to_csv(_within(folder, path), index=False, lineterminator="\n")
        files.append(path)
    for path, document in (("CITY.json", _city_document(city)), ("planted.json", _planted_document(city, happened))):
        _within(folder, path).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        files.append(path)
    return Written(
        folder=folder,
        name=names.CITY,
        seed=seed,
        first_month=str(MONTHS[0]),
        last_month=str(MONTHS[-1]),
        boroughs=len(city.boroughs),
        wards={year: len(wards) for year, wards in city.wards.items()},
        offences=len(happened.offences),
        offences_not_placed=int(happened.offences[f"ward_{LATER}"].isna().sum()),
        asb_incidents=len(happened.asb),
        files=tuple(sorted(files)),
    )


def _within(folder: Path, path: str) -> Path:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    return folder / path


def _geography(city: City) -> Iterator[tuple[str, gpd.GeoDataFrame]]:
    yield "boroughs.gpkg", city.boroughs[["borough_code", "borough_name", "geometry"]]
    for year, wards in city.wards.items():
        yield f"wards-{year}.gpkg", wards[["ward_code", "ward_name", "borough_code", "borough_name", "geometry"]]
    for year, areas in city.small_areas.items():
        yield f"lsoa-{year}.gpkg", areas


def _tables(city: City, streets: pd.DataFrame, happened: Record) -> Iterator[tuple[str, pd.DataFrame]]:
    yield from _places(city)
    yield from _police(city, streets, happened)
    yield from _partners(city, streets, happened)


def _places(city: City) -> Iterator[tuple[str, pd.DataFrame]]:
    boroughs = pd.DataFrame(city.boroughs.drop(columns="geometry"))
    yield (
        "bcu.csv",
        boroughs[["borough_code", "borough_name", "bcu_name"]].sort_values(["bcu_name", "borough_name"]),
    )
    yield (
        "borough-population.csv",
        boroughs.rename(
            columns={
                "residents_2021": "usual_residents_census_2021",
                "residents_2019": "mid_year_estimate_2019",
                "residents_2020": "mid_year_estimate_2020",
            }
        )[
            [
                "borough_code",
                "borough_name",
                "usual_residents_census_2021",
                "mid_year_estimate_2019",
                "mid_year_estimate_2020",
            ]
        ],
    )
    later, earlier = city.wards[LATER], city.wards[EARLIER]
    yield (
        "ward-population.csv",
        later[["ward_code", "ward_name", "borough_code", "borough_name"]].assign(
            usual_residents_census_2021=later["residents"]
        ),
    )
    yield (
        f"ward-population-{EARLIER}-wards.csv",
        earlier[["ward_code", "ward_name", "borough_name"]].assign(population_iod2019=earlier["residents"]),
    )


def _police(city: City, streets: pd.DataFrame, happened: Record) -> Iterator[tuple[str, pd.DataFrame]]:
    offences = happened.offences
    is_latest = offences["month"] >= str(MONTHS[-_LATEST_MONTHS])
    latest, before = offences[is_latest], offences[~is_latest]
    yield (
        f"mps-ward-level-{_span(latest)}.csv",
        police_files.ward_level(latest, city.wards[LATER], year=LATER, port_label=True),
    )
    yield f"mps-borough-level-{_span(latest)}.csv", police_files.borough_level(latest, city)
    old = police_files.in_old_words(before, city.seed)
    yield (
        f"mps-ward-level-{_span(before)}-old-wards.csv",
        police_files.ward_level(old, city.wards[EARLIER], year=EARLIER, port_label=False),
    )
    slug = f"{names.CITY.lower()}-street"
    points = police_files.street_level(offences, happened.asb, streets, city.seed)
    for month, rows in points.groupby("Month"):
        yield f"police-uk/{slug}/{month}-{slug}.csv", rows
    yield f"partner/police-offences-{_span(offences)}.csv", police_files.offence_records(offences)


def _partners(city: City, streets: pd.DataFrame, happened: Record) -> Iterator[tuple[str, pd.DataFrame]]:
    span = _span(happened.offences)
    for code, name in zip(city.boroughs["borough_code"], city.boroughs["borough_name"], strict=True):
        yield (
            f"partner/council-asb-{name.lower().replace(' ', '-')}-{span}.csv",
            partner_files.council_asb(code, city, streets),
        )
    yield f"partner/ambulance-{span}.csv", partner_files.ambulance(happened.offences, happened.gap, city, streets)
    yield f"partner/fire-{span}.csv", partner_files.fire_incidents(city, streets)
    for site, bcu in zip(names.HOSPITALS, sorted(set(city.boroughs["bcu_name"])), strict=True):
        yield (
            f"partner/hospital-assaults-{site.lower()}-{span}.csv",
            partner_files.hospital_assaults(site, bcu, happened.offences, city, streets),
        )
    yield f"partner/perception-borough-{span}.csv", partner_files.perception_survey(happened.offences, city)


def _span(incidents: pd.DataFrame) -> str:
    return "-".join(month.replace("-", "") for month in (incidents["month"].min(), incidents["month"].max()))


def _city_document(city: City) -> dict[str, object]:
    """What a reader must know of the city as a whole."""
    return {
        "name": names.CITY,
        "fictional": True,
        "attribution": ATTRIBUTION,
        "seed": city.seed,
        "crs": CRS,
        "months": {"from": str(MONTHS[0]), "to": str(MONTHS[-1])},
        "in_force_from": {str(year): date for year, date in IN_FORCE_FROM.items()},
        "boundary_changes": [asdict(change) for change in city.changes],
    }


def _planted_document(city: City, happened: Record) -> dict[str, object]:
    """The answer sheet: what is hidden in the data, and what of it really happened."""
    return {
        "city": names.CITY,
        "fictional": True,
        "seed": city.seed,
        "months": {"from": str(MONTHS[0]), "to": str(MONTHS[-1])},
        "hotspots": [_hotspot_entry(hotspot, happened) for hotspot in happened.hotspots],
        "gap": _place_entry(happened.gap) | {"calls": dict(happened.gap.recipe.offences)},
        "responses": [asdict(response) | {"worked": response.worked} for response in RESPONSES],
    }


def _hotspot_entry(hotspot: Hotspot, happened: Record) -> dict[str, object]:
    recipe = hotspot.recipe
    offences = happened.offences
    months = [str(month) for month in MONTHS]
    extra = offences[offences["hotspot"] == recipe.id].groupby("month").size().reindex(months, fill_value=0)
    group = offences.drop_duplicates("offence_subgroup").set_index("offence_subgroup")["offence_group"]
    return _place_entry(hotspot) | {
        "offences": [
            {"offence_group": group[subgroup], "offence_subgroup": subgroup, "share": share}
            for subgroup, share in recipe.offences.items()
        ],
        "extra_expected_before_response": dict(zip(months, hotspot.extra_by_month.round(2).tolist(), strict=True)),
        "extra_recorded": {month: int(count) for month, count in extra.items()},
    }


def _place_entry(hotspot: Hotspot) -> dict[str, object]:
    """What is said of anything that has a place."""
    recipe = hotspot.recipe
    return {
        "id": recipe.id,
        "kind": recipe.kind,
        "name": recipe.name,
        "borough_code": hotspot.borough_code,
        "easting": hotspot.easting,
        "northing": hotspot.northing,
        "radius_metres": recipe.radius_metres,
        "ward_codes": {str(year): list(codes) for year, codes in hotspot.ward_codes.items()},
        "per_month_at_full_strength": recipe.per_month,
    }
