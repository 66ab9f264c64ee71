"""Symmetric channels against quadrature that knows nothing of them."""

from math import log, pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from mindgap.errors import MindgapError
from mindgap.tasks.channel import (
    BINS,
    LOSS,
    SILENT,
    Channel,
    flip,
    gaussian,
    merged,
    parity,
    together,
)
from mindgap.tasks.pid import mutual_information


def bits(channel, one=0.5):
    return mutual_information(channel.table(one))


def awgn(a):
    """J(a) = 1 - E log2(1 + exp(-2 a z)), z ~ N(a, 1)."""
    return 1 - expected(lambda z: np.logaddexp(0, -2 * a * z) / log(2), a)


def expected(f, a):
    found, _ = quad(
        lambda z: norm.pdf(z - a) * f(z), a - 12, a + 12, points=[0, a], epsabs=1e-12, limit=400
    )
    return found


def h2(p):
    return -p * np.log2(p) - (1 - p) * np.log2(1 - p)


def sum_over_grid(f, a, b):
    """E f(z1, z2) at value 0 of both, on an even grid, which is exact for such smooth functions."""
    z1, z2 = np.arange(-9, 9, 0.05) + a, np.arange(-9, 9, 0.05) + b
    weight = np.outer(norm.pdf(z1 - a), norm.pdf(z2 - b)) * 0.05**2
    return float((weight * f(z1[:, None], z2[None, :])).sum())


@pytest.mark.parametrize("a", [0.0, 0.01, 0.1, 0.775, 1.386, 1.96, 2.236, 3.0, 5.0, 9.0, 30.0])
def test_gaussian_channel(a):
    assert awgn(a) - LOSS <= bits(gaussian(a)) <= awgn(a) + 1e-9


@pytest.mark.parametrize(("a", "expected"), [(1.386, 0.708), (1.96, 0.905)])
def test_reference_values(a, expected):
    assert bits(gaussian(a)) == pytest.approx(expected, abs=5e-4)


def test_two_axes_in_xor_reach_the_reference():
    assert bits(parity(gaussian(2.236), gaussian(2.236))) == pytest.approx(0.905, abs=1.5e-3)


@pytest.mark.parametrize("lost", [0.2, 0.9])
@pytest.mark.parametrize("a", [0.7, 3.0])
def test_gaussian_that_is_lost_at_times(a, lost):
    def density(z, mean):
        return (1 - lost) * norm.pdf(z - mean) + lost * norm.pdf(z)

    def integrand(z):
        own, other = density(z, a), density(z, -a)
        return own * np.log2(2 * own / (own + other))

    exact, _ = quad(integrand, -10, a + 10, points=[0, a], epsabs=1e-12, limit=400)
    assert exact - LOSS <= bits(gaussian(a, lost)) <= exact + 1e-9


@pytest.mark.parametrize("one", [0.03, 0.3, 0.5])
@pytest.mark.parametrize("a", [0.5, 2.0])
def test_biased_bit(a, one):
    """z ~ N(a, 1) if the bit is 0, else N(-a, 1)."""

    def uncertain(z):
        p = 1 / (1 + (1 - one) / one * np.exp(2 * a * z))
        return h2(np.clip(p, 1e-300, 1 - 1e-16))

    left = (1 - one) * expected(uncertain, a) + one * expected(lambda z: uncertain(-z), a)
    assert bits(gaussian(a), one) == pytest.approx(h2(one) - left, abs=2 * LOSS)


@pytest.mark.parametrize(("a", "b"), [(0.3, 2.5), (1.386, 1.386), (1.9, 0.8)])
def test_observations_of_one_bit(a, b):
    both = bits(together(gaussian(a), gaussian(b)))
    assert both == pytest.approx(awgn(sqrt(a * a + b * b)), abs=3 * LOSS)


@pytest.mark.parametrize(("a", "b"), [(0.5, 2.5), (2.236, 2.236), (1.9, 0.8)])
def test_observations_of_two_bits(a, b):
    left = sum_over_grid(
        lambda z1, z2: h2((1 - np.tanh(a * z1) * np.tanh(b * z2)).clip(1e-15) / 2), a, b
    )
    assert bits(parity(gaussian(a), gaussian(b))) == pytest.approx(1 - left, abs=3 * LOSS)


def test_parity_beside_another_observation():
    """x1 shows an XOR of two axes (a = 1.8), x2 the bit itself (b = 1)."""
    a, b = 1.8, 1.0
    z = np.arange(-7.5, 7.5, 0.15)
    w1, w2, w3 = np.meshgrid(z + a, z + a, z + b, indexing="ij")
    weight = norm.pdf(w1 - a) * norm.pdf(w2 - a) * norm.pdf(w3 - b) * 0.15**3
    odds = 2 * np.arctanh((np.tanh(a * w1) * np.tanh(a * w2)).clip(-1 + 1e-15, 1 - 1e-15))
    exact = 1 - (weight * np.logaddexp(0, -odds - 2 * b * w3)).sum() / log(2)
    hidden = parity(gaussian(a), gaussian(a))
    assert bits(together(hidden, gaussian(b))) == pytest.approx(exact, abs=5 * LOSS)


def test_flips_and_silence():
    assert bits(flip(0.9)) == pytest.approx(1 - h2(0.9))
    assert bits(flip(1.0)) == 1
    assert bits(SILENT) == bits(parity(SILENT, gaussian(2.0))) == 0
    assert bits(together(SILENT, gaussian(2.0))) == pytest.approx(bits(gaussian(2.0)))
    assert bits(parity(flip(0.9), flip(0.8))) == pytest.approx(1 - h2(0.9 * 0.8 + 0.1 * 0.2))
    assert bits(parity(flip(1.0), gaussian(2.0))) == pytest.approx(bits(gaussian(2.0)))


@given(st.integers(0, 10_000), st.integers(1, 5000))
@settings(max_examples=30, deadline=None)
def test_merging_forgets_little_and_invents_nothing(seed, n):
    rng = np.random.default_rng(seed)
    total = rng.dirichlet(np.full(n, 0.3))
    crossed = total * rng.beta(0.3, 0.3, n)
    before = Channel(total - crossed, crossed)
    after = merged(*before)
    assert len(after.right) <= BINS
    assert (after.right >= after.wrong).all()
    assert after.right.sum() + after.wrong.sum() == pytest.approx(1)
    assert bits(before) - LOSS <= bits(after) <= bits(before) + 1e-12


def test_loss_is_as_the_bins_are_wide():
    """Two guesses at either end of a bin, the worst that merging can meet."""
    width = pi / (2 * BINS)
    angles = np.array([200.01, 200.99]) * width
    wrong = (1 - np.cos(angles)) / 4
    before = Channel(0.5 - wrong, wrong)
    after = merged(*before)
    assert len(after.right) == 1
    assert 0.9 * LOSS < bits(before) - bits(after) < LOSS


@pytest.mark.parametrize("right", [0.4, 1.1])
def test_a_flip_that_is_worse_than_guessing_is_refused(right):
    with pytest.raises(MindgapError, match=r"\[0.5, 1\]"):
        flip(right)


@pytest.mark.parametrize(("a", "lost"), [(-1.0, 0.0), (1.0, 1.0), (1.0, -0.1), (float("nan"), 0.0)])
def test_impossible_gaussians_are_refused(a, lost):
    with pytest.raises(MindgapError, match="amplitude"):
        gaussian(a, lost)
