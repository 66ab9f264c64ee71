"""Temperature scaling: one number a run divides its logits (Guo et al. 2017, arXiv 1706.04599)."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int64
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from torch import Tensor

#: Its key among a run's parameters; no module's parameter has a space in its name.
TEMPERATURE = "softmax temperature"

#: Labels that are all predicted rightly ask for a temperature of zero, and others for any.
LOWEST, HIGHEST = 0.05, 20.0

#: Up to which the logarithm of the temperature is found.
TOLERANCE = 1e-6


def fitted(logits: Float[Tensor, "V C"], labels: Int64[Tensor, " V"]) -> float:
    """The temperature, from 0.05 to 20, at which these labels have the smallest log loss.

    The log loss is convex in 1/T, so it has one minimum in log T, which Brent's method finds.
    """
    read = logits.double().cpu().numpy()
    picked = (np.arange(len(labels)), labels.cpu().numpy())

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(read / math.exp(log_temperature), axis=1)[picked].mean())

    bounds = (math.log(LOWEST), math.log(HIGHEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": TOLERANCE})
    return math.exp(found.x)


def cooled(
    logits: Float[Tensor, "R *rest C"], temperature: Float[Tensor, " R"] | None
) -> Float[Tensor, "R *rest C"]:
    """Each run's logits over its temperature; as they are where there is none."""
    if temperature is None:
        return logits
    return logits / temperature.view(-1, *[1] * (logits.ndim - 1))
