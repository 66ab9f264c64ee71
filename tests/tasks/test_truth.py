"""The truth of a scenario, against brute force, Monte Carlo and calibration."""

from itertools import permutations, product
from math import sqrt

import numpy as np
import pytest
from scipy.stats import norm

from mindgap.tasks import truth as truths
from mindgap.tasks.generator import Bit, Description, draw, generate, rotation
from mindgap.tasks.missingness import Missingness
from mindgap.tasks.subsets import joined, shapley, subsets
from mindgap.tasks.truth import posterior, posterior_of_codes, truth

BOTH = (("x1", "x2"),)
TWO = {"x1": 8, "x2": 8}
MIXED = Description(
    {"a": 6, "b": 7, "c": 5},
    (
        Bit("red_syn", (("a", "b"), ("c",)), 0.93),
        Bit("unique", (("b",),), 0.9),
    ),
    parity={"a": 2, "c": 1, "b": 2},
    prior=(0.4, 0.3, 0.2, 0.1),
    missing=Missingness(pool={"a+b": 0.2, "c": 0.3}),
)


def brute_force(description, family, seed, data, shown):
    """p(y | x_S) by summing the observation's likelihood over every configuration of sub-bits."""
    n = len(data)
    # a configuration says the value v of every group and all sub-bits of every carrier
    groups = [(j, g) for j, bit in enumerate(description.bits) for g in range(len(bit.groups))]
    carried = [(j, g, m) for j, g in groups for m in description.bits[j].groups[g]]
    total = np.zeros((n, description.n_classes))
    for v in product((0, 1), repeat=len(groups)):
        value = dict(zip(groups, v, strict=True))
        bits = [
            sum(value[j, g] for g in range(len(bit.groups))) % 2
            for j, bit in enumerate(description.bits)
        ]
        y = sum(2**j * b for j, b in enumerate(bits))
        # v's are uniform given the bits' values
        weight = (description.prior or [1 / description.n_classes] * description.n_classes)[y]
        for bit in description.bits:
            weight /= 2 ** (len(bit.groups) - 1)
        free = [description.parity.get(m, 1) for _, _, m in carried]
        for sub in product(*[product((0, 1), repeat=p) for p in free]):
            agrees = all(
                sum(w) % 2 == value[j, g] for w, (j, g, _) in zip(sub, carried, strict=True)
            )
            if not agrees:
                continue
            here = weight / np.prod([2.0 ** (p - 1) for p in free])
            likelihood = np.full(n, here)
            for i, name in enumerate(description.names):
                axes = description.axes[name]
                code = np.zeros(len(axes))
                for w, (j, g, m) in zip(sub, carried, strict=True):
                    if m == name:
                        for s, bit_value in enumerate(w):
                            k = [tuple(a) for a in axes].index((j, g, s))
                            a = description.amplitude(description.bits[j], g, m)
                            code[k] = a * (2 * bit_value - 1)
                mean = rotation(family, seed, name, description.dimensions[name], len(axes)) @ code
                x = data.modalities[name].double().numpy()
                inside = data.observed[:, i].numpy() & (name in shown)
                density = norm.pdf(x - mean).prod(axis=1)
                likelihood = likelihood * np.where(inside, density, 1.0)
            total[:, y] += likelihood
    return total / total.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("shown", subsets(MIXED.names), ids=lambda s: joined(MIXED.names, s))
def test_posterior_is_the_brute_force_one(shown):
    data = generate(MIXED, "brute", 5, "pool", 40)
    assert not data.observed.all()
    exact = posterior(MIXED, "brute", 5, data, shown)
    np.testing.assert_allclose(exact.sum(axis=1), 1, atol=1e-12)
    # inputs are float32, so projections carry errors of about 1e-6
    np.testing.assert_allclose(exact, brute_force(MIXED, "brute", 5, data, shown), atol=2e-5)


