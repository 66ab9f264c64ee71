"""Gradient embeddings of a linear head, and k-means++ sampling among them without building them.

The gradient of the cross-entropy at the predicted class with respect to a linear head's weights
is the outer product of delta = p - onehot(argmax p) and the head's input z (Ash et al. 2020,
section 3). Its N x (C D) entries are never stored: all that D^2 sampling needs are distances,

    |g_i - g_j|^2 = |d_i|^2 |z_i|^2 + |d_j|^2 |z_j|^2 - 2 (d_i . d_j) (z_i . z_j).
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.strategies.base import Pool, Selection, argmax, draw


def sample(
    probabilities: Float[Tensor, "U C"],
    inputs: Float[Tensor, "U D"],
    pool: Pool,
    n: int,
    rng: np.random.Generator,
) -> Selection:
    """Choose `n` candidates by k-means++ on their gradient embeddings.

    The first is the one with the largest gradient, every further one is drawn with probability
    proportional to the squared distance from the nearest chosen; where nothing is left at a
    distance, uniformly among the rest. The scores are those squared distances.

    Args:
        probabilities: of the candidates.
        inputs: what the linear head reads, of the candidates.
    """
    delta = probabilities.clone()
    rows = torch.arange(len(delta), device=delta.device)
    delta[rows, probabilities.argmax(dim=1)] -= 1
    norms = (delta * delta).sum(dim=1) * (inputs * inputs).sum(dim=1)
    nearest = norms
    free = torch.ones(len(delta), dtype=torch.bool, device=delta.device)
    chosen = torch.empty(n, dtype=torch.int64, device=delta.device)
    scores = torch.empty(n, device=delta.device)
    for i in range(n):
        pick = draw(nearest, free, rng) if i else argmax(norms, rng)
        chosen[i], scores[i] = pick, nearest[pick]
        free[pick] = False
        product = (delta @ delta[pick]) * (inputs @ inputs[pick])
        apart = (norms + norms[pick] - 2 * product).clamp(min=0)
        nearest = torch.minimum(nearest, apart) if i else apart
        nearest = torch.where(free, nearest, 0.0)
    return Selection(pool.candidates[chosen], scores)
