"""Centres of k-means: one typical sample for each cluster (Zhdanov 2019, arXiv 1901.05954)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mindgap.strategies import representatives
from mindgap.strategies.base import Pool, Selection, Strategy
from mindgap.strategies.coreset import standardised


@dataclass(frozen=True)
class Kmeans(Strategy):
    """The sample nearest to each of n cluster centres of the candidates (Zhdanov 2019).

    The paper's clustering baseline: k-means with as many clusters as samples are asked for, among
    the candidates; it looks neither at predictions nor at what is labelled:

    c = argmin sum_x min_k |z(x) - c_k|^2,   x_k = argmin_{x in cluster k} |z(x) - c_k|

    The sample is the nearest of the cluster's own, so that no two centres want the same one.
    Embeddings z are those of `coreset`. The scores are the clusters' shares of the candidates.
    """

    cost = "O(I b N D) for I steps"

    def requires(self) -> set[str]:
        return {"unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        points = standardised(pool)[pool.candidates]
        return representatives.choose(points, pool.candidates, pool, n, rng)
