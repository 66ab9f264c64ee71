"""What modalities tell, against closed forms, Monte Carlo and hand counts."""

import json
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from mindgap.tasks import broja
from mindgap.tasks.description import Bit, Description, Shortcut
from mindgap.tasks.information import (
    dividends,
    information,
    is_exact,
    latent_atoms,
    observed_atoms,
    of_bits,
    of_posterior,
    pairs,
    quantised_atoms,
)
from mindgap.tasks.label_channel import independent_prior, label_bits
from mindgap.tasks.pid import Atoms, mutual_information, union_information
from mindgap.tasks.quantised import quantised
from mindgap.tasks.sampled import Sample
from mindgap.tasks.subsets import joined, subsets

BOTH, FIRST, SECOND, XOR = (("x1", "x2"),), (("x1",),), (("x2",),), (("x1",), ("x2",))
TWO = {"x1": 16, "x2": 16}
X1, X2, X12 = frozenset({"x1"}), frozenset({"x2"}), frozenset({"x1", "x2"})


def described(*groups, **fields):
    bits = tuple(Bit(f"b{j}", group) for j, group in enumerate(groups))
    return Description(fields.pop("dimensions", TWO), bits, **fields)


def tail(classes, ratio=10):
    p = np.array([ratio ** (-k / (classes - 1)) for k in range(classes)])
    return tuple(p / p.sum())


def awgn(a):
    """J(a), the information of +-a in unit noise."""
    left, _ = quad(
        lambda z: norm.pdf(z - a) * np.logaddexp(0, -2 * a * z), a - 12, a + 12, points=[0, a]
    )
    return 1 - left / log(2)


def never(subset):
    raise AssertionError(f"{subset} needs no draws")


def atoms_of(entry):
    return [entry["redundant"], *entry["unique"], entry["synergistic"]]


#: Per two-source preset of the scenario table: latent and observed atoms.
PRESETS = [
    (described(BOTH, BOTH), (2, 0, 0, 0), (1.42, 0, 0, 0.39)),
    (described(FIRST, SECOND), (0, 1, 1, 0), (0, 0.90, 0.90, 0)),
    (described(FIRST, FIRST), (0, 2, 0, 0), (0, 1.81, 0, 0)),
    (described(XOR, XOR), (0, 0, 0, 2), (0, 0, 0, 1.81)),
    (described(BOTH, XOR), (1, 0, 0, 1), (0.71, 0, 0, 1.10)),
    (described(BOTH, BOTH, strength={"x1": 1.8, "x2": 0.775}), (2, 0, 0, 0), (0.67, 1.06, 0, 0.08)),
    (described(BOTH, BOTH, parity={"x2": 3}), (2, 0, 0, 0), (1.41, 0.01, 0.01, 0.39)),
    (described(FIRST, SECOND, parity={"x2": 3}), (0, 1, 1, 0), (0, 0.90, 0.90, 0)),
    (
        Description(
            TWO,
            (Bit("r", BOTH), Bit("u1", FIRST), Bit("u2", SECOND), Bit("s", XOR, 0.9973)),
        ),
        (1, 1, 1, 1),
        (0.71, 0.90, 0.90, 0.197 + 0.9889),
    ),
    (described(BOTH, FIRST, SECOND), (1, 1, 1, 0), (0.71, 0.90, 0.90, 0.20)),
    (
        described(SECOND, SECOND, parity={"x2": 2}, shortcut=Shortcut("x1", "b0")),
        (0, 0, 2, 0),
        (0, 0, 1.81, 0),
    ),
    # an accuracy of (Phi(3) + 1/2) / 2 with half of the samples lost: a = 3
    (
        Description(TWO, (Bit("u1", FIRST), Bit("u2", SECOND, 0.74932)), corruption={"x2": 0.5}),
        (0, 1, 1, 0),
        (0, 0.90, 0.40, 0),
    ),
]


@pytest.mark.parametrize(("description", "latent", "observed"), PRESETS)
def test_presets(description, latent, observed):
    found = information(description, never)
    json.dumps(found, allow_nan=False)
    (entry,) = found["pid"]
    assert entry["sources"] == ["x1", "x2"]
    assert entry["observed"]["error"] == 0
    assert atoms_of(entry["latent"]) == pytest.approx(latent, abs=1e-9)
    assert atoms_of(entry["observed"]) == pytest.approx(observed, abs=0.012)
    bits = found["mutual_information"]
    r, u1, u2, s = atoms_of(entry["observed"])
    assert bits["x1"] == pytest.approx(r + u1, abs=1e-9)
    assert bits["x2"] == pytest.approx(r + u2, abs=1e-9)
    assert bits["x1+x2"] == pytest.approx(r + u1 + u2 + s, abs=1e-9)
    assert found["entropy"] == pytest.approx(len(description.bits))
    assert set(found["standard_error"].values()) == {0.0}


