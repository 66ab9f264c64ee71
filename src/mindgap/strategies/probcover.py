"""ProbCover: as much of the pool within a radius as possible (Yehuda et al. 2022)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field, PositiveFloat
from torch import Tensor

from mindgap.strategies import clustering
from mindgap.strategies.base import Pool, Selection, Strategy
from mindgap.strategies.coreset import standardised
from mindgap.strategies.coverage import COLUMNS, ROWS, Kernel, greedy, unit


@dataclass(frozen=True)
class Probcover(Strategy):
    """The candidate with most samples around it that nothing covers yet (Yehuda et al. 2022).

    A sample covers those nearer than `delta` to it, between embeddings z of length one:

    x = argmax_x |{y not covered: |z(x) - z(y)| < delta}|   (algorithm 1)

    Candidates are chosen one by one; the scores are the shares of the pool that they newly cover.
    When all is covered, chance decides.

    If no `delta` is given, it is the largest radius at which `purity` of the balls around samples
    hold samples of one k-means cluster only, with as many clusters as classes.
    The paper looks for it on a grid; here it is exact: a ball is pure up to the distance of the
    nearest sample of another cluster.

    The graph of samples closer than delta is never built: its memory would be quadratic. Whenever
    a sample is newly covered, the edges to it are counted again and taken off (see `coverage`);
    this happens once for each sample. Embeddings are as in `maxherding`. The authors' code leaves
    the last N mod 500 samples without edges, and takes the first sample, labelled or not, when all
    is covered.

    Attributes:
        delta: radius of the balls, from 0 to 2; by the rule above if null.
        purity: share of balls that have to be pure.
    """

    cost = "O(N^2 D)"

    delta: PositiveFloat | None = None
    purity: Annotated[float, Field(gt=0, le=1)] = 0.95

    def requires(self) -> set[str]:
        return {"unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        points = unit(standardised(pool))
        delta = self.delta
        if delta is None:
            cluster = clustering.clusters(points, pool.n_classes, rng)
            delta = largest_pure_radius(points, cluster, self.purity)
        weights = torch.ones(len(points), device=points.device)
        return greedy(points, weights, ball(delta), pool, n, rng)


def ball(radius: float) -> Kernel:
    """1 where |x - y| < radius, else 0, from cosines: |x - y|^2 = 2 - 2 cos. Overwrites them."""

    def kernel(cosines: Tensor) -> Tensor:
        return cosines.gt_(1 - radius**2 / 2)

    return kernel


def largest_pure_radius(
    points: Float[Tensor, "N D"], cluster: Int[Tensor, " N"], purity: float
) -> float:
    """The largest radius at which `purity` of the open balls hold one cluster only; 2 at most."""
    order = cluster.argsort()
    sorted_ = points[order]
    nearest = torch.full((len(points),), -1.0, device=points.device)
    end = 0
    for size in cluster.bincount().tolist():
        start, end = end, end + size
        others = torch.cat([sorted_[:start], sorted_[end:]])
        for first in range(start, end, ROWS):
            rows = slice(first, min(first + ROWS, end))
            for columns in others.split(COLUMNS) if len(others) else ():
                close = (sorted_[rows] @ columns.T).amax(dim=1)
                nearest[rows] = torch.maximum(nearest[rows], close)
    impure = math.floor((1 - purity) * len(points) + 1e-9)
    largest = float(nearest.sort(descending=True).values[impure]) if impure < len(points) else -1.0
    return math.sqrt(max(0.0, 2 - 2 * largest))
