"""OGM-GE: the encoder of the modality that leads is slowed down, and noise is added (Peng et al.
2022, "Balanced Multimodal Learning via On-the-fly Gradient Modulation").

In every step, s_m is the mean over the batch of the probability that modality m's own prediction
gives to the true class, and rho_m = s_m / (mean of the others' s). With two modalities that is the
paper's discrepancy ratio (eq. 8-9). The gradient g of modality m's encoder becomes (eq. 10-12)

    k_m g + h,    k_m = 1 - tanh(alpha rho_m) if rho_m > 1, else 1,    h ~ N(0, std(g)^2),

where std(g) is taken over the entries of each parameter, before the factor, as the authors' code
does.

Departures. The unimodal predictions are those of the unimodal heads; the paper takes the last
layer of an additive fusion apart, which other fusions don't have. Means are over the samples that
have the modality; one that no sample of the batch has isn't compared. The noise goes to all
parameters of an encoder, the authors' code gives it to convolution kernels only; std is that of
the population, so that a single number gets none. Modulation lasts from the first step to the
last. AdamW, which all learners train with, divides a gradient by its recent size: a factor that
stays the same for long has hardly any effect, so mostly the noise is left of the method. The paper
trains with SGD.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.learners.balance.base import (
    Balance,
    Descent,
    Losses,
    parameter_span,
    plain_gradient,
)
from mindgap.learners.buffer import Buffer
from mindgap.learners.feed import Bank
from mindgap.seeding import stream

if TYPE_CHECKING:
    from mindgap.learners.fleet import Fleet, Row

#: alpha; the paper tunes it between 0 and 1.
ALPHA = 0.5

#: Numbers in a run's store of noise beyond one step's; steps read it at shifting offsets.
SPARE = 4096


class OgmGe(Balance):
    """Modulated encoder gradients with Gaussian noise."""

    def descent(self, fleet: Fleet, rows: Sequence[Row]) -> Descent:
        network = fleet.network
        places = [
            [parameter_span(network, parameter) for parameter in parameters]
            for parameters in network.encoder_parameters.values()
        ]

        def gradient(buffer: Buffer, losses: Losses, noise: Tensor) -> Tensor:
            found = plain_gradient(network, buffer, losses)
            factors = modulation(losses)
            for m, parameters in enumerate(places):
                for start, stop in parameters:
                    own = found[:, start:stop]
                    spread = own.std(dim=1, correction=0, keepdim=True)
                    own.mul_(factors[:, m, None]).add_(noise[:, start:stop] * spread)
            return found

        values = _noise(rows, fleet.size).to(fleet.device)
        steps = fleet.learner.steps
        offsets = stream("gradient noise offsets", steps).integers(SPARE, size=steps).tolist()
        return Descent(gradient, Bank(values, offsets, fleet.size))


@torch.no_grad()
def modulation(losses: Losses) -> Float[Tensor, "R M"]:
    """k of every run and modality."""
    right = torch.stack([(-own).exp() for own in losses.unimodal.values()], dim=2)
    there = torch.ones_like(right)
    if losses.observed is not None:
        there = losses.observed.to(right.dtype)
    counts = there.sum(dim=1)
    seen = (counts > 0).to(right.dtype)
    scores = (right * there).sum(dim=1) / counts.clamp(min=1)
    others = seen.sum(dim=1, keepdim=True) - seen
    of_others = (scores.sum(dim=1, keepdim=True) - scores) / others.clamp(min=1)
    leads = (scores > of_others) & (others > 0)
    ratios = torch.where(leads, scores / of_others, 0.0)
    return 1 - (ALPHA * ratios).tanh()


def _noise(rows: Sequence[Row], size: int) -> Float[Tensor, "R N"]:
    values = np.empty((len(rows), size + SPARE), np.float32)
    for r, row in enumerate(rows):
        stream("gradient noise", *row.key).standard_normal(out=values[r], dtype=np.float32)
    return torch.from_numpy(values)
