"""Permuted and crossed modalities, on models whose use of each is known."""

import math
from itertools import product

import pytest
import torch

from mindgap.metrics import emap_gap, kept_subsets, mipd, perceptual_score, permuted_accuracy

NAMES = ("image", "text")

#: Every pair of bits, equally often.
BITS = torch.tensor(list(product([0, 1], repeat=2)))


def probabilities(classes, n_classes=2, sure=1.0):
    """`sure` of the class, the rest shared."""
    rest = (1 - sure) / (n_classes - 1)
    return torch.nn.functional.one_hot(classes, n_classes).double() * (sure - rest) + rest


def permuted(model, names=NAMES, bits=BITS):
    """All permutations of the samples at once: every cyclic shift pairs each with each."""
    n = len(bits)
    shifts = [torch.arange(n).roll(s) for s in range(n)]
    return {
        kept: torch.stack(
            [
                model(
                    torch.stack(
                        [
                            bits[:, m] if name in kept else bits[s, m]
                            for m, name in enumerate(names)
                        ],
                        dim=1,
                    )
                )
                for s in shifts
            ]
        )
        for kept in kept_subsets(names)
    }


def crossed(model, names=NAMES, bits=BITS):
    n = len(bits)
    i, k = torch.arange(n).repeat_interleave(n), torch.arange(n).repeat(n)
    return {
        name: model(
            torch.stack(
                [bits[i if other == name else k, m] for m, other in enumerate(names)], dim=1
            )
        ).unflatten(0, (n, n))
        for name in names
    }


def ignores_text(x):
    return probabilities(x[:, 0])


def xor(x, sure=0.9):
    return probabilities(x.sum(dim=1) % 2, sure=sure)


def additive(x):
    """Both bits are the class number; logits add up."""
    logits = torch.stack(
        [2.0 * ((c & 1) == x[:, 0]) + 3.0 * ((c >> 1) == x[:, 1]) for c in range(4)]
    )
    return logits.T.double().softmax(dim=1)


def test_a_model_that_ignores_a_modality(by_name):
    labels, answers = BITS[:, 0], permuted(ignores_text)
    found = by_name(
        permuted_accuracy(answers, labels, NAMES)
        + perceptual_score(ignores_text(BITS), answers, labels, NAMES)
        + mipd(ignores_text(BITS), answers, NAMES)
        + emap_gap(crossed(ignores_text), labels)
    )
    assert found == pytest.approx(
        {
            ("accuracy_only_permuted", "image"): 1.0,
            ("accuracy_without_permuted", "image"): 0.5,
            ("accuracy_only_permuted", "text"): 0.5,
            ("accuracy_without_permuted", "text"): 1.0,
            ("perceptual_score", "image"): 0.5,
            ("perceptual_score", "text"): 0.0,
            ("mipd", "image"): math.log(2) / 2,  # half of the others have the same bit
            ("mipd", "text"): 0.0,
            ("emap_gap", ""): 0.0,
        }
    )


def test_an_additive_model(by_name):
    labels = BITS[:, 0] + 2 * BITS[:, 1]
    answers = permuted(additive)
    found = by_name(
        perceptual_score(additive(BITS), answers, labels, NAMES)
        + emap_gap(crossed(additive), labels)
    )
    assert found["perceptual_score", "image"] == found["perceptual_score", "text"] == 0.5
    assert found["emap_gap", ""] == 0.0


def test_an_exclusive_or(by_name):
    labels = BITS.sum(dim=1) % 2
    answers = permuted(xor)
    found = by_name(
        perceptual_score(xor(BITS), answers, labels, NAMES) + mipd(xor(BITS), answers, NAMES)
    )
    # the mean of .9 and .1 is flat: H(.5) - H(.9) for half of the permutations
    far = math.log(2) + 0.9 * math.log(0.9) + 0.1 * math.log(0.1)
    for name in NAMES:
        assert found["perceptual_score", name] == 0.5
        assert found["mipd", name] == pytest.approx(far / 2)


def test_what_is_left_of_an_exclusive_or_without_its_interaction():
    """Its projection is flat: a tie, which chance decides; here a bias towards class 1 does."""

    def leaning(x):
        return probabilities(x.sum(dim=1) % 2, sure=0.9) * torch.tensor([0.99, 1.0])

    labels = BITS.sum(dim=1) % 2
    (found,) = emap_gap(crossed(leaning), labels)
    assert found.value == 0.5


def test_an_additive_model_of_three_modalities_is_its_own_projection():
    names, bits = ("a", "b", "c"), torch.tensor(list(product([0, 1], repeat=3)))
    weights = torch.tensor([[1.0, -2.0], [0.5, 3.0], [-4.0, 0.25]]).double()

    def model(x):
        return ((2 * x.double() - 1) @ weights).softmax(dim=1)

    answers = crossed(model, names, bits)
    own = model(bits).argmax(dim=1)
    (found,) = emap_gap(answers, own)
    assert found.value == 0.0  # every prediction is kept
    (found,) = emap_gap(answers, 1 - own)
    assert found.value == 0.0


def test_three_modalities_are_kept_alone_and_in_pairs():
    kept = kept_subsets(("a", "b", "c"))
    assert sorted(map(sorted, kept)) == [["a"], ["a", "b"], ["a", "c"], ["b"], ["b", "c"], ["c"]]
    assert len(kept_subsets(NAMES)) == 2


def test_a_sure_model_is_moved_by_at_most_ln_2(by_name):
    flipped = {kept: torch.tensor([[[0.0, 1.0]]]) for kept in kept_subsets(NAMES)}
    found = by_name(mipd(torch.tensor([[1.0, 0.0]]), flipped, NAMES))
    assert found["mipd", "image"] == pytest.approx(math.log(2))


def test_a_model_that_is_never_right_has_no_perceptual_score():
    labels = 1 - BITS[:, 0]
    assert perceptual_score(ignores_text(BITS), permuted(ignores_text), labels, NAMES) == []
