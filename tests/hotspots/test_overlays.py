"""What an overlay says: the sentence, and the limits that go with it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from hub.hotspots.facts import Gap
from hub.hotspots.wording import listed, said_baseline, said_months, said_span
from tests.hotspots.overlays_made import made_of_cells, made_of_changes, made_of_kinds, made_of_wards

MONTHS = [dt.date(2025, number, 1) for number in range(1, 13)]


@pytest.mark.parametrize(
    ("months", "said"),
    [
        (MONTHS[:1], "January 2025"),
        (MONTHS, "the 12 months to December 2025"),
        ([MONTHS[0], *MONTHS[2:4]], "the 3 months with data from January 2025 to April 2025"),
    ],
)
def test_a_period_is_said_as_a_person_would(months: list[dt.date], said: str) -> None:
    assert said_months(months) == said


def test_months_are_named_together_where_they_are_together() -> None:
    assert said_span(MONTHS[:1]) == "January 2025"
    assert said_span(MONTHS[:3]) == "Jan 2025 to Mar 2025"
    assert said_span([MONTHS[0], MONTHS[4]]) == "Jan 2025 and May 2025"


def test_no_more_names_than_a_reader_can_take_in() -> None:
    assert listed(["A"]) == "A"
    assert listed(["A", "B", "C"]) == "A, B and C"
    assert listed(["A", "B"], joint="or") == "A or B"
    assert listed(list("ABCDEF"), most=5) == "A, B, C, D and 2 more"


def test_a_result_that_is_not_significant_is_an_answer() -> None:
    wards = made_of_wards("gi_star", counts=[10, 12, 9, 11, 10, 13])
    assert wards.sentence == (
        "In January 2025, no ward of North stood out for burglary: the differences between its 6 wards are no more "
        "than chance would give."
    )
    same = made_of_wards("gi_star", counts=[10] * 6)
    assert same.sentence == "In January 2025, no ward could be tested for burglary: every one has the same count."
    nothing = made_of_wards("rate", counts=[0] * 6)
    assert nothing.sentence == "In January 2025, no offences of burglary were placed in a ward of North."


def test_flags_that_chance_would_give_too_are_said_to_be_that() -> None:
    overlay = made_of_cells("gi_star")
    flagged = len(overlay.hot)
    assert f"{flagged} small areas of 900 in North stood out for burglary" in overlay.sentence
    assert overlay.sentence.endswith("Chance alone would flag fewer than one.")
    by_chance = replace(overlay, scores=replace(overlay.scores, flags_by_chance=float(flagged)))
    assert by_chance.sentence.endswith(f"But chance alone would flag about {flagged}, so do not read much into it.")


def test_each_way_of_showing_has_its_sentence() -> None:
    rates = made_of_wards("rate")
    assert rates.sentence == (
        "In January 2025, burglary per 1,000 residents was highest in Ward 2 (40.0), Ward 3 (35.0) and Ward 1 (8.0); "
        "half of the 6 wards of North had 7.0 or less."
    )
    assert rates.count_sentence == (
        "In January 2025, most offences of burglary in North were in Ward 2 (40), Ward 3 (35) and Ward 1 (8): 3 of 6 "
        "wards, with 83% of the total."
    )
    assert made_of_cells("density").sentence.startswith("In January 2025, burglary was densest in Ward 0: ")


def test_a_change_is_said_with_what_it_is_against() -> None:
    wards = made_of_changes("wards")
    assert wards.sentence == (
        "In January 2025, against the same month a year before (January 2024), burglary rose in 1 of 4 wards of North "
        "by more than chance would explain: Ward 0; it fell in 1: Ward 4; no clear change in the other 2. Chance alone "
        "would flag fewer than one."
    )
    fallen = made_of_changes("wards", before=[100] * 6, now=[20] * 6)
    assert "burglary fell in 6 of 6 wards of North by more than chance would explain: " in fallen.sentence
    assert "other" not in fallen.sentence
    same = made_of_changes("wards", before=[100] * 6, now=[101] * 6)
    assert same.sentence.endswith("burglary changed in none of 6 wards of North by more than chance would explain.")
    few = made_of_changes("wards", before=[1] * 6, now=[2] * 6)
    assert few.sentence.endswith("no ward could be tested for a change in burglary: there are too few in both periods.")
    cells = made_of_changes("cells")
    assert " small areas of North by more than chance would explain, in Ward 0; " in cells.sentence


def test_new_and_fading_hotspots_lead() -> None:
    overlay = made_of_kinds("wards")
    overlay.table["class"] = [
        *["persistent_hot"] * 3,
        "new_hot",
        "historical_hot",
        *["new_cold"] * 4,
        *["no_pattern"] * 87,
    ]
    overlay.table["z"] = 0.0
    assert overlay.sentence == (
        "By December 2025, 1 of 96 wards of North was a new hotspot of burglary: F05000003; 1 was fading: F05000004; "
        "of the others, 3 persistent. Chance alone would flag fewer than one."
    )
    overlay.table["class"] = ["sporadic_hot", *["no_pattern"] * 95]
    assert "none of 96 wards of North was a new hotspot of burglary; of the others, 1 sporadic." in overlay.sentence
    overlay.table["class"] = "not_tested"
    assert "no ward of North could be followed for burglary" in overlay.sentence
    assert "in 12 months) of at most 5%" in overlay.method_words
    assert "Kinds of hotspot follow the 12 months to December 2025" in " ".join(overlay.notes)


def test_a_change_carries_what_a_reader_must_know() -> None:
    known = " ".join(made_of_changes("wards", boundary_set_before="2018").notes)
    assert "(2018 and 2022 wards): 1 of 6 wards are not the same as before, and are not compared." in known
    assert "of different seasons" not in known
    gap = Gap("F09000001", "Alder", tuple(MONTHS[1:2]), is_left_out=False)
    just_before = made_of_changes(
        "wards", now=[100] * 6, before=[90] * 6, months=(MONTHS[2],), months_before=(MONTHS[1],)
    )
    said = " ".join(replace(just_before, gaps=(gap, replace(gap, is_left_out=True))).notes)
    assert "against the month just before (February 2025)" in just_before.sentence
    assert "of different seasons" in said
    assert "have 31 and 28 days" in said
    assert "Alder does not have February 2025 in both periods" in said
    assert "Alder has no data in both periods" in said
    assert "Wards changed" not in said
    assert said_baseline(MONTHS[3:6], MONTHS[:3]) == "the 3 months just before"


def test_limits_go_with_the_figures() -> None:
    notes = " ".join(
        made_of_wards(
            "rate",
            gaps=(Gap("F09000001", "Alder", tuple(MONTHS[1:3]), is_left_out=False),),
            provisional=(MONTHS[0],),
        ).notes
    )
    assert "Alder has no data for February 2025 and March 2025; those months are left out for every borough" in notes
    assert "January 2025 is provisional" in notes
    assert "4 of 100 offences (4%) are not placed in a ward, and are in no figure on the map" in notes
    assert "Rates are by residents." in notes
    assert "nearest of a fixed set of map points" in " ".join(made_of_cells("density").notes)
    assert "use them for strategic choices" in " ".join(made_of_wards("gi_star").notes)


def test_names_inside_a_sentence_keep_their_capitals_only_where_they_are_initials() -> None:
    assert made_of_wards("rate", category="NFIB fraud").topic == "NFIB fraud"
    assert made_of_wards("rate", category="Theft").topic == "theft"
    assert made_of_wards("rate", category="Burglary – residential, home").name == (
        "north-burglary-residential-home-2025-01-to-2025-01-wards-rate"
    )
