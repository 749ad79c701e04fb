"""The files that the fictional city's partners send: councils, ambulance, fire, hospitals and the perception survey.

Frames as each partner would really send them, with its own columns, dates and gaps. Pure functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from geo.frames import to_longitude_latitude
from hub.demo import names
from hub.demo.city import LATER, City
from hub.demo.ground import Texts, stream
from hub.demo.incidents import Kind, happen, happen_at, in_words, locate
from hub.demo.planted import MONTHS, Hotspot


class Heading(NamedTuple):
    """One heading of anti-social behaviour, and in what share of cases it is personal, a nuisance, environmental."""

    name: str
    per_day: float
    place: str
    clock: str
    qualifiers: tuple[float, float, float]


ASB_HEADINGS = (
    Heading("Animal Problems", 0.5, "homes", "any", (0.1, 0.7, 0.2)),
    Heading("Begging / Vagrancy", 1.6, "crowds", "day", (0.1, 0.85, 0.05)),
    Heading("Fireworks", 0.5, "homes", "evening", (0.05, 0.9, 0.05)),
    Heading("Littering / Drugs Paraphernalia", 4.5, "mixed", "day", (0.0, 0.15, 0.85)),
    Heading("Noise", 8.5, "homes", "night", (0.25, 0.75, 0.0)),
    Heading("Nuisance Calls", 0.2, "homes", "any", (0.6, 0.4, 0.0)),
    Heading("Prostitution Related Activity", 0.2, "night", "night", (0.05, 0.95, 0.0)),
    Heading("Rowdy / Nuisance Neighbours", 4.0, "homes", "evening", (0.65, 0.35, 0.0)),
    Heading("Rowdy Or Inconsiderate Behaviour", 5.5, "night", "night", (0.2, 0.8, 0.0)),
    Heading("Street Drinking", 2.0, "crowds", "evening", (0.05, 0.9, 0.05)),
    Heading("Trespass", 0.4, "homes", "any", (0.4, 0.6, 0.0)),
    Heading("Vehicle Abandoned - Not Stolen", 2.2, "vehicles", "day", (0.0, 0.1, 0.9)),
    Heading("Vehicle Nuisance / Inappropriate Use", 2.4, "vehicles", "evening", (0.1, 0.9, 0.0)),
)
"""The thirteen headings and three qualifiers of the National Standard for Incident Recording, as the Met words them."""

_CALLS = (
    Kind("", "Alcohol Related", 9.0, "night", (0.06, 12), "weekend", "night"),
    Kind("", "Assault - Other", 2.6, "homes", (0.06, 7), "weekend", "evening"),
    Kind("", "Assault - Sexual", 0.15, "homes", (0.05, 7), "weekend", "night"),
    Kind("", "Overdose / Ingestion / Poisoning - Drugs", 3.2, "homes", (0.03, 8), "any", "evening"),
)
"""Ambulance calls a day, besides those to offences that the police also know."""


class Fire(NamedTuple):
    """One sort of fire brigade incident, as the London Fire Brigade's open records word it."""

    group: str
    stop_code: str
    special_service: str
    category: str
    property: str
    per_day: float
    place: str
    clock: str


