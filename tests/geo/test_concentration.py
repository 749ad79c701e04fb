"""Concentration: published and hand-worked values, the definitions written out, and the law of chance."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import special

from geo.concentration import concentration, concentration_by_chance, lorenz_curve
from geo.frames import GeoError, to_national_grid
from geo.locate import build_lookup, place

VALUES = arrays.arrays(float, st.integers(1, 40), elements=st.one_of(st.integers(0, 50), st.floats(0.01, 500)))


def test_the_curve_is_as_published() -> None:
    # safer-streets-core, src/test/test_measures.py: the busiest quarter of four places holds four tenths.
    curve = lorenz_curve([10, 20, 30, 40])
    np.testing.assert_allclose(curve.places, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(curve.total, [0, 0.4, 0.7, 0.9, 1])


def test_ten_places_are_as_worked_by_hand() -> None:
    spread = concentration([10, 5, 3, 1, 1, 0, 0, 0, 0, 0])
    assert spread.gini == pytest.approx(0.72)
    assert spread.generalised_gini == pytest.approx(0.72)
    assert (spread.share_with_quarter, spread.share_with_half) == (0.1, 0.1)


def test_fewer_incidents_than_places_are_set_against_what_whole_incidents_allow() -> None:
    # lorenzgini's example of 5 incidents on 10 places: G is 0.78, and G' by the paper's formula 10/5 (0.78 - 1) + 1.
    sparse = concentration([3, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    assert sparse.gini == pytest.approx(0.78)
    assert sparse.generalised_gini == pytest.approx(0.56)
    even = concentration([1, 0, 1, 0, 1, 0, 0, 0, 0, 0])
    assert even.gini == pytest.approx(0.7)
    assert even.generalised_gini == pytest.approx(0)
    assert concentration([5, 0, 0, 0, 0, 0, 0, 0, 0, 0]).generalised_gini == pytest.approx(1 - 1 / 5)


def test_even_places_are_not_concentrated_and_nothing_has_no_concentration() -> None:
    even = concentration([7] * 8)
    assert (even.gini, even.generalised_gini) == (0, 0)
    assert (even.share_with_quarter, even.share_with_half) == (0.25, 0.5)
    nothing = concentration([0, 0, 0])
    assert np.isnan([nothing.gini, nothing.generalised_gini, nothing.share_with_quarter, nothing.share_with_half]).all()
    assert np.isnan(lorenz_curve([0, 0]).total).all()


@given(VALUES, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_measures_follow_their_definitions_in_any_order(values: np.ndarray, random: object) -> None:
    spread, curve = concentration(values), lorenz_curve(values)
    shuffled = values.copy()
    random.shuffle(shuffled)
    if values.sum() == 0:
        return
    differences = abs(values[:, None] - values).mean()
    assert spread.gini == pytest.approx(differences / (2 * values.mean()), abs=1e-12)
    # Twice the area between the curve and the diagonal.
    assert spread.gini == pytest.approx(2 * np.trapezoid(curve.total, curve.places) - 1, abs=1e-12)
    assert 0 <= spread.gini + 1e-12 < 1
    for share, places in ((0.25, spread.share_with_quarter), (0.5, spread.share_with_half)):
        needed = round(places * values.size)
        assert curve.total[needed] >= share - 1e-9
        assert curve.total[needed - 1] < share
    again, scaled = concentration(shuffled), concentration(values * 3)
    assert again.gini == pytest.approx(spread.gini, abs=1e-12)
    assert again.share_with_half == spread.share_with_half
    assert scaled.gini == pytest.approx(spread.gini, abs=1e-12)
    assert curve.total[-1] == pytest.approx(1)


@given(arrays.arrays(np.int64, st.integers(2, 30), elements=st.integers(0, 20)))
@settings(deadline=None)
def test_moving_an_incident_from_a_busier_to_a_quieter_place_lowers_the_gini(counts: np.ndarray) -> None:
    busiest, quietest = counts.argmax(), counts.argmin()
    if counts[busiest] - counts[quietest] >= 2:
        fairer = counts.copy()
        fairer[busiest] -= 1
        fairer[quietest] += 1
        assert concentration(fairer).gini < concentration(counts).gini
        assert concentration(fairer).generalised_gini < concentration(counts).generalised_gini


@pytest.mark.parametrize("mean", [0.2, 1.0, 5.0])
def test_chance_gives_the_gini_of_the_poisson_law(mean: float) -> None:
    places = 5_000
    chance = concentration_by_chance(round(mean * places), places, seed=1, draws=60)
    # The mean difference of two Poisson counts of one mean, over twice the mean (Ramasubban 1958).
    poisson = special.ive(0, 2 * mean) + special.ive(1, 2 * mean)
    assert chance.expected.gini == pytest.approx(poisson, abs=0.003)
    assert chance.lower.gini < chance.expected.gini < chance.upper.gini
    assert chance.upper.gini - chance.lower.gini < 0.03
    assert chance.lower.share_with_half <= chance.expected.share_with_half <= chance.upper.share_with_half
    assert chance.draws == 60
    assert chance == concentration_by_chance(round(mean * places), places, seed=1, draws=60)


def test_nothing_dealt_is_not_concentrated() -> None:
    assert np.isnan(concentration_by_chance(0, 10, seed=1, draws=3).expected.gini)
    assert concentration_by_chance(7, 1, seed=1, draws=3).expected.gini == 0


def test_what_is_no_list_of_places_is_refused() -> None:
    for values in ([], [[1, 2]]):
        with pytest.raises(GeoError, match="one value for each place"):
            concentration(values)
    for values in ([1, np.nan], [1, -1], [np.inf]):
        with pytest.raises(GeoError, match="missing or negative"):
            lorenz_curve(values)
    for incidents, places, draws in ((-1, 5, 9), (5, 0, 9), (5, 5, 0)):
        with pytest.raises(GeoError, match="cannot be dealt out"):
            concentration_by_chance(incidents, places, seed=1, draws=draws)


def test_real_street_crime_is_far_more_concentrated_in_wards_than_chance(
    wards_2018: gpd.GeoDataFrame, street_points: pd.DataFrame
) -> None:
    easting, northing = to_national_grid(street_points["Longitude"], street_points["Latitude"])
    ward = place(build_lookup(wards_2018), easting, northing)
    counts = np.bincount(ward[ward >= 0], minlength=len(wards_2018))
    spread = concentration(counts)
    chance = concentration_by_chance(int(counts.sum()), counts.size, seed=1, draws=9)
    assert spread.gini == pytest.approx(abs(counts[:, None] - counts).mean() / (2 * counts.mean()))
    assert spread.gini > 10 * chance.upper.gini
    assert spread.share_with_half < 0.35 < chance.lower.share_with_half
