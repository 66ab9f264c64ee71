"""ALFA-Mix: samples whose prediction flips when a labelled class is mixed in (Parvaneh 2022)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import PositiveFloat
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from mindgap.strategies import representatives
from mindgap.strategies.base import Pool, Selection, Strategy

#: Candidates mixed at a time.
CHUNK = 4096


@dataclass(frozen=True)
class AlfaMix(Strategy):
    """Diverse ones of the samples that a little of a labelled class flips (Parvaneh et al. 2022).

    An anchor z* is the mean embedding of a class's labelled samples. A candidate with embedding z
    and prediction y is mixed with it, alpha z* + (1 - alpha) z, by the closed form (equation 5)

        alpha = eps |z* - z| g / |g| / (z* - z),   g = grad of CE(f(z), y),  eps = epsilon / sqrt D,

    where the products and the last quotient are element by element. It is kept if the mixture with
    any anchor is predicted otherwise (equation 6); k-means with n clusters on the unit directions
    of those kept chooses one for each (section 3.3). The scores are the clusters' shares; samples
    drawn at random where fewer flip than are asked for have 0.

    Inserting alpha makes the mixture z + eps |z* - z| g / |g|: the anchor only says how far to go
    (also along elements in which z* is z, where alpha would be 0 / 0).
    The last layer is linear, so a prediction that has flipped on that ray doesn't flip back, and
    the farthest anchor decides for all. The authors' code widens eps until more than n flip; the
    paper, and this, keeps it.

    Attributes:
        epsilon: eps times the root of the embedding's width; the paper takes 0.2.
    """

    cost = "O(N C D), then k-means of b clusters"

    epsilon: PositiveFloat = 0.2

    def requires(self) -> set[str]:
        return {"embeddings", "head"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        kept = pool.candidates[flips(pool, self.epsilon / pool.embeddings.shape[1] ** 0.5)]
        return representatives.choose(normalize(pool.embeddings[kept]), kept, pool, n, rng)


def flips(pool: Pool, eps: float) -> Bool[Tensor, " U"]:
    """Whether the prediction of each candidate changes in a mixture with any anchor."""
    if not len(pool.labelled):
        return torch.zeros_like(pool.candidates, dtype=torch.bool)
    labelled = pool.embeddings[pool.labelled]
    anchors = torch.stack([labelled[pool.labels == c].mean(dim=0) for c in pool.labels.unique()])
    parts = [torch.zeros_like(pool.candidates[:0], dtype=torch.bool)]
    for rows in pool.candidates.split(CHUNK):
        z = pool.embeddings[rows]
        gradient, predicted = _gradient(pool, z, rows)
        far = torch.cdist(z, anchors).amax(dim=1, keepdim=True)
        with torch.no_grad():
            mixed = pool.head(z + eps * far * normalize(gradient), rows)
        parts.append(mixed.argmax(dim=1) != predicted)
    return torch.cat(parts)


def _gradient(
    pool: Pool, z: Float[Tensor, "B D"], rows: Tensor
) -> tuple[Float[Tensor, "B D"], Tensor]:
    """Of the cross-entropy at the predicted class, and that class."""
    with torch.enable_grad():
        inputs = z.detach().requires_grad_()
        logits = pool.head(inputs, rows)
        predicted = logits.detach().argmax(dim=1)
        (gradient,) = torch.autograd.grad(cross_entropy(logits, predicted, reduction="sum"), inputs)
    return gradient, predicted