_HOUSE = "House - single occupancy "
_LOW_FLATS = "Purpose Built Flats/Maisonettes - Up to 3 storeys "
_FLATS = "Purpose Built Flats/Maisonettes - 4 to 9 storeys "
_TALL_FLATS = "Purpose Built Flats/Maisonettes - 10 or more storeys "
_FIRES = (
    Fire("Fire", "Primary Fire", "", "Dwelling", _HOUSE, 0.16, "homes", "evening"),
    Fire("Fire", "Primary Fire", "", "Dwelling", _FLATS, 0.2, "homes", "any"),
    Fire("Fire", "Primary Fire", "", "Road Vehicle", "Car ", 0.13, "vehicles", "night"),
    Fire("Fire", "Primary Fire", "", "Non Residential", "Restaurant/cafe", 0.06, "shops", "day"),
    Fire("Fire", "Secondary Fire", "", "Outdoor", "Loose refuse ", 0.55, "homes", "evening"),
    Fire("Fire", "Secondary Fire", "", "Outdoor Structure", "Small refuse/rubbish container", 0.35, "mixed", "night"),
    Fire("Fire", "Secondary Fire", "", "Outdoor", "Park ", 0.15, "homes", "evening"),
    Fire("False Alarm", "AFA", "", "Dwelling", _LOW_FLATS, 1.6, "homes", "any"),
    Fire("False Alarm", "AFA", "", "Non Residential", "Department Store ", 0.7, "shops", "day"),
    Fire("False Alarm", "False alarm - Good intent", "", "Outdoor", "Park ", 0.5, "homes", "evening"),
    Fire("False Alarm", "False alarm - Malicious", "", "Outdoor", "Road surface/pavement ", 0.12, "night", "night"),
    Fire("Special Service", "Special Service", "Flooding", "Dwelling", _HOUSE, 0.5, "homes", "any"),
    Fire("Special Service", "Special Service", "Lift Release", "Dwelling", _TALL_FLATS, 0.3, "homes", "any"),
    Fire("Special Service", "Special Service", "RTC", "Road Vehicle", "Car ", 0.3, "mixed", "any"),
    Fire("Special Service", "Special Service", "Effecting entry/exit", "Dwelling", _HOUSE, 0.5, "homes", "day"),
)

_METHODS = {
    "Body part (fist, foot, head)": 0.66,
    "Pushed": 0.1,
    "Bottle or glass": 0.06,
    "Knife or other sharp object": 0.07,
    "Blunt object": 0.06,
    "Other": 0.05,
}
_OTHER_METHODS = ("bitten", "hit by thrown chair", "sprayed in face", "hit with dog lead", "not recorded")
_LOCATION_TYPES = {
    "Street": 0.36,
    "Public house, bar or nightclub": 0.24,
    "Home": 0.22,
    "Public transport": 0.06,
    "Place of work": 0.04,
    "Other public place": 0.08,
}
_NOT_KNOWN = ("unknown", "pt cannot recall", "town centre", "")

_MEASURES: Sequence[tuple[str, float, float]] = (
    ('"Good Job" local', 0.51, -0.010),
    ("Contact ward officer", 0.18, 0.008),
    ("Informed local", 0.30, 0.004),
    ("Listen to concerns", 0.58, 0.006),
    ("Relied on to be there", 0.60, 0.005),
    ("Treat everyone fairly", 0.63, 0.004),
    ("Understand issues", 0.58, 0.003),
    ("Trust police", 0.70, 0.008),
)
"""Measures of the survey, with the proportion at the start and its change a year."""


def council_asb(borough_code: str, city: City, streets: pd.DataFrame) -> pd.DataFrame:
    """Anti-social behaviour reported to one borough's council."""
    rng = stream(city.seed, f"council {borough_code}")
    own = streets[streets["borough_code"] == borough_code].reset_index(drop=True)
    for column in own.columns[own.columns.str.startswith("chance_")]:
        own[column] /= own[column].sum()
    part = len(own) / len(streets)
    reports = []
    for heading in ASB_HEADINGS:
        kind = Kind("", heading.name, 0.0, heading.place, (0.3, 7), "any", heading.clock, unplaced=0.03)
        happened = happen(kind, heading.per_day * part, own, rng)
        qualifier = rng.choice(["Personal", "Nuisance", "Environmental"], len(happened), p=heading.qualifiers)
        reports.append(happened.assign(qualifier=qualifier))
    located = locate(pd.concat(reports, ignore_index=True), city, own, rng)
    located = located[located["borough_code"] == borough_code]
    return pd.DataFrame(
        {
            "Date": in_words(located["date"], "%d/%m/%Y"),
            "Hour": located["hour"],
            "Heading": located["offence_subgroup"],
            "Qualifier": located["qualifier"],
            "Ward Code": located[f"ward_{LATER}"],
            "Easting": located["easting"].astype("Int64"),
            "Northing": located["northing"].astype("Int64"),
        }
    )


