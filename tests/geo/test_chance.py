"""What chance alone would do, against hand-worked values and against the dealing itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from geo import chance, hotspots
from geo.frames import GeoError

EVERY = np.ones((3, 3), dtype=bool)


def test_hand_worked_chances() -> None:
    # One incident in four cells, each the neighbour of all: four draws of which each is the 1 with chance 1/4.
    dealt = chance.dealt_totals([[1, 0], [0, 0]], np.ones((2, 2), dtype=bool))
    np.testing.assert_allclose(dealt.p_at_least(), 1 - 0.75**4)


def test_a_corner_is_set_against_totals_of_its_own_size() -> None:
    counts = np.array([[3, 0, 0], [0, 0, 0], [0, 0, 0]])
    dealt = chance.dealt_totals(counts, EVERY)
    assert dealt.sizes.tolist() == [4, 6, 4, 6, 9, 6, 4, 6, 4]
    p = dealt.p_at_least()
    assert p[0, 0] == pytest.approx(1 - (8 / 9) ** 4)
    assert p[1, 1] == pytest.approx(1 - (8 / 9) ** 9)
    assert p[2, 2] == 1


def test_it_agrees_with_dealing_the_counts_many_times() -> None:
    random = np.random.default_rng(7)
    counts = random.poisson(0.4, (12, 12)) * random.integers(1, 4, (12, 12))
    mask = np.hypot(*np.indices((12, 12)) - 5.5) < 6
    dealt = chance.dealt_totals(counts, mask)
    draws = random.choice(counts[mask], size=(200_000, 9)).sum(axis=1)
    for total in (0, 3, 8, 14):
        for p in dealt.p_at_least()[mask][(dealt.totals == total) & (dealt.sizes == 9)]:
            assert p == pytest.approx((draws >= total).mean(), abs=0.005)


def test_what_lies_outside_the_mask_changes_nothing() -> None:
    counts, mask = np.array([[1, 0, 2], [0, 4, 0], [1, 1, 9]]), EVERY.copy()
    mask[2, 2] = False
    other = np.where(mask, counts, 5000)
    np.testing.assert_array_equal(
        chance.dealt_totals(counts, mask).p_at_least(), chance.dealt_totals(other, mask).p_at_least()
    )
    assert np.isnan(chance.dealt_totals(counts, mask).p_at_least()[2, 2])


def test_structureless_counts_are_rarely_flagged_though_the_normal_law_would_flag_many() -> None:
    random, mask = np.random.default_rng(1), np.ones((60, 60), dtype=bool)
    dealt_flags, normal_flags = 0, 0
    for _ in range(20):
        counts = random.poisson(0.01, mask.shape) * random.integers(1, 4, mask.shape)
        z = hotspots.gi_star_grid(counts, mask)
        dealt = hotspots.benjamini_hochberg(chance.dealt_totals(counts, mask).p_at_least())
        normal = hotspots.benjamini_hochberg(hotspots.two_sided_p(z))
        dealt_flags += int(((dealt <= 0.05) & (z > 0)).any())
        normal_flags += int(((normal <= 0.05) & (z > 0)).any())
    assert normal_flags == 20
    assert dealt_flags <= 3


def test_as_many_are_expected_as_dealing_gives() -> None:
    random, mask = np.random.default_rng(3), np.ones((40, 40), dtype=bool)
    counts = random.poisson(0.5, mask.shape)
    expected = chance.dealt_totals(counts, mask).expected_flags(p_at_most=0.02)
    dealt = []
    for _ in range(200):
        law = chance.dealt_totals(random.permutation(counts.ravel()).reshape(mask.shape), mask)
        dealt.append(np.count_nonzero(law.p_at_least() <= 0.02))
    assert expected == pytest.approx(np.mean(dealt), rel=0.1)
    assert chance.dealt_totals(counts, mask).expected_flags(p_at_most=0) == 0


def test_shuffling_counts_how_many_areas_reach_a_score() -> None:
    chain = sparse.csr_array(sparse.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(12, 12)))
    counts = np.array([30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    # The one busy area lifts itself and each neighbour, 2 or 3 areas wherever it lies, to z = 1.65 or more.
    z_at_least = float(np.nanmin(hotspots.gi_star(counts, chain)[:2]))
    few = chance.expected_flags_by_shuffling(counts, chain, z_at_least=1.6, seed=1)
    assert z_at_least > 1.6
    assert 2 < few < 3
    assert few == chance.expected_flags_by_shuffling(counts, chain, z_at_least=1.6, seed=1)
    assert chance.expected_flags_by_shuffling(counts, chain, z_at_least=99, seed=1) == 0
    assert chance.expected_flags_by_shuffling(np.full(12, 7), chain, z_at_least=0, seed=1) == 0


def test_both_tails_are_those_of_dealing_the_counts_many_times() -> None:
    random = np.random.default_rng(7)
    counts = random.poisson(4, (12, 12)) * random.integers(1, 4, (12, 12))
    dealt = chance.dealt_totals(counts, np.ones((12, 12), dtype=bool))
    draws = random.choice(counts.ravel(), size=(200_000, 9)).sum(axis=1)
    p = dealt.p_two_sided()
    for row, column in ((3, 3), (5, 8), (9, 2), (6, 6)):
        total = counts[row - 1 : row + 2, column - 1 : column + 2].sum()
        expected = min(1.0, 2 * min((draws >= total).mean(), (draws <= total).mean()))
        assert p[row, column] == pytest.approx(expected, abs=0.01)
    cold = chance.dealt_totals(np.pad(np.zeros((3, 3)), 3, constant_values=9), np.ones((9, 9), dtype=bool))
    assert cold.p_two_sided()[4, 4] == pytest.approx(2 * (9 / 81) ** 9, rel=1e-3)
    assert cold.p_at_least()[4, 4] == 1


def test_what_is_set_aside_is_dealt_no_more_and_judged_all_the_same() -> None:
    counts = np.array([[90, 0, 0, 0], [0, 1, 0, 1]])
    dealt = chance.dealt_totals(counts, np.ones((2, 4), dtype=bool))
    busiest = counts == 90
    rest = dealt.without(busiest)
    # Of six draws, each 0 in five of seven cases and 1 in two, at least two are 1 unless none or one is.
    none, one = (5 / 7) ** 6, 6 * (2 / 7) * (5 / 7) ** 5
    assert rest.sizes[1] == 6
    assert rest.totals[1] == 91
    assert rest.p_at_least()[0, 2] == pytest.approx(1 - none - one)
    assert rest.p_at_least()[0, 1] == chance.LEAST_P
    assert dealt.p_at_least()[0, 1] > 0.05
    np.testing.assert_array_equal(dealt.without(np.zeros((2, 4))).p_at_least(), dealt.p_at_least())
    assert rest.expected_flags(p_at_most=1e-9) == 0
    with pytest.raises(GeoError, match="Set aside fewer"):
        dealt.without(np.ones((2, 4)))
    with pytest.raises(GeoError, match="Use the same cells"):
        dealt.without(np.ones((3, 4)))


@pytest.mark.parametrize(
    ("counts", "mask", "reach_cells"),
    [
        ([[1.5]], [[True]], 1),
        ([[-1]], [[True]], 1),
        ([[np.nan]], [[True]], 1),
        ([[1]], [[False]], 1),
        ([[1, 2]], [[True]], 1),
        ([[1]], [[True]], 0),
    ],
)
def test_what_cannot_be_dealt_is_refused(counts: list[list[float]], mask: list[list[bool]], reach_cells: int) -> None:
    with pytest.raises(GeoError):
        chance.dealt_totals(counts, mask, reach_cells=reach_cells)
