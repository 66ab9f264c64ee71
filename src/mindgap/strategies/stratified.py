"""A strategy within each missing pattern, so that what is missing doesn't decide."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Int64

from mindgap.strategies.base import Pool, Selection, Strategy
from mindgap.tasks import TaskShape


@dataclass(frozen=True)
class Stratified(Strategy):
    """Another strategy inside each observation pattern, n shared out as the candidates are (ours).

    A pattern is a set of observed modalities. Each gets its share of n in proportion to its
    candidates, rounded by largest remainders, with chance between equal ones; so uncertainty that
    comes from a gap alone can't draw the labelled set towards incomplete samples. The strategy
    inside sees the whole pool and chooses among the candidates of one pattern at a time; it doesn't
    know what it chooses in the others. The scores are its own, and the patterns' choices are
    merged by rank.

    Attributes:
        of: the other strategy, for example badge.
    """

    group = "multimodal"
    cost = "that of the strategy inside, for each pattern"

    of: Strategy

    def requires(self) -> Set[str]:
        return self.of.requires()

    def supports(self, shape: TaskShape, capabilities: Set[str]) -> str | None:
        return self.of.supports(shape, capabilities)

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        patterns, pattern = pool.observed[pool.candidates].unique(dim=0, return_inverse=True)
        counts = pattern.bincount(minlength=len(patterns)).cpu().numpy()
        rows, scores, ranks = [pool.candidates[:0]], [torch.zeros(0)], [torch.zeros(0)]
        traces = []
        for p, share in enumerate(shares(counts, n, rng)):
            part = replace(pool, candidates=pool.candidates[pattern == p])
            chosen = self.of.select(part, int(share), rng)
            rows.append(chosen.rows)
            scores.append(chosen.scores)
            traces += [] if chosen.trace is None else [chosen.trace]
            ranks.append((torch.arange(int(share)) + 0.5) / max(int(share), 1))
        order = torch.cat(ranks).argsort(stable=True).to(pool.candidates.device)
        trace = torch.cat(traces)[order] if traces else None
        return Selection(torch.cat(rows)[order], torch.cat(scores)[order], trace)


def shares(
    counts: Int64[np.ndarray, " P"], n: int, rng: np.random.Generator
) -> Int64[np.ndarray, " P"]:
    """`n` divided in proportion to `counts`, by largest remainders (Hamilton's method)."""
    exact = n * counts / max(counts.sum(), 1)
    given: Int64[np.ndarray, " P"] = np.floor(exact).astype(np.int64)
    order = np.lexsort((rng.random(len(counts)), -(exact - given)))
    given[order[: n - given.sum()]] += 1
    return given
