"""k-centre in the modality that labels cover worst, then margin (ours)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import PositiveInt
from torch import Tensor

from mindgap.strategies import farthest
from mindgap.strategies.base import Pool, Selection, Strategy, argmax
from mindgap.strategies.gap_coreset import blocks
from mindgap.strategies.margin import Margin


@dataclass(frozen=True)
class ModalityCoverage(Strategy):
    """The least sure of a core-set in the modality that is covered worst (ours).

    The three steps by which Zhang & Zhu (arXiv 2510.03247) choose pairs to align, for labels:

    1. the modality whose farthest candidate is farthest from all labelled samples,
       max_i min_j |z_m,i - z_m,j|, among those who have it; embeddings are scaled as in
       `gap_coreset`, so that modalities can be compared;
    2. `kappa` n candidates by k-centre greedy in that modality;
    3. of these the n with the smallest margin, where the paper has a margin of similarities
       across modalities.

    A modality that no labelled sample has is covered worst of all. Where fewer than n candidates
    have the modality, the rest are the least sure of the others. The scores are negative margins.

    Attributes:
        kappa: how many times n candidates the core-set has.
    """

    group = "multimodal"
    cost = "O((M L + kappa b) N D)"

    kappa: PositiveInt = 5

    def requires(self) -> set[str]:
        return {"probabilities", "unimodal_embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        points = blocks(pool)
        radii = [_radius(points[name], _having(pool, m), rng) for m, name in enumerate(pool.names)]
        worst = argmax(torch.tensor(radii), rng)
        part = _having(pool, worst)
        wide = min(self.kappa * n, len(part.candidates))
        kept = farthest.first(_within(points[pool.names[worst]], part), part, wide, rng).rows
        core = replace(pool, candidates=kept.sort().values)
        chosen = Margin().select(core, min(n, wide), rng)
        others = pool.candidates[~torch.isin(pool.candidates, chosen.rows)]
        more = Margin().select(replace(pool, candidates=others), n - len(chosen.rows), rng)
        return Selection(
            torch.cat([chosen.rows, more.rows]), torch.cat([chosen.scores, more.scores])
        )


def _having(pool: Pool, m: int) -> Pool:
    """The pool with the candidates and labelled samples that have modality `m`, and no others."""
    seen = pool.observed[pool.labelled, m]
    return replace(
        pool,
        candidates=pool.candidates[pool.observed[pool.candidates, m]],
        labelled=pool.labelled[seen],
        labels=pool.labels[seen],
    )


def _radius(points: Float[Tensor, "N D"], part: Pool, rng: np.random.Generator) -> float:
    """The largest squared distance of a candidate from its nearest labelled sample."""
    if not len(part.candidates):
        return -1.0
    return float(farthest.first(_within(points, part), part, 1, rng).scores)


def _within(
    points: Float[Tensor, "N D"], part: Pool
) -> Callable[[Int[Tensor, " c"]], Float[Tensor, "U c"]]:
    """Squared Euclidean distances of the candidates."""
    norms, own = points.square().sum(dim=1), points[part.candidates]
    return lambda rows: (
        norms[part.candidates, None] + norms[rows] - 2 * own @ points[rows].T
    ).clamp(min=0)
