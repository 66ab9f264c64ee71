"""Random sampling within each class, by labels that nobody has yet: a control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Int64

from mindgap.strategies.base import Pool, Selection, Strategy
from mindgap.strategies.stratified import shares as proportional


@dataclass(frozen=True)
class StratifiedRandom(Strategy):
    """An oracle: at random within each class, knowing all labels (control).

    What can be won by the classes of what is labelled, and by nothing else: whatever beats it has
    found better samples of a class, not better classes.

    - `shares=pool`: each class gets its share of n in proportion to its candidates, rounded by
      largest remainders: random sampling, but for chance in the classes (Cochran 1977, chapter 5).
    - `shares=equal`: each sample is of a class that has fewest labels so far, chosen ones included,
      among those that have candidates left: the labelled set is as even as it can be.

    Within a class every candidate is as likely as any other, and the scores are all 0.

    Attributes:
        shares: "pool" or "equal".
    """

    group = "oracle"
    cost = "O(N + b C)"

    shares: Literal["pool", "equal"] = "pool"

    def requires(self) -> set[str]:
        return {"true_labels"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        own = pool.true_labels[pool.candidates].argmax(dim=1).cpu().numpy()
        known = pool.labels.bincount(minlength=pool.n_classes).cpu().numpy()
        there = np.bincount(own, minlength=pool.n_classes)
        given = proportional(there, n, rng) if self.shares == "pool" else even(known, there, n, rng)
        shuffled = rng.permutation(len(own))
        parts = [shuffled[own[shuffled] == c][:k] for c, k in enumerate(given)]
        places = torch.from_numpy(rng.permutation(np.concatenate(parts)))
        rows = pool.candidates[places.to(pool.candidates.device)]
        return Selection(rows, torch.zeros(len(rows), device=rows.device))


def even(
    known: Int64[np.ndarray, " C"],
    there: Int64[np.ndarray, " C"],
    n: int,
    rng: np.random.Generator,
) -> Int64[np.ndarray, " C"]:
    """How many of `n` each class gets, one after the other to one that has fewest.

    Args:
        known: labels of each class so far.
        there: candidates of each class, at least `n` in all.
    """
    given = np.zeros_like(there)
    for _ in range(n):
        left = (given < there).nonzero()[0]
        total = (known + given)[left]
        fewest = left[total == total.min()]
        given[fewest[rng.integers(len(fewest))]] += 1
    return given
