"""Performance against scikit-learn, all samples and pattern by pattern."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, log_loss

from mindgap.metrics import performance
from mindgap.metrics.performance import FLOOR, macro_f1

NAMES = ("image", "text", "sound")


def draw(seed, n=400, classes=5, absent=(), modalities=3, gaps=0.4):
    """Probabilities that are right more often than not, labels without the `absent` classes."""
    g = torch.Generator().manual_seed(seed)
    present = torch.tensor([c for c in range(classes) if c not in absent])
    labels = present[torch.randint(len(present), (n,), generator=g)]
    logits = torch.randn(n, classes, generator=g)
    logits[torch.arange(n), labels] += 1
    observed = torch.rand(n, modalities, generator=g) >= gaps
    observed[~observed.any(dim=1), 0] = True
    return logits.softmax(dim=1), labels, observed


def by_scikit_learn(probabilities, labels):
    p, y = probabilities.double().numpy(), labels.numpy()
    predicted = p.argmax(axis=1)
    return {
        "accuracy": accuracy_score(y, predicted),
        "macro_f1": f1_score(y, predicted, labels=np.unique(y), average="macro", zero_division=0),
        "nll": log_loss(y, p / p.sum(axis=1, keepdims=True), labels=np.arange(p.shape[1])),
    }


def assert_agrees(found, subject, probabilities, labels):
    for metric, value in by_scikit_learn(probabilities, labels).items():
        assert found[metric, subject] == pytest.approx(value, rel=1e-5), (metric, subject)


@pytest.mark.parametrize("absent", [(), (0,), (1, 4)])
@pytest.mark.parametrize("seed", range(3))
def test_complete_data(by_name, seed, absent):
    probabilities, labels, observed = draw(seed, absent=absent, gaps=0.0)
    found = by_name(performance(probabilities, labels, observed, NAMES))
    assert {subject for _, subject in found} == {"natural", "complete"}
    for subject in ("natural", "complete"):
        assert_agrees(found, subject, probabilities, labels)


@pytest.mark.parametrize("absent", [(), (2,)])
@pytest.mark.parametrize("seed", range(3))
def test_every_pattern_of_missing_modalities_by_itself(by_name, seed, absent):
    probabilities, labels, observed = draw(seed, absent=absent)
    found = by_name(performance(probabilities, labels, observed, NAMES))
    patterns = {}
    for i, row in enumerate(observed.tolist()):
        name = "+".join(n for n, there in zip(NAMES, row, strict=True) if there)
        patterns.setdefault(f"pattern:{name}", []).append(i)
    assert len(patterns) == 7
    assert {subject for _, subject in found} == {"natural", "complete", *patterns}
    assert_agrees(found, "natural", probabilities, labels)
    for subject, rows in patterns.items():
        assert_agrees(found, subject, probabilities[rows], labels[rows])
    for metric in ("accuracy", "macro_f1", "nll"):
        assert found[metric, "complete"] == found[metric, "pattern:image+text+sound"]


def test_where_no_sample_is_complete_nothing_is_said_of_complete_ones(by_name):
    probabilities, labels, observed = draw(0)
    observed = observed & ~observed.all(dim=1, keepdim=True)
    observed[~observed.any(dim=1), 1] = True
    found = by_name(performance(probabilities, labels, observed, NAMES))
    subjects = {subject for _, subject in found}
    assert "complete" not in subjects
    assert "pattern:image+text+sound" not in subjects
    assert len(subjects) == 7


def test_one_modality(by_name):
    probabilities, labels, observed = draw(1, modalities=1, gaps=0.0)
    found = by_name(performance(probabilities, labels, observed, ("image",)))
    assert {subject for _, subject in found} == {"natural", "complete"}


def test_by_hand(by_name):
    probabilities = torch.tensor([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
    labels = torch.tensor([0, 1, 0])
    observed = torch.tensor([[True, True], [True, False], [True, True]])
    found = by_name(performance(probabilities, labels, observed, ("image", "text")))
    # class 0: one of two found, one claimed wrongly; class 1: not found; class 2: doesn't occur
    assert found["accuracy", "natural"] == pytest.approx(1 / 3)
    assert found["macro_f1", "natural"] == pytest.approx((2 / 4 + 0) / 2)
    assert found["nll", "natural"] == pytest.approx(-math.log(0.7 * 0.3 * 0.1) / 3, rel=1e-6)
    assert found["accuracy", "complete"] == 0.5
    assert found["accuracy", "pattern:image"] == 0.0
    assert found["nll", "pattern:image"] == pytest.approx(-math.log(0.3), rel=1e-6)


def test_calibration_error_interval_by_interval(by_name):
    probabilities, labels, observed = draw(3, gaps=0.0)
    confidence, predicted = probabilities.double().max(dim=1)
    expected = 0.0
    for i in range(15):
        inside = (confidence > i / 15) & (confidence <= (i + 1) / 15)
        if inside.any():
            right = (predicted == labels)[inside].double().mean()
            expected += inside.double().mean() * (right - confidence[inside].mean()).abs()
    found = by_name(performance(probabilities, labels, observed, NAMES))
    assert found["ece", "natural"] == pytest.approx(float(expected))
    assert found["ece", "natural"] > 0.01


def test_calibration_error_of_sure_predictions(by_name):
    probabilities, labels = torch.eye(4), torch.tensor([0, 1, 2, 0])
    everyone = torch.ones(4, 1, dtype=bool)
    assert (
        by_name(performance(probabilities, labels, everyone, ("image",)))["ece", "natural"] == 0.25
    )


def test_one_sure_mistake_is_not_infinitely_bad(by_name):
    probabilities = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    found = by_name(
        performance(probabilities, torch.tensor([1, 0]), torch.ones(2, 1, dtype=bool), ("image",))
    )
    assert found["nll", "natural"] == pytest.approx(-math.log(FLOOR) / 2, rel=1e-6)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30))
def test_macro_f1_of_any_predictions(pairs):
    predicted, labels = torch.tensor(pairs).T
    theirs = f1_score(
        labels.numpy(),
        predicted.numpy(),
        labels=np.unique(labels.numpy()),
        average="macro",
        zero_division=0,
    )
    assert macro_f1(predicted, labels, n_classes=6) == pytest.approx(theirs)
