"""Police beside another agency: gaps planted and found, chance, and who may see the two together."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from geo.boundaries import queen_neighbours
from geo.hotspots import benjamini_hochberg, gi_star
from geo.permutation import exact_tails
from hub.access import Role
from hub.accounts import service as accounts
from hub.agreements import service as agreements
from hub.agreements.service import NoAgreement
from hub.db import Database
from hub.errors import BadRequest
from hub.hotspots import agencies, service
from tests.agreements.written import some_terms
from tests.conftest import HOME, SIBLING
from tests.hotspots.figures_given import Figures, area_of, month, viewing
from tests.hotspots.overlays_made import made_of_agencies, square_wards
from tests.hotspots.test_service import EAST, WEST, ask, burglaries

OFFICER = Role.CSP_OFFICER


def test_each_agency_is_tested_on_its_own_counts_and_both_are_corrected_together() -> None:
    overlay = made_of_agencies("wards")
    table = overlay.table
    neighbours = queen_neighbours(overlay.outlines.to_frame("geometry").set_geometry("geometry"))
    p = []
    for count, z in (("count", "z"), ("count_beside", "z_beside")):
        np.testing.assert_allclose(table[z], gi_star(table[count].to_numpy(), neighbours))
        p.append(exact_tails(table[count].to_numpy(), neighbours, own_is_held=False).two_sided)
    np.testing.assert_allclose(np.concatenate([table["q"], table["q_beside"]]), benjamini_hochberg(np.concatenate(p)))
    for places, name in (([0, 1, 12, 13], "police_only"), ([82, 83, 94, 95], "quiet_gap"), ([10, 11, 22, 23], "both")):
        assert set(table["class"].iloc[places]) == {name}
    assert (overlay.total - table["count"].sum(), overlay.total_beside - table["count_beside"].sum()) == (4, 3)


def test_the_gap_leads_the_sentence() -> None:
    said = made_of_agencies("wards").sentence
    assert said.startswith("In January 2025, ambulance calls in North concentrate in F05007")
    assert ", where police record no more burglary than elsewhere, and fewer in" in said
    assert "Both do in " in said
    assert "police figures alone do in " in said
    assert said.endswith("Chance alone would flag fewer than one.")
    known = made_of_agencies("wards").notes
    assert any("gap is a question, not a finding" in note for note in known)
    assert any("ambulance calls are not placed in a ward" in note for note in known)
    cells = made_of_agencies("cells").sentence
    assert " small areas of Ward 0, where police record no more burglary than elsewhere." in cells
    nothing = made_of_agencies("wards")
    nothing.table["class"] = "neither"
    assert nothing.sentence == (
        "In January 2025, neither burglary nor ambulance calls concentrate in any of 96 wards of North."
    )
    nothing.table["class"] = "both"
    assert "there is no ward of North in which ambulance calls concentrate and burglary does not. Both do" in (
        nothing.sentence
    )
    nothing.table["class"] = "not_tested"
    assert "no ward of North could be tested for both burglary and ambulance calls" in nothing.sentence


def test_where_neither_has_structure_next_to_nothing_is_flagged() -> None:
    rng, wards = np.random.default_rng(11), square_wards(8, 12)
    cities = []
    for _ in range(40):
        police, other = (pd.Series(rng.poisson(40, 96), wards.index, dtype=float) for _ in range(2))
        scores = agencies.compare_wards(wards, police, other, total=0, total_beside=0)
        cities.append((scores.table["class"] != "neither").any())
    assert np.mean(cities) <= 0.1


def test_no_gap_is_claimed_where_police_figures_are_high_but_not_past_the_correction() -> None:
    wards, rng, corner = square_wards(8, 12), np.random.default_rng(6), [82, 83, 94, 95]
    police, other = (pd.Series(rng.poisson(100, 96), wards.index, dtype=float) for _ in range(2))
    other.iloc[corner] += 150
    found = {}
    for more in (0, 15):
        high = police.copy()
        high.iloc[corner] += more
        found[more] = agencies.compare_wards(wards, high, other, total=0, total_beside=0).table.iloc[95]
    assert found[0]["class"] == "gap"
    assert found[0]["p"] > 0.05
    assert found[15]["class"] == "both"
    assert found[15]["p"] < 0.05 < found[15]["q"]


def test_a_ward_that_either_does_not_know_is_not_tested() -> None:
    wards = square_wards(1, 6)
    police = pd.Series([5.0, 8, 40, 35, 6, 2], wards.index)
    scores = agencies.compare_wards(wards, police, police.iloc[:5] * 2, total=96, total_beside=188)
    assert (scores.table["class"] == "not_tested").tolist() == [False] * 5 + [True]
    assert scores.unplaced_beside == 0


def calls(*places: tuple[float, float], at: dt.date | None = None) -> pd.DataFrame:
    return pd.DataFrame(places, columns=["easting", "northing"]).assign(category="Assault", month=at or month(1))


def agree(database: Database, email: str, *datasets: str) -> None:
    with database.writing() as session:
        viewer = accounts.viewer_by_email(session, email)
        agreements.write(viewer, (HOME,), some_terms(datasets=datasets))


def test_another_agency_is_seen_beside_police_only_under_an_agreement(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.ward_counts(HOME, burglaries(0, 5, 10))
    live.ward_counts(HOME, burglaries(0, 6, 9, at=month(2)))
    asked = {"method": "agencies", "last_month": month(2)}
    with viewing(database, people[OFFICER]) as officer:
        with pytest.raises(BadRequest, match="no month of the 2 months to February 2025 in common"):
            ask(officer, **asked)
        assert service.choices(officer, area_of(officer, HOME)).beside == {}
    live.points(HOME, calls((10, 10), (20, 10), (1990, 10), (np.nan, np.nan)), dataset="ambulance")
    live.points(HOME, calls((30, 30)), dataset="stop_and_search")
    for more in ({}, {"beside": "ambulance"}):
        with viewing(database, people[OFFICER]) as officer, pytest.raises(NoAgreement):
            ask(officer, **asked, **more)
    agree(database, people[OFFICER], "ambulance")
    with viewing(database, people[OFFICER]) as officer:
        found = ask(officer, **asked)
        offered = service.choices(officer, area_of(officer, HOME)).beside
        for key in ("stop_and_search", "street_points", "met_dashboard", "perception", "rumours"):
            with pytest.raises(BadRequest, match=f"cannot be set beside '{key}'"):
                ask(officer, **asked, beside=key)
        with pytest.raises(BadRequest, match="Fire brigade incidents and"):
            ask(officer, **asked, beside="fire")
    assert offered == {"ambulance": "Ambulance calls"}
    assert found.months == (month(1),)
    assert found.table["count"].to_dict() == {WEST: 5, EAST: 10}
    assert found.table["count_beside"].to_dict() == {WEST: 2, EAST: 1}
    assert (found.total, found.total_beside, found.scores.unplaced_beside) == (15, 4, 1)
    assert any(
        "does not have both Met ward-level counts and Ambulance calls for February 2025" in n for n in found.notes
    )
    assert "Ambulance calls, extract of 3 February 2026" in found.source_words
    assert found.inputs["beside"] == "ambulance"


def test_a_borough_that_has_only_one_of_the_two_is_left_out(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    for borough, code in ((0, HOME), (1, SIBLING)):
        live.ward_counts(code, burglaries(borough, 5, 10))
    live.points(HOME, calls((10, 10), (1990, 10)), dataset="fire")
    with viewing(database, people[Role.BCU_COMMANDER]) as commander:
        found = ask(commander, "north", method="agencies")
    assert [gap.borough_code for gap in found.gaps if gap.is_left_out] == [SIBLING]
    assert found.table["count"].notna().sum() == found.table["count_beside"].notna().sum() == 2
    assert (found.total, found.total_beside) == (15, 2)
    for code in (HOME, SIBLING):
        live.points(code, calls((10, 10)), dataset="other_points")
    with viewing(database, people[Role.BCU_COMMANDER]) as commander:
        assert ask(commander, "north", method="agencies").beside.dataset == "other_points"
        assert ask(commander, "north", method="agencies", beside="fire").beside.dataset == "fire"
