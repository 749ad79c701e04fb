"""Commands that check what the maps are worth."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from hub.access import Permission
from hub.cli.frame import (
    AddCommand,
    add_person,
    count_of,
    opened_hub,
    percent_of,
    say,
    say_aside,
    viewer_of,
)


def check_planted(chosen: argparse.Namespace) -> dict[str, Any]:
    """Ask the map for each hotspot that is hidden in the fictional city, and tell which it finds."""
    from hub.proofs import planted

    proof = planted.prove_planted(chosen.data, say_aside)
    say(chosen, *proof.lines())
    return proof.as_dict() | {"exit_status": 0 if proof.is_held else 1}


def check_false_flags(chosen: argparse.Namespace) -> dict[str, Any]:
    """Count what the maps flag in cities without structure, against the rate that they state."""
    from hub.proofs import false_flags

    measured = false_flags.measure(chosen.cities, chosen.seed, say_aside)
    say(chosen, *measured.lines())
    return measured.as_dict() | {"exit_status": 0 if measured.is_held else 1}


def check_change_claims(chosen: argparse.Namespace) -> dict[str, Any]:
    """Count how often summaries claim a change where nothing changed, and what they name of planted ones."""
    from hub.proofs import change_claims

    measured = change_claims.measure(chosen.boroughs, chosen.seed, say_aside)
    say(chosen, *measured.lines())
    return measured.as_dict() | {"exit_status": 0 if measured.is_held else 1}


def check_assessments(chosen: argparse.Namespace) -> dict[str, Any]:
    """Assess made-up responses whose truth is known, and tell how often they are judged wrongly."""
    from hub.proofs import assessments

    proof = assessments.measure(chosen.problems, chosen.seed, say_aside)
    say(chosen, *proof.lines())
    return proof.as_dict() | {"exit_status": 0 if proof.is_held else 1}


def check_back_test(chosen: argparse.Namespace) -> dict[str, Any]:
    """Tell what each method for small areas would have met in the months that are live."""
    from hub.places import service as places
    from hub.proofs import back_test

    with opened_hub() as database, database.reading() as session:
        viewer = viewer_of(session, chosen.email)
        tested = back_test.back_test(
            viewer,
            places.area(viewer, chosen.area, Permission.OVERLAY_READ),
            category=chosen.category,
            dataset=chosen.dataset,
            training_months=chosen.training_months,
            area_share=chosen.percent / 100,
            cell_metres=chosen.cell_metres,
        )
    say(chosen, *tested.lines())
    return tested.as_dict()


def check_disclosure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Try to work out hidden counts from all that readers of summaries can fetch."""
    from hub.proofs import disclosure

    with opened_hub() as database, database.reading() as session:
        proof = disclosure.prove(viewer_of(session, chosen.email), say_aside)
    say(chosen, *proof.lines())
    return proof.as_dict() | {"exit_status": 0 if proof.is_held else 1}


def offer(add: AddCommand, checks: Any) -> None:
    """Offer these commands."""
    planting = add("planted", check_planted, to=checks)
    planting.add_argument(
        "--data", type=Path, metavar="FOLDER", help="a demonstration that 'hub demo' made; else one is"
    )

    add_person(add("disclosure", check_disclosure, to=checks))

    dealing = add("false-flags", check_false_flags, to=checks)
    dealing.add_argument("--cities", type=count_of, default=200, metavar="N")
    dealing.add_argument("--seed", type=count_of, default=1, metavar="N")

    claiming = add("change-claims", check_change_claims, to=checks)
    claiming.add_argument("--boroughs", type=count_of, default=1_000, metavar="N")
    claiming.add_argument("--seed", type=count_of, default=1, metavar="N")

    assessing = add("assessments", check_assessments, to=checks)
    assessing.add_argument("--problems", type=count_of, default=2000, metavar="N")
    assessing.add_argument("--seed", type=count_of, default=1, metavar="N")

    trying = add("back-test", check_back_test, to=checks)
    trying.add_argument("--area", required=True, metavar="BOROUGH_CODE|BCU_NAME|london")
    trying.add_argument("--category", metavar="NAME", help="an offence group or subgroup; each group unless given")
    trying.add_argument("--dataset", metavar="KIND", help="of points; street-level points unless given")
    trying.add_argument("--training-months", type=count_of, default=3, metavar="N", help="how many a method is given")
    trying.add_argument("--percent", type=percent_of, default=1.0, metavar="P", help="of the area, for all methods")
    trying.add_argument("--cell-metres", type=count_of, metavar="N")
    add_person(trying)
