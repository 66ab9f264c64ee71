"""Entropy of what the model says once missing modalities are averaged out (ours)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from pydantic import PositiveInt

from mindgap.strategies.base import Pool, Selection, Strategy, best
from mindgap.strategies.imputation import imputations


@dataclass(frozen=True)
class ImputedEntropy(Strategy):
    """Largest entropy of the prediction, averaged over likely values of what is missing (ours).

    p(y | x_S) = E[p(y | x_S, x_R)], the mean over K donors' values of the missing modalities R: the
    samples that have them and are nearest in the modalities S, see `imputation`. The score is
    H[p(y | x_S)], in nats. `entropy` asks the model about its own stand-in for a missing modality
    instead, and a stand-in may look like a sure case; here a gap counts as far as the answer
    depends on what would fill it. A complete sample scores its entropy.

    It says how unsure the label is, not how much of that a label can mend: `imputed_bald` leaves
    out what only the missing value could tell.

    Attributes:
        donors: K.
    """

    group = "multimodal"
    pointwise = True
    cost = "O(N^2 D) time, O(K N) passes of the network, O(N) memory"

    donors: PositiveInt = 10

    def requires(self) -> set[str]:
        return {"probabilities", "recombined", "unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        probabilities = pool.probabilities[pool.candidates]
        for places, sources in imputations(pool, self.donors, rng):
            each = pool.recombined(sources.flatten(0, 1)).unflatten(0, sources.shape[:2])
            probabilities[places] = each.mean(dim=1)
        return best(torch.special.entr(probabilities).sum(dim=1), pool, n, rng)
