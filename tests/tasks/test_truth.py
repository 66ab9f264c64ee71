"""The truth of a description: closed forms, Monte Carlo, and what the masks add."""

import json
from itertools import permutations
from math import sqrt

import numpy as np
import pytest
from scipy.stats import norm

from mindgap.tasks.closed import closed_form
from mindgap.tasks.generator import Bit, Description, Shortcut, draw
from mindgap.tasks.missingness import MAR, Independent, Missingness, MNARx, MNARy
from mindgap.tasks.posterior import posterior_of_codes
from mindgap.tasks.sampled import DRAWS, Sample, accuracy, hits
from mindgap.tasks.subsets import shapley, subsets
from mindgap.tasks.truth import truth

BOTH = (("x1", "x2"),)
TWO = {"x1": 8, "x2": 8}
R, U1, U2 = Bit("R", BOTH), Bit("U1", (("x1",),)), Bit("U2", (("x2",),))
MIXED = Description(
    {"a": 6, "b": 7, "c": 5},
    (Bit("red_syn", (("a", "b"), ("c",)), 0.93), Bit("unique", (("b",),), 0.9)),
    parity={"a": 2, "c": 1, "b": 2},
    prior=(0.4, 0.3, 0.2, 0.1),
    missing=Missingness(pool={"a+b": 0.2, "c": 0.3}),
)
CORRUPTED = Description(
    TWO,
    (
        Bit("U2", (("x2",),), 0.7),
        Bit("S", (("x1",), ("x2",)), 0.65),
        Bit("twice", (("x2",), ("x2",)), 0.6),
    ),
    corruption={"x1": 0.2, "x2": 0.4},
)
CLOSED = [
    Description(TWO, (Bit("R", BOTH, 0.9), U1)),
    Description(TWO, (Bit("R", BOTH, 0.9), Bit("W", BOTH, 0.9, {"x1": 3})), strength={"x2": 0.3}),
    Description(TWO, (Bit("S", (("x1",), ("x2",))), U2), parity={"x2": 3}),
    Description(
        {"a": 6, "b": 6, "c": 6},
        (Bit("R", (("a", "b", "c"),)), Bit("S", (("a", "b"), ("c",)))),
    ),
    Description({"only": 4}, (Bit("U", (("only",),), 0.8),)),
    CORRUPTED,
    Description(TWO, (R, U2), shortcut=Shortcut("x1", "U2", pool=0.9, test=0.5)),
]


def of_text(text):
    return frozenset(text.split("+")) - {""}


@pytest.mark.parametrize("description", CLOSED)
def test_closed_form_agrees_with_monte_carlo(description):
    n = 50_000
    drawn = Sample(description, n=n)
    for subset in subsets(description.names):
        closed = closed_form(description, subset)
        sampled = accuracy(drawn.shown(subset))
        assert sampled.of_class == pytest.approx(closed.of_class, abs=4 * sampled.error + 1e-12)
        # a number in [.5, 1] deviates by at most .25
        assert sampled.of_bits == pytest.approx(closed.of_bits, abs=4 * 0.25 / sqrt(n))


@pytest.mark.parametrize(
    "description",
    [
        Description(TWO, (R,), prior=(0.6, 0.4)),
        Description(TWO, (R,), parity={"x2": 2}),
        Description(TWO, (Bit("R", BOTH, 0.8),), corruption={"x2": 0.3}),
        Description(TWO, (R,), shortcut=Shortcut("x1", "R", test=0.6)),
    ],
)
def test_no_closed_form_where_none_is_known(description):
    assert closed_form(description, frozenset(description.names)) is None


def test_a_corrupted_axis_by_hand():
    """(1 - kappa) Phi(a) + kappa / 2, and bits that are lost together."""
    lost, q = 0.4, 0.7
    bits = (Bit("A", (("x2",),), q), Bit("B", (("x2",),), q))
    description = Description(TWO, bits, corruption={"x2": lost})
    a = description.amplitudes("x2")[0]
    assert (1 - lost) * norm.cdf(a) + lost / 2 == pytest.approx(q, abs=1e-12)
    found = truth(description)
    assert found["bits"][0]["bayes"]["x2"] == pytest.approx(q, abs=1e-12)
    together = (1 - lost) * norm.cdf(a) ** 2 + lost / 4
    assert found["bayes_accuracy"]["x2"] == pytest.approx(together, abs=1e-12)
    assert together > q * q


