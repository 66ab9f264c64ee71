"""k-centre greedy with any distance: the candidate farthest from all that is chosen, repeatedly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mindgap.strategies.base import Pool, Selection, argmax

#: Labelled samples that all candidates are compared with at a time.
CHUNK = 64

#: From rows of the pool to the distances of all candidates from them.
Distance = Callable[[Int[Tensor, " c"]], Float[Tensor, "U c"]]


def first(distance: Distance, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
    """Choose `n` candidates; the scores are the distances at which they were chosen."""
    nearest = torch.full_like(pool.candidates, torch.inf, dtype=torch.float32)
    for rows in pool.labelled.split(CHUNK) if len(pool.labelled) else ():
        nearest = torch.minimum(nearest, distance(rows).amin(dim=1))
    chosen = torch.empty(n, dtype=torch.int64, device=nearest.device)
    scores = torch.empty(n, device=nearest.device)
    for i in range(n):
        pick = argmax(nearest, rng)
        chosen[i], scores[i] = pool.candidates[pick], nearest[pick]
        nearest = torch.minimum(nearest, distance(chosen[i : i + 1])[:, 0])
        nearest[pick] = -torch.inf
    return Selection(chosen, scores)
