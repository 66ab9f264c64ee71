"""Diverse mini-batch active learning: k-means weighted by uncertainty (Zhdanov 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import PositiveInt

from mindgap.strategies import representatives
from mindgap.strategies.base import Pool, Selection, Strategy
from mindgap.strategies.coreset import standardised
from mindgap.strategies.margin import Margin


@dataclass(frozen=True)
class WeightedKmeans(Strategy):
    """k-means among the least sure candidates, weighted by how unsure they are (Zhdanov 2019).

    The paper's algorithm 1: keep the beta n candidates with the smallest margin m, cluster them
    into n clusters, each sample with a weight,

    c = argmin sum_x (1 - m(x)) min_k |z(x) - c_k|^2,

    and choose the sample nearest to each centre (the nearest of the cluster's own, so that no two
    centres want the same one). Embeddings z are those of `coreset`. The scores are the clusters'
    shares of the weight.

    Attributes:
        beta: how many times n are clustered; the paper takes 10 unless it says otherwise.
    """

    cost = "O(N C + I beta b^2 D) for I steps"

    beta: PositiveInt = 10

    def requires(self) -> set[str]:
        return {"probabilities", "unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        unsure = Margin().select(pool, min(self.beta * n, len(pool.candidates)), rng)
        points = standardised(pool)[unsure.rows]
        weights = 1 + unsure.scores  # its scores are negative margins
        return representatives.choose(points, unsure.rows, pool, n, rng, weights)
