"""Calibration by what is shown, on answers written down by hand."""

import math

import pytest
import torch

from mindgap.metrics import confidence

NAMES = ("image", "text")


def answers(none, image, text, both):
    """Probability of class 1 of each sample, by what is shown."""
    found = {frozenset(): none, frozenset({"image"}): image, frozenset({"text"}): text}
    found[frozenset(NAMES)] = both
    return {
        s: torch.tensor([[1 - p, p] for p in row], dtype=torch.float64) for s, row in found.items()
    }


def test_a_modality_withheld_may_make_a_model_surer(by_name):
    shown = answers([0.5, 0.5], image=[0.9, 0.6], text=[0.4, 0.2], both=[0.8, 0.3])
    found = by_name(confidence(shown, torch.tensor([1, 0]), NAMES))
    # surer than .8 and .7: .9 of the first without text, .8 of the second without the image
    assert found["violation", "image+text"] == 0.5
    assert {subject for metric, subject in found if metric == "violation"} == {"image+text"}
    assert found["nll_shown", "image"] == pytest.approx(-(math.log(0.9) + math.log(0.4)) / 2)
    assert found["ece_shown", "image"] == pytest.approx((0.1 + 0.6) / 2)
    assert not any(subject == "" for _, subject in found)


def test_a_model_that_ignores_a_modality_violates_nothing(by_name):
    shown = answers([0.5, 0.5], image=[0.9, 0.2], text=[0.5, 0.5], both=[0.9, 0.2])
    found = by_name(confidence(shown, torch.tensor([1, 0]), NAMES))
    assert found["violation", "image+text"] == 0.0
    assert found["nll_shown", "image"] == found["nll_shown", "image+text"]


def test_bayes_is_calibrated_whatever_is_shown(by_name):
    """Two bits that each tell the label with probability .9, every case as often as it is."""
    rows = [(a, b, y) for a in (0, 1) for b in (0, 1) for y in (0, 1)]
    of_bit = {(x, y): 0.9 if x == y else 0.1 for x in (0, 1) for y in (0, 1)}
    times = [round(100 * of_bit[a, y] * of_bit[b, y]) for a, b, y in rows]
    cases = [row for row, n in zip(rows, times, strict=True) for _ in range(n)]
    odds = {1: 9.0, 0: 1 / 9}

    def probability(*seen):
        return math.prod(odds[x] for x in seen) / (1 + math.prod(odds[x] for x in seen))

    shown = answers(
        [0.5 for _ in cases],
        [probability(a) for a, _, _ in cases],
        [probability(b) for _, b, _ in cases],
        [probability(a, b) for a, b, _ in cases],
    )
    found = by_name(confidence(shown, torch.tensor([y for _, _, y in cases]), NAMES))
    for subject in ("image", "text", "image+text"):
        assert found["ece_shown", subject] == pytest.approx(0.0, abs=1e-9)
    # where the bits disagree (18 of 100) either alone is surer than both
    assert found["violation", "image+text"] == pytest.approx(0.18)
