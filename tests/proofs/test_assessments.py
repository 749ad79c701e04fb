"""Problems whose truth is known: the same on any number of processors, and judged by the rates that are stated."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from hub import cli
from hub.proofs import assessments
from hub.proofs.assessments import AssessmentsProof

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("proofs")]

SEED = 1


def shares_of(proof: AssessmentsProof) -> dict[tuple[str, str], float]:
    return {(share.what, share.of): share.share for share in proof.shares}


def test_rates_hold_and_the_command_prints_them(
    capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None], is_long: bool
) -> None:
    problems = 2000 if is_long else 120
    status = cli.main(["check", "assessments", "--problems", str(problems), "--seed", str(SEED), "--json"])
    said = json.loads(capsys.readouterr().out)
    figures = {f"{share['what']}: {share['of']}": round(share["share"], 3) for share in said["shares"]}
    record_property("figures", figures)
    assert (said["problems"], said["seed"], said["holds"], status) == (problems, SEED, True, 0), figures
    assert figures["Said to have fallen where the response did nothing: all"] <= 0.05, figures
    assert abs(figures["Intervals that hold the truth: ratio"] - 0.95) <= (0.02 if is_long else 0.05), figures


def test_problems_are_the_same_on_one_processor_and_on_two_and_are_told_in_words() -> None:
    alone, by_two = (assessments.measure(16, 3, print, processes=processes) for processes in (1, 2))
    assert alone == by_two
    assert sum(share.problems for share in alone.shares if share.of.startswith("chosen")) == alone.shares[0].problems
    lines = alone.lines()
    assert lines[0].startswith("16 made-up problems, seed 3")
    assert lines[1] == "Said to have fallen where the response did nothing:"
    assert len(lines) == 1 + len(alone.shares) + len({share.what for share in alone.shares})


def test_truths_of_every_sort_are_made_up_and_moved_incidents_are_conserved() -> None:
    readings = [assessments.read_problem(5, number) for number in range(60)]
    truths = [reading.truth for reading in readings]
    assert {truth.chosen for truth in truths} == {assessments.AT_RANDOM, assessments.HIGH, assessments.HIGH_ALONE}
    assert {truth.ratio for truth in truths} == set(assessments.RATIOS)
    assert not any(truth.is_moved and truth.ratio == 1 for truth in truths)
    assert {(truth.months_before, truth.months_after) for truth in truths} == set(assessments.LENGTHS)
    rules = {reading.assessment.selection.rule for reading in readings if reading.assessment.selection}
    assert rules == {"shrunk", "left_out"}


def test_a_share_that_surely_lies_outside_its_bounds_is_told() -> None:
    def share(number: int, **bounds: float) -> assessments.Share:
        return assessments._share("Something", "all", [position < number for position in range(100)], **bounds)

    assert share(5, at_most=0.05).is_held
    assert share(8, at_most=0.05).is_held
    assert not share(20, at_most=0.05).is_held
    assert share(93, at_least=0.93, at_most=0.97).is_held
    assert not share(80, at_least=0.93, at_most=0.97).is_held
    assert share(0).is_held
    assert str(share(20, at_most=0.05)).endswith("to be at most 5%: DOES NOT HOLD")
    assert not AssessmentsProof(100, 1, (share(5, at_most=0.05), share(20, at_most=0.05))).is_held
