"""The oracle that tries batches out and takes the best (ours)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from pydantic import PositiveInt

from mindgap.strategies.base import Pool, Selection, Strategy, argmax


@dataclass(frozen=True)
class TrialGain(Strategy):
    """An oracle: of some random batches the one whose labels raise test accuracy most (ours).

    Each batch is labelled, and a network trained with it as in the next round, with the same random
    numbers; the score, the same for the whole batch, is its accuracy on the test set. So the next
    round measures what was best among the batches tried: how much there is to win by choosing
    well, and a floor of it, since better batches than the tried ones exist. It looks one round
    ahead, and what it wins holds for this network and this test set. A batch with which training
    diverges is chosen last.

    Attributes:
        batches: how many are tried.
    """

    group = "oracle"
    cost = "one training for each batch"

    batches: PositiveInt = 16

    def requires(self) -> set[str]:
        return {"trial"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        if n == 0:
            return Selection(pool.candidates[:0], torch.zeros(0, device=pool.candidates.device))
        drawn = [rng.permutation(len(pool.candidates))[:n] for _ in range(self.batches)]
        batches = pool.candidates[torch.from_numpy(np.stack(drawn)).to(pool.candidates.device)]
        gains = pool.trial(batches).nan_to_num(-1.0)
        chosen = argmax(gains, rng)
        return Selection(batches[chosen], gains[chosen].repeat(n))
