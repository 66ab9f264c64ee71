"""PowerBALD: BALD drawn at random in proportion to its power (Kirsch et al. 2023, section 3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from pydantic import PositiveFloat

from mindgap.strategies import passes
from mindgap.strategies.bald import mutual_information
from mindgap.strategies.base import Pool, Selection, Strategy, best

#: What BALD counts as where it is zero, or below by rounding.
NOTHING = 1e-8


@dataclass(frozen=True)
class Powerbald(Strategy):
    """The n largest of log BALD + Gumbel noise (Kirsch et al. 2023, arXiv 2106.12059).

    The power acquisition of the paper: s = log I[y; w | x] + e with e ~ Gumbel(0, 1/beta), which
    draws n samples without replacement, each with probability proportional to I^beta. So a batch
    doesn't consist of near copies of the one best sample, at BALD's cost. The scores are s.

    BALD is clamped at 1e-8 nats, since rounding may leave it at zero or below; the paper doesn't
    say what happens there. As in `bald`, passes that are all the same are refused.

    Attributes:
        beta: large ones come close to `bald`, 0 would be random; the paper takes 1.
    """

    cost = "O(T N C)"

    beta: PositiveFloat = 1.0

    def requires(self) -> set[str]:
        return {"mc_probabilities"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        information = mutual_information(passes.of_candidates(pool)).clamp(min=NOTHING)
        noise = torch.from_numpy(rng.gumbel(scale=1 / self.beta, size=len(information)))
        return best(information.log() + noise.to(information), pool, n, rng)