def ambulance(offences: pd.DataFrame, gap: Hotspot, city: City, streets: pd.DataFrame) -> pd.DataFrame:
    """Ambulance calls to assaults, drink and drugs: part of what the police know, and much that they do not."""
    rng = stream(city.seed, "ambulance")
    calls = [happen(kind, kind.share, streets, rng) for kind in _CALLS]
    known = _also_seen(offences, "VIOLENCE WITH INJURY", 0.25, rng)
    weapon = rng.random(len(known)) < 0.12
    known["offence_subgroup"] = np.where(weapon, "Assault - Stab/Shot/Weapon Wound", "Assault - Other")
    untold = [happen_at(gap, kind, rng) for kind in _CALLS if kind.subgroup in gap.recipe.offences]
    located = locate(pd.concat([*calls, known, *untold], ignore_index=True), city, streets, rng)
    return pd.DataFrame(
        {
            "IncidentDate": in_words(located["date"], "%Y-%m-%d"),
            "HourOfCall": located["hour"],
            "IllnessCategory": located["offence_subgroup"],
            "WardCode": located[f"ward_{LATER}"],
            "Easting_rounded": _cell_centre(located["easting"]).astype("Int64"),
            "Northing_rounded": _cell_centre(located["northing"]).astype("Int64"),
        }
    )


def hospital_assaults(
    site_code: str, bcu_name: str, offences: pd.DataFrame, city: City, streets: pd.DataFrame
) -> pd.DataFrame:
    """Assaults treated at one hospital: the Information Sharing to Tackle Violence data set. It has no ward code."""
    rng = stream(city.seed, f"hospital {site_code}")
    boroughs = city.boroughs.loc[city.boroughs["bcu_name"] == bcu_name, "borough_code"]
    own = streets["borough_code"].isin(list(boroughs))
    unknown_to_police = happen(Kind("", "", 0.0, "night", (0.1, 7), "weekend", "night"), 1.8, streets, rng)
    seen = pd.concat([unknown_to_police, _also_seen(offences, "VIOLENCE WITH INJURY", 0.2, rng)], ignore_index=True)
    seen = seen[own.to_numpy()[seen["point"].to_numpy(dtype=np.intp)]].sort_values("date", kind="stable")
    minutes = rng.integers(0, 60, len(seen))
    assault = seen["date"] + pd.to_timedelta(seen["hour"].to_numpy(dtype=np.int64) * 60 + minutes, unit="min")
    arrival = assault + pd.to_timedelta((rng.gamma(1.6, 55, len(seen)) + 15).round(), unit="min")
    method = rng.choice(list(_METHODS), len(seen), p=list(_METHODS.values()))
    where = rng.choice(list(_LOCATION_TYPES), len(seen), p=list(_LOCATION_TYPES.values()))
    month = arrival.dt.to_period("M")
    return pd.DataFrame(
        {
            "REPORTING PERIOD START DATE": month.dt.start_time.dt.strftime("%Y-%m-%d"),
            "REPORTING PERIOD END DATE": month.dt.end_time.dt.strftime("%Y-%m-%d"),
            "SITE CODE (OF TREATMENT)": site_code,
            "ARRIVAL DATE AND TIME AT ACCIDENT AND EMERGENCY DEPARTMENT": arrival.dt.strftime("%Y-%m-%dT%H:%M:%S"),
            "ASSAULT DATE AND TIME": assault.dt.strftime("%Y-%m-%dT%H:%M:%S"),
            "ASSAULT METHOD": method,
            "ASSAULT METHOD OTHER DESCRIPTION": np.where(method == "Other", rng.choice(_OTHER_METHODS, len(seen)), ""),
            "ASSAULT LOCATION TYPE": where,
            "ASSAULT LOCATION DESCRIPTION": _described(where, streets.iloc[seen["point"]]["street"].to_numpy(), rng),
        }
    )


