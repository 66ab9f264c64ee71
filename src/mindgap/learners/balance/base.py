"""What a step's losses are, and what a way of balancing makes of them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jaxtyping import Bool, Float
from torch import Tensor

from mindgap.learners.buffer import Buffer
from mindgap.learners.feed import Bank

if TYPE_CHECKING:
    from mindgap.learners.fleet import Fleet, Row
    from mindgap.learners.network import Network


@dataclass(frozen=True)
class Losses:
    """What R x B samples cost.

    Attributes:
        fused: (R, B) cross-entropies of the fused prediction.
        unimodal: modality -> (R, B), of its own head; anything finite where it isn't observed.
        observed: (R, B, M), or None where every modality of every sample is there.
        penalty: (R,), what the network adds, or None.
    """

    fused: Float[Tensor, "R B"]
    unimodal: Mapping[str, Float[Tensor, "R B"]]
    observed: Bool[Tensor, "R B M"] | None
    penalty: Float[Tensor, " R"] | None

    @cached_property
    def multimodal(self) -> Float[Tensor, " R"]:
        """Mean of the fused prediction's, with what the network adds."""
        mean = _mean(self.fused)
        return mean if self.penalty is None else mean + self.penalty

    def unimodal_means(self) -> list[Float[Tensor, " R"]]:
        """Each modality's, over the samples that have it; 0 where none has."""
        means = []
        for m, own in enumerate(self.unimodal.values()):
            if self.observed is None:
                means.append(_mean(own))
            else:
                there = self.observed[:, :, m]
                means.append((own * there).sum(dim=1) / there.sum(dim=1).clamp(min=1))
        return means


def _mean(own: Float[Tensor, "R B"]) -> Float[Tensor, " R"]:
    """`own.mean(dim=1)` to the last bit; `mean` takes thrice as long, forward and backward."""
    return own.sum(dim=1) / own.shape[1]


@dataclass(frozen=True)
class Descent:
    """How rows go down.

    Attributes:
        gradient: makes a gradient, (R, P), of the buffer, a step's losses and its noise; by the
            same operations in every step.
        noise: what steps read at random, or None.
    """

    gradient: Callable[[Buffer, Losses, Any], Tensor]
    noise: Bank | None = None


class Balance(ABC):
    """A way of balancing modalities in training.

    Attributes:
        attached: whether it needs unimodal losses that reach the encoders.
    """

    attached: bool = False

    @abstractmethod
    def descent(self, fleet: Fleet, rows: Sequence[Row]) -> Descent:
        """How these rows go down."""

    def refuses(self, labelled: int) -> str | None:
        """Why it can't train on so few samples, or None."""
        return None


class Plain(Balance):
    """The sum of all losses, the unimodal ones with the network's one weight."""

    def descent(self, fleet: Fleet, rows: Sequence[Row]) -> Descent:
        def gradient(buffer: Buffer, losses: Losses, noise: None) -> Tensor:
            return plain_gradient(fleet.network, buffer, losses)

        return Descent(gradient)


def plain_gradient(network: Network, buffer: Buffer, losses: Losses) -> Float[Tensor, "R P"]:
    """Of the sum of all losses, the unimodal ones with the network's weight."""
    parts = [own * network.unimodal_weight for own in losses.unimodal_means()]
    if network.fused_loss:
        parts.append(losses.multimodal)
    return buffer.gradient(parts)


def encoder_spans(network: Network) -> dict[str, tuple[int, int]]:
    """Where each modality's encoder begins and ends in the flat buffer."""
    spans = {}
    for name, parameters in network.encoder_parameters.items():
        places = [parameter_span(network, parameter) for parameter in parameters]
        spans[name] = (places[0][0], places[-1][1])
    return spans


def parameter_span(network: Network, parameter: str) -> tuple[int, int]:
    """Where a parameter begins and ends in the flat buffer."""
    start = 0
    for name, shape in network.shapes.items():
        stop = start + math.prod(shape)
        if name == parameter:
            return start, stop
        start = stop
    raise KeyError(parameter)
