"""Complete samples first, the least sure of them (ours)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mindgap.strategies.base import Pool, Selection, Strategy, best
from mindgap.strategies.margin import Margin


@dataclass(frozen=True)
class CompletenessFirst(Strategy):
    """The samples with most observed modalities, by margin among equals (ours).

    A simple answer to missing modalities: a label on a complete sample trains every encoder. What
    it costs is that the labelled set no longer looks like the pool.

    score = 2 |S| - (p_1 - p_2) with S the observed modalities and p_1, p_2 the largest
    probabilities, so a modality more outweighs any margin.
    """

    group = "multimodal"
    cost = "O(N C)"

    def requires(self) -> set[str]:
        return {"probabilities"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        everyone = Margin().select(pool, len(pool.candidates), rng)
        margins = everyone.scores[everyone.rows.argsort()].double()  # candidates are ascending
        observed = pool.observed[pool.candidates].sum(dim=1)
        return best(2 * observed + margins, pool, n, rng)