def _described(where: Texts, street: Texts, rng: np.random.Generator) -> list[str]:
    """Say where in the words of a triage desk: a street, a venue, shouted, misspelt, or nothing. Never a home."""
    words = []
    for kind, name in zip(where, street, strict=True):
        luck = rng.random()
        said = str(name)
        if kind.startswith("Public house"):
            said = f"{rng.choice(names.VENUES)}, {name}"
        elif kind == "Public transport":
            said = f"bus stop {name}"
        elif luck < 0.3:
            said = f"outside shops on {name}"
        if kind == "Home":
            said = ""
        elif luck > 0.8:
            said = str(rng.choice(_NOT_KNOWN))
        elif luck > 0.7:
            said = said.upper()
        elif luck > 0.62:
            said = said.replace("Street", "St").replace("Road", "Rd").replace("Avenue", "Ave")
        words.append(said)
    return words


def fire_incidents(city: City, streets: pd.DataFrame) -> pd.DataFrame:
    """Fire brigade incidents in the 39 columns of the London Fire Brigade's open records."""
    rng = stream(city.seed, "fire")
    kinds = [Kind("", str(row), 0.0, fire.place, (0.12, 7), "any", fire.clock) for row, fire in enumerate(_FIRES)]
    happened = [happen(kind, fire.per_day, streets, rng) for kind, fire in zip(kinds, _FIRES, strict=True)]
    for frame in happened:
        frame["unplaced"] = 0.0
    calls = locate(pd.concat(happened, ignore_index=True), city, streets, rng)
    calls["seconds"] = calls["hour"].astype(np.int64) * 3600 + rng.integers(0, 3600, len(calls))
    calls = calls.sort_values(["date", "seconds"], ignore_index=True)
    fire = pd.DataFrame(_FIRES).iloc[calls["offence_subgroup"].astype(int)].reset_index(drop=True)
    ward = city.wards[LATER].set_index("ward_code").loc[calls[f"ward_{LATER}"]].reset_index()
    is_home = fire["category"] == "Dwelling"
    size = rng.choice([1, 2, 3, 4], len(calls), p=[0.62, 0.3, 0.05, 0.03])
    minutes = (60 * np.maximum(1, rng.gamma(1.5, 0.6, len(calls)) * size)).round()
    first = rng.lognormal(5.7, 0.28, len(calls)).round()
    second = np.where(size > 1, first + rng.gamma(2, 45, len(calls)).round(), np.nan)
    lon, lat = to_longitude_latitude(calls["easting"], calls["northing"])
    district = names.POSTCODE_AREA + (ward["ward_code"].str[-4:].astype(int) // 4 + 1).astype(str)
    station = ward["borough_name"].map(names.FIRE_STATIONS)
    return pd.DataFrame(
        {
            "IncidentNumber": _incident_numbers(calls["date"]),
            "DateOfCall": in_words(calls["date"], "%d %b %Y"),
            "CalYear": calls["date"].dt.year,
            "TimeOfCall": pd.to_datetime(calls["seconds"], unit="s").dt.strftime("%H:%M:%S"),
            "HourOfCall": calls["hour"],
            "IncidentGroup": fire["group"],
            "StopCodeDescription": fire["stop_code"],
            "SpecialServiceType": fire["special_service"],
            "PropertyCategory": fire["category"],
            "PropertyType": fire["property"],
            "AddressQualifier": np.where(is_home, "Correct incident location", "In street outside gazetteer location"),
            "Postcode_full": np.where(is_home, "", district + " " + _postcode_ends(streets, calls, rng)),
            "Postcode_district": district,
            "UPRN": np.where(is_home, "0.0", ""),
            "USRN": "",
            "IncGeo_BoroughCode": ward["borough_code"],
            "IncGeo_BoroughName": ward["borough_name"].str.upper(),
            "ProperCase": ward["borough_name"].str.capitalize(),
            "IncGeo_WardCode": ward["ward_code"],
            "IncGeo_WardName": ward["ward_name"],
            "IncGeo_WardNameNew": ward["ward_name"],
            "Easting_m": calls["easting"].mask(is_home),
            "Northing_m": calls["northing"].mask(is_home),
            "Easting_rounded": _cell_centre(calls["easting"]).astype(int),
            "Northing_rounded": _cell_centre(calls["northing"]).astype(int),
            "Latitude": pd.Series(lat.round(10)).mask(is_home),
            "Longitude": pd.Series(lon.round(10)).mask(is_home),
            "FRS": names.FIRE_BRIGADE,
            "IncidentStationGround": station,
            "FirstPumpArriving_AttendanceTime": first,
            "FirstPumpArriving_DeployedFromStation": station,
            "SecondPumpArriving_AttendanceTime": second,
            "SecondPumpArriving_DeployedFromStation": station.where(size > 1, ""),
            "NumStationsWithPumpsAttending": 1.0,
            "NumPumpsAttending": size.astype(float),
            "PumpCount": size,
            "PumpMinutesRounded": minutes,
            "Notional Cost (£)": (minutes * 430 / 60).round(),
            "NumCalls": rng.choice([1.0, 2.0, 3.0], len(calls), p=[0.82, 0.13, 0.05]),
        }
    )


def _incident_numbers(date: pd.Series) -> pd.Series:
    of_the_year = date.groupby(date.dt.year).cumcount() + 1
    return pd.Series(of_the_year.astype(str).str.zfill(6) + in_words(date, "-%d%m%Y"))


def _postcode_ends(streets: pd.DataFrame, calls: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """The second half of each point's postcode, the same every time."""
    letters = np.array(list("ABDEFGHJLNPQRSTUWXYZ"))
    ends = rng.integers(1, 10, len(streets)).astype(str).astype(object)
    ends = ends + rng.choice(letters, len(streets)) + rng.choice(letters, len(streets))
    return pd.Series(ends[calls["point"].to_numpy(dtype=np.intp)])


def perception_survey(offences: pd.DataFrame, city: City) -> pd.DataFrame:
    """The survey by borough and quarter, with the sender's decimal commas and stray empty columns."""
    rng = stream(city.seed, "perception")
    boroughs = city.boroughs.sort_values("borough_name")
    offences_in = offences.groupby("borough_code").size().reindex(boroughs["borough_code"])
    rate = offences_in.to_numpy() / boroughs["residents_2021"].to_numpy()
    mood = -0.25 * (rate / rate.mean() - 1) + rng.normal(0, 0.02, len(boroughs))
    rows = []
    for quarter in pd.period_range(MONTHS[1], MONTHS[-1], freq="M")[::3]:
        years = (quarter - MONTHS[0]).n / 12
        for measure, start, yearly in _MEASURES:
            level = start + yearly * years + 0.3 * mood + rng.normal(0, 0.008, len(boroughs))
            for name, proportion in zip(boroughs["borough_name"], level, strict=True):
                rows.append((_last_day(quarter), "PAS", name, measure, _comma(proportion), _comma(float(level.mean()))))
    frame = pd.DataFrame(rows, columns=["Date", "Survey", "Borough", "Measure", "Proportion", "MPS"])
    nameless = pd.DataFrame("", index=frame.index, columns=["", "", "", ""])
    return pd.concat([frame, nameless], axis=1)


def _last_day(month: pd.Period) -> str:
    return f"{month.end_time.day}/{month.month}/{month.year}"


def _comma(proportion: float) -> str:
    return f"{round(proportion, 2):g}".replace(".", ",")


def _also_seen(offences: pd.DataFrame, subgroup: str, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Take some of the placed offences of one kind, as another agency would have met them."""
    placed = offences[(offences["offence_subgroup"] == subgroup) & offences["point"].notna()]
    seen = placed[rng.random(len(placed)) < share]
    kept = seen[["date", "hour", "offence_group", "offence_subgroup", "point", "hotspot"]]
    return kept.assign(point=kept["point"].astype(np.int64), unplaced=0.015)


def _cell_centre(metres: pd.Series) -> pd.Series:
    """Round to the middle of the hundred-metre cell, as the fire brigade's rounded coordinates do."""
    return metres // 100 * 100 + 50
