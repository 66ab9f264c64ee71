"""BatchBALD: the batch whose labels tell most about the weights (Kirsch et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from pydantic import PositiveInt
from torch import Tensor

from mindgap.strategies import passes
from mindgap.strategies.base import Pool, Selection, Strategy, argmax

#: Most numbers that a block of candidates takes: half a megabyte, which stays in a core's cache.
BLOCK = 125_000


@dataclass(frozen=True)
class Batchbald(Strategy):
    """Greedy joint mutual information of a batch's labels and the weights (Kirsch et al. 2019).

    Algorithm 1: again and again the sample that raises a(y_1..k; w) = H(y_1..k) - sum_i E_w H(y_i)
    most (equations 7-10). By the chain rule that is the one with the largest

        I[y; w | y_1..k] = E_(y_1..k) H[p(y | y_1..k)] - E_w H[p(y | w)],

    which is also its score, in nats; the first is `bald`'s first. What labels tell about the T
    draws of the weights is kept as p(t | y_1..k) for every configuration of labels. While there
    are at most `configurations` of them, C^k, the expectation is exact; from then on it is a mean
    over as many configurations drawn from p(y_1..k), the importance sampling of section 3.3 without
    its term H(y_1..k), which is common to all candidates.

    All labels together can tell at most log T about T draws (2.3 nats for 10), which a few samples
    may use up; from there on the gains are noise around zero, and large batches have a random tail.
    The paper draws 100 times and buys batches of 10. As in `bald`, equal passes are refused.

    Attributes:
        configurations: most configurations of labels that are looked at; the paper has 10,000.
    """

    cost = "O(b K T N C) for K configurations"

    configurations: PositiveInt = 500

    def requires(self) -> set[str]:
        return {"mc_probabilities"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        draws = torch.stack(list(passes.of_candidates(pool)), dim=2)  # (U, C, T)
        own = torch.special.entr(draws).sum(dim=1).mean(dim=1)
        belief = torch.full_like(draws[:1, 0], 1 / draws.shape[2])  # p(t | y_1..k), a row each
        weights = torch.ones_like(belief[:, 0])
        free = torch.ones(len(draws), dtype=torch.bool, device=draws.device)
        chosen = torch.empty(n, dtype=torch.int64, device=draws.device)
        scores = torch.empty(n, device=draws.device)
        for i in range(n):
            gains = _conditional_entropy(draws, belief, weights) - own
            pick = argmax(torch.where(free, gains, -torch.inf), rng)
            chosen[i], scores[i], free[pick] = pick, gains[pick], False
            belief, weights = self._learn(belief, weights, draws[pick], rng)
        return Selection(pool.candidates[chosen], scores)

    def _learn(
        self,
        belief: Float[Tensor, "K T"],
        weights: Float[Tensor, " K"],
        label: Float[Tensor, "C T"],
        rng: np.random.Generator,
    ) -> tuple[Float[Tensor, "_K T"], Float[Tensor, " _K"]]:
        """Belief and weight of every configuration with one more label, or of a sample of them."""
        joint = belief[:, None, :] * label  # p(y, t | y_1..k)
        likely = joint.sum(dim=2)
        after = (joint / likely.clamp(min=torch.finfo(joint.dtype).tiny)[:, :, None]).flatten(0, 1)
        total = (weights[:, None] * likely).flatten()
        if len(total) <= self.configurations:
            return after, total
        cumulative = total.double().cumsum(dim=0)
        # a uniform number in each of as many equal strata: every configuration by its weight
        strata = np.arange(self.configurations) + rng.random(self.configurations)
        places = torch.from_numpy(strata / self.configurations)
        drawn = torch.searchsorted(cumulative, places.to(cumulative) * cumulative[-1], right=True)
        drawn, times = drawn.clamp(max=len(total) - 1).unique_consecutive(return_counts=True)
        return after[drawn], times.to(total) / self.configurations


def _conditional_entropy(
    draws: Float[Tensor, "U C T"], belief: Float[Tensor, "K T"], weights: Float[Tensor, " K"]
) -> Float[Tensor, " U"]:
    """H[y | y_1..k] of every candidate: the mean entropy of its label given a configuration."""
    _, classes, _ = draws.shape
    size = max(1, BLOCK // (len(belief) * classes))
    tiny = torch.finfo(draws.dtype).tiny
    parts = []
    for block in draws.split(size):
        predicted = (block.flatten(0, 1) @ belief.T).clamp(min=tiny)
        surprise = (predicted.log() * predicted) @ weights  # several times faster than entr
        parts.append(-surprise.unflatten(0, (-1, classes)).sum(dim=1))
    return torch.cat(parts)