@pytest.mark.parametrize(("weak", "strong"), [(0.8, 2.0), (0.1, 1.0), (1.386, 1.386)])
def test_linear_redundant_bit_is_ordered_by_degradation(weak, strong):
    loud = sqrt(weak**2 + strong**2)
    bit = Bit("r", BOTH, float(norm.cdf(loud)), {"x1": weak, "x2": strong})
    found = observed_atoms(label_bits(Description(TWO, (bit,))), X1, X2)
    expected = (awgn(weak), 0, awgn(strong) - awgn(weak), awgn(loud) - awgn(strong))
    assert found == pytest.approx(expected, abs=1e-5)


def test_the_reference_on_unequal_amplitudes():
    """(.353, .560, 0, .026) in closed form, (.352, .560, 0, .027) by a solver on 40 levels."""
    bit = Bit("r", BOTH, float(norm.cdf(sqrt(0.8**2 + 2.0**2))), {"x1": 2.0, "x2": 0.8})
    found = observed_atoms(label_bits(Description(TWO, (bit,))), X1, X2)
    assert found == pytest.approx((0.353, 0.560, 0, 0.026), abs=1e-3)


def levels(table, n):
    """A channel's observations in n bins of equal mass, by how much they speak for 1."""
    order = np.argsort(table[1] / table.sum(axis=0))
    mass = np.cumsum(table.sum(axis=0)[order])
    bins = np.minimum((mass * n).astype(int), n - 1)
    return np.stack([np.bincount(bins, row[order], minlength=n) for row in table])


def test_hidden_redundant_bit_agrees_with_the_solver_on_40_levels():
    """Channels that neither degrades into the other: the hull against the convex problem."""
    (bit,) = label_bits(described(BOTH, parity={"x2": 3}))
    one, two = bit.table(X1), bit.table(X2)
    exact = union_information(one, two)[0]
    assert exact > max(mutual_information(one), mutual_information(two)) + 1e-4
    coarse_one, coarse_two = levels(one, 40), levels(two, 40)
    solved, _ = broja.least_information(coarse_one, coarse_two)
    assert solved == pytest.approx(union_information(coarse_one, coarse_two)[0], abs=3e-8)
    lost = mutual_information(one) - mutual_information(coarse_one)
    lost += mutual_information(two) - mutual_information(coarse_two)
    assert 1e-5 < lost < 0.01
    assert solved <= exact <= solved + lost


MONTE_CARLO = {
    "five atoms": described(BOTH, FIRST, SECOND, XOR, parity={"x1": 2}),
    "long tail": described(BOTH, SECOND, XOR, prior=tail(8)),
    "hidden in both": described(BOTH, XOR, parity={"x1": 2, "x2": {"b0": 3}}),
    "mixed groups": described((("x1", "x2"), ("x2",)), (("x1",), ("x1",))),
    "loud and soft": described(BOTH, BOTH, strength={"x1": 1.8, "x2": 0.7}),
    "lost at times": Description(
        TWO, (Bit("r", BOTH, 0.85), Bit("u", FIRST)), corruption={"x2": 0.3}
    ),
    "shortcut": described(SECOND, XOR, shortcut=Shortcut("x1", "b0", test=0.8)),
    "shortcut that lies": described(BOTH, shortcut=Shortcut("x1", "b0", test=0.1)),
    "three": described(
        (("a", "b", "c"),),
        (("a", "b"), ("c",)),
        dimensions={"a": 9, "b": 9, "c": 9},
        parity={"b": 2},
    ),
    "one": described((("only",),), dimensions={"only": 4}),
}


@pytest.mark.parametrize("case", MONTE_CARLO)
def test_exact_agrees_with_monte_carlo(case):
    description = MONTE_CARLO[case]
    sample = Sample(description, n=20_000)
    for subset in subsets(description.names)[1:]:
        assert is_exact(description, subset)
        found = of_bits(label_bits(description), subset)
        drawn = of_posterior(description.class_prior, sample.shown(subset))
        assert found.error == 0
        assert drawn.bits == pytest.approx(found.bits, abs=4 * drawn.error + 2e-5)


