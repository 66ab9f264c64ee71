"""What the fused model says against what each modality says alone (ours)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from mindgap.strategies.base import Pool, Selection, Strategy, best


@dataclass(frozen=True)
class FusedUnimodalKl(Strategy):
    """Largest mean divergence of the fused prediction from the unimodal ones (ours).

    score = 1/|S| sum over m in S of KL(p || p_m), in nats, with S the observed modalities, p the
    fused prediction and p_m that of modality m's own head: high where fusion changes the answer,
    because modalities tell something only together or because one of them decides against the
    others. `jsd` compares the heads with each other and doesn't look at the fusion.

    A sample with one observed modality still scores: its fused prediction differs from its head's
    by training alone. A probability of 0 is taken as the smallest number there is.
    """

    group = "multimodal"
    pointwise = True
    cost = "O(M N C)"

    def requires(self) -> set[str]:
        return {"probabilities", "unimodal_probabilities"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        rows = pool.candidates
        observed = pool.observed[rows]
        fused = pool.probabilities[rows]
        tiny = torch.finfo(fused.dtype).tiny
        total = torch.zeros_like(fused[:, 0])
        for m, name in enumerate(pool.names):
            logs = pool.unimodal_probabilities[name][rows].clamp(min=tiny).log()
            divergence = (torch.special.xlogy(fused, fused) - fused * logs).sum(dim=1)
            total += torch.where(observed[:, m], divergence, 0.0)
        return best(total / observed.sum(dim=1), pool, n, rng)
