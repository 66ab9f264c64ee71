"""Gradient embeddings of a linear head, and k-means++ sampling among them without building them.

The gradient of the cross-entropy at the predicted class with respect to a linear head's weights
is the outer product of delta = p - onehot(argmax p) and the head's input z (Ash et al. 2020,
section 3). Its N x (C D) entries are never stored: all that D^2 sampling needs are distances,

    |g_i - g_j|^2 = |d_i|^2 |z_i|^2 + |d_j|^2 |z_j|^2 - 2 (d_i . d_j) (z_i . z_j).

Reading all z after each choice would take most of the time, so distances are brought up to date
after `BLOCK` choices at once. In between a sample is drawn by the distances of before, which are
too large by what was chosen since, and kept with probability new / old distance, else drawn again:
rejection sampling, which leaves each draw the probability that it is to have.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.strategies.base import Pool, Selection, argmax, draw

#: Choices, and draws that are not kept, after which all distances are brought up to date.
BLOCK, PATIENCE = 8, 8


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

    # what was chosen since distances were brought up to date
    r_delta, r_inputs, r_norms = (
        delta[:BLOCK].clone(),
        inputs[:BLOCK].clone(),
        norms[:BLOCK].clone(),
    )
    recent = 0
    free = torch.ones(len(delta), dtype=torch.bool, device=delta.device)
    nearest = torch.full_like(norms, torch.inf)  # to all that is chosen but the recent ones
    cumulative = norms.new_zeros(1, dtype=torch.float64)
    chosen: list[int] = []
    scores: list[float] = []
    in_vain = 0
    while len(chosen) < n:
        if len(chosen) == recent == 1 or recent == BLOCK or in_vain == PATIENCE:
            product = (delta @ r_delta[:recent].T).mul_(inputs @ r_inputs[:recent].T)
            apart = torch.add(norms[:, None], r_norms[:recent]).sub_(product, alpha=2)
            nearest = torch.minimum(nearest, apart.amin(dim=1).clamp_(min=0))
            nearest = torch.where(free, nearest, 0.0)
            cumulative = nearest.double().cumsum(dim=0)
            recent = in_vain = 0
        if not chosen:
            pick = argmax(norms, rng)
            far = float(norms[pick])
        elif not cumulative[-1] > 0:
            pick, far = draw(nearest, free, rng), 0.0
        else:
            place = torch.searchsorted(cumulative, cumulative[-1] * rng.random(), right=True)
            pick = int(place.clamp(max=len(nearest) - 1))
            far = before = float(nearest[pick])
            if recent and bool(free[pick]):
                product = (r_delta[:recent] @ delta[pick]).mul_(r_inputs[:recent] @ inputs[pick])
                apart = (r_norms[:recent] + norms[pick]).sub_(product, alpha=2)
                far = max(0.0, min(before, float(apart.min())))
            elif recent:
                far = 0.0
            if recent and not rng.random() * before < far:
                in_vain += 1
                continue
        chosen.append(pick)
        scores.append(far)
        r_delta[recent], r_inputs[recent], r_norms[recent] = delta[pick], inputs[pick], norms[pick]
        recent += 1
        free[pick] = False
    rows = torch.tensor(chosen, dtype=torch.int64, device=delta.device)
    return Selection(pool.candidates[rows], torch.tensor(scores, device=delta.device))
