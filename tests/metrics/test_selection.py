"""What a query chose, on batches small enough to count by hand."""

import math

import pytest
import torch

from mindgap.metrics import (
    aleatoric_waste,
    cell_coverage,
    classes,
    dominance,
    epistemic_yield,
    lift,
    patterns,
)

NAMES = ("image", "text")


def masks(*rows):
    return torch.tensor([["i" in row, "t" in row] for row in rows])


def test_patterns_against_what_there_was(by_name):
    candidates = masks(*["it"] * 4, *["i"] * 2, *["t"] * 2)
    found = by_name(patterns(masks("i", "i", "i", "it"), candidates, NAMES))
    assert found == pytest.approx(
        {
            ("pattern_lift", "image+text"): 0.5,
            ("pattern_lift", "image"): 3.0,
            ("pattern_lift", "text"): 0.0,
            ("incomplete_lift", ""): 1.5,
            ("pattern_divergence", ""): 0.75 * math.log(3) + 0.25 * math.log(0.5),
        }
    )


def test_a_query_like_its_pool_has_lift_1_and_no_divergence(by_name):
    candidates = masks(*["it"] * 4, *["i"] * 2, *["t"] * 2)
    found = by_name(patterns(masks("it", "it", "i", "t"), candidates, NAMES))
    assert found.pop(("pattern_divergence", "")) == pytest.approx(0.0)
    assert set(found.values()) == {1.0}


def test_where_nothing_differs_there_is_no_lift():
    assert patterns(masks("it"), masks("it", "it"), NAMES) == []
    none = torch.zeros(3, dtype=torch.bool)
    assert lift("corruption_lift", "text", none[:1], none) == []
    assert lift("corruption_lift", "text", ~none[:1], ~none) == []
    only_gaps = {m.metric for m in patterns(masks("i"), masks("i", "t"), NAMES)}
    assert only_gaps == {"pattern_lift", "pattern_divergence"}  # all candidates lack something


def test_lift_of_marked_samples():
    marked = torch.tensor([True, False, False, False])
    ((_, subject, value),) = lift("corruption_lift", "text", marked[:2], marked)
    assert (subject, value) == ("text", 2.0)


@pytest.mark.parametrize(
    ("chosen", "entropy", "shift"),
    [
        ([0, 1, 2, 3], 1.0, 0.0),
        ([2, 2, 2, 2], 0.0, 0.75),
        ([0, 0, 1, 1], 0.5, 0.5),
    ],
)
def test_classes_of_a_batch(by_name, chosen, entropy, shift):
    pool = torch.arange(4).repeat(5)
    found = by_name(classes(torch.tensor(chosen), pool, 4))
    assert found["class_entropy", ""] == pytest.approx(entropy)
    assert found["class_shift", ""] == pytest.approx(shift)


def test_waste_is_the_entropy_that_nothing_can_reduce():
    posterior = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    (found,) = aleatoric_waste(posterior[1:], posterior)
    assert found.value == pytest.approx(math.log(2) / 2)
    (found,) = aleatoric_waste(posterior[:1], posterior)
    assert found.value == pytest.approx(-math.log(2) / 2)


def test_the_bayes_classifier_has_nothing_to_learn_anywhere():
    posterior = torch.tensor([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]])
    for row in range(3):
        chosen = torch.arange(3) == row
        (found,) = epistemic_yield(posterior, posterior, chosen)
        assert found.value == pytest.approx(0.0)


def test_yield_is_above_0_for_what_the_model_is_wrong_about():
    posterior = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    model = torch.tensor([[0.5, 0.5], [1.0, 0.0]])
    chosen = torch.tensor([True, False])
    (found,) = epistemic_yield(posterior, model, chosen)
    assert found.value == pytest.approx(math.log(2) / 2)
    (found,) = epistemic_yield(posterior, model, ~chosen)
    assert found.value == pytest.approx(-math.log(2) / 2)


def test_coverage_counts_cells_not_labels():
    ((metric, subject, value),) = cell_coverage(
        "values", torch.tensor([3, 3, 0]), torch.arange(4).repeat(3)
    )
    assert (metric, subject, value) == ("cell_coverage", "values", 0.5)


def shown(image, text, both):
    """Probability of class 0 of each sample, by what is shown; nothing shown is even."""
    found = {frozenset(): [0.5] * len(both), frozenset({"image"}): image, frozenset({"text"}): text}
    found[frozenset(NAMES)] = both
    return {s: torch.tensor([[p, 1 - p] for p in row]) for s, row in found.items()}


def test_a_model_that_ignores_a_modality_is_dominated_by_the_other(by_name):
    answers = shown(image=[0.9, 0.1], text=[0.5, 0.5], both=[0.9, 0.1])
    found = by_name(dominance(answers, torch.tensor([True, False]), NAMES))
    for metric in ("dominance", "dominance_pool"):
        assert found[metric, "image"] == pytest.approx(1.0)
        assert found[metric, "text"] == pytest.approx(-1.0)


def test_dominance_is_a_ratio_of_sums(by_name):
    """A flat sample that leans to the text by a hair counts as little as it moves."""
    answers = shown(image=[0.9, 0.5], text=[0.5, 0.501], both=[0.9, 0.501])
    found = by_name(dominance(answers, torch.tensor([True, True]), NAMES))
    assert found["dominance", "image"] == pytest.approx((0.4 - 0.001) / (0.4 + 0.001), abs=1e-5)
    alone = by_name(dominance(answers, torch.tensor([False, True]), NAMES))
    assert alone["dominance", "text"] == pytest.approx(1.0)
    assert alone["dominance_pool", "image"] == found["dominance", "image"]


def test_an_exclusive_or_is_dominated_by_neither(by_name):
    answers = shown(image=[0.5, 0.5], text=[0.5, 0.5], both=[0.9, 0.2])
    found = by_name(dominance(answers, torch.tensor([True, False]), NAMES))
    assert found["dominance", "image"] == pytest.approx(0.0, abs=1e-6)
