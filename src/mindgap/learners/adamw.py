"""AdamW on the flat buffer of a fleet: one call where rows share their rates, else one a row."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


class AdamW:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019), as `torch.optim.AdamW` does it.

    It calls PyTorch's fused kernel itself: `torch.optim` loads PyTorch's compiler at the first
    step, which takes as long as a hundred steps.

    Args:
        flat: (R, P), trained in place; rows of whole vectors, see `layers.LANES`.
        decays: weight decay of every row.
    """

    def __init__(self, flat: Float[Tensor, "R P"], decays: Sequence[float]) -> None:
        self.rows = flat.detach()
        self.mean, self.variance = torch.zeros_like(self.rows), torch.zeros_like(self.rows)
        self.taken = torch.zeros((), device=flat.device)
        self.decays = decays

    def step(self, gradient: Float[Tensor, "R P"], rates: Sequence[float]) -> None:
        """Go one step, each row at its own learning rate."""
        self.taken += 1
        if len(set(rates)) == len(set(self.decays)) == 1:
            self._go(slice(None), gradient, rates[0], self.decays[0])
            return
        for row, (rate, decay) in enumerate(zip(rates, self.decays, strict=True)):
            self._go(slice(row, row + 1), gradient, rate, decay)

    def _go(self, which: slice, gradient: Float[Tensor, "R P"], rate: float, decay: float) -> None:
        torch.ops.aten._fused_adamw_(
            [self.rows[which]],
            [gradient[which]],
            [self.mean[which]],
            [self.variance[which]],
            [],
            [self.taken],
            lr=rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=decay,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )
