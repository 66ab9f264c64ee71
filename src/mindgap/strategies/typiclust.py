"""TypiClust: typical samples of the clusters with fewest labels (Hacohen et al. 2022)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor

from mindgap.strategies import clustering
from mindgap.strategies.base import Pool, Selection, Strategy, argmax
from mindgap.strategies.coreset import standardised

#: Samples of a cluster compared with all others of it at a time.
CHUNK = 512
#: Keeps the typicality of coinciding samples finite, as in the authors' code.
NO_DISTANCE = 1e-5


@dataclass(frozen=True)
class Typiclust(Strategy):
    """The most typical sample of each cluster, those with fewest labels first (Hacohen 2022).

    k-means divides the pool into as many clusters as there will be labels, `max_clusters` at most.
    Clusters are served in order of their labelled samples (few first), then of their size (large
    first), round after round. Typicality (equation 4),

    t(x) = 1 / ((1/K) sum_{y in N_K(x)} |z(x) - z(y)|),

    is the inverse of the mean distance to the nearest K = `neighbours` of the cluster's samples
    that are neither labelled nor chosen; to half of these if they are few, as in the authors' code,
    where the paper takes them all. The scores are the typicalities; 0 for a sample that is alone.

    The paper clusters self-supervised embeddings; here they are the learner's concatenated
    unimodal embeddings, standardised as in `coreset`. The authors' code takes an approximate
    k-means for more than 50 clusters; this one is as exact for any number. Their neighbour search
    returns squared distances, where the paper's definition has distances; here they are distances.
    Clusters of `smallest` samples or fewer come last, where theirs are dropped and it fails if
    none is left or one is used up.

    Attributes:
        max_clusters: most clusters there are.
        neighbours: most neighbours whose distances are averaged.
        smallest: clusters up to this size come after all others.
    """

    cost = "O(I K N D) for K clusters, I steps"

    max_clusters: PositiveInt = 500
    neighbours: PositiveInt = 20
    smallest: NonNegativeInt = 5

    def requires(self) -> set[str]:
        return {"unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        points = standardised(pool)
        k = max(1, min(len(pool.labelled) + n, self.max_clusters))
        return self.choose(points, clustering.clusters(points, k, rng), pool, n, rng)

    def choose(
        self,
        points: Float[Tensor, "N D"],
        cluster: Int[Tensor, " N"],
        pool: Pool,
        n: int,
        rng: np.random.Generator,
    ) -> Selection:
        """Choose `n` candidates, given the cluster of every sample."""
        sizes = cluster.bincount()
        labels = cluster[pool.labelled].bincount(minlength=len(sizes)).cpu().numpy()
        left = cluster[pool.candidates].bincount(minlength=len(sizes)).tolist()
        order = np.lexsort((rng.random(len(sizes)), -sizes.cpu().numpy(), labels)).tolist()
        large = [c for c in order if sizes[c] > self.smallest]
        small = [c for c in order if sizes[c] <= self.smallest]
        waiting = torch.ones(len(points), dtype=torch.bool, device=points.device)
        waiting[pool.labelled] = False
        candidate = torch.zeros_like(waiting)
        candidate[pool.candidates] = True
        chosen = torch.empty(n, dtype=torch.int64, device=points.device)
        scores = torch.empty(n, device=points.device)
        for i, c in zip(range(n), _turns([large, small], left), strict=False):
            members = ((cluster == c) & waiting).nonzero()[:, 0]
            typical = typicality(points[members], self.neighbours)
            pick = argmax(torch.where(candidate[members], typical, -torch.inf), rng)
            chosen[i], scores[i] = members[pick], typical[pick]
            waiting[members[pick]] = candidate[members[pick]] = False
            left[c] -= 1
        return Selection(chosen, scores)


def typicality(points: Float[Tensor, "n D"], neighbours: int) -> Float[Tensor, " n"]:
    """The inverse of the mean distance to the nearest neighbours, at most half of all (eq. 4)."""
    count = min(neighbours, max(1, len(points) // 2))
    if len(points) == 1:
        return torch.zeros(1, dtype=torch.float64, device=points.device)
    centred = points.double() - points.double().mean(dim=0)
    norms = (centred * centred).sum(dim=1)
    means = []
    for chunk, own in zip(centred.split(CHUNK), norms.split(CHUNK), strict=True):
        squared = (own[:, None] + norms - 2 * chunk @ centred.T).clamp(min=0)
        nearest = squared.topk(count + 1, largest=False).values[:, 1:]  # without the sample itself
        means.append(nearest.sqrt().mean(dim=1))
    return 1 / (torch.cat(means) + NO_DISTANCE)


def _turns(groups: Sequence[Sequence[int]], left: Sequence[int]) -> Iterator[int]:
    """Clusters in order, again and again while they have candidates left; group after group."""
    for group in groups:
        while any(left[c] for c in group):
            for c in group:
                if left[c]:
                    yield c
