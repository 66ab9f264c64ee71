"""Mechanisms by name, with one rate, for whatever data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.special import expit

from mindgap.errors import MindgapError, unknown
from mindgap.tasks.missingness.dependent import MAR, MNARx, MNARy, intercept, slope_problems
from mindgap.tasks.missingness.mechanism import Mechanism
from mindgap.tasks.missingness.random import Exclusive, Independent

NAMES = ("patterns", "mcar", "mar", "mnar_x", "mnar_y")


def named(
    name: str,
    modalities: Sequence[str],
    rate: float,
    prior: Float[np.ndarray, " C"],
    slope: float = 3.0,
) -> Mechanism:
    """The mechanism of this name.

    - patterns: a share `rate` of the samples has one modality only, all of them equally often.
    - mcar: every modality is missing in a share `rate` of the samples, on its own account.
    - mar, mnar_x, mnar_y: the last modality is missing in a share `rate` of the samples; it depends
      on the first modality, on its own value, or on the class (more often in every other class).

    Args:
        prior: probability of every class.
        slope: of the log odds; for mnar_y between two classes it is twice that.

    Raises:
        MindgapError: an unknown name, or a rate that can't be.
    """
    first, last = modalities[0], modalities[-1]
    found: Mechanism
    if name == "patterns":
        found = Exclusive({m: rate / len(modalities) for m in modalities})
    elif name == "mcar":
        found = Independent(dict.fromkeys(modalities, rate))
    elif name == "mar":
        found = MAR(last, first, rate, slope)
    elif name == "mnar_x":
        found = MNARx(last, rate, slope)
    elif name == "mnar_y":
        if not 0 < rate < 1:
            raise MindgapError(f"missing=mnar_y: rate {rate} is not in (0, 1)")
        for problem in slope_problems(slope):
            raise MindgapError(f"missing=mnar_y: {problem}")
        side = np.where(np.arange(len(prior)) % 2, 1.0, -1.0)
        alpha = intercept(rate, slope, side, prior)
        found = MNARy(last, tuple(expit(alpha + slope * side)))
    else:
        raise MindgapError(unknown("missingness", name, NAMES))
    for problem in found.problems(modalities, prior):
        raise MindgapError(f"missing={name}: {problem}")
    return found
