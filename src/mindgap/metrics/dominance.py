"""Which modality moves the predictions of the samples that a query chose."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mindgap.metrics.measurement import Measurement
from mindgap.tasks.subsets import Subset, shapley


def dominance(
    shown: Mapping[Subset, Float[Tensor, "n C"]],
    chosen: Bool[Tensor, " n"],
    names: tuple[str, ...],
) -> list[Measurement]:
    """dominance and dominance_pool of every modality: (own - others) / (own + others).

    Own is the sum over samples of |phi|, the modality's Shapley value for the probability of the
    predicted class; others is the mean of the other modalities' sums. In [-1, 1]: 1 is a query
    whose predictions rest on this modality alone, 0 an equal share; of two modalities the values
    are opposite. dominance is over the chosen, dominance_pool over all candidates.

    A ratio of sums, not the mean of ratios: uncertain samples have values near 0, whose ratios
    are noise and draw the mean to 0, which looks like balance. It compares with the pool, not with
    what is right: unequal modalities should be relied on unequally.

    Args:
        shown: probabilities by subset of candidates that have every modality.
        chosen: which of them were.
    """
    whole = shown[frozenset(names)]
    predicted = whole.argmax(dim=1, keepdim=True)
    value = {subset: p.gather(1, predicted)[:, 0].double() for subset, p in shown.items()}
    size = {name: phi.abs() for name, phi in shapley(value, names).items()}
    found = []
    for metric, rows in (("dominance", chosen), ("dominance_pool", torch.ones_like(chosen))):
        total = {name: float(phi[rows].sum()) for name, phi in size.items()}
        for name, own in total.items():
            others = (sum(total.values()) - own) / max(len(names) - 1, 1)
            if own + others > 0:
                found.append(Measurement(metric, name, (own - others) / (own + others)))
    return found
