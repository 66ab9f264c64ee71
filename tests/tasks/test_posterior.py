"""The exact posterior, against brute force, calibration and itself in the limits."""

from math import sqrt

import numpy as np
import pytest
from brute_force import brute_force

from mindgap.tasks.generator import Bit, Description, Shortcut, draw, generate
from mindgap.tasks.missingness import MAR, Independent, Missingness, MNARx, MNARy
from mindgap.tasks.posterior import Mask, posterior, posterior_of_codes
from mindgap.tasks.subsets import joined, subsets

TWO = {"x1": 8, "x2": 8}
R = Bit("R", (("x1", "x2"),), 0.9)
U1 = Bit("U1", (("x1",),), 0.9)
U2 = Bit("U2", (("x2",),), 0.85)
S = Bit("S", (("x1",), ("x2",)), 0.85)
SKEWED = (0.4, 0.3, 0.2, 0.1)

DESCRIPTIONS = {
    "parity": Description(
        {"a": 6, "b": 7, "c": 5},
        (Bit("red_syn", (("a", "b"), ("c",)), 0.93), Bit("unique", (("b",),), 0.9)),
        parity={"a": 2, "c": 1, "b": {"unique": 2}},
        prior=SKEWED,
        missing=Missingness(pool={"a+b": 0.2, "c": 0.3}),
    ),
    "strength": Description(
        TWO, (R, Bit("W", (("x1", "x2"),), 0.9, {"x1": 3})), strength={"x2": 0.4}
    ),
    "corruption": Description(
        TWO,
        (Bit("R", (("x1", "x2"),), 0.75), Bit("S", (("x1",), ("x2",)), 0.75)),
        corruption={"x1": 0.2, "x2": 0.3},
        parity={"x2": {"R": 2}},
        prior=SKEWED,
        missing=Missingness.same(Independent({"x1": 0.2, "x2": 0.3})),
    ),
    "shortcut": Description(
        TWO,
        (U1, Bit("S", (("x1",), ("x2",)), 0.75)),
        corruption={"x2": 0.25},
        shortcut=Shortcut("x2", "U1", 1.5, pool=0.8, test=0.4),
        prior=SKEWED,
    ),
    "mnar_y": Description(
        TWO, (U2, R), missing=Missingness.same(MNARy("x2", (0.1, 0.9, 0.5, 0.0))), prior=SKEWED
    ),
    "mnar_x": Description(
        TWO,
        (Bit("S", S.groups, 0.7), Bit("U2", (("x2",),), 0.75)),
        corruption={"x2": 0.3},
        missing=Missingness.same(MNARx("x2", 0.4, 2.5, "U2")),
        prior=SKEWED,
    ),
    "mnar_x of a redundant value": Description(
        TWO, (R, U1), missing=Missingness.same(MNARx("x2", 0.3, -4.0, "R")), prior=SKEWED
    ),
    "mnar_x of a sub-bit": Description(
        TWO, (U2, U1), parity={"x2": 2}, missing=Missingness.same(MNARx("x2", 0.5, 3.0, "U2"))
    ),
    "mar": Description(
        TWO, (R, U1), missing=Missingness.same(MAR("x2", "x1", 0.5, 3.0, "U1")), prior=SKEWED
    ),
}
CASES = [
    pytest.param(name, subset, id=f"{name}-{joined(d.names, subset) or 'none'}")
    for name, d in DESCRIPTIONS.items()
    for subset in subsets(d.names)
]


@pytest.mark.parametrize(("name", "shown"), CASES)
@pytest.mark.parametrize("mask", [True, False])
def test_posterior_is_the_brute_force_one(name, shown, mask):
    description = DESCRIPTIONS[name]
    data = generate(description, "brute", 5, "pool", 40)
    exact = posterior(description, "brute", 5, data, shown, "pool", mask)
    np.testing.assert_allclose(exact.sum(axis=1), 1, atol=1e-12)
    expected = brute_force(description, "brute", 5, data, shown, "pool", mask)
    # inputs are float32, so projections carry errors of about 1e-6
    np.testing.assert_allclose(exact, expected, atol=2e-5)


