"""Harm of a borough by year, worked by hand; and the published rates of violence, from counts and residents."""

from __future__ import annotations

import pandas as pd
import pytest

from geo.harm import default_weights
from hub.outcomes.harm import harm_of
from hub.summaries.changes import rates
from hub.words import number

ROWS = pd.DataFrame(
    [
        (True, "Violence against the person", "Homicide", 1),
        (True, "Robbery", "Robbery of personal property", 10),
        (True, "Fraud and forgery", "", 4),
        (False, "Robbery", "Robbery of personal property", 5),
        (False, "Robbery", "", 1),
    ],
    columns=["is_latest", "offence_group", "offence_subgroup", "count"],
)


def test_each_offence_counts_for_its_weight_and_one_grave_one_is_told() -> None:
    harm = harm_of(ROWS, default_weights())
    assert (harm.latest.total, harm.before.total) == (5475 + 10 * 365, 6 * 365)
    assert harm.latest.capped == 11 * 365
    assert harm.latest.largest_share == pytest.approx(5475 / (5475 + 3650))
    assert (harm.latest.left_out, harm.before.left_out) == (4, 0)
    assert harm.weights.version
    nothing = harm_of(ROWS[ROWS["is_latest"]], default_weights()).before
    assert (nothing.total, nothing.largest_share) == (0, None)


# A worked example: the rates are those published for violence against the person in the 12 months to June 2024; the
# counts are what they come to among London's 8,799,868 residents of the census of 2021, and among as many elsewhere.
RESIDENTS = 8_799_868
VIOLENCE = {"London": (244_636, "27.8"), "elsewhere": (289_516, "32.9")}


def test_violence_per_1000_is_27_8_against_32_9() -> None:
    found = rates(pd.Series([count for count, _ in VIOLENCE.values()]).to_numpy(float), [RESIDENTS, RESIDENTS])
    assert [number(rate, 1) for rate in found] == [words for _, words in VIOLENCE.values()]
    almost = rates(pd.Series([244_196, 289_955]).to_numpy(float), [RESIDENTS, RESIDENTS])
    assert [number(rate, 1) for rate in almost] == ["27.7", "32.9"]
