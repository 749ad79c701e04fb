"""The small city's desk, with recorded crime and a survey of its first borough."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from hub.access import Role
from hub.db import Database
from hub.uploads import confined
from hub.words import months_before
from tests.conftest import EMAILS
from tests.summaries.counted import BEFORE, EAST, LATEST, MONTHS, WEST, as_long_file
from tests.uploads.desk import Desk, check_here, look_here

LAST = MONTHS[-1]
EARLIER = (*(months_before(MONTHS[0], back) for back in range(12, 0, -1)),)
SHARES = {'"Good Job" local': (0.60, 0.45), "Listen to concerns": (0.55, 0.56), "Trust police": (0.70, 0.71)}


@pytest.fixture
def desk(database: Database, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Where files are sent; they are read without a child process, which takes most of a second to start."""
    monkeypatch.setattr(confined, "look", look_here)
    monkeypatch.setattr(confined, "check", check_here)
    return Desk(database)


@pytest.fixture
def both_loaded(desk: Desk) -> None:
    """Three years of two offence groups, robbery up by half, and two years of the survey."""
    rows = [
        (month, ward, group, count + (20 if group == "Robbery" and month in LATEST else 0))
        for month in (*EARLIER, *BEFORE, *LATEST)
        for ward in (WEST, EAST)
        for group, count in (("Robbery", 40), ("Burglary", 60))
    ]
    counts = pd.DataFrame(rows, columns=["month", "ward_code", "group", "count"])
    desk.commit(EMAILS[Role.CSP_OFFICER], as_long_file(counts))
    desk.commit(EMAILS[Role.CSP_OFFICER], survey("Alder", SHARES), name="survey.csv")
    desk.commit(EMAILS[Role.CSP_OFFICER], knives(), name="knives.csv")


def survey(borough: str, shares: dict[str, tuple[float, float]]) -> str:
    """The published survey's layout: a row for each quarter and question."""
    lines = ["Date,Survey,Borough,Measure,Proportion,MPS"]
    for question, (before, latest) in shares.items():
        quoted = '"' + question.replace('"', '""') + '"'
        for month, share in ((months_before(LAST, 12), before), (LAST, latest)):
            day = months_before(month, -1) - dt.timedelta(days=1)
            lines.append(f'{day:%d/%m/%Y},PAS,{borough},{quoted},"{share}","0.6"'.replace("0.", "0,"))
    return "\n".join(lines) + "\n"


def knives() -> str:
    """The dashboard's layout: one young person hurt in each month of the year before, four in each of the latest."""
    lines = ["month_year,area_type,area_code,crime_subtype,measure,count"]
    for month in MONTHS:
        flag = "Knife Injury Victims (non DA 1-24)"
        lines.append(f"{month},Safer Neighbourhood Teams,{WEST},{flag},Offences,{4 if month in LATEST else 1}")
    return "\n".join(lines) + "\n"