def test_drawn_entropy_is_the_mean_log_ratio():
    """I(Y; X) = E log2 p(y | x) / p(y), at the labels that were drawn."""
    description = described(BOTH, SECOND, prior=(0.4, 0.3, 0.2, 0.1))
    p = Sample(description, n=40_000).shown(X2)
    rng = np.random.default_rng(0)
    labels = (rng.random(len(p))[:, None] > np.cumsum(p, axis=1)).sum(axis=1)
    ratio = np.log2(p[np.arange(len(p)), labels] / description.class_prior[labels])
    found = of_posterior(description.class_prior, p)
    assert found.bits == pytest.approx(ratio.mean(), abs=4 * ratio.std() / sqrt(len(p)))


@pytest.mark.parametrize("case", ["five atoms", "long tail", "loud and soft"])
def test_quantised_atoms_enclose_the_exact_ones(case):
    description = MONTE_CARLO[case]
    bits, sample = label_bits(description), Sample(description, n=20_000)
    exact = observed_atoms(bits, X1, X2)
    one, two = (quantised(sample.shown(s), description.class_prior) for s in (X1, X2))
    np.testing.assert_allclose(one.sum(axis=1), description.class_prior, rtol=1e-12)
    np.testing.assert_allclose(two.sum(axis=1), description.class_prior, rtol=1e-12)
    told = [of_bits(bits, subset).bits for subset in (X1, X2, X12)]
    found, error = quantised_atoms(one, two, *told)
    assert 0 < error < 0.1
    # tables are of 20,000 draws
    assert found == pytest.approx(exact, abs=error + 0.015)
    assert found.redundant + found.unique_1 == pytest.approx(told[0])


@pytest.mark.parametrize(
    ("description", "drawn"),
    [
        (described(BOTH, SECOND, prior=(0.4, 0.3, 0.2, 0.1)), {"x1", "x2", "x1+x2"}),
        (
            Description(
                TWO,
                (Bit("u", FIRST), Bit("v", SECOND, 0.73), Bit("w", SECOND, 0.73)),
                corruption={"x2": 0.5},
            ),
            {"x2", "x1+x2"},
        ),
    ],
)
def test_bits_that_hang_together_are_drawn(description, drawn):
    sample = Sample(description, n=20_000)
    found = information(description, sample.shown)
    error = found["standard_error"]
    assert {name for name, e in error.items() if e > 0} == drawn
    assert all(name in found["method"] for name in drawn)
    assert found["mutual_information"][""] == 0
    (entry,) = found["pid"]
    assert 0 < entry["observed"]["error"] < 0.1
    r, u1, u2, s = atoms_of(entry["observed"])
    for subset, total in (("x1", r + u1), ("x2", r + u2), ("x1+x2", r + u1 + u2 + s)):
        assert found["mutual_information"][subset] == pytest.approx(
            total, abs=4 * max(error.values())
        )


def test_a_lost_signal_ties_only_what_the_modality_carries():
    """The case above once more: the bit of x1 is apart from the two of x2."""
    description = Description(
        TWO,
        (Bit("u", FIRST), Bit("v", SECOND, 0.73), Bit("w", SECOND, 0.73)),
        corruption={"x2": 0.5},
    )
    found = information(description, Sample(description, n=20_000).shown)
    observed = found["pid"][0]["observed"]
    told = found["mutual_information"]
    error = observed["error"] + 4 * found["standard_error"]["x1+x2"]
    assert atoms_of(observed) == pytest.approx([0, told["x1"], told["x2"], 0], abs=error)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (BOTH, (1, 0, 0, 0)),
        (FIRST, (0, 1, 0, 0)),
        (SECOND, (0, 0, 1, 0)),
        (XOR, (0, 0, 0, 1)),
        ((("x1", "x2"), ("x2",)), (0, 0, 1, 0)),
        ((("x1", "x2"), ("x1", "x2")), (1, 0, 0, 0)),
        ((("x1",), ("x2",), ("x1", "x2")), (0, 0, 0, 1)),
    ],
)
def test_latent_bit_is_one_atom(groups, expected):
    assert latent_atoms(described(groups), X1, X2) == pytest.approx(expected)
    # and so it is observed where noise is gone
    clear = Description(TWO, (Bit("b", groups, 1 - 1e-13),))
    assert observed_atoms(label_bits(clear), X1, X2) == pytest.approx(expected, abs=1e-4)


def test_latent_atoms_under_a_prior_that_ties_bits():
    """x1 knows bit 0, x2 bit 1; what the bits tell of each other is redundant."""
    prior = (0.5, 0.1, 0.1, 0.3)

    def h(*p):
        return -sum(x * np.log2(x) for x in p)

    both, one = h(*prior), h(0.6, 0.4)
    found = latent_atoms(described(FIRST, SECOND, prior=prior), X1, X2)
    assert found == pytest.approx((2 * one - both, both - one, both - one, 0))


