"""Harm: the default weights, hand-worked places, incidents against counts, and real wards."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.frames import GeoError
from geo.harm import default_weights, harm_of_counts, harm_of_incidents, read_weights, weights_of

GOOD = """
name = "Ours"
version = "3"
dated = 2026-03-01
unit = "points"
source = "the council"
cap = 3
[weights]
"Arson" = 4
"Nuisance" = 0.5
"""


class TestWeights:
    def test_the_default_is_the_index_of_2026(self) -> None:
        default = default_weights()
        assert default.name == "Cambridge Crime Harm Index, medians by subgroup"
        assert (default.version, default.dated, default.unit) == (
            "2026.1",
            dt.date(2026, 11, 22),
            "days of imprisonment",
        )
        assert "cambridge-ebp.co.uk" in default.source
        labels = ["Homicide", "Rape", "Other sexual offences", "Burglary – business and community", "Shoplifting"]
        assert weights_of(labels, default).tolist() == [5475, 2555, 182.25, 183.5, 1]
        assert np.isnan(weights_of(["Anti-social behaviour", None], default)).all()
        assert weights_of([], default).size == 0

    def test_a_set_of_ones_own_is_read(self) -> None:
        ours = read_weights(GOOD)
        assert (ours.name, ours.version, ours.dated) == ("Ours", "3", dt.date(2026, 3, 1))
        assert (ours.weights, ours.cap) == ({"Arson": 4, "Nuisance": 0.5}, 3)

    @pytest.mark.parametrize("field", ["name", "version", "dated", "unit", "source"])
    def test_weights_that_do_not_say_what_they_are_are_refused(self, field: str) -> None:
        lines = [line for line in GOOD.splitlines() if not line.startswith(field)]
        with pytest.raises(GeoError, match=f"do not say their '{field}'"):
            read_weights("\n".join(lines))
        with pytest.raises(GeoError, match=f"do not say their '{field}'"):
            read_weights("\n".join([f'{field} = ""', *lines]))

    def test_street_level_categories_of_one_group_weigh_as_it_does_and_mixed_ones_the_average(self) -> None:
        default = default_weights()
        assert weights_of(["Robbery", "Public order", "Vehicle crime", "Other crime"], default).tolist() == [
            365,
            7.5,
            5,
            10,
        ]
        # 100,572,860 days of 516,317 offences of violence, and so on.
        assert default.mixed == {
            "Violence and sexual offences": 194.79,
            "Burglary": 243.62,
            "Criminal damage and arson": 9.23,
            "Drugs": 3.82,
        }
        assert weights_of(list(default.mixed), default).tolist() == list(default.mixed.values())
        assert default.cap == 365

    def test_weights_that_are_none_are_refused(self) -> None:
        with pytest.raises(GeoError, match="not written as TOML"):
            read_weights("Arson: 4")
        with pytest.raises(GeoError, match="holds no weights"):
            read_weights(GOOD.partition("[weights]")[0])
        for weight in ("-1", "true", '"4"', "nan", "inf"):
            with pytest.raises(GeoError, match="weight of 'Arson'"):
                read_weights(GOOD.replace("= 4", f"= {weight}"))
        for cap in ("0", "true", '"3"', "nan", "inf"):
            with pytest.raises(GeoError, match="'cap'"):
                read_weights(GOOD.replace("cap = 3", f"cap = {cap}"))

    def test_a_mixture_is_the_average_of_what_was_counted(self) -> None:
        mixture = 'mixed_by = "the council"\n[mixed."Both"]\n"Arson" = 3\n"Nuisance" = 1\n'
        by, _, tables = mixture.partition("\n")
        text = GOOD.replace("cap = 3", f"cap = 3\n{by}") + tables
        ours = read_weights(text)
        assert (ours.mixed, ours.mixed_by, ours.weights["Both"]) == ({"Both": 3.12}, "the council", 3.12)
        assert (read_weights(GOOD).mixed, read_weights(GOOD).mixed_by) == ({}, "")
        with pytest.raises(GeoError, match="'mixed_by'"):
            read_weights(text.replace(by, ""))
        with pytest.raises(GeoError, match="'Arson' has a weight and is mixed"):
            read_weights(text.replace('"Both"', '"Arson"'))
        for wrong in ('"Arson" = 0', '"Arson" = 1.5', '"Arson" = true', '"Theft" = 3'):
            with pytest.raises(GeoError, match="mixture 'Both'"):
                read_weights(text.replace('"Arson" = 3', wrong))
        with pytest.raises(GeoError, match="mixture 'Both'"):
            read_weights(text.partition('"Arson" = 3')[0])
        for wrong, said in (("mixed = 3", "no table of mixtures"), ("[mixed]\nBoth = 3", "mixture 'Both'")):
            at_the_end = "" if wrong.startswith("mixed") else wrong
            with pytest.raises(GeoError, match=said):
                read_weights(GOOD.replace("cap = 3", f"cap = 3\n{'' if at_the_end else wrong}") + at_the_end)


class TestPlaceHarm:
    def test_a_homicide_is_half_of_the_harm_of_its_place(self) -> None:
        harm = harm_of_counts([[1, 5475, 3], [0, 10, 0], [0, 0, 2]], [5475, 1, np.nan], cap=365)
        assert harm.total.tolist() == [10950, 10, 0]
        assert harm.capped.tolist() == [365 + 5475, 10, 0]
        np.testing.assert_array_equal(harm.largest_share, [0.5, 0.1, np.nan])
        assert (harm.weighed.tolist(), harm.unweighed.tolist(), harm.cap) == ([5476, 10, 0], [3, 0, 2], 365)

    def test_incidents_without_a_place_are_left_out(self) -> None:
        harm = harm_of_incidents([0, -1, 1, 0], [4, 100, np.nan, 6], n_places=3, cap=5)
        assert harm.total.tolist() == [10, 0, 0]
        assert harm.capped.tolist() == [9, 0, 0]
        assert harm.largest_share[0] == 0.6
        assert (harm.weighed.tolist(), harm.unweighed.tolist()) == ([2, 0, 0], [0, 1, 0])
        assert harm_of_incidents([], [], n_places=2, cap=5).total.tolist() == [0, 0]

    @given(st.integers(1, 8), st.integers(1, 6), st.integers(0, 2**32 - 1))
    @settings(deadline=None)
    def test_incidents_and_counts_agree_and_totals_are_kept(self, n: int, k: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        counts, weights = random.poisson(1, (n, k)), random.choice([1, 2, 10, 365, 5475, np.nan], k)
        place, offence = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
        order = random.permutation(place.size)
        one = harm_of_counts(counts, weights, cap=365)
        other = harm_of_incidents(place[order], weights[offence[order]], n_places=n, cap=365)
        for field in ("total", "capped", "largest_share", "weighed", "unweighed"):
            np.testing.assert_allclose(getattr(one, field), getattr(other, field))
        assert one.total.sum() == pytest.approx((counts.sum(axis=0) * np.nan_to_num(weights)).sum())
        assert one.weighed.sum() + one.unweighed.sum() == counts.sum()
        assert (one.capped <= one.total).all()
        uncapped = harm_of_counts(counts, weights, cap=np.inf)
        np.testing.assert_array_equal(uncapped.capped, uncapped.total)

    def test_what_cannot_be_weighed_is_refused(self) -> None:
        with pytest.raises(GeoError, match="2 weights for counts"):
            harm_of_counts([[1, 2, 3]], [1, 2], cap=1)
        with pytest.raises(GeoError, match="missing or below zero"):
            harm_of_counts([[np.nan]], [1], cap=1)
        with pytest.raises(GeoError, match="below zero or infinite"):
            harm_of_counts([[1]], [-1], cap=1)
        with pytest.raises(GeoError, match="cannot be capped at 0"):
            harm_of_counts([[1]], [1], cap=0)
        with pytest.raises(GeoError, match="1 weights for 2 incidents"):
            harm_of_incidents([0, 1], [1], n_places=2, cap=1)
        for place in (-2, 2):
            with pytest.raises(GeoError, match="numbered 0 to 1"):
                harm_of_incidents([place], [1], n_places=2, cap=1)
        with pytest.raises(GeoError, match="below zero or infinite"):
            harm_of_incidents([0], [np.inf], n_places=2, cap=1)


def test_harm_in_the_real_wards_lies_elsewhere_than_the_counts(real_data: Path) -> None:
    table = pd.read_csv(real_data / "mps-ward-level-202402-202601.csv")
    months = [column for column in table.columns if column.isdigit()]
    counts = table.assign(n=table[months].sum(axis=1)).pivot_table("n", "WardCode", "MinorText", "sum", fill_value=0)
    weights = weights_of(counts.columns.str.capitalize(), default_weights())
    harm = harm_of_counts(counts, weights, cap=365)
    assert harm.weighed.sum() + harm.unweighed.sum() == counts.to_numpy().sum() == 1_788_630
    london = counts.sum()
    violence = ["RAPE", "OTHER SEXUAL OFFENCES", "HOMICIDE", "VIOLENCE WITH INJURY", "VIOLENCE WITHOUT INJURY"]
    violence += ["STALKING AND HARASSMENT", "DEATH SERIOUS INJURY ILLEGAL DRIVING"]
    for mixture, labels, each in (
        ("Violence and sexual offences", violence, [2555, 182.25, 5475, 365, 10, 10, 365]),
        ("Criminal damage and arson", ["ARSON", "CRIMINAL DAMAGE"], [185, 2]),
        ("Drugs", ["POSSESSION OF DRUGS", "TRAFFICKING OF DRUGS"], [3, 5]),
    ):
        assert default_weights().mixed[mixture] == round(np.average(each, weights=london[labels]), 2)
    assert harm.weighed.sum() > 0.6 * counts.to_numpy().sum()
    with_homicide = counts["HOMICIDE"].to_numpy() > 0
    assert with_homicide.sum() == 150
    # Even in two years of a whole ward, one homicide is some hundredths of its harm.
    assert harm.largest_share[with_homicide].max() > 0.08
    assert np.median(harm.largest_share[with_homicide]) > 0.015
    ranks = pd.Series(harm.total).corr(pd.Series(counts.sum(axis=1).to_numpy()), method="spearman")
    assert 0.6 < ranks < 0.98
