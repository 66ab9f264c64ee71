"""MMPareto: each encoder goes down a direction that serves both the multimodal and its unimodal
loss (Wei & Hu 2024, "MMPareto: Boosting Multimodal Learning with Innocent Unimodal Assistance").

In every step, the encoder of modality m has two gradients, g of the multimodal loss and u of its
own unimodal one. Its final gradient is

    h = 2 a g + 2 (1 - a) u,

with a = 1/2 where g and u don't conflict (g.u >= 0), else the shortest convex combination,

    a = (u.u - g.u) / (g.g + u.u - 2 g.u).

Where h is shorter than g + u it is brought to that length, which keeps the noise of SGD as strong
as it would be without the weights; then all is multiplied by gamma = 1.5, as in the paper. Other
parameters go down the sum of all losses with weight 1.

Departures. Length is that of the whole encoder's gradient, as in the paper; the authors' code
brings each parameter to its length. What a missing-modality handler adds counts as multimodal.
AdamW divides a gradient by its recent size, so gamma has next to no effect here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.learners.balance.base import Balance, Descent, Losses, encoder_spans
from mindgap.learners.buffer import Buffer

if TYPE_CHECKING:
    from mindgap.learners.fleet import Fleet, Row

#: gamma
GAMMA = 1.5


class MmPareto(Balance):
    """Pareto weights of multimodal and unimodal gradients, with their length restored."""

    attached = True

    def descent(self, fleet: Fleet, rows: Sequence[Row]) -> Descent:
        spans = encoder_spans(fleet.network).values()

        def gradient(buffer: Buffer, losses: Losses, noise: None) -> Tensor:
            g = buffer.gradient([losses.multimodal], last=False)
            u = buffer.gradient(losses.unimodal_means())
            found = g + u
            for start, stop in spans:
                found[:, start:stop] = integrated(g[:, start:stop], u[:, start:stop])
            return found

        return Descent(gradient)


def integrated(g: Float[Tensor, "R n"], u: Float[Tensor, "R n"]) -> Float[Tensor, "R n"]:
    """h of every run."""
    gg, uu, gu = ((x * y).sum(dim=1, keepdim=True) for x, y in ((g, g), (u, u), (g, u)))
    a = torch.where(gu < 0, (uu - gu) / (gg + uu - 2 * gu), 0.5)
    h = 2 * a * g + 2 * (1 - a) * u
    length = (h * h).sum(dim=1, keepdim=True).sqrt()
    plain = ((g + u) * (g + u)).sum(dim=1, keepdim=True).sqrt()
    return GAMMA * torch.where(length < plain, plain / length, 1.0) * h
