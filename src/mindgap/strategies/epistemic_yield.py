"""The oracle that knows what is still to be learned of every sample (ours)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from mindgap.strategies.base import Pool, Selection, Strategy, best


@dataclass(frozen=True)
class EpistemicYield(Strategy):
    """An oracle: largest divergence of the model from the true posterior (ours).

    score = KL(p* || p) = sum_c p*_c log(p*_c / p_c), in nats, with p* the scenario's exact
    posterior given what the sample has, and p the model's: what a perfect learner could still gain
    there. A sample that nobody could tell scores nothing however unsure the model is, which is
    what uncertainty gets wrong. It is no bound on what a batch can teach: it chooses sample by
    sample and knows nothing of what training makes of them.

    With label noise p* is of the clean label. A probability of 0 is taken as the smallest number
    there is.
    """

    group = "oracle"
    pointwise = True
    cost = "O(N C)"

    def requires(self) -> set[str]:
        return {"probabilities", "true_posterior"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        truth = pool.true_posterior[pool.candidates]
        model = pool.probabilities[pool.candidates]
        logs = model.clamp(min=torch.finfo(model.dtype).tiny).log()
        divergence = (torch.special.xlogy(truth, truth) - truth * logs).sum(dim=1)
        return best(divergence, pool, n, rng)
