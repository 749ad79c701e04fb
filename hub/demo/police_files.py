"""The files that the fictional city's police publish and send: ward and borough counts, street-level points, records.

Frames in the layouts that the Met and data.police.uk use. Pure functions; `generate` writes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.frames import to_longitude_latitude
from hub.demo import names
from hub.demo.city import LATER, City
from hub.demo.ground import stream
from hub.demo.incidents import ASB, in_words

STREET_COLUMNS = (
    "Crime ID",
    "Month",
    "Reported by",
    "Falls within",
    "Longitude",
    "Latitude",
    "Location",
    "LSOA code",
    "LSOA name",
    "Crime type",
    "Last outcome category",
    "Context",
)

_CRIME_TYPE_OF_GROUP = {
    ASB: "Anti-social behaviour",
    "ARSON AND CRIMINAL DAMAGE": "Criminal damage and arson",
    "BURGLARY": "Burglary",
    "DRUG OFFENCES": "Drugs",
    "FRAUD AND FORGERY": "Other crime",
    "MISCELLANEOUS CRIMES AGAINST SOCIETY": "Other crime",
    "POSSESSION OF WEAPONS": "Possession of weapons",
    "PUBLIC ORDER OFFENCES": "Public order",
    "ROBBERY": "Robbery",
    "SEXUAL OFFENCES": "Violence and sexual offences",
    "VEHICLE OFFENCES": "Vehicle crime",
    "VIOLENCE AGAINST THE PERSON": "Violence and sexual offences",
}
_CRIME_TYPE_OF_THEFT = {
    "BICYCLE THEFT": "Bicycle theft",
    "OTHER THEFT": "Other theft",
    "SHOPLIFTING": "Shoplifting",
    "THEFT FROM THE PERSON": "Theft from the person",
}
_OUTCOMES = {
    "Investigation complete; no suspect identified": 0.42,
    "Unable to prosecute suspect": 0.25,
    "Under investigation": 0.18,
    "Awaiting court outcome": 0.05,
    "Status update unavailable": 0.04,
    "Local resolution": 0.03,
    "Offender given a caution": 0.03,
}

_OLD_MISC = "Miscellaneous Crimes Against Society"
OLD_LABELS: Mapping[str, Sequence[tuple[str, str, float]]] = {
    "ARSON": [("Arson and Criminal Damage", "Arson", 1.0)],
    "CRIMINAL DAMAGE": [("Arson and Criminal Damage", "Criminal Damage", 1.0)],
    "BURGLARY BUSINESS AND COMMUNITY": [("Burglary", "Burglary Business and Community", 1.0)],
    "RES BURGLARY OF A HOME": [("Burglary", "Domestic Burglary", 1.0)],
    "RES BURGLARY OF UNCONNECTED BUILDING": [("Burglary", "Domestic Burglary", 1.0)],
    "POSSESSION OF DRUGS": [("Drug Offences", "Possession of Drugs", 1.0)],
    "TRAFFICKING OF DRUGS": [("Drug Offences", "Drug Trafficking", 1.0)],
    "FRAUD AND FORGERY": [(_OLD_MISC, "Other Forgery", 1.0)],
    "MISC CRIMES AGAINST SOCIETY": [
        (_OLD_MISC, "Obscene Publications", 0.35),
        (_OLD_MISC, "Threat or Possession With Intent to Commit Crimina", 0.25),
        (_OLD_MISC, "Other Notifiable Offences", 0.15),
        (_OLD_MISC, "Handling Stolen Goods", 0.1),
        (_OLD_MISC, "Dangerous Driving", 0.05),
        (_OLD_MISC, "Going Equipped for Stealing", 0.05),
        (_OLD_MISC, "Perverting Course of Justice", 0.05),
    ],
    "POSSESSION OF WEAPONS": [
        ("Possession of Weapons", "Possession of Article with Blade or Point", 0.47),
        ("Possession of Weapons", "Possession of Other Weapon", 0.42),
        ("Possession of Weapons", "Possession of Firearms Offences", 0.07),
        ("Possession of Weapons", "Possession of Firearm with Intent", 0.04),
    ],
    "OTHER OFFENCES PUBLIC ORDER": [
        ("Public Order Offences", "Other Offences Against the State, or Public Order", 1.0),
    ],
    "PUBLIC FEAR ALARM OR DISTRESS": [("Public Order Offences", "Public Fear Alarm or Distress", 1.0)],
    "RACE OR RELIGIOUS AGG PUBLIC FEAR": [
        ("Public Order Offences", "Racially or Religiously Aggravated Public Fear, Al", 1.0),
    ],
    "VIOLENT DISORDER": [("Public Order Offences", "Violent Disorder", 1.0)],
    "ROBBERY OF BUSINESS PROPERTY": [("Robbery", "Robbery of Business Property", 1.0)],
    "ROBBERY OF PERSONAL PROPERTY": [("Robbery", "Robbery of Personal Property", 1.0)],
    "OTHER SEXUAL OFFENCES": [("Sexual Offences", "Other Sexual Offences", 1.0)],
    "RAPE": [("Sexual Offences", "Rape", 1.0)],
    "BICYCLE THEFT": [("Theft", "Bicycle Theft", 1.0)],
    "OTHER THEFT": [("Theft", "Other Theft", 1.0)],
    "SHOPLIFTING": [("Theft", "Shoplifting", 1.0)],
    "THEFT FROM THE PERSON": [("Theft", "Theft from Person", 1.0)],
    "AGGRAVATED VEHICLE TAKING": [("Vehicle Offences", "Aggravated Vehicle Taking", 1.0)],
    "INTERFERING WITH A MOTOR VEHICLE": [("Vehicle Offences", "Interfering with a Motor Vehicle", 1.0)],
    "THEFT FROM A VEHICLE": [("Vehicle Offences", "Theft from a Motor Vehicle", 1.0)],
    "THEFT OR UNAUTH TAKING OF A MOTOR VEH": [("Vehicle Offences", "Theft or Taking of a Motor Vehicle", 1.0)],
    "DEATH SERIOUS INJURY ILLEGAL DRIVING": [("Violence Against the Person", "Violence with Injury", 1.0)],
    "HOMICIDE": [("Violence Against the Person", "Homicide", 1.0)],
    "STALKING AND HARASSMENT": [("Violence Against the Person", "Violence without Injury", 1.0)],
    "VIOLENCE WITH INJURY": [("Violence Against the Person", "Violence with Injury", 1.0)],
    "VIOLENCE WITHOUT INJURY": [("Violence Against the Person", "Violence without Injury", 1.0)],
}
"""Each subgroup in the words of the Met's older, mixed-case edition, with the share that goes under each of them."""