def test_the_descriptions_have_gaps_and_the_mask_tells():
    for name in ("parity", "corruption", "mnar_y", "mnar_x", "mar"):
        description = DESCRIPTIONS[name]
        data = generate(description, "brute", 5, "pool", 40)
        assert 5 < int((~data.observed.all(dim=1)).sum()) < 35
        everything = frozenset(description.names)
        with_mask, without = (
            posterior(description, "brute", 5, data, everything, "pool", mask)
            for mask in (True, False)
        )
        tells = not np.allclose(with_mask, without)
        assert tells == name.startswith("mnar"), name


def test_the_other_split_is_another_law():
    description = DESCRIPTIONS["shortcut"]
    data = generate(description, "brute", 5, "test", 40)
    everything = frozenset(description.names)
    exact = posterior(description, "brute", 5, data, everything, "test")
    expected = brute_force(description, "brute", 5, data, everything, "test")
    np.testing.assert_allclose(exact, expected, atol=2e-5)
    pool = posterior(description, "brute", 5, data, everything, "pool")
    assert np.abs(exact - pool).max() > 0.05


@pytest.mark.parametrize("name", DESCRIPTIONS)
@pytest.mark.parametrize("shown", ["all", "first"])
@pytest.mark.parametrize("seed", [0, 1])
def test_posterior_is_calibrated_class_by_class(name, shown, seed):
    """Also where a modality is withheld whose presence or absence tells something."""
    description, n = DESCRIPTIONS[name], 30_000
    data = generate(description, "calibrated", seed, "pool", n)
    names = description.names if shown == "all" else description.names[:1]
    p = posterior(description, "calibrated", seed, data, frozenset(names))
    labels = data.labels.numpy()
    for k in range(description.n_classes):
        bins = np.digitize(p[:, k], [0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
        for b in np.unique(bins):
            inside = bins == b
            if inside.sum() < 50:
                continue
            off = (labels[inside] == k).mean() - p[inside, k].mean()
            error = sqrt((p[inside, k] * (1 - p[inside, k])).sum()) / inside.sum()
            assert abs(off) < 4.5 * error + 1e-9, (k, b, off, error)


def test_posterior_survives_large_amplitudes():
    for corruption in ({}, {"x2": 1e-6}):
        description = Description(TWO, (Bit("R", R.groups, 1 - 1e-7),), corruption=corruption)
        _, codes = draw(description, "large", n=100)
        shown = np.ones((100, 2), dtype=bool)
        p = posterior_of_codes(description, {k: 5 * v for k, v in codes.items()}, shown)
        assert np.isfinite(p).all()


def test_vanishing_corruption_and_agreement_change_nothing():
    _, codes = draw(Description(TWO, (R, S)), "limit", n=500)
    shown = np.array([[True, True], [True, False]]).repeat(250, axis=0)
    plain = posterior_of_codes(Description(TWO, (R, S)), codes, shown)
    rarely = posterior_of_codes(Description(TWO, (R, S), corruption={"x2": 1e-12}), codes, shown)
    np.testing.assert_allclose(rarely, plain, atol=1e-9)
    idle = Description(TWO, (R, S), shortcut=Shortcut("x1", "R", pool=0.5, test=0.5))
    more = {**codes, "x1": np.hstack([codes["x1"], np.ones((500, 1))])}
    np.testing.assert_allclose(posterior_of_codes(idle, more, shown), plain, atol=1e-12)


def test_a_mask_from_another_split_is_read_by_that_splits_law():
    rates = (0.2, 0.8)
    description = Description(TWO, (U2,), missing=Missingness(pool=MNARy("x2", rates)))
    _, codes = draw(description, "law", n=4)
    observed = np.array([[True, True], [True, False]] * 2)
    shown = np.array([[True, False]] * 4)
    pool, test = (
        posterior_of_codes(description, codes, shown, Mask(observed, split))
        for split in ("pool", "test")
    )
    np.testing.assert_allclose(test, 0.5)
    np.testing.assert_allclose(pool[:, 1], [0.2, 0.8, 0.2, 0.8])