@pytest.mark.parametrize("seed", [0, 1])
def test_posterior_is_calibrated_class_by_class(seed):
    n = 60_000
    data = generate(MIXED, "calibrated", seed, "pool", n)
    p = posterior(MIXED, "calibrated", seed, data, frozenset(MIXED.names))
    labels = data.labels.numpy()
    for k in range(MIXED.n_classes):
        bins = np.digitize(p[:, k], [0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
        for b in np.unique(bins):
            inside = bins == b
            if inside.sum() < 50:
                continue
            off = (labels[inside] == k).mean() - p[inside, k].mean()
            error = sqrt((p[inside, k] * (1 - p[inside, k])).sum()) / inside.sum()
            assert abs(off) < 4.5 * error, (k, b, off, error)


def test_posterior_survives_large_amplitudes():
    description = Description(TWO, (Bit("R", BOTH, 1 - 1e-12),))
    _, codes = draw(description, "large", n=100)
    shown = np.ones((100, 2), dtype=bool)
    p = posterior_of_codes(description, {k: 3 * v for k, v in codes.items()}, shown)
    assert np.isfinite(p).all()


CLOSED = [
    Description(TWO, (Bit("R", BOTH, 0.9), Bit("U", (("x1",),)))),
    Description(TWO, (Bit("S", (("x1",), ("x2",))), Bit("U", (("x2",),))), parity={"x2": 3}),
    Description(
        {"a": 6, "b": 6, "c": 6},
        (Bit("R", (("a", "b", "c"),)), Bit("S", (("a", "b"), ("c",)))),
    ),
    Description({"only": 4}, (Bit("U", (("only",),), 0.8),)),
]


@pytest.mark.parametrize("description", CLOSED)
def test_closed_form_agrees_with_monte_carlo(description):
    for subset in subsets(description.names):
        closed = truths._closed_form(description, subset)
        per_bit, accuracy, error = truths._monte_carlo(description, subset)
        assert accuracy == pytest.approx(np.prod(closed), abs=4 * error + 1e-12)
        # a number in [.5, 1] deviates by at most .25
        assert per_bit == pytest.approx(closed, abs=4 * 0.25 / sqrt(truths.DRAWS))


@pytest.mark.parametrize("description", [*CLOSED, MIXED])
def test_monte_carlo_agrees_with_hits(description):
    """The mean largest posterior is how often its class is right."""
    n = 100_000
    expected = truth(description)["bayes_accuracy"]
    labels, codes = draw(description, "hits", n=n)
    rng = np.random.default_rng(0)
    z = {name: code + rng.standard_normal(code.shape) for name, code in codes.items()}
    for subset in subsets(description.names)[1:]:
        inside = np.array([[name in subset for name in description.names]])
        p = posterior_of_codes(description, z, np.repeat(inside, n, axis=0))
        hits = (p.argmax(axis=1) == labels).mean()
        tied = np.isclose(p.max(axis=1), np.sort(p, axis=1)[:, -2]).mean()
        assert hits == pytest.approx(
            expected[joined(description.names, subset)], abs=4 * sqrt(0.25 / n) + tied
        )


def test_targets_are_reached():
    for groups in (BOTH, (("x1",),), (("x1",), ("x2",)), (("x1", "x2"), ("x2",))):
        found = truth(Description(TWO, (Bit("b", groups, 0.93),)))
        assert found["bayes_accuracy"]["x1+x2"] == pytest.approx(0.93, abs=1e-9)


def test_natural_mix_and_majority():
    rates = {"x1": 0.25, "x2": 0.1}
    description = Description(
        TWO,
        (Bit("U1", (("x1",),)), Bit("U2", (("x2",),))),
        prior=(0.4, 0.1, 0.4, 0.1),
        missing=Missingness(test=rates),
    )
    found = truth(description)
    accuracy = found["bayes_accuracy"]
    mixed = 0.25 * accuracy["x1"] + 0.1 * accuracy["x2"] + 0.65 * accuracy["x1+x2"]
    assert found["bayes_natural"] == pytest.approx(mixed)
    assert [bit["majority"] for bit in found["bits"]] == pytest.approx([0.8, 0.5])
    assert accuracy[""] == pytest.approx(0.4)
    assert "Monte Carlo" in found["method"]
    assert 0 < found["standard_error"]["x1"] < 0.0012


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_shapley_is_the_mean_over_orders(m):
    names = tuple("abcd"[:m])
    rng = np.random.default_rng(m)
    value = {subset: rng.random() for subset in subsets(names)}
    expected = dict.fromkeys(names, 0.0)
    orders = list(permutations(names))
    for order in orders:
        for i, name in enumerate(order):
            before = frozenset(order[:i])
            expected[name] += (value[before | {name}] - value[before]) / len(orders)
    assert shapley(value, names) == pytest.approx(expected)
