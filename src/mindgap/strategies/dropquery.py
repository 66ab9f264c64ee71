"""DropQuery: samples whose prediction dropout changes, one a cluster (Gupte et al. 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from jaxtyping import Int
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor

from mindgap.strategies import representatives
from mindgap.strategies.base import Pool, Selection, Strategy
from mindgap.strategies.coreset import standardised

#: Candidates asked at a time.
CHUNK = 4096


@dataclass(frozen=True)
class Dropquery(Strategy):
    """Cluster centres among samples that half of their features can't settle (Gupte et al. 2024).

    The head classifies each candidate's features again, `passes` times, with a share `rate` of them
    set to zero and the rest scaled up. Candidates whose prediction y^ changes in more than half of
    the passes,

    sum_t [argmax_c p_c(mask_t * z / (1 - rate)) != y^] > T/2,

    are kept; k-means with n clusters among them chooses the sample nearest each centre.
    The scores are the clusters' shares.

    Where fewer than `enough` n candidates are kept, those that change less often are added, one
    change at a time, as in the authors' code. The features are the input of the last linear layer,
    where the paper has those of a frozen foundation model; the clusters are of the embeddings of
    `coreset`. Any learner will do: the dropout is the strategy's own.

    Attributes:
        rate: share of features that are dropped; the paper takes 0.75.
        passes: how often; the paper takes 3.
        enough: how many times n candidates are kept at least.
    """

    cost = "O(T N C D), then k-means of b clusters"

    rate: Annotated[float, Field(gt=0, lt=1)] = 0.75
    passes: PositiveInt = 3
    enough: NonNegativeInt = 25

    def requires(self) -> set[str]:
        return {"embeddings", "unimodal_embeddings", "head"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        changes = self.changes(pool, rng)
        least = self.passes // 2 + 1
        wanted = min(self.enough * n, len(changes))
        while int((changes >= least).sum()) < wanted:
            least -= 1
        kept = pool.candidates[changes >= least]
        return representatives.choose(standardised(pool)[kept], kept, pool, n, rng)

    def changes(self, pool: Pool, rng: np.random.Generator) -> Int[Tensor, " U"]:
        """In how many passes each candidate is predicted otherwise."""
        parts = [torch.zeros_like(pool.candidates[:0])]
        for rows in pool.candidates.split(CHUNK):
            z = pool.embeddings[rows]
            predicted = pool.head(z, rows).argmax(dim=1)
            count = torch.zeros_like(rows)
            for _ in range(self.passes):
                kept = torch.from_numpy(rng.random(z.shape, np.float32) >= self.rate).to(z.device)
                again = pool.head(z * kept / (1 - self.rate), rows).argmax(dim=1)
                count += again != predicted
            parts.append(count)
        return torch.cat(parts)
