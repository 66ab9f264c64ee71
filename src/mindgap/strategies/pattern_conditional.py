"""A strategy's scores compared within each missing pattern (ours)."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np

from mindgap.strategies.base import Pool, Selection, Strategy, best
from mindgap.tasks import TaskShape


@dataclass(frozen=True)
class PatternConditional(Strategy):
    """Another strategy's score, in standard deviations from its missing pattern's mean (ours).

    A pattern is a set of observed modalities. (s - mean) / (standard deviation) over the candidates
    with the same pattern takes out what comes from the gap alone, an uncertainty that all of them
    share, and asks who is unusual among its like. Patterns then compete: one with many unusual
    samples gets more than its share of n, where `stratified` gives each its share, as comparing
    ranks within patterns would. A pattern whose candidates score all the same scores 0.

    Attributes:
        of: the other strategy, which scores every sample for itself: margin, entropy,
            least_confidence, bald, mean_std, jsd or fused_unimodal_kl.
    """

    group = "multimodal"
    cost = "that of the strategy inside"

    of: Strategy

    def requires(self) -> Set[str]:
        return self.of.requires()

    def supports(self, shape: TaskShape, capabilities: Set[str]) -> str | None:
        if not self.of.pointwise:
            return (
                f"{type(self.of).__name__} doesn't score every sample for itself: take margin, "
                "entropy, least_confidence, bald, mean_std, jsd or fused_unimodal_kl"
            )
        return self.of.supports(shape, capabilities)

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        everyone = self.of.select(pool, len(pool.candidates), rng)
        scores = everyone.scores[everyone.rows.argsort()].double()  # candidates are ascending
        patterns, pattern = pool.observed[pool.candidates].unique(dim=0, return_inverse=True)
        for p in range(len(patterns)):
            own = scores[pattern == p]
            spread = own.std(correction=0)
            varied = bool(own.max() > own.min())
            scores[pattern == p] = (own - own.mean()) / spread if varied else 0.0
        return best(scores, pool, n, rng)