@pytest.mark.parametrize("description", [*CLOSED, MIXED])
def test_accuracies_agree_with_hits(description):
    """How often the most likely class is right, counted on other draws."""
    n = 50_000
    labels, codes = draw(description, "hits", n=n)
    rng = np.random.default_rng(0)
    z = {name: code + rng.standard_normal(code.shape) for name, code in codes.items()}
    for subset in subsets(description.names)[1:]:
        inside = np.array([[name in subset for name in description.names]])
        p = posterior_of_codes(description, z, np.repeat(inside, n, axis=0))
        right = (p.argmax(axis=1) == labels).mean()
        tied = np.isclose(p.max(axis=1), np.sort(p, axis=1)[:, -2]).mean()
        exact = closed_form(description, subset) or accuracy(Sample(description, n=n).shown(subset))
        assert right == pytest.approx(exact.of_class, abs=4 * sqrt(0.25 / n) + tied)


def test_targets_are_reached():
    for groups in (BOTH, (("x1",),), (("x1",), ("x2",)), (("x1", "x2"), ("x2",))):
        for strength in ({}, {"x2": 0.3}):
            found = truth(Description(TWO, (Bit("b", groups, 0.93),), strength=strength))
            assert found["bayes_accuracy"]["x1+x2"] == pytest.approx(0.93, abs=1e-9)


def test_random_masks_mix_the_subsets():
    description = Description(
        TWO,
        (U1, U2),
        prior=(0.4, 0.1, 0.4, 0.1),
        missing=Missingness(test={"x1": 0.25, "x2": 0.1}),
    )
    found = truth(description)
    accuracies = found["bayes_accuracy"]
    mixed = 0.25 * accuracies["x1"] + 0.1 * accuracies["x2"] + 0.65 * accuracies["x1+x2"]
    assert found["bayes_natural"] == pytest.approx(mixed)
    assert found["bayes_natural_mask_ignored"] == found["bayes_natural"]
    assert 0 < found["natural_standard_error"] < 0.0012
    assert {p: v["bayes"] for p, v in found["patterns"].items()} == {
        p: accuracies[p] for p in ("x1+x2", "x1", "x2")
    }
    assert found["complete"] is None
    assert [bit["majority"] for bit in found["bits"]] == pytest.approx([0.8, 0.5])
    assert accuracies[""] == pytest.approx(0.4)
    assert "Monte Carlo" in found["method"]
    assert 0 < found["standard_error"]["x1"] < 0.0012


def test_independent_gaps_mix_likewise():
    missing = Missingness.same(Independent({"x1": 0.3, "x2": 0.2}))
    found = truth(Description(TWO, (U1, U2), missing=missing))
    assert sum(p["share"] for p in found["patterns"].values()) == pytest.approx(1)
    assert found["patterns"]["x1"]["share"] + found["patterns"]["x1+x2"]["share"] == pytest.approx(
        0.7
    )


def test_a_mask_that_tells_the_class_by_hand():
    """One bit, unseen wherever x2 is missing: the mask alone decides there."""
    rate = 0.9
    description = Description(TWO, (U2,), missing=Missingness.same(MNARy("x2", (1 - rate, rate))))
    found = truth(description)
    error = 4 * 0.5 / sqrt(DRAWS / 2)
    assert found["patterns"]["x1"]["bayes"] == pytest.approx(rate, abs=1e-9)
    assert found["patterns"]["x1"]["bayes_mask_ignored"] == pytest.approx(0.5, abs=error)
    # complete: z around a for one, weighed by the odds of the mask
    a, odds = description.amplitudes("x2")[0], np.log(rate / (1 - rate))
    cut = odds / (2 * a)
    expected = rate * norm.cdf(cut + a) + (1 - rate) * norm.sf(cut - a)
    assert found["patterns"]["x1+x2"]["bayes"] == pytest.approx(expected, abs=error)
    complete = found["complete"]
    assert complete["bits"][0]["majority"] == pytest.approx(rate, abs=1e-9)
    assert complete["bayes_accuracy"][""] == pytest.approx(rate, abs=1e-9)
    assert complete["bayes_accuracy"]["x1+x2"] == pytest.approx(expected, abs=error)
    assert found["bayes_accuracy"]["x1+x2"] == pytest.approx(0.975)


def test_a_steep_mnar_x_mask_is_a_threshold():
    description = Description(TWO, (U2,), missing=Missingness.same(MNARx("x2", 0.5, 500.0, "U2")))
    missing = truth(description)["patterns"]["x1"]
    assert missing["bayes"] == pytest.approx(0.975, abs=1e-3)  # z > 0 is all that a gap says
    assert missing["bayes_mask_ignored"] == pytest.approx(0.5, abs=0.005)


