"""The generator: what is drawn is what the description says."""

from math import inf, nan

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, kstest, norm

from mindgap.errors import MindgapError
from mindgap.tasks.generator import Axis, Bit, Description, Shortcut, draw, generate
from mindgap.tasks.missingness import Missingness
from mindgap.tasks.rendering import rotation

BOTH = (("x1", "x2"),)
TWO = {"x1": 8, "x2": 8}


def test_rotation_is_orthonormal_and_a_prefix():
    wide = rotation("family", 3, "x1", 32, 6)
    np.testing.assert_allclose(wide.T @ wide, np.eye(6), atol=1e-12)
    np.testing.assert_allclose(rotation("family", 3, "x1", 32, 2), wide[:, :2], atol=1e-12)
    assert not np.allclose(rotation("family", 4, "x1", 32, 2), wide[:, :2])
    assert not np.allclose(rotation("family", 3, "x2", 32, 2), wide[:, :2])


@pytest.mark.parametrize(
    ("groups", "parity", "expected"),
    [
        (BOTH, 1, 1.386),  # of a table computed elsewhere, q = .975, three digits
        ((("x1",),), 1, 1.960),
        ((("x1",), ("x2",)), 1, 2.236),
        (BOTH, 2, 1.714),
        (BOTH, 3, 1.891),
        ((("x1",),), 2, 2.236),
    ],
)
def test_amplitudes_follow_from_the_target_accuracy(groups, parity, expected):
    bit = Bit("b", groups)
    description = Description(TWO, (bit,), parity={"x1": parity, "x2": parity})
    assert description.amplitude(bit, 0, "x1") == pytest.approx(expected, abs=1e-3)


@given(
    n_bits=st.integers(1, 3),
    names=st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True),
    data=st.data(),
)
@settings(deadline=None, max_examples=40)
def test_codes_decode_to_the_label(n_bits, names, data):
    some = st.lists(st.sampled_from(names), min_size=1, unique=True).map(tuple)
    bits = tuple(
        Bit(f"b{j}", tuple(data.draw(st.lists(some, min_size=1, max_size=3))))
        for j in range(n_bits)
    )
    parity = {name: data.draw(st.integers(1, 3)) for name in names}
    description = Description(dict.fromkeys(names, 40), bits, parity)
    labels, codes = draw(description, "decode", n=200)
    for j, bit in enumerate(bits):
        decoded = np.zeros(200, int)
        for g, carriers in enumerate(bit.groups):
            values = []
            for name in carriers:
                columns = [
                    k
                    for k, axis in enumerate(description.axes[name])
                    if (axis.bit, axis.group) == (j, g)
                ]
                assert len(columns) == parity[name]
                values.append((codes[name][:, columns] > 0).sum(axis=1) % 2)
            assert all((v == values[0]).all() for v in values), "carriers of a group agree"
            decoded ^= values[0]
        assert (decoded == (labels >> j) & 1).all()


def test_no_proper_part_of_an_xor_tells_anything():
    description = Description(TWO, (Bit("s", (("x1",), ("x2",))),), parity={"x2": 2})
    labels, codes = draw(description, "parts", n=20_000)
    for column in (*codes["x1"].T, *codes["x2"].T):
        agreeing = int(((column > 0) == labels).sum())
        assert binomtest(agreeing, 20_000).pvalue > 1e-4


@pytest.mark.parametrize("seed", [0, 1])
def test_noise_is_standard_normal_in_every_direction(seed):
    description = Description(TWO, (Bit("R", BOTH),))
    data = generate(description, "noise", seed, "test", 4000)
    labels = data.labels.numpy()
    columns = rotation("noise", seed, "x1", 8, 1)
    a = description.amplitudes("x1")[0]
    z = data.modalities["x1"].numpy() @ columns[:, 0] - a * (2 * labels - 1)
    assert kstest(z, norm.cdf).pvalue > 1e-3
    rest = data.modalities["x1"].numpy() @ np.linalg.svd(columns)[0][:, 1:]
    assert kstest(rest.ravel(), norm.cdf).pvalue > 1e-3


def test_prior_and_label_noise():
    prior = (0.5, 0.3, 0.15, 0.05)
    clean = Description(TWO, (Bit("R1", BOTH), Bit("R2", BOTH)), prior=prior)
    noisy = Description(TWO, (Bit("R1", BOTH), Bit("R2", BOTH)), prior=prior, label_noise=0.2)
    n = 20_000
    first, second = (generate(d, "prior", 0, "pool", n) for d in (clean, noisy))
    counts = np.bincount(first.labels.numpy(), minlength=4)
    for count, p in zip(counts, prior, strict=True):
        assert binomtest(int(count), n, p).pvalue > 1e-3
    wrong = first.labels != second.labels
    assert binomtest(int(wrong.sum()), n, 0.2).pvalue > 1e-3
    shift = (second.labels - first.labels)[wrong] % 4
    assert np.bincount(shift.numpy(), minlength=4)[1:].min() > 0.3 * int(wrong.sum())
    assert torch.equal(first.modalities["x1"], second.modalities["x1"])
    tests = [generate(d, "prior", 0, "test", 500).labels for d in (clean, noisy)]
    assert torch.equal(*tests), "the test set is clean"


