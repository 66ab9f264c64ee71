"""Cluster-Margin: small margins from many clusters (Citovsky et al. 2021, arXiv 2107.14263)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field, PositiveInt
from torch import Tensor

from mindgap.strategies.base import Pool, Selection, Strategy
from mindgap.strategies.coreset import standardised
from mindgap.strategies.margin import Margin

#: Most samples that are clustered: all their distances are held, 100 MB with what SciPy copies.
MOST = 4000


@dataclass(frozen=True)
class ClusterMargin(Strategy):
    """Samples of small margin, in turns from clusters, small ones first (Citovsky et al. 2021).

    1. Candidates: the `ratio` n of smallest margin (their k_m).
    2. Clusters: agglomerative with average linkage, cut where `size` samples are in one on average.
    3. Turns: clusters by size, small first; each gives a sample drawn at random, then those that
       have any left again, from the smallest on (algorithm 1).

    The scores are margins, turned negative; they don't fall in the order of the choice.

    The paper clusters the whole pool, once, by embeddings that are then kept, up to a distance that
    is tuned for each data set; later rounds intersect these clusters with the candidates. Here the
    embeddings are the learner's own of each round, standardised as in `coreset`, and the candidates
    alone are clustered: nothing is quadratic in the pool, and a cut by size needs no tuning. Never
    more than 4,000 are clustered, so k_m is smaller than asked for where n is above 400, and a
    batch of 4,000 or more is that of `margin`.

    Attributes:
        ratio: candidates for each sample that is wanted, k_m / n.
        size: samples in a cluster, on average.
    """

    cost = "O(N C + (ratio b)^2 D)"

    ratio: Annotated[float, Field(ge=1)] = 10.0
    size: PositiveInt = 10

    def requires(self) -> set[str]:
        return {"probabilities", "unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        everyone = len(pool.candidates)
        wanted = min(round(self.ratio * n), max(n, MOST), everyone)
        unsure = Margin().select(pool, wanted, rng)
        if wanted == n:
            return unsure
        cluster = clusters(standardised(pool)[unsure.rows], -(-wanted // self.size))
        chosen = torch.from_numpy(turns(cluster, rng)[:n]).to(unsure.rows.device)
        return Selection(unsure.rows[chosen], unsure.scores[chosen])


def clusters(points: Float[Tensor, "n D"], count: int) -> Int[np.ndarray, " n"]:
    """The cluster of each point, from 0: average linkage, cut where at most `count` are left."""
    from scipy.cluster.hierarchy import fcluster, linkage  # takes a while to import

    tree = linkage(points.double().cpu().numpy(), method="average")
    cut: Int[np.ndarray, " n"] = fcluster(tree, count, criterion="maxclust") - 1
    return cut.astype(np.int64)


def turns(cluster: Int[np.ndarray, " n"], rng: np.random.Generator) -> Int[np.ndarray, " n"]:
    """All points in the order in which their clusters give them away, one a turn, small first."""
    sizes = np.bincount(cluster)
    order = np.lexsort((rng.random(len(sizes)), sizes))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    shuffled = np.lexsort((rng.random(len(cluster)), cluster))
    starts = np.cumsum(sizes) - sizes
    turn = np.empty_like(shuffled)
    turn[shuffled] = np.arange(len(cluster)) - starts[cluster[shuffled]]
    return np.lexsort((rank[cluster], turn))