def crime_type(offence_group: str, offence_subgroup: str) -> str:
    """The type that an offence goes under in the street-level files."""
    return _CRIME_TYPE_OF_GROUP.get(offence_group) or _CRIME_TYPE_OF_THEFT[offence_subgroup]


def in_old_words(offences: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Classify the offences as the older edition of the ward file does."""
    rng = stream(seed, "old labels")
    old = offences.copy()
    for subgroup, rows in offences.groupby("offence_subgroup").indices.items():
        labels = OLD_LABELS[str(subgroup)]
        chosen = rng.choice(len(labels), len(rows), p=[share for _, _, share in labels])
        old.loc[offences.index[rows], "offence_group"] = np.array([major for major, _, _ in labels], object)[chosen]
        old.loc[offences.index[rows], "offence_subgroup"] = np.array([minor for _, minor, _ in labels], object)[chosen]
    return old


def ward_level(offences: pd.DataFrame, wards: gpd.GeoDataFrame, *, year: int, port_label: bool) -> pd.DataFrame:
    """The Met's wide ward file: only what is placed in a ward, and no row where there was no offence at all."""
    placed = offences.dropna(subset=[f"ward_{year}"]).rename(columns={f"ward_{year}": "ward_code"})
    ward = wards.set_index("ward_code")
    placed = placed.assign(
        WardName=placed["ward_code"].map(ward["ward_name"]),
        LookUp_BoroughName=placed["ward_code"].map(ward["borough_name"]),
    )
    if port_label:
        placed.loc[placed["WardName"] == names.PORT_WARD, "LookUp_BoroughName"] = names.PORT_WARD_LABEL
    keys = ["offence_group", "offence_subgroup", "WardName", "ward_code", "LookUp_BoroughName"]
    wide = _by_month(placed, keys).rename(columns={"ward_code": "WardCode"})
    return _met_order(wide, ["LookUp_BoroughName", "WardName"])


def borough_level(offences: pd.DataFrame, city: City) -> pd.DataFrame:
    """The Met's wide borough file, which also holds what is not placed in a ward."""
    name = city.boroughs.set_index("borough_code")["borough_name"]
    named = offences.assign(LookUp_BoroughName=offences["borough_code"].map(name))
    wide = _by_month(named, ["offence_group", "offence_subgroup", "LookUp_BoroughName"])
    return _met_order(wide, ["LookUp_BoroughName"])


def _by_month(offences: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    counts = offences.groupby([*keys, "month"]).size().unstack("month", fill_value=0)
    counts.columns = counts.columns.str.replace("-", "")
    return counts.reset_index()


def _met_order(wide: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    wide = wide.rename(columns={"offence_group": "MajorText", "offence_subgroup": "MinorText"})
    return wide.sort_values([*by, "MajorText", "MinorText"], ignore_index=True)


def street_level(offences: pd.DataFrame, asb: pd.DataFrame, streets: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Every record as data.police.uk shows it: the month only, moved to its map point, in one of fourteen types."""
    rng = stream(seed, "street level")
    every = pd.concat([asb, offences], ignore_index=True)
    kind = every["offence_group"].map(_CRIME_TYPE_OF_GROUP).fillna(every["offence_subgroup"].map(_CRIME_TYPE_OF_THEFT))
    is_crime = every["offence_group"] != ASB
    lon, lat = to_longitude_latitude(streets["easting"], streets["northing"])
    point = streets[["location", f"ward_{LATER}"]].assign(lon=lon.round(6), lat=lat.round(6)).reindex(every["point"])
    identifier = rng.bytes(32 * len(every)).hex()
    frame = pd.DataFrame(
        {
            "Crime ID": [identifier[start : start + 64] for start in range(0, len(identifier), 64)],
            "Month": every["month"],
            "Reported by": names.POLICE,
            "Falls within": names.POLICE,
            "Longitude": point["lon"].to_numpy(),
            "Latitude": point["lat"].to_numpy(),
            "Location": point["location"].fillna("No Location").to_numpy(),
            "LSOA code": "",
            "LSOA name": "",
            "Crime type": kind,
            "Last outcome category": rng.choice(list(_OUTCOMES), len(every), p=list(_OUTCOMES.values())),
            "Context": "",
        }
    )
    frame.loc[~is_crime, ["Crime ID", "Last outcome category"]] = ""
    order = pd.DataFrame({"month": frame["Month"], "ward": point[f"ward_{LATER}"].to_numpy(), "kind": kind})
    return frame.loc[order.sort_values(["month", "ward", "kind"], kind="stable").index, list(STREET_COLUMNS)]


def offence_records(offences: pd.DataFrame) -> pd.DataFrame:
    """The records that the police send to the partnerships: category, date, hour where it is known, and location."""
    return pd.DataFrame(
        {
            "Major Category": offences["offence_group"],
            "Minor Category": offences["offence_subgroup"],
            "Date": in_words(offences["date"], "%d/%m/%Y"),
            "Hour": offences["hour"],
            "Borough Code": offences["borough_code"],
            "Ward Code": offences[f"ward_{LATER}"],
            "Easting": offences["easting"].astype("Int64"),
            "Northing": offences["northing"].astype("Int64"),
        }
    )
