"""Kernels: the published values, what they integrate to, and sums against adding up one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, ndimage

from geo.frames import GeoError
from geo.kernels import KERNELS, kernel_reach, kernel_sums, kernel_values, lattice_kernel


def test_the_quartic_has_the_published_values() -> None:
    per_square_kilometre = kernel_values("quartic", np.square([0, 0.5, 0.999999, 1, 2])) / 0.5**2
    np.testing.assert_allclose(per_square_kilometre, [3.819719, 2.148592, 0, 0, 0], atol=5e-7)


def test_the_others_follow_their_formulas() -> None:
    assert kernel_values("uniform", np.square([0, 0.99, 1])).tolist() == [1 / np.pi, 1 / np.pi, 0]
    np.testing.assert_allclose(kernel_values("triangular", np.square([0, 0.5, 1])), [3 / np.pi, 1.5 / np.pi, 0])
    normal = np.exp([0, -0.5, -2]) / (2 * np.pi)
    np.testing.assert_allclose(kernel_values("normal", np.square([0, 1, 2])), normal, rtol=4e-4)
    fall = kernel_values("negative_exponential", np.square([0.2, 0.7]))
    assert fall[1] / fall[0] == pytest.approx(np.exp(-1.5))


@pytest.mark.parametrize("kernel", KERNELS)
def test_each_integrates_to_one_and_falls_with_distance(kernel: str) -> None:
    reach = kernel_reach(kernel)
    mass, _ = integrate.quad(lambda u: 2 * np.pi * u * kernel_values(kernel, u**2), 0, reach, epsabs=1e-12)
    assert mass == pytest.approx(1, abs=1e-9)
    values = kernel_values(kernel, np.linspace(0, reach + 1, 200) ** 2)
    assert (np.diff(values) <= 0).all()
    assert values[-1] == 0
    lattice = lattice_kernel(kernel, bandwidth_metres=430, cell_metres=100)
    assert lattice.sum() == pytest.approx(1, abs=1e-12)
    middle = lattice.shape[0] // 2
    assert lattice[middle].max() == lattice[middle, middle] > lattice[0, 0]
    np.testing.assert_array_equal(lattice, lattice.T)
    np.testing.assert_array_equal(lattice, lattice[::-1, ::-1])


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_sums_are_those_of_adding_up_one_by_one(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.poisson(1, random.integers(1, 20, 2)) * 10.0 ** random.integers(-3, 6)
    half = random.random(2 * random.integers(0, 6, 2) + 1)
    kernel = half + half[::-1, ::-1]
    expected = ndimage.correlate(values, kernel, mode="constant")
    np.testing.assert_allclose(kernel_sums(values, kernel), expected, atol=1e-13 * kernel.sum() * values.max(initial=0))


def test_where_nothing_is_near_the_sum_is_nothing() -> None:
    values = np.zeros((50, 50))
    values[3, 4] = 1e6 / 3
    sums = kernel_sums(values, lattice_kernel("quartic", bandwidth_metres=330, cell_metres=100))
    assert (sums[10:] == 0).all()
    assert sums[3, 5] > 0


def test_what_is_no_kernel_is_refused() -> None:
    with pytest.raises(GeoError, match=r"no kernel named 'cubic'\. Choose one of quartic, uniform"):
        kernel_values("cubic", [0.5])
    with pytest.raises(GeoError, match="Try 500 m"):
        lattice_kernel("quartic", bandwidth_metres=99, cell_metres=100)
    with pytest.raises(GeoError, match="no middle cell"):
        kernel_sums(np.ones((3, 3)), np.ones((2, 3)))
    with pytest.raises(GeoError, match="half a circle"):
        kernel_sums(np.ones((3, 3)), [[1, 1, 2]])
    with pytest.raises(GeoError, match="finite"):
        kernel_sums(np.ones((3, 3)), [[np.nan]])
