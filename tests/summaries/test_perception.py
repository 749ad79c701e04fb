"""What people say: shares with their ranges, changes judged together, and the published survey of real boroughs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hub.measures.definitions import Kind, Measure, shipped
from hub.summaries.changes import LARGEST_Q_OF_SURVEYS, Verdict
from hub.summaries.perception import opinions, public_attitudes
from hub.words import months_before

SURVEY = public_attitudes()
LAST = dt.date(2023, 12, 1)
BEFORE = months_before(LAST, 12)
ASKED = tuple(one for one in shipped().measures if one.kind is Kind.PERCEPTION)


def answers(*pairs: tuple[float, float]) -> dict[str, dict[dt.date, float]]:
    """For each measure in turn, the share a year before and the latest."""
    return {one.questions[0]: {BEFORE: before, LAST: after} for one, (before, after) in zip(ASKED, pairs, strict=False)}


def test_a_share_comes_with_its_range_and_a_change_with_a_verdict() -> None:
    found = opinions(ASKED, answers((0.60, 0.45), (0.50, 0.50), (0.55, 0.60)), SURVEY)
    fell, same, unclear = (found[one.code] for one in ASKED[:3])
    assert len(found) == 3
    assert (fell.verdict, same.verdict, unclear.verdict) == (
        Verdict.FELL,
        Verdict.NO_CLEAR_CHANGE,
        Verdict.NO_CLEAR_CHANGE,
    )
    assert (round(fell.latest.lower), round(fell.latest.upper)) == (40, 51)
    assert round(fell.points or 0) == -15
    assert fell.points_upper is not None
    assert fell.points_upper < 0
    assert fell.compared == 3


def test_a_question_keeps_its_series_under_either_name_and_later_answers_are_left_out() -> None:
    trust = next(one for one in ASKED if len(one.questions) == 2)
    told = {trust.questions[0]: {BEFORE: 0.7}, trust.questions[1]: {LAST: 0.71, dt.date(2024, 3, 1): 0.9}}
    found = opinions(ASKED, told, SURVEY, LAST)
    assert [round(each.percent) for each in found[trust.code].series] == [70, 71]
    assert opinions(ASKED, {}, SURVEY) == {}
    alone = opinions(ASKED, {trust.questions[0]: {LAST: 0.7}}, SURVEY)[trust.code]
    assert (alone.before, alone.verdict, alone.compared) == (None, Verdict.NOT_COMPARABLE, 0)


def test_where_nobody_changed_their_mind_few_boards_say_that_people_did() -> None:
    """Real draws of the survey's effective size: the share of boards of eight questions that claim any change."""
    rng, size, boards = np.random.default_rng(6), round(SURVEY.size), 1_000
    truth = rng.uniform(0.2, 0.8, (boards, len(ASKED)))
    drawn = rng.binomial(size, truth[..., None], (boards, len(ASKED), 2)) / size
    claims = sum(
        any(one.verdict in {Verdict.ROSE, Verdict.FELL} for one in opinions(ASKED, answers(*pairs), SURVEY).values())
        for pairs in drawn
    )
    print(f"{claims} of {boards} boards without a change claim one")
    assert claims / boards <= LARGEST_Q_OF_SURVEYS + 0.01


def published(path: Path) -> pd.DataFrame:
    rows = pd.read_csv(path, usecols=["Date", "Borough", "Measure", "Proportion"])
    return rows.assign(
        month=[date.date().replace(day=1) for date in pd.to_datetime(rows["Date"], dayfirst=True)],
        share=rows["Proportion"].str.replace(",", ".").astype(float),
    )


def test_every_borough_of_the_published_survey_has_every_question_and_the_shares_are_its_own(
    real_data: Path,
) -> None:
    rows = published(real_data / "partner" / "mopac-pas-borough-201412-202312.csv")
    assert set(rows["Measure"]) <= {name for one in ASKED for name in one.questions}
    boroughs = rows.assign(Borough=rows["Borough"].str.casefold()).groupby("Borough")
    assert len(boroughs) == 32
    for borough, part in boroughs:
        told = {
            str(name): dict(zip(each["month"], each["share"], strict=True)) for name, each in part.groupby("Measure")
        }
        found = opinions(ASKED, told, SURVEY, LAST)
        assert len(found) == len(set(part["Measure"])), borough
        for one in found.values():
            name = _name(one.measure, told)
            assert one.latest.percent == pytest.approx(100 * told[name][max(told[name])]), borough
            assert one.latest.lower < one.latest.percent < one.latest.upper, borough


def _name(measure: Measure, told: dict[str, dict[dt.date, float]]) -> str:
    return next(name for name in measure.questions if name in told)
