"""Bootstrap bands, against all resamples there are."""

from itertools import product

import numpy as np
import pytest

from mindgap.analysis import band


@pytest.mark.parametrize("seed", range(3))
def test_full_enumeration_agrees(seed):
    curves = np.random.default_rng(seed).normal(size=(5, 4))
    resampled = [curves[list(draw)].mean(axis=0) for draw in product(range(5), repeat=5)]
    low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
    found = band(curves, "task", "a")
    width = high - low
    assert (np.abs(found[0] - low) < 0.1 * width).all()
    assert (np.abs(found[1] - high) < 0.1 * width).all()


def test_two_seeds_span_the_band():
    low, high = band(np.array([[0.5, 0.8], [0.6, 0.7]]), "k")
    assert low == pytest.approx([0.5, 0.7])
    assert high == pytest.approx([0.6, 0.8])


def test_the_same_key_draws_the_same_band():
    curves = np.random.default_rng(0).normal(size=(5, 4))
    np.testing.assert_array_equal(band(curves, "k"), band(curves, "k"))
    assert (np.array(band(curves, "k")) != band(curves, "other")).any()


def test_one_seed_has_no_band():
    assert band(np.zeros((1, 3)), "k") is None
