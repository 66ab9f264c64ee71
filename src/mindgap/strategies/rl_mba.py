"""RL-MBA: a policy learns whose uncertainty pays (Zeng et al. 2026, arXiv 2603.25107)."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from scipy.special import log_softmax

from mindgap.strategies.base import Pool, Selection, Strategy, best
from mindgap.strategies.rl_mba_lite import score, scored
from mindgap.tasks import TaskShape

#: Weight of the newest reward in the moving average that rewards are compared with.
NEWEST = 0.5


@dataclass(frozen=True)
class RlMba(Strategy):
    """A REINFORCE policy among the candidates with the largest score of RL-MBA (Zeng et al. 2026).

    Steps 1 to 3, the score q, are those of `rl_mba_lite`, on the budget's validation labels. Then

    4. candidates: the kappa n largest q;
    5. the policy draws n of them, one after the other without replacement, with
       pi(x) = softmax_x(theta . phi(x)), phi(x) = (u~_1, ..., u~_M, d~) the terms of q;
    6. REINFORCE (Williams 1992): after every round theta += learning_rate * A_t * g_t, with
       g_t = sum over the picks of phi(x) - E_pi phi, which is the gradient of log pi, and
       A_t = r_t - a moving average of the earlier rewards (the first one teaches nothing).

    theta starts at zero, so the first round draws uniformly among the candidates. It isn't kept:
    each round makes it anew of all earlier ones, whose g the trace of their selections holds (a row
    a pick) and whose rewards are what validation accuracies say.

    Departures. The paper's reward is the accuracy less the mean of three other strategies' finished
    curves; here it is the change in validation accuracy that the picks brought, since no strategy
    may know another's results. Its policy is a small MLP of unknown size, which also sees a state
    of the whole model (accuracy, log loss, calibration, means of u and d, slope of the loss): here
    it is linear and sees the candidate, since at most as many updates as rounds can't teach more.
    The smoothing and the learning rate are unknown, and ours. The rewards' noise is that of the
    validation labels: with 100 of them a difference of 0.05 is chance.

    Attributes:
        kappa: candidates for every sample to choose.
        learning_rate: of the policy.
        temperature: of the softmax over accuracies.
        diversity: weight of the distance against the uncertainty in q, the paper's beta.
    """

    group = "multimodal"
    cost = "O(b N D + kappa b^2 M)"

    kappa: PositiveInt = 5
    learning_rate: PositiveFloat = 10.0
    temperature: PositiveFloat = 1.0
    diversity: NonNegativeFloat = 1.0

    def requires(self) -> set[str]:
        return {"probabilities", "unimodal_probabilities", "unimodal_embeddings"}

    def supports(self, shape: TaskShape, capabilities: Set[str]) -> str | None:
        if "validation" in capabilities:
            return super().supports(shape, capabilities)
        return super().supports(shape, capabilities) or (
            "its reward is the accuracy on validation labels, and the budget has none: write "
            "budget.validation, for example 100, or take rl_mba_lite"
        )

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        if n == 0:
            return best(torch.zeros(len(pool.candidates)), pool, n, rng)
        terms, weights = scored(pool, n, self.temperature, rng)
        largest = best(score(terms, weights, self.diversity), pool, self.kappa * n, rng).rows
        among = torch.searchsorted(pool.candidates, largest)
        features = terms[among].double().cpu().numpy()
        picks, log_probabilities, trace = _drawn(features, policy(pool, self.learning_rate), n, rng)
        chosen = largest[torch.from_numpy(picks).to(largest.device)]
        return Selection(chosen, torch.from_numpy(log_probabilities), torch.from_numpy(trace))


def policy(pool: Pool, learning_rate: float) -> Float[np.ndarray, " M_plus_1"]:
    """theta, learned from all earlier rounds.

    Raises:
        LookupError: the pool has no validation labels.
    """
    theta = np.zeros(len(pool.names) + 1)
    average = None
    for past, reward in zip(pool.history, _rewards(pool), strict=True):
        average = reward if average is None else average
        if past.trace is not None:
            gradient = past.trace.double().sum(dim=0).cpu().numpy()
            theta += learning_rate * (reward - average) * gradient
        average += NEWEST * (reward - average)
    return theta


def _rewards(pool: Pool) -> list[float]:
    """By how much the choice of each earlier round has changed the validation accuracy."""
    rows, labels = pool.validation
    if not len(rows):
        raise LookupError("the policy learns from validation labels, and the pool has none")
    now = float((pool.probabilities[rows].argmax(dim=1) == labels).double().mean())
    known = [past.validation_accuracy for past in pool.history]
    accuracies = [accuracy for accuracy in known if accuracy is not None]
    return [after - before for before, after in pairwise([*accuracies, now])]


def _drawn(
    features: Float[np.ndarray, "K F"],
    theta: Float[np.ndarray, " F"],
    n: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, Float[np.ndarray, " n"], Float[np.ndarray, "n F"]]:
    """n picks without replacement, the logarithm of each one's probability, and its gradient."""
    logits = features @ theta
    picks = np.empty(n, np.int64)
    log_probabilities, gradients = np.empty(n), np.empty((n, features.shape[1]))
    for i in range(n):
        log_pi = log_softmax(logits)
        pi = np.exp(log_pi)
        cumulative = pi.cumsum()
        pick = int(np.searchsorted(cumulative, cumulative[-1] * rng.random(), side="right"))
        picks[i], log_probabilities[i] = pick, log_pi[pick]
        gradients[i] = features[pick] - pi @ features
        logits[pick] = -np.inf
    return picks, log_probabilities, gradients