def test_latent_atoms_tell_least_and_most_significant_bit_apart():
    prior = (0.35, 0.35, 0.15, 0.15)  # bit 1 is biased, bit 0 is fair
    fair = latent_atoms(described(FIRST, SECOND, prior=prior), X1, X2)
    biased = -0.7 * np.log2(0.7) - 0.3 * np.log2(0.3)
    assert fair == pytest.approx((0, 1, biased, 0))
    assert label_bits(described(FIRST, SECOND, prior=prior))[1].one == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("prior", "ones"),
    [
        ((0.25,) * 4, [0.5, 0.5]),
        ((0.28, 0.12, 0.42, 0.18), [0.3, 0.6]),
        ((0.4, 0.3, 0.2, 0.1), None),
        ((0.7, 0.3), [0.3]),
    ],
)
def test_priors_that_leave_bits_independent(prior, ones):
    found = independent_prior(np.array(prior))
    assert found == (None if ones is None else pytest.approx(ones))


@pytest.mark.parametrize("classes", [2, 4, 8, 16])
def test_long_tails_leave_bits_independent(classes):
    assert independent_prior(np.array(tail(classes))) is not None


@given(st.integers(1, 4), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_dividends_sum_back_to_the_table(m, seed):
    names = tuple("abcd"[:m])
    rng = np.random.default_rng(seed)
    value = {subset: rng.random() for subset in subsets(names)}
    found = dividends(value, names)
    for subset in subsets(names):
        inside = sum(found[t] for t in subsets(names) if t <= subset)
        assert inside == pytest.approx(value[subset])


def test_dividends_of_two_are_the_interaction():
    value = {frozenset(): 0.0, X1: 0.4, X2: 0.5, X12: 1.2}
    expected = {frozenset(): 0, X1: 0.4, X2: 0.5, X12: 0.3}
    assert dividends(value, ("x1", "x2")) == pytest.approx(expected)


def test_parity_of_three_is_a_dividend_of_three():
    names = ("a", "b", "c")
    found = information(
        described((("a",), ("b",), ("c",)), dimensions=dict.fromkeys(names, 4)), never
    )
    whole = found["mutual_information"]["a+b+c"]
    assert whole > 0.85
    assert found["dividends"] == pytest.approx(
        {joined(names, s): whole if len(s) == 3 else 0 for s in subsets(names)}, abs=1e-9
    )


def test_of_three_each_modality_is_set_against_the_rest():
    names = ("a", "b", "c")
    description = described(
        (("a", "b", "c"),), (("a",),), (("b",), ("c",)), dimensions=dict.fromkeys(names, 9)
    )
    found = {tuple(entry["sources"]): entry for entry in information(description, never)["pid"]}
    assert list(found) == [("a", "b+c"), ("b", "a+c"), ("c", "a+b")]
    assert atoms_of(found["a", "b+c"]["latent"]) == pytest.approx((1, 1, 1, 0))
    assert atoms_of(found["b", "a+c"]["latent"]) == pytest.approx((1, 0, 1, 1))
    r, u1, u2, s = atoms_of(found["a", "b+c"]["observed"])
    shared = norm.ppf(0.975) / sqrt(3)
    # the redundant bit: the rest is two of three equal carriers
    assert r == pytest.approx(awgn(shared), abs=1e-5)
    assert u1 == pytest.approx(awgn(norm.ppf(0.975)), abs=1e-5)
    assert s == pytest.approx(awgn(norm.ppf(0.975)) - awgn(shared * sqrt(2)), abs=1e-5)
    assert u2 > 1


def test_pairs_of_sources():
    assert pairs(("a",)) == []
    assert pairs(("a", "b")) == [(frozenset("a"), frozenset("b"))]
    assert [(joined("abcd", p), joined("abcd", q)) for p, q in pairs(tuple("abcd"))] == [
        ("a", "b+c+d"),
        ("b", "a+c+d"),
        ("c", "a+b+d"),
        ("d", "a+b+c"),
    ]


def test_one_modality_has_no_atoms():
    found = information(described((("only",),), dimensions={"only": 4}), never)
    assert found["pid"] == []
    assert found["dividends"]["only"] == found["mutual_information"]["only"] > 0.9


def test_a_source_that_tells_nothing_is_one_cell():
    table = quantised(np.full((500, 4), 0.25), np.full(4, 0.25))
    assert table.shape == (4, 1)
    found, error = quantised_atoms(table, table, 0.0, 0.0, 0.0)
    assert found == pytest.approx(Atoms(0, 0, 0, 0))
    assert error == 0
