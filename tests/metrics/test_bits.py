"""Label bits: decoding, and a kappa between guessing and the best there is."""

import pytest
import torch

from mindgap.metrics import bits

NAMES = ("image", "text")


def truth(*bayes, majority=0.5):
    """One description a bit; subsets other than the whole are decoys."""
    decoys = {"": 0.1, "image": 0.2, "text": 0.3}
    return [
        {"name": f"bit{j}", "majority": majority, "bayes": {**decoys, "image+text": best}}
        for j, best in enumerate(bayes)
    ]


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_the_class_number_is_decoded_bit_by_bit(by_name, wrong):
    labels = torch.arange(8).repeat(5)
    predicted = labels ^ (1 << wrong)
    found = by_name(bits(predicted, labels, truth(1.0, 1.0, 1.0), NAMES))
    for j in range(3):
        assert found["bit_accuracy", f"bit{j}"] == (0.0 if j == wrong else 1.0)
        assert found["kappa", f"bit{j}"] == (-1.0 if j == wrong else 1.0)


def test_bits_against_strings_of_binary_digits(by_name):
    g = torch.Generator().manual_seed(0)
    labels, predicted = torch.randint(16, (2, 500), generator=g)
    found = by_name(bits(predicted, labels, truth(0.9, 0.8, 0.7, 0.6), NAMES))
    pairs = [(f"{a:04b}"[::-1], f"{b:04b}"[::-1]) for a, b in zip(predicted, labels, strict=True)]
    for j in range(4):
        right = sum(a[j] == b[j] for a, b in pairs) / 500
        assert found["bit_accuracy", f"bit{j}"] == pytest.approx(right, abs=1e-12)
        assert found["kappa", f"bit{j}"] == pytest.approx((right - 0.5) / (0.4 - 0.1 * j))


@pytest.mark.parametrize("majority", [0.5, 0.75, 0.9])
def test_guessing_the_more_frequent_value_is_0_and_bayes_is_1(by_name, majority):
    labels = (torch.arange(1000) >= 1000 * majority).long()
    described = truth(0.95, majority=majority)
    guess = by_name(bits(torch.zeros_like(labels), labels, described, NAMES))
    assert guess["bit_accuracy", "bit0"] == pytest.approx(majority)
    assert guess["kappa", "bit0"] == pytest.approx(0.0, abs=1e-9)
    predicted = labels.clone()
    predicted[::20] ^= 1  # wrong in one of twenty
    best = by_name(bits(predicted, labels, described, NAMES))
    assert best["bit_accuracy", "bit0"] == pytest.approx(0.95)
    assert best["kappa", "bit0"] == pytest.approx(1.0)


def test_chance_may_leave_either_end(by_name):
    labels = torch.tensor([0, 0, 0, 1])
    described = truth(0.9, majority=0.75)
    assert by_name(bits(labels, labels, described, NAMES))["kappa", "bit0"] > 1
    assert by_name(bits(1 - labels, labels, described, NAMES))["kappa", "bit0"] < 0


def test_bits_of_different_balance_have_their_own_scale(by_name):
    labels = torch.tensor([0, 1, 2, 3, 0, 1, 0, 1])  # bit 0 even, bit 1 mostly 0
    described = [
        {"name": "even", "majority": 0.5, "bayes": {"image+text": 1.0}},
        {"name": "rare", "majority": 0.75, "bayes": {"image+text": 1.0}},
    ]
    found = by_name(bits(torch.zeros_like(labels), labels, described, NAMES))
    assert found == pytest.approx(
        {
            ("bit_accuracy", "even"): 0.5,
            ("kappa", "even"): 0.0,
            ("bit_accuracy", "rare"): 0.75,
            ("kappa", "rare"): 0.0,
        }
    )


def test_no_bits_no_measurements():
    assert bits(torch.tensor([0, 1]), torch.tensor([0, 1]), [], NAMES) == []
