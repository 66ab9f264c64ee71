"""The flat buffer of a fleet's parameters, and gradients of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.learners.layers import Parameters, padded


class Buffer:
    """All parameters of R runs in one (R, P) buffer, and a view of each.

    P is padded to whole vectors, so that one optimiser call serves all runs. Gradients are taken
    of the views, which are made once, and are laid side by side as the buffer is: to record the
    way from buffer to views in every step takes as long as a layer does.

    Args:
        flat: (R, P), P as `padded_size` says; changed in place by whoever trains it.
        shapes: of one run's parameters, in their order.
    """

    def __init__(self, flat: Float[Tensor, "R P"], shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.flat = flat
        sizes = [math.prod(shape) for shape in shapes.values()]
        *parts, self._rest = flat.split([*sizes, padded_size(shapes) - sum(sizes)], dim=1)
        self.views: Parameters = {
            name: part.view(len(flat), *shape)
            for (name, shape), part in zip(shapes.items(), parts, strict=True)
        }
        self.trained: Parameters = {
            name: view.detach().requires_grad_() for name, view in self.views.items()
        }

    def gradient(
        self, losses: Sequence[Float[Tensor, " R"]], *, last: bool = True
    ) -> Float[Tensor, "R P"]:
        """Each run's own, of the sum of these losses: runs share no parameter.

        Args:
            last: whether no other gradient of the same step is to follow.
        """
        found = torch.autograd.grad(
            losses,
            list(self.trained.values()),
            [torch.ones_like(loss) for loss in losses],
            retain_graph=not last,
            materialize_grads=True,
        )
        rest = torch.zeros_like(self._rest)
        return torch.cat([*(part.reshape(len(part), -1) for part in found), rest], dim=1)


def padded_size(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """P, of parameters of these shapes."""
    return padded(sum(math.prod(shape) for shape in shapes.values()))
