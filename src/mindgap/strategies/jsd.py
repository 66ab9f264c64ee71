"""Disagreement between modalities: the generalised Jensen-Shannon divergence (Lin 1991)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from mindgap.strategies.base import Pool, Selection, Strategy, best


@dataclass(frozen=True)
class Jsd(Strategy):
    """Largest Jensen-Shannon divergence of the modalities' own predictions (Lin 1991).

    JSD = H(sum_m w_m p_m) - sum_m w_m H(p_m), in nats, with p_m from the head of modality m: query
    by committee (McCallum & Nigam 1998, whose mean KL divergence to the mean is this with equal
    weights) with the modalities as its members. It is at most the log of their number.

    The committee of a sample are its observed modalities, with equal weights. Who has one observed
    modality has nobody to disagree with and scores 0, so incomplete samples come last. The heads
    read one jointly trained network, where the members of a committee are trained apart.
    """

    group = "multimodal"
    pointwise = True
    cost = "O(M N C)"

    def requires(self) -> set[str]:
        return {"unimodal_probabilities"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        rows = pool.candidates
        observed = pool.observed[rows]
        weights = observed / observed.sum(dim=1, keepdim=True)
        mixture = torch.zeros(len(rows), pool.n_classes, device=rows.device)
        entropies = torch.zeros(len(rows), device=rows.device)
        for m, name in enumerate(pool.names):
            member = pool.unimodal_probabilities[name][rows]
            member = torch.where(observed[:, m, None], member, 0.0)
            mixture += weights[:, m, None] * member
            entropies += weights[:, m] * torch.special.entr(member).sum(dim=1)
        return best(torch.special.entr(mixture).sum(dim=1) - entropies, pool, n, rng)
