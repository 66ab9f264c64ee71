"""What draws of the weights say of the candidates, for strategies that compare them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.errors import MindgapError
from mindgap.strategies.base import Pool


def of_candidates(pool: Pool) -> Iterator[Float[Tensor, "U C"]]:
    """The candidates' class probabilities under each of the T draws, one after the other.

    Raises:
        MindgapError: the draws are all the same, so that what ranks samples is rounding noise.
    """
    passes = pool.mc_probabilities
    if all(torch.equal(other, passes[0]) for other in passes[1:]):
        raise MindgapError(
            f"the {len(passes)} passes are all the same, so their differences would rank rounding "
            "noise: take a learner whose passes differ"
        )
    return (p[pool.candidates] for p in passes)
