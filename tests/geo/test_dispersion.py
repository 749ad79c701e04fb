"""How much more months vary than chance: peers' chi-squared, known laws found again, and nothing made of luck."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from geo.change import compare_counts
from geo.dispersion import Dispersion, month_dispersion, steadied
from geo.frames import GeoError

MONTHS = 12


def drawn(random: np.random.Generator, factors: np.ndarray, mean: float) -> tuple[np.ndarray, np.ndarray]:
    """Two years of lines by months whose variance is so many times the mean; of 1, Poisson."""
    size = (2, len(factors), MONTHS)
    plain = random.poisson(mean, size)
    extra = np.where(factors > 1, factors - 1, 1.0)[:, None]
    varied = random.negative_binomial(mean / extra, 1 / (1 + extra), size)
    before, after = np.where((factors > 1)[:, None], varied, plain)
    return before, after


def test_the_factor_is_pearsons_chi_squared_over_its_degrees_of_freedom() -> None:
    before, after = np.random.default_rng(4).integers(1, 60, (2, 3, MONTHS))
    factor, freedom = month_dispersion(before, after)
    for line in range(3):
        theirs = stats.chi2_contingency(np.array([before[line], after[line]]), correction=False)
        total = before[line].sum() + after[line].sum()
        assert freedom[line] == theirs.dof == MONTHS - 1
        assert factor[line] == pytest.approx(theirs.statistic / theirs.dof * (total - 1) / total)


@pytest.mark.parametrize("mean", [0.1, 1, 50])
def test_under_the_poisson_law_it_is_one_on_average_however_few_there_are(mean: float) -> None:
    season = 1 + 0.5 * np.sin(np.arange(MONTHS))
    random = np.random.default_rng(5)
    before, after = random.poisson(mean * season, (8000, MONTHS)), random.poisson(2 * mean * season, (8000, MONTHS))
    factor, freedom = month_dispersion(before, after)
    assert np.nansum(factor * freedom) / freedom.sum() == pytest.approx(1, abs=0.02), "level and season are taken out"


def test_what_cannot_be_told_has_no_factor() -> None:
    nothing, even = np.zeros(MONTHS), np.full(MONTHS, 5.0)
    one_month = np.eye(1, MONTHS)[0] * 9
    before = np.array([nothing, even, one_month, np.where(one_month, np.nan, even), even])
    after = np.array([even, nothing, one_month, even, even])
    factor, freedom = month_dispersion(before, after)
    assert np.isnan(factor).tolist() == [True, True, True, True, False]
    assert freedom.tolist() == [0, 0, 0, 0, MONTHS - 1]
    assert factor[-1] == 0
    np.testing.assert_array_equal(month_dispersion(before[::-1], after[::-1])[0], factor[::-1])
    with pytest.raises(GeoError, match="no two tables"):
        month_dispersion(before, after[:, :6])
    with pytest.raises(GeoError, match="no two tables"):
        month_dispersion(even, even)
    with pytest.raises(GeoError, match="below zero"):
        month_dispersion(-before, after)


def test_lines_that_vary_alike_are_given_one_factor_and_little_doubt_of_it() -> None:
    random = np.random.default_rng(6)
    for factor in (1.0, 2.0, 5.0):
        found = steadied(*month_dispersion(*drawn(random, np.full(400, factor), 60)))
        assert found.factor == pytest.approx(np.full(400, factor), rel=0.2)
        assert (found.freedom > 5 * MONTHS).all()


def test_lines_that_differ_keep_more_of_their_own_and_those_without_months_have_what_others_have() -> None:
    random = np.random.default_rng(7)
    truth = np.where(np.arange(400) < 200, 1.0, 8.0)
    own, freedom = month_dispersion(*drawn(random, truth, 200))
    found = steadied(np.append(own, np.nan), np.append(freedom, 0))
    assert np.mean(found.factor[:200]) < 1.5
    assert np.mean(found.factor[200:400]) == pytest.approx(8, rel=0.25)
    assert np.abs(found.factor[200:400] - 8).mean() < np.abs(own[200:] - 8).mean(), "it is steadier than its own months"
    assert found.freedom[:400] == pytest.approx(np.full(400, found.freedom[400] + MONTHS - 1))
    assert 1 < found.factor[400] < 8


def test_few_lines_stand_by_themselves_and_none_is_ever_below_one() -> None:
    found = steadied([3.0, 0.2, np.nan], [11, 11, 0])
    assert found.factor.tolist() == [3.0, 1.0, 1.6]
    assert found.freedom.tolist() == [11, 11, 22]
    nothing = steadied([np.nan, np.nan], [0, 0])
    assert (nothing.factor.tolist(), nothing.freedom.tolist()) == ([1, 1], [np.inf, np.inf])
    assert steadied([0.0, 0.0, 0.0, 0.0], [11] * 4).factor.tolist() == [1] * 4
    with pytest.raises(GeoError, match="2 factors and 1"):
        steadied([1, 2], [11])


# --- A change judged with it -----------------------------------------------------------------------------------------


def test_a_factor_widens_test_and_interval_as_quasi_likelihood_does() -> None:
    before, after = [10_000, 10_000], [10_400, 10_400]
    plain, wide = (
        compare_counts(before, after, dispersion=Dispersion(np.full(2, factor), np.full(2, freedom)))
        for factor, freedom in ((1.0, np.inf), (4.0, np.inf))
    )
    assert plain.p[0] == compare_counts(before, after).p[0]
    z = np.log(1.04) / np.sqrt(4 * (1 / 10_000 + 1 / 10_400))
    assert wide.p[0] == pytest.approx(2 * stats.norm.sf(z), rel=0.05)
    assert np.log(wide.ratio_upper / wide.ratio_lower) == pytest.approx(
        2 * np.log(plain.ratio_upper / plain.ratio_lower), rel=0.01
    )
    assert (wide.difference.tolist(), wide.ratio.tolist()) == ([400, 400], [1.04, 1.04])
    students = compare_counts(before, after, dispersion=Dispersion(np.array([4.0, 4.0]), np.array([11.0, np.inf])))
    assert students.p[0] == pytest.approx(2 * stats.t.sf(z, 11), rel=0.05)
    assert students.p[1] == wide.p[1]
    with pytest.raises(GeoError, match="2 lines and 1 factors"):
        compare_counts(before, after, dispersion=Dispersion(np.ones(1), np.ones(1)))


def test_test_and_interval_agree_whatever_the_factor() -> None:
    random = np.random.default_rng(8)
    before, after = random.integers(0, 400, (2, 3000))
    spread = Dispersion(random.uniform(1, 9, 3000), random.choice([1, 3, 11, 40, np.inf], 3000))
    found = compare_counts(before, after, dispersion=spread)
    apart = ~((found.ratio_lower <= 1) & (found.ratio_upper >= 1))
    np.testing.assert_array_equal(found.is_beyond_chance, apart)
    assert found.is_beyond_chance.any()
    assert (found.p >= compare_counts(before, after).p - 1e-12).all(), "doubt is never less than by the Poisson law"


@pytest.mark.parametrize(("factor", "plain_errs"), [(1.0, 0.06), (2.0, 0.3), (6.0, 0.6)])
def test_years_of_one_level_are_told_apart_no_oftener_than_stated(factor: float, plain_errs: float) -> None:
    before, after = drawn(np.random.default_rng(9), np.full(4000, factor), 80)
    spread = steadied(*month_dispersion(before, after))
    by_itself = Dispersion(np.fmax(month_dispersion(before, after)[0], 1), np.full(4000, MONTHS - 1.0))
    years = before.sum(axis=1), after.sum(axis=1)
    assert (compare_counts(*years, dispersion=spread).p <= 0.05).mean() < 0.056
    assert (compare_counts(*years, dispersion=by_itself).p <= 0.05).mean() < 0.056
    assert (compare_counts(*years).p <= 0.05).mean() < plain_errs
    assert factor == 1 or (compare_counts(*years).p <= 0.05).mean() > plain_errs / 2
