"""BADGE: batch active learning by diverse gradient embeddings (Ash et al. 2020, algorithm 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mindgap.strategies import gradient
from mindgap.strategies.base import Pool, Selection, Strategy


@dataclass(frozen=True)
class Badge(Strategy):
    """k-means++ among the gradients of the last layer (Ash et al. 2020).

    The gradient at the predicted class y^ is g(x) = (p - e_y^) z^T, with z the embedding. Each
    further sample is drawn with probability proportional to min_s |g(x) - g(s)|^2 over the chosen.
    The first sample is the one with the largest gradient, as in the authors' code; other code draws
    it uniformly (AL-foundation-models) or counts the origin as a centre all along
    (scikit-activeml). Distances are computed without the gradients (see `gradient`). Labelled
    samples are no centres.
    """

    cost = "O(b N (C + D))"

    def requires(self) -> set[str]:
        return {"probabilities", "embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        probabilities = pool.probabilities[pool.candidates]
        return gradient.sample(probabilities, pool.embeddings[pool.candidates], pool, n, rng)
