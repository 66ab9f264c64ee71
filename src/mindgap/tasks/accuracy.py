"""How well the values behind a label bit must be told for the bit to have a given accuracy."""

from __future__ import annotations

from functools import lru_cache, reduce

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import ndtr

from mindgap.tasks.channel import gaussian, parity

#: An amplitude at which double precision knows no wrong guess.
LOUDEST = 9.0


def majority(prior: Float[np.ndarray, " C"], j: int) -> float:
    """Accuracy on bit j of always guessing its more frequent value."""
    one = prior[(np.arange(len(prior)) >> j) & 1 == 1].sum()
    return float(max(one, 1 - one))


@lru_cache(maxsize=512)
def of_values(accuracy: float, n: int, frequent: float) -> float:
    """e = 2r - 1, r being the accuracy that each of n values must allow for their XOR to allow
    `accuracy`, when its more frequent value has the probability `frequent` < accuracy.

    A guess that is wrong with the chance f is worth max(1 - f, frequent). Equally frequent values
    have e^n = 2 accuracy - 1; elsewhere e is found by bisection, to about 1e-5.
    """
    if frequent == 0.5:
        return float((2 * accuracy - 1) ** (1 / n))

    def reached(amplitude: float) -> float:
        told = reduce(parity, [gaussian(amplitude)] * n)
        return float(np.maximum(told.right, frequent * (told.right + told.wrong)).sum())

    if reached(LOUDEST) <= accuracy:
        return 1.0
    return float(2 * ndtr(brentq(lambda a: reached(a) - accuracy, 0, LOUDEST)) - 1)
