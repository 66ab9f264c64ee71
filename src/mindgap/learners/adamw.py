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
        rows = flat.detach()
        self.everything = rows, torch.zeros_like(rows), torch.zeros_like(rows)
        self.taken = torch.zeros((), device=flat.device)
        self.decays = decays

    def step(self, gradient: Float[Tensor, "R P"], rates: Sequence[float]) -> None:
        """Go one step, each row at its own learning rate."""
        self.taken += 1
        if len(set(rates)) == len(set(self.decays)) == 1:
            self._go(self.everything, gradient, rates[0], self.decays[0])
            return
        for row, (rate, decay) in enumerate(zip(rates, self.decays, strict=True)):
            rows, mean, variance = (part[row : row + 1] for part in self.everything)
            self._go((rows, mean, variance), gradient[row : row + 1], rate, decay)

    def _go(
        self, which: tuple[Tensor, Tensor, Tensor], gradient: Tensor, rate: float, decay: float
    ) -> None:
        rows, mean, variance = which
        torch._fused_adamw_(
            [rows],
            [gradient],
            [mean],
            [variance],
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
