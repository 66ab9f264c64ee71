"""Accuracy, macro-F1, log loss, calibration; with missing modalities also pattern by pattern."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mindgap.metrics.measurement import Measurement

#: Probabilities are read as at least this, so that one sure mistake isn't infinitely bad.
FLOOR = 1e-7

#: Intervals of the confidence in the calibration error, as in Guo et al. 2017.
BINS = 15


def performance(
    probabilities: Float[Tensor, "N C"],
    labels: Int[Tensor, " N"],
    observed: Bool[Tensor, "N M"],
    names: Sequence[str],
) -> list[Measurement]:
    """Four metrics on each kind of sample, none averaged into another.

    - "natural": all samples as they are, gaps included;
    - "complete": those with every modality (left out where there are none);
    - "pattern:a+b": those with exactly these modalities, where anything is missing at all.

    accuracy is in [0, 1]; macro_f1 is the mean F1 over the classes that occur among the labels, in
    [0, 1]; nll is the mean negative log-likelihood in nats, probabilities floored at 1e-7; ece is
    the expected calibration error, in [0, 1]: how far confidence and accuracy are apart in each of
    15 intervals of the confidence, weighted by the samples in it (Naeini et al. 2015). Read them
    pattern by pattern: a model can be sure enough on average and too sure wherever something is
    missing. Of few samples ece is too large, by chance alone, so patterns of unlike size can't be
    compared by it; and nll weighs a few sure mistakes heavily.
    """
    kinds = {"natural": torch.ones_like(labels, dtype=torch.bool)}
    complete = observed.all(dim=1)
    if complete.any():
        kinds["complete"] = complete
    if not complete.all():
        for pattern in observed.unique(dim=0):
            shown = "+".join(name for name, there in zip(names, pattern, strict=True) if there)
            kinds[f"pattern:{shown}"] = (observed == pattern).all(dim=1)
    found = []
    for subject, rows in kinds.items():
        p, y = probabilities[rows], labels[rows]
        predicted = p.argmax(dim=1)
        found += [
            Measurement("accuracy", subject, accuracy(p, y)),
            Measurement("macro_f1", subject, macro_f1(predicted, y, p.shape[1])),
            Measurement("nll", subject, log_loss(p, y)),
            Measurement("ece", subject, calibration_error(p.amax(dim=1), predicted == y)),
        ]
    return found


def accuracy(probabilities: Float[Tensor, "N C"], labels: Int[Tensor, " N"]) -> float:
    """Share of samples whose most likely class is theirs."""
    return float((probabilities.argmax(dim=1) == labels).double().mean())


def log_loss(probabilities: Float[Tensor, "N C"], labels: Int[Tensor, " N"]) -> float:
    """Mean negative log-likelihood of the labels, nats."""
    return float(-probabilities.gather(1, labels[:, None]).clamp(min=FLOOR).log().mean())


def calibration_error(confidence: Float[Tensor, " n"], right: Bool[Tensor, " n"]) -> float:
    """Sum over intervals (i/15, (i+1)/15] of |how many are right - the sum of confidences| / n."""
    exact = confidence.double()
    interval = (exact * BINS).ceil().long().clamp(min=1) - 1
    gaps = exact.new_zeros(BINS).index_add(0, interval, right.double() - exact)
    return float(gaps.abs().sum() / len(exact))


def macro_f1(predicted: Int[Tensor, " n"], labels: Int[Tensor, " n"], n_classes: int) -> float:
    """Mean over the classes that occur of 2 TP / (2 TP + FP + FN)."""
    hits = torch.bincount(labels[predicted == labels], minlength=n_classes).double()
    actual = torch.bincount(labels, minlength=n_classes)
    claimed = torch.bincount(predicted, minlength=n_classes)
    f1 = 2 * hits / (actual + claimed).clamp(min=1)
    return float(f1[actual > 0].mean())
