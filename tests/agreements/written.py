"""Agreements as tests write them."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

from hub.agreements.service import today
from hub.agreements.terms import Party, PartyRole, Terms

A_YEAR = dt.timedelta(days=365)


def some_terms(
    reference: str = "ISA-1",
    *,
    datasets: tuple[str, ...] = ("council_asb",),
    starts_on: dt.date | None = None,
    ends_on: dt.date | None = None,
    review_on: dt.date | None = None,
    is_signed: bool = True,
) -> Terms:
    """Terms without a fault: unless told otherwise signed, begun half a year ago, and in force for half a year more."""
    now = today()
    start = starts_on or now - A_YEAR / 2
    end = ends_on or max(start, now) + A_YEAR / 2
    return Terms(
        reference=reference,
        parties=(Party("Alder Council", PartyRole.PROVIDES), Party("Alder CSP", PartyRole.RECEIVES)),
        purpose="To see where anti-social behaviour gathers.",
        duty="What SI 2007/1831 prescribes for councils.",
        power="",
        datasets=datasets,
        data_items="Category, date, time and place of each report.",
        granularity="Single reports",
        frequency="Each quarter",
        marking="OFFICIAL-SENSITIVE",
        security="Kept in the hub alone.",
        onward_sharing="None without the council's consent.",
        retention_months=60,
        owner="Community Safety Manager",
        starts_on=start,
        ends_on=end,
        review_on=review_on or end,
        signed_on=min(start, now) if is_signed else None,
    )


def as_form(terms: Terms) -> dict[str, Any]:
    """Terms as a browser sends them."""
    sent = {name: value for name, value in asdict(terms).items() if value is not None and name != "parties"}
    sent = {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in sent.items()}
    for number, party in enumerate(terms.parties):
        sent |= {f"parties-{number}-name": party.name, f"parties-{number}-role": party.role.value}
    return {**sent, "datasets": list(terms.datasets), "retention_months": str(terms.retention_months)}
