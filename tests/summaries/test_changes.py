"""What a summary says of a change is no more than the figures bear."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hub.access import Released
from hub.summaries.changes import (
    Change,
    Figure,
    Verdict,
    beside,
    changes,
    first_words,
    group_sentence,
    headline,
    likely_rates,
    rate_sentence,
    rates,
    together,
    ward_sentence,
)

NAN = np.nan
PERIOD = "12 months to January 2026"
IN_CAMDEN = f"in Camden in the {PERIOD}."


def shown(counts: Sequence[float]) -> Released:
    """Exact counts; NaN where not known."""
    yes = np.ones(len(counts), dtype=bool)
    return Released(np.array(counts, dtype=float), ~yes, yes, is_rounded=False)


def hidden(count: int) -> Released:
    """As many lines as asked for, each of them hidden."""
    yes = np.ones(count, dtype=bool)
    return Released(np.full(count, NAN), yes, ~yes, is_rounded=True)


def hidden_last(lines: int) -> tuple[np.ndarray, np.ndarray]:
    """Which lines are hidden, the last one only, and which are exact: none."""
    return np.arange(lines) == lines - 1, np.zeros(lines, np.bool_)


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
            "Recorded crime in Camden fell by about a tenth in the 12 months to January 2026.",
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
    assert headline("Camden", PERIOD, total, "offences", 5) == said


def test_the_groups_are_told_largest_first() -> None:
    named = [
        ("Robbery", change(100, 98, Verdict.NO_CLEAR_CHANGE)),
        ("Burglary", change(400, 500, Verdict.FELL)),
        ("Theft", change(1500, 1000, Verdict.ROSE)),
    ]
    assert group_sentence(named) == (
        "Theft rose by about half and burglary fell by about a fifth. "
        "In 1 of 3 offence groups there was no clear change."
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


def test_wards_above_the_boroughs_rate_are_named_as_given_and_not_ranked() -> None:
    assert rate_sentence(["Ash", "Elm"], 3) == (
        "For the people who live there, recorded crime is above the borough's rate in Ash and Elm and below it in "
        "3 wards."
    )
    assert rate_sentence([], 1) == (
        "For the people who live there, recorded crime is below the rate of the borough in 1 ward."
    )
    assert rate_sentence([], 0) == ""


def test_a_ward_is_above_or_below_only_by_more_than_chance() -> None:
    counted = Released(np.array([400.0, 300.0, 405.0, NAN]), *hidden_last(4), is_rounded=True)
    likely = likely_rates(counted, [10_000.0] * 4)
    assert [beside(ends, 36.5) for ends in likely] == ["", "below", "above", ""]
    assert likely[0] == pytest.approx((36.18, 44.12), abs=0.01)
    assert (likely[-1], beside(likely[0], None)) == (None, "")


# --- The first words -------------------------------------------------------------------------------------------------


def test_the_first_words_name_up_to_two_measures_the_largest_changes_first() -> None:
    burglary = ("Burglary", change(900, 1000, Verdict.FELL))
    theft = ("Theft", change(1500, 1000, Verdict.ROSE))
    robbery = ("Robbery", change(100, 98, Verdict.NO_CLEAR_CHANGE))
    homicide = ("Homicide", change(None, None, Verdict.NOT_COMPARABLE))

    def said(*named: tuple[str, Change]) -> str:
        return first_words("Camden", "January 2026", named)

    assert said(homicide, robbery, burglary) == (
        "Burglary fell by about a tenth in Camden in the year to January 2026; robbery did not change more than chance "
        "would explain."
    )
    assert said(burglary, robbery, theft) == (
        "Theft rose by about half in Camden in the year to January 2026; burglary fell by about a tenth."
    )
    assert said(robbery, ("All recorded crime", change(900, 910, Verdict.NO_CLEAR_CHANGE))) == (
        "There was no clear change in robbery and all recorded crime in Camden in the year to January 2026."
    )
    assert said(homicide) == ""


def test_one_figure_has_one_verdict_among_all_that_are_read_together() -> None:
    total, groups = together([(shown([140]), shown([100])), (shown([140, *[100] * 39]), shown([100] * 40))])
    assert total[0].verdict is groups[0].verdict is Verdict.NO_CLEAR_CHANGE
    assert together([(shown([]), shown([]))]) == [[]]


def test_a_change_has_its_interval_and_no_percentage_on_a_small_base() -> None:
    few, many, none = changes(shown([40, 800, 9]), shown([29, 1000, 0]))
    assert (few.percent, few.percent_between) == (None, None)
    assert many.percent_between == pytest.approx((-27.1, -12.1), abs=0.2)
    assert none.ratio is not None
    assert (none.ratio.counted, none.percent_between) == (None, None)
