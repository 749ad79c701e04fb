"""What a summary says of a change is no more than the figures bear."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hub.access import Released
from hub.summaries.measures import (
    Change,
    Figure,
    Verdict,
    changes,
    group_sentence,
    headline,
    rate_sentence,
    rates,
    ward_sentence,
)

NAN = np.nan
PERIOD = "12 months to January 2026"
IN_CAMDEN = f"in Camden in the {PERIOD}."


def shown(counts: Sequence[float]) -> Released:
    """Exact counts; NaN where not known."""
    return Released(np.array(counts, dtype=float), np.zeros(len(counts), dtype=bool), is_rounded=False)


def hidden(count: int) -> Released:
    """As many lines as asked for, each of them hidden."""
    return Released(np.full(count, NAN), np.ones(count, dtype=bool), is_rounded=True)


def change(latest: int | None, before: int | None, verdict: Verdict) -> Change:
    return Change(Figure(latest), Figure(before), verdict)


# --- Verdicts --------------------------------------------------------------------------------------------------------


def test_a_large_fall_is_called_a_fall_and_a_small_one_is_not() -> None:
    fell, still, rose = changes(shown([800, 990, 400]), shown([1000, 1000, 250]))
    assert (fell.verdict, still.verdict, rose.verdict) == (Verdict.FELL, Verdict.NO_CLEAR_CHANGE, Verdict.ROSE)
    assert (fell.difference, fell.percent) == (-200, -20.0)


def test_a_change_that_stands_alone_does_not_stand_among_many() -> None:
    assert changes(shown([140]), shown([100]))[0].verdict is Verdict.ROSE
    among_many = changes(shown([140, *[100] * 39]), shown([100] * 40))
    assert among_many[0].verdict is Verdict.NO_CLEAR_CHANGE


def test_no_percentage_on_a_base_under_thirty() -> None:
    assert change(58, 29, Verdict.ROSE).percent is None
    assert change(60, 30, Verdict.ROSE).percent == 100.0
    assert change(5, 0, Verdict.ROSE).percent is None


def test_what_is_not_known_is_not_compared() -> None:
    (unknown,) = changes(shown([120]), shown([NAN]))
    assert (unknown.verdict, unknown.before, unknown.difference) == (Verdict.NOT_COMPARABLE, Figure(None), None)


def test_what_is_hidden_is_not_compared_and_says_that_it_is_hidden() -> None:
    (secret,) = changes(hidden(1), shown([120]))
    assert (secret.verdict, secret.latest, secret.percent) == (
        Verdict.NOT_COMPARABLE,
        Figure(None, is_hidden=True),
        None,
    )


def test_every_verdict_has_a_mark_of_its_own() -> None:
    assert len({verdict.arrow for verdict in Verdict}) == len(Verdict)


def test_rates_need_residents() -> None:
    assert rates(np.array([65.0, 10.0, NAN]), np.array([12_000.0, NAN, 500.0])) == [pytest.approx(5.416667), None, None]


# --- Sentences -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "said"),
    [
        (
            change(900, 1000, Verdict.FELL),
            "Recorded crime in Camden fell by about 10% in the 12 months to January 2026.",
        ),
        (
            change(40, 20, Verdict.ROSE),
            "Recorded crime in Camden rose in the 12 months to January 2026.",
        ),
        (
            change(990, 1000, Verdict.NO_CLEAR_CHANGE),
            "There was no clear change in recorded crime in Camden in the 12 months to January 2026.",
        ),
        (
            change(1990, None, Verdict.NOT_COMPARABLE),
            f"1,990 offences were recorded {IN_CAMDEN} There is no year to compare with.",
        ),
        (
            change(None, 1000, Verdict.NOT_COMPARABLE),
            "There are no complete figures for Camden in the 12 months to January 2026.",
        ),
        (
            Change(Figure(None, is_hidden=True), Figure(20), Verdict.NOT_COMPARABLE),
            f"Fewer than 5 offences were recorded {IN_CAMDEN} That is too few to compare.",
        ),
        (
            Change(Figure(20), Figure(None, is_hidden=True), Verdict.NOT_COMPARABLE),
            f"20 offences were recorded {IN_CAMDEN} That is too few to compare.",
        ),
    ],
)
def test_the_headline_says_how_much_or_why_it_does_not(total: Change, said: str) -> None:
    assert headline("Camden", PERIOD, total, "offences") == said


def test_the_groups_are_told_largest_first() -> None:
    named = [
        ("Robbery", change(100, 98, Verdict.NO_CLEAR_CHANGE)),
        ("Burglary", change(400, 500, Verdict.FELL)),
        ("Theft", change(1500, 1000, Verdict.ROSE)),
    ]
    assert group_sentence(named) == (
        "Theft rose by about 50% and burglary fell by about 20%. In 1 of 3 offence groups there was no clear change."
    )
    assert group_sentence(named[:1]) == "In 1 of 1 offence group there was no clear change."


def test_more_than_three_groups_are_counted_and_names_keep_their_capitals() -> None:
    moved = [(name, change(size, 100, Verdict.ROSE)) for size, name in enumerate(("Drugs", "Theft", "Fire"), 200)]
    moved.append(("NFIB fraud", change(900, 100, Verdict.ROSE)))
    assert group_sentence(moved) == (
        "NFIB fraud rose by about 800%, fire rose by about 102% and theft rose by about 101%. "
        "1 other group changed too."
    )


def test_nothing_is_said_of_what_cannot_be_compared() -> None:
    unknown = [("Robbery", change(100, None, Verdict.NOT_COMPARABLE))]
    assert (group_sentence(unknown), ward_sentence(unknown), ward_sentence([])) == ("", "", "")


def test_wards_are_told_by_where_crime_rose_and_where_it_fell() -> None:
    rose, fell = (
        [(f"{word} {n}", verdict_of(n)) for n in range(1, 6)]
        for word, verdict_of in (
            ("Up", lambda n: change(100 + 10 * n, 100, Verdict.ROSE)),
            ("Down", lambda n: change(100 - n, 100, Verdict.FELL)),
        )
    )
    still = [("Still", change(100, 100, Verdict.NO_CLEAR_CHANGE))]
    assert ward_sentence([*rose, *fell, *still]) == (
        "Recorded crime rose in Up 5, Up 4, Up 3 and 2 more, and fell in Down 5, Down 4, Down 3 and 2 more."
    )
    assert ward_sentence([*fell[:1], *still]) == "Recorded crime fell in Down 1."
    assert ward_sentence(still) == "No ward had a clear change in recorded crime."


def test_the_highest_rates_are_named_only_among_many() -> None:
    wards = [(f"Ward {n}", float(n)) for n in range(1, 8)]
    assert rate_sentence([*wards, ("Unknown", None)]) == (
        "Ward 7 (7), Ward 6 (6) and Ward 5 (5) had the most for every 1,000 people who live there."
    )
    assert rate_sentence(wards[1:]) == ""