def test_missing_rates_patterns_and_streams():
    missing = Missingness(pool={"x1": 0.1, "x2": 0.3}, test={"x2": 0.5})
    description = Description(TWO, (Bit("R", BOTH),), missing=missing)
    n = 20_000
    pool = generate(description, "gaps", 0, "pool", n)
    test = generate(description, "gaps", 0, "test", n)
    assert pool.observed.any(dim=1).all()
    for data, rates in ((pool, (0.1, 0.3)), (test, (0.0, 0.5))):
        only = [int((data.observed == torch.tensor(p)).all(1).sum()) for p in ((1, 0), (0, 1))]
        for count, rate in zip(only, rates, strict=True):
            assert binomtest(count, n, rate).pvalue > 1e-3
    assert pool.modalities["x1"][~pool.observed[:, 0]].isnan().all()
    assert not pool.modalities["x1"][pool.observed[:, 0]].isnan().any()
    # the test set's mask doesn't change with the pool's rates
    other = Description(
        TWO, (Bit("R", BOTH),), missing=Missingness(pool={"x1": 0.6}, test={"x2": 0.5})
    )
    assert torch.equal(generate(other, "gaps", 0, "test", n).observed, test.observed)


def test_a_modality_without_signal_is_noise():
    description = Description({"x1": 8, "dead": 5}, (Bit("U", (("x1",),)),))
    data = generate(description, "dead", 0, "pool", 2000)
    assert data.modalities["dead"].shape == (2000, 5)
    assert kstest(data.modalities["dead"].numpy().ravel(), norm.cdf).pvalue > 1e-3


def test_axes_of_a_higher_parity_come_after_those_of_a_lower_one():
    bits = (Bit("R1", BOTH), Bit("R2", BOTH))
    low = Description(TWO, bits).axes["x2"]
    high = Description(TWO, bits, parity={"x2": 2}).axes["x2"]
    assert low == [Axis(0, 0, 0), Axis(1, 0, 0)]
    assert high[:2] == low


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"bits": ()}, "at least one modality and one bit"),
        ({"bits": (Bit("R", BOTH, 0.5),)}, "bit R: accuracy 0.5 is not in"),
        ({"bits": (Bit("R", (("x3",),)),)}, "bit R: there is no modality 'x3'"),
        ({"bits": (Bit("R", ()),)}, "bit R: every group needs a modality"),
        ({"dimensions": {"x1": 8, "x2": 0}}, "modality x2 is 0; give d of a vector"),
        ({"parity": {"x2": 0}}, "parity: x2=0"),
        ({"parity": {"x9": 2}}, "parity: x9=2"),
        ({"prior": (0.5, 0.6)}, "prior: give 2 positive numbers"),
        ({"label_noise": 1.0}, "label_noise: 1.0"),
        ({"missing": Missingness(pool={"x2+x1": 0.1})}, "missing.pool: 'x2+x1' is no pattern"),
        ({"missing": Missingness(pool={"x7": 0.1})}, "missing.pool: 'x7' is no pattern"),
        ({"missing": Missingness(test={"": 0.1})}, "missing.test: '' is no pattern"),
        (
            {"missing": Missingness(test={"x1": -0.1})},
            r"has the rate -0.1, which is not in \[0, 1\]",
        ),
        ({"missing": Missingness(test={"x1": 0.6, "x2": 0.5})}, "sum to 1.100, above 1"),
        (
            {"missing": Missingness(test={"x1": nan})},
            "missing.test.rates.x1: nan is not a finite number",
        ),
        ({"prior": ()}, "prior: give 2 positive numbers that sum to 1"),
        ({"prior": (nan, 1.0)}, "prior.0: nan is not"),
        ({"strength": {"x1": inf}}, "strength.x1: inf is not a finite number"),
        ({"strength": {"x1": 1e300}}, "strength: x1=1e+300 needs a known modality and a number"),
        (
            {"bits": (Bit("R", BOTH, strength={"x1": nan}),)},
            "bits.R.strength.x1: nan is not a finite number",
        ),
        ({"bits": (Bit("R", BOTH, nan),)}, "bits.R.accuracy: nan is not a finite"),
        ({"bits": (Bit("U", (("x2",),), 1 - 1e-16),), "parity": {"x2": 4}}, "x2 can't be as clear"),
        ({"corruption": {"x1": nan}}, "corruption.x1: nan is not"),
        ({"label_noise": nan}, "label_noise: nan is not"),
        ({"shortcut": Shortcut("x1", "R", inf)}, "shortcut.amplitude: inf is not a finite"),
        ({"dimensions": {"x1": 8, "x2": 2.5}}, "modality x2 is 2.5; give d of a vector"),
        ({"bits": tuple(Bit(f"R{j}", BOTH) for j in range(12))}, "2 modalities and 12 bits are 14"),
        (
            {
                "dimensions": {"x1": 300},
                "bits": (Bit("S", (("x1",),) * 20),),
                "parity": {"x1": 16},
            },
            "the bits need 320 axes over all modalities, but at most 256 fit",
        ),
    ],
)
def test_what_a_description_refuses(change, told):
    good = {"dimensions": TWO, "bits": (Bit("R", BOTH),)}
    with pytest.raises(MindgapError, match=told.replace("+", r"\+")):
        Description(**{**good, **change})
