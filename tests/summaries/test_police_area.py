"""A borough beside the whole police area: told of all boroughs together or not at all, and nothing else is opened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd
import pytest

from hub.accounts import service as accounts
from hub.db import Database, Scope
from hub.places import service as places
from hub.proofs.readings import as_aggregate_reader
from hub.summaries import service
from hub.uploads import figures
from tests.conftest import LONDONS_ADMINISTRATOR
from tests.hotspots.figures_given import Figures
from tests.summaries.counted import LAST, MONTHS

CITY, CAMDEN, BARNET = "E09000001", "E09000007", "E09000003"
A_MONTH = 50
"""Burglaries in one ward of each borough."""


def burglaries(ward: str, months: Sequence[dt.date]) -> pd.DataFrame:
    """As many in each month."""
    named = {"ward_code": ward, "offence_group": "Burglary", "offence_subgroup": "", "count": A_MONTH}
    return pd.DataFrame({"month": months}).assign(**named)


def read_as_leader(database: Database) -> service.Summary:
    """Camden's page, in a session that is fenced to Camden, and stays so."""
    with database.reading() as session:
        administrator = accounts.viewer_by_email(session, LONDONS_ADMINISTRATOR)
        session.set_scope(Scope(frozenset({CAMDEN})))
        leader = as_aggregate_reader(administrator, CAMDEN)
        found = service.summary(leader, CAMDEN)
        assert figures.coverage(leader, [BARNET]).empty, "the reader's own fence stands again"
        assert not figures.coverage(leader, [CAMDEN]).empty
    return found


@pytest.mark.slow
def test_the_area_is_told_only_where_every_borough_has_every_month(database: Database, londoners: None) -> None:
    given = Figures(database)
    with database.reading() as session:
        edition = next(one.id for one in places.boundary_sets(session) if one.code == "2022")
        wards = places.wards(session, edition).reset_index().groupby("borough_code")["ward_code"].first().drop(CITY)
        residents = sum(one.residents for one in places.borough_residents(session, set(wards.index)).values())
    for code, ward in wards.items():
        given.ward_counts(str(code), burglaries(ward, MONTHS[:-1] if code == BARNET else MONTHS))
    late = read_as_leader(database)
    assert late.last_month == LAST
    assert late.police_area is None, "one borough is a month behind, and the rest would tell of it"
    given.ward_counts(BARNET, burglaries(wards[BARNET], [LAST]))
    area = read_as_leader(database).police_area
    assert area is not None
    assert (area.boroughs, area.residents) == (32, residents)
    assert area.rates["burglary"] == round(1000 * len(wards) * 12 * A_MONTH / residents, 1)
    assert "robbery" not in area.rates, "what is fewer than five is hidden here too"
