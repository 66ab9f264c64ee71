"""An uncertainty of each modality alone, averaged."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np

from mindgap.strategies import views
from mindgap.strategies.base import Pool, Selection, Strategy, best
from mindgap.tasks import TaskShape


@dataclass(frozen=True)
class MeanModality(Strategy):
    """Another strategy's score by each modality's own head, averaged over the observed (ours).

    score = (1/|S|) sum_m s_m(x) over the observed modalities S.

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
        return best(views.scores_by_modality(self.of, pool, rng).nanmean(dim=1), pool, n, rng)
