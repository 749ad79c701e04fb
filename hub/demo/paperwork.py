"""What the fictional city writes: sharing agreements, its ledger, priorities of wards, and a borough's reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from hub.access import Viewer
from hub.agreements import service as agreements
from hub.agreements.terms import Party, PartyRole, Terms
from hub.ledger import service as ledger
from hub.ledger.prescribed import Provider
from hub.ledger.quarters import newest_ended
from hub.ledger.service import Liaison
from hub.places.service import Area
from hub.reports import approval
from hub.reports import service as reports
from hub.wards import ground, priorities
from hub.wards.wording import Given


@dataclass(frozen=True)
class Agreed:
    """One agreement, by what tells it from the others; days count from today."""

    reference: str
    provider: str
    datasets: tuple[str, ...]
    duty: str
    power: str
    purpose: str
    items: str
    began_days_ago: int
    ends_in_days: int
    review_in_days: int


_PRESCRIBED = "What the regulations of 2007 prescribe, depersonalised, for each calendar quarter."
_EXPEDIENT = "Knowing where people are hurt is expedient for the strategy against violence; no patient is named."
AGREED = (
    Agreed(
        reference="ISA-01 Council records",
        provider="Council",
        datasets=("council_asb", "environmental_crime"),
        duty=_PRESCRIBED,
        power="",
        purpose="To see where anti-social behaviour and environmental crime gather, and whether what is done helps.",
        items="Category, date, hour and place of each report.",
        began_days_ago=320,
        ends_in_days=410,
        review_in_days=40,
    ),
    Agreed(
        reference="ISA-02 Ambulance calls",
        provider="Ambulance Service",
        datasets=("ambulance",),
        duty=_PRESCRIBED,
        power=_EXPEDIENT,
        purpose="To see violence and drunkenness that nobody tells the police.",
        items="Category, day, hour and outward postcode of each call.",
        began_days_ago=353,
        ends_in_days=12,
        review_in_days=-173,
    ),
    Agreed(
        reference="ISA-03 A&E assaults",
        provider="Hospitals",
        datasets=("hospital_assaults",),
        duty="",
        power=_EXPEDIENT,
        purpose="To see assaults that nobody tells the police.",
        items="Time, method and kind of place of each assault.",
        began_days_ago=750,
        ends_in_days=-20,
        review_in_days=-200,
    ),
)
"""One in force and soon to be reviewed, one about to end, one that ended."""


def agree(viewer: Viewer, borough: Area) -> None:
    """Write the agreements of a borough."""
    for agreed in AGREED:
        agreements.write(viewer, borough.borough_codes, _terms(agreed, borough.name))


def agree_on_ambulances(viewer: Viewer, borough_codes: Collection[str], city: str) -> None:
    """Write the ambulance service's agreement with the partnerships of several boroughs."""
    [agreed] = [each for each in AGREED if "ambulance" in each.datasets]
    agreements.write(viewer, borough_codes, _terms(agreed, city))


def _terms(agreed: Agreed, borough: str) -> Terms:
    today = agreements.today()
    began = today - dt.timedelta(days=agreed.began_days_ago)
    return Terms(
        reference=agreed.reference,
        parties=(
            Party(f"{borough} {agreed.provider}", PartyRole.PROVIDES),
            Party(f"{borough} Community Safety Partnership", PartyRole.RECEIVES),
        ),
        purpose=agreed.purpose,
        duty=agreed.duty,
        power=agreed.power,
        datasets=agreed.datasets,
        data_items=agreed.items,
        granularity="Single incidents, without anything that names a person.",
        frequency="Each quarter",
        marking="OFFICIAL-SENSITIVE",
        security="Kept in the hub alone; seen by the partnership's own people.",
        onward_sharing="None without the provider's consent.",
        retention_months=60,
        owner="Community Safety Manager",
        starts_on=began,
        ends_on=today + dt.timedelta(days=agreed.ends_in_days),
        review_on=today + dt.timedelta(days=agreed.review_in_days),
        signed_on=began,
    )


def keep_ledger(viewer: Viewer, borough: Area) -> None:
    """Record whom to remind in a borough, and one thing that is not held."""
    today = agreements.today()
    ledger.record_liaison(
        viewer,
        borough,
        Liaison(Provider.POLICE, f"{borough.name} Police", "Head of Information", "data@police.example"),
    )
    ledger.record_liaison(
        viewer, borough, Liaison(Provider.FIRE, f"{borough.name} Fire Brigade", "Data Officer", "data@fire.example")
    )
    ledger.say_not_held(
        viewer,
        borough,
        "council-racial-incidents",
        newest_ended(today),
        "The council's equalities lead wrote that none were recorded in this quarter.",
        today,
    )


PRIORITIES = (
    ("Bicycles stolen outside the station", "Patrols at the stands on weekday evenings. Two stands were moved."),
    ("Noise and damage in the park after dark", "The council cut the hedges by the bandstand."),
    ("Homes broken into from the back alleys", ""),
)
"""What ward panels asked for, and what was done so far."""


def set_priorities(officer: Viewer, borough: Area) -> None:
    """Write down three priorities for the first wards of a borough, one of which should have been looked at again."""
    today = agreements.today()
    _, _, wards = ground.newest_wards(officer, borough)
    for code in list(wards.index)[: len(PRIORITIES)]:
        place = ground.ward(officer, borough, str(code))
        for number, (words, note) in enumerate(PRIORITIES):
            review_on = today + dt.timedelta(days=30 * number - 10)
            given = Given(words, "Ward panel, last meeting", today - dt.timedelta(days=70), review_on, note)
            priorities.set_priority(officer, place, given)


WORDS = {
    "introduction": "This update is for members of the council. It sets the latest 12 months beside the 12 before.",
    "actions": "- Patrols at the two stations on Friday and Saturday nights\n"
    "- Better lights and cut hedges along the canal path\n"
    "- Letters to every street where homes were broken into, with advice on locks",
}
"""What the officer wrote in the fictional borough's report."""


def draft_report(officer: Viewer, borough: Area, kind: str) -> UUID:
    """Draft a report of the newest months, with the officer's words in it."""
    report_id = reports.draft(officer, borough, kind, reports.usual_month(officer, borough))
    chosen = reports.sections(officer, borough, report_id)
    reports.edit(officer, borough, report_id, [replace(one, words=WORDS.get(one.key, "")) for one in chosen])
    return report_id


def ask_for_approval(officer: Viewer, borough: Area, report_id: UUID) -> None:
    """Ask that a draft be approved; nobody is written to."""
    approval.ask(officer, borough, report_id, tells=False)


def approve_report(liaison: Viewer, borough: Area, report_id: UUID) -> None:
    """Approve a report as it stands."""
    seen = reports.show(liaison, borough, report_id).digest
    approval.approve(liaison, borough, report_id, seen, numbers_are_checked=True, tells=False)
