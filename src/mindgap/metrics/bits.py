"""Which label bits a model has learned: the class number, decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jaxtyping import Int
from torch import Tensor

from mindgap.metrics.measurement import Measurement
from mindgap.tasks.subsets import joined


def bits(
    predicted: Int[Tensor, " n"],
    labels: Int[Tensor, " n"],
    truth: Sequence[Mapping[str, Any]],
    names: tuple[str, ...],
) -> list[Measurement]:
    """bit_accuracy and kappa of every label bit, on samples that have all modalities.

    Bit j is (class >> j) & 1. kappa = (accuracy - majority) / (Bayes - majority): 0 is guessing the
    more frequent value, 1 is the Bayes classifier with everything shown. Both can be left a little
    on either side by chance. A bit that can't be learned has no kappa.

    Args:
        truth: for each bit its "name", "majority" accuracy, and "bayes" accuracy by subset.
    """
    found = []
    for j, bit in enumerate(truth):
        right = (predicted >> j) & 1 == (labels >> j) & 1
        accuracy = float(right.double().mean())
        best = bit["bayes"][joined(names, frozenset(names))]
        found.append(Measurement("bit_accuracy", bit["name"], accuracy))
        if best > bit["majority"]:
            kappa = (accuracy - bit["majority"]) / (best - bit["majority"])
            found.append(Measurement("kappa", bit["name"], kappa))
    return found
