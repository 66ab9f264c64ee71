"""An uncertainty of each modality alone, the largest of them."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
import torch

from mindgap.strategies import views
from mindgap.strategies.base import Pool, Selection, Strategy, best
from mindgap.tasks import TaskShape


@dataclass(frozen=True)
class WorstModality(Strategy):
    """Another strategy's score by the own head of the observed modality that is least sure (ours).

    score = max_m s_m(x) over the observed modalities.

    Attributes:
        of: margin, entropy or least_confidence, which score every sample for itself.
    """

    group = "multimodal"
    cost = "that of the strategy inside, M times"

    of: Strategy

    def requires(self) -> set[str]:
        return views.needed(self.of.requires())

    def supports(self, shape: TaskShape, capabilities: Set[str]) -> str | None:
        return views.unfit(self.of) or super().supports(shape, capabilities)

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        scores = views.scores_by_modality(self.of, pool, rng)
        return best(scores.nan_to_num(nan=-torch.inf).amax(dim=1), pool, n, rng)