def test_a_mar_mask_tells_nothing_more_but_chooses():
    missing = Missingness.same(MAR("x2", "x1", 0.5, 3.0, "U1"))
    found = truth(Description(TWO, (U1, U2), missing=missing))
    assert found["bayes_natural"] == pytest.approx(found["bayes_natural_mask_ignored"], abs=1e-9)
    majority = found["complete"]["bits"][0]["majority"]
    sample = Sample(Description(TWO, (U1, U2), missing=missing))
    labels = sample._drawn[0][sample.having(frozenset({"x1", "x2"}))]
    assert majority == pytest.approx(1 - (labels & 1).mean(), abs=0.005)
    assert majority > 0.8
    assert found["complete"]["bits"][1]["majority"] == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize("mechanism", [MNARy("x2", (0.2, 0.6, 0.3, 0.9)), MNARx("x2", 0.4)])
def test_natural_accuracy_agrees_with_hits(mechanism):
    description = Description(TWO, (U2, U1), missing=Missingness.same(mechanism))
    found, sample = truth(description), Sample(description)
    labels = sample._drawn[0]
    for mask, key in ((True, "bayes"), (False, "bayes_mask_ignored")):
        p = sample.natural(mask=mask)
        rng = np.random.default_rng(1)
        guess = (p + 1e-9 * rng.random(p.shape)).argmax(axis=1)  # ties at random
        for pattern in ("x1", "x1+x2"):
            rows = sample.having(of_text(pattern))
            right = (guess == labels)[rows].mean()
            error = 0.5 / sqrt(rows.sum())
            assert found["patterns"][pattern][key] == pytest.approx(right, abs=4 * error)


def test_shortcut_under_both_laws():
    shortcut = Shortcut("x1", "U2", 2.5, pool=0.9, test=0.5)
    found = truth(Description(TWO, (U2,), shortcut=shortcut))
    assert found["bayes_accuracy"]["x1"] == 0.5
    pool = found["pool"]
    agreement = 0.9 * norm.cdf(2.5) + 0.1 * norm.sf(2.5)
    assert pool["bayes_accuracy"]["x1"] == pytest.approx(agreement, abs=0.003)
    assert pool["test_accuracy"]["x1"] == pytest.approx(0.5, abs=0.003)
    assert pool["bayes_accuracy"]["x1+x2"] > found["bayes_accuracy"]["x1+x2"]
    assert pool["test_accuracy"]["x1+x2"] < found["bayes_accuracy"]["x1+x2"] - 0.01
    assert pool["test_accuracy"]["x2"] == found["bayes_accuracy"]["x2"]
    same = Shortcut("x1", "U2", 2.5, pool=0.7, test=0.7)
    assert truth(Description(TWO, (U2,), shortcut=same))["pool"] is None


def test_a_mask_that_tells_only_in_the_pool():
    pool = MNARy("x2", (0.1, 0.9))
    found = truth(Description(TWO, (U1,), missing=Missingness(pool, {"x1": 0.5})))
    assert found["pool"]["bayes_natural"] > 0.975
    assert found["pool"]["test_natural"] < 0.975 - 0.01
    assert found["bayes_natural"] == pytest.approx(0.975)


def test_against_label_noise():
    eta, clean = 0.3, 0.975
    found = truth(Description(TWO, (U1,), label_noise=eta))
    assert found["bayes_accuracy"]["x1"] == pytest.approx(clean)
    expected = (1 - eta) * clean + eta * (1 - clean)
    assert found["against_label_noise"]["x1"] == pytest.approx(expected)
    assert truth(Description(TWO, (U1,)))["against_label_noise"] is None


def test_hits_guess_among_ties():
    believed = np.array([[0.5 + 1e-14, 0.5 - 1e-14, 0.0], [0.2, 0.3, 0.5]])
    true = np.array([[0.1, 0.7, 0.2], [0.1, 0.3, 0.6]])
    np.testing.assert_allclose(hits(believed, true), [0.4, 0.6])


def test_a_pattern_too_rare_to_tell_says_none():
    rare = Missingness.same(MNARy("x2", (1e-6, 1e-6)))
    found = json.loads(json.dumps(truth(Description(TWO, (U1,), missing=rare))))
    assert found["patterns"]["x1"]["bayes"] is None
    assert found["bayes_natural"] == pytest.approx(0.975, abs=0.005)


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
