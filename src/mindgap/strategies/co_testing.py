"""Co-testing: active learning with multiple views (Muslea, Minton & Knoblock 2000, 2006)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from mindgap.strategies.base import Pool, Selection, Strategy, best

#: Score of a sample on which the modalities agree, below that of any on which they don't.
AGREED = -1.0


@dataclass(frozen=True)
class CoTesting(Strategy):
    """Samples on which the modalities' own predictions contradict each other (Muslea et al. 2006).

    A contention point is a sample whose modalities don't all predict the same class: one of them
    must be wrong. Which of them is asked for depends on the variant; with conf_m = max_c p_m,c,

    - naive: any, at random;
    - aggressive: argmax min_m conf_m, where even the least sure modality is sure;
    - conservative: argmin (max_m conf_m - min_m conf_m), where all are about as sure.

    Any number of modalities; only observed ones vote, so a sample with one is no contention point.
    Departures: the n best are taken together, where the paper asks for one at a time; where there
    are too few contention points, the rest are drawn at random from the other candidates (their
    score is -1); the heads read one jointly trained network, where the paper trains each view
    apart; and what is measured afterwards is the fused model, not a vote of the views.

    The paper assumes that each view suffices to learn the task. Where a class shows only in several
    modalities together, or in one of them, contention says little.

    Attributes:
        variant: "naive", "aggressive" or "conservative".
    """

    group = "multimodal"
    cost = "O(M N C)"

    variant: Literal["naive", "aggressive", "conservative"] = "naive"

    def requires(self) -> set[str]:
        return {"unimodal_probabilities"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        missing = ~pool.observed[pool.candidates]
        heads = [pool.unimodal_probabilities[name][pool.candidates] for name in pool.names]
        votes = torch.stack([p.argmax(dim=1) for p in heads], dim=1)
        lowest = votes.masked_fill(missing, pool.n_classes).amin(dim=1)
        contention = lowest < votes.masked_fill(missing, -1).amax(dim=1)
        confidences = torch.stack([p.amax(dim=1) for p in heads], dim=1)
        least = confidences.masked_fill(missing, torch.inf).amin(dim=1)
        most = confidences.masked_fill(missing, -torch.inf).amax(dim=1)
        wanted = {
            "naive": torch.zeros_like(least),
            "aggressive": least,
            "conservative": least - most,
        }[self.variant]
        return best(torch.where(contention, wanted, AGREED), pool, n, rng)
