"""When an agreement is in force, and when it is spoken of: by its dates alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import pytest

from hub.agreements.standing import Matter, Standing, in_force, notices, standing

START, END = dt.date(2026, 4, 1), dt.date(2027, 3, 31)
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Version:
    number: int = 1
    starts_on: dt.date = START
    ends_on: dt.date = END
    review_on: dt.date = END  # of no interest, since the end is the same day
    signed_on: dt.date | None = START - DAY
    is_ended: bool = False


FIRST = Version()
RENEWED = Version(2, END + DAY, END + 365 * DAY, END + 365 * DAY, END - 30 * DAY)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (START - DAY, Standing.NOT_YET),
        (START, Standing.IN_FORCE),
        (END, Standing.IN_FORCE),
        (END + DAY, Standing.EXPIRED),
    ],
)
def test_it_is_in_force_from_its_first_day_to_its_last(on: dt.date, expected: Standing) -> None:
    assert standing(FIRST, [FIRST], on) == expected
    assert (in_force([FIRST], on) is FIRST) == (expected is Standing.IN_FORCE)


def test_nothing_is_in_force_that_is_not_signed_or_was_ended() -> None:
    draft, ended = replace(FIRST, signed_on=None), replace(FIRST, is_ended=True)
    assert standing(draft, [draft], START) is Standing.DRAFT
    assert standing(ended, [ended], START) is Standing.ENDED
    assert in_force([draft], START) is in_force([ended], START) is None
    signed_late = replace(FIRST, signed_on=START + 9 * DAY)
    assert in_force([signed_late], START + 8 * DAY) is None
    assert in_force([signed_late], START + 9 * DAY) is signed_late


def test_a_renewal_follows_without_a_gap_and_a_draft_changes_nothing() -> None:
    draft = replace(RENEWED, number=3, starts_on=START, signed_on=None)
    versions = [FIRST, RENEWED, draft]
    assert in_force(versions, END) is FIRST
    assert in_force(versions, END + DAY) is RENEWED
    assert standing(FIRST, versions, END + DAY) is Standing.REPLACED
    assert standing(RENEWED, versions, END) is Standing.NOT_YET
    assert standing(draft, versions, END) is Standing.DRAFT


def test_a_newer_version_that_has_begun_holds_though_the_older_would_last_longer() -> None:
    shorter = replace(FIRST, number=2, starts_on=START + 30 * DAY, ends_on=START + 60 * DAY)
    assert in_force([FIRST, shorter], START + 30 * DAY) is shorter
    assert in_force([FIRST, shorter], START + 61 * DAY) is None
    assert standing(shorter, [FIRST, shorter], START + 61 * DAY) is Standing.EXPIRED


@pytest.mark.parametrize(
    ("days_left", "expected"),
    [(61, []), (60, [(60, False)]), (15, [(15, False)]), (14, [(14, True)]), (0, [(0, True)])],
)
def test_its_end_is_announced_two_months_ahead_and_is_urgent_two_weeks_ahead(
    days_left: int, expected: list[tuple[int, bool]]
) -> None:
    for version, matter in ((FIRST, Matter.ENDS), (replace(FIRST, ends_on=END + 365 * DAY), Matter.REVIEW)):
        found = notices([version], END - days_left * DAY)
        assert [(notice.days, notice.is_urgent) for notice in found] == expected
        assert all((notice.matter, notice.day) == (matter, END) for notice in found)


def test_what_is_past_is_said_until_it_is_seen_to() -> None:
    [expired] = notices([FIRST], END + 3 * DAY)
    assert (expired.matter, expired.days) == (Matter.EXPIRED, -3)
    reviewed_late = replace(FIRST, review_on=START + 30 * DAY)
    [review] = notices([reviewed_late], START + 40 * DAY)
    assert (review.matter, review.days, review.is_urgent) == (Matter.REVIEW, -10, True)
    assert notices([FIRST, RENEWED], END - 3 * DAY) == []
    assert [notice.matter for notice in notices([FIRST, replace(RENEWED, signed_on=None)], END)] == [Matter.ENDS]
    both = notices([replace(FIRST, review_on=END - DAY)], END - 9 * DAY)
    assert [(notice.matter, notice.days) for notice in both] == [(Matter.ENDS, 9), (Matter.REVIEW, 8)]
    assert notices([replace(FIRST, is_ended=True)], END + DAY) == []


def test_a_gap_before_the_renewal_is_still_announced() -> None:
    after_a_gap = replace(RENEWED, starts_on=END + 2 * DAY)
    assert Matter.ENDS in {notice.matter for notice in notices([FIRST, after_a_gap], END)}
    assert [notice.matter for notice in notices([FIRST, after_a_gap], END + DAY)] == [Matter.EXPIRED]
    assert notices([FIRST, after_a_gap], END + 2 * DAY) == []
