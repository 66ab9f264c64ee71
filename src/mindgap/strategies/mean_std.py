"""Mean standard deviation over draws of the weights (Gal, Islam & Ghahramani 2017, section 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from mindgap.strategies import passes
from mindgap.strategies.base import Pool, Selection, Strategy, best


@dataclass(frozen=True)
class MeanStd(Strategy):
    """Largest standard deviation over draws of the weights, mean over classes (Gal et al. 2017).

    sigma_c = sqrt(E_w[p(y = c | x, w)^2] - E_w[p(y = c | x, w)]^2), score = 1/C sum_c sigma_c. The
    draws are Monte-Carlo dropout's, a mean over T passes standing for each expectation. A learner
    without dropout is refused, and so are passes that are all the same, as in `bald`.
    """

    pointwise = True
    cost = "O(T N C)"

    def requires(self) -> set[str]:
        return {"mc_probabilities"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        count = len(pool.mc_probabilities)
        mean, variance = torch.tensor(0.0), torch.tensor(0.0)
        for p in passes.of_candidates(pool):
            mean = mean + p / count
        for p in passes.of_candidates(pool):
            variance = variance + (p - mean).square() / count
        return best(variance.sqrt().mean(dim=1), pool, n, rng)
