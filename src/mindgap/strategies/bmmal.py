"""BMMAL: balanced multimodal active learning (Shen et al. 2023, arXiv 2306.08306)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.strategies import gradient
from mindgap.strategies.base import Pool, Selection, Strategy
from mindgap.tasks.subsets import shapley


@dataclass(frozen=True)
class Bmmal(Strategy):
    """BADGE with gradients shortened where one modality decides alone (Shen et al. 2023).

    Each modality's contribution is its Shapley value for the probability of the predicted class,
    the probabilities being those with absent modalities' embeddings set to zero; its share is
    c_m = |phi_m| / sum |phi|. The block of the gradient that belongs to modality m is scaled by
    1 - (max c - c_m): 1 for the dominant modality, less for the others.

    Any number of modalities: the paper has two, for which this is its formula. Where all
    contributions are zero the paper divides 0 by 0; here the shares are equal and the sample keeps
    its BADGE gradient. A missing modality contributes nothing and its block is zero. The
    gradient is exact where the head is linear in the concatenated embeddings (`concat_linear`);
    elsewhere (`concat`) the embeddings stand for the head's input, which the paper doesn't treat.
    """

    group = "multimodal"
    cost = "O(2^M N + b N (C + D))"

    def requires(self) -> set[str]:
        return {"probabilities", "unimodal_embeddings", "subset_probabilities:zero"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        rows = pool.candidates
        probabilities = pool.probabilities[rows]
        predicted = probabilities.argmax(dim=1)
        shown = {
            subset: p[rows].gather(1, predicted[:, None])[:, 0]
            for subset, p in pool.subset_probabilities("zero").items()
        }
        contributions = shapley(shown, pool.names)
        scale = scales(torch.stack([contributions[name] for name in pool.names], dim=1))
        blocks = [
            pool.unimodal_embeddings[name][rows] * (scale[:, m] * pool.observed[rows, m])[:, None]
            for m, name in enumerate(pool.names)
        ]
        return gradient.sample(probabilities, torch.cat(blocks, dim=1), pool, n, rng)


def scales(contributions: Float[Tensor, "U M"]) -> Float[Tensor, "U M"]:
    """1 for the modality with the largest share of |contributions|, less for the others."""
    size = contributions.abs()
    total = size.sum(dim=1, keepdim=True)
    shares = torch.where(total > 0, size / total, 1 / size.shape[1])
    return 1 - (shares.amax(dim=1, keepdim=True) - shares)
