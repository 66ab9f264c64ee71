"""BALD: Bayesian active learning by disagreement (Houlsby et al. 2011, arXiv 1112.5745)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.strategies import passes
from mindgap.strategies.base import Pool, Selection, Strategy, best


@dataclass(frozen=True)
class Bald(Strategy):
    """Largest mutual information between the label and the weights (Houlsby et al. 2011).

    I[y; w | x] = H[E_w p(y | x, w)] - E_w H[p(y | x, w)], in nats: high where each draw of the
    weights is sure of its answer and the draws disagree. The weights are drawn by Monte-Carlo
    dropout (Gal et al. 2017, section 4), so a mean over T passes stands for each expectation. The
    paper buys one sample at a time; here the n largest are taken together.

    Without dropout all passes are the same, BALD is zero everywhere, and what it ranks is rounding
    noise. Published rows called BALD have been that (the released BMMAL code repeats passes
    through a network without any dropout layer); here a learner without dropout is refused, and so
    are passes that are all the same, whatever the learner says of itself.
    """

    pointwise = True
    cost = "O(T N C)"

    def requires(self) -> set[str]:
        return {"mc_probabilities"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        return best(mutual_information(passes.of_candidates(pool)), pool, n, rng)


def mutual_information(draws: Iterable[Float[Tensor, "U C"]]) -> Float[Tensor, " U"]:
    """Entropy of the mean minus mean of the entropies, one pass in memory at a time."""
    total: Tensor = torch.tensor(0.0)
    entropies: Tensor = torch.tensor(0.0)
    count = 0
    for probabilities in draws:
        total = total + probabilities
        entropies = entropies + torch.special.entr(probabilities).sum(dim=1)
        count += 1
    of_mean: Tensor = torch.special.entr(total / count).sum(dim=1)
    return of_mean - entropies / count
