"""Whether a model combines its modalities or merely adds up what each says."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mindgap.metrics.measurement import Measurement
from mindgap.metrics.permuted import TINY


def emap_gap(
    crossed: Mapping[str, Float[Tensor, "n n C"]], labels: Int[Tensor, " n"]
) -> list[Measurement]:
    """emap_gap: accuracy less that of the best additive model of the same logits.

    The empirical multimodally-additive projection (Hessel & Lee 2020, 2010.06572): of each class,
    sum over modalities of the mean over all samples k of f(x_m of i, everything else of k), less
    (M - 1) times the mean of f over all such pairs; a sample's largest is its prediction. In
    [-1, 1], and 0 exactly where the model is additive, as late fusion by a sum is: then nothing
    rests on a combination. Well above 0, the accuracy comes from interactions; a little below 0
    interactions mislead. 0 doesn't say that there is nothing to be combined, only that the model
    doesn't. Log-probabilities do for logits: what they differ by is the same for all classes.

    Exact for any M; n^2 M answers, so of some hundred samples.

    Args:
        crossed: modality -> [i, k] is p(y | this modality of i, all others of k).
    """
    logs = {name: p.double().clamp(min=TINY).log() for name, p in crossed.items()}
    own = next(iter(crossed.values())).diagonal().T
    additive = torch.stack([one.mean(dim=1) for one in logs.values()]).sum(dim=0)
    level = torch.stack([one.mean(dim=(0, 1)) for one in logs.values()]).mean(dim=0)
    projected = additive - (len(logs) - 1) * level
    right = [(p.argmax(dim=1) == labels).double().mean() for p in (own, projected)]
    return [Measurement("emap_gap", "", float(right[0] - right[1]))]
