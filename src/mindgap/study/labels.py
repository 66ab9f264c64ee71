"""Where labels come from: the loop asks a `LabelSource`, and doesn't know who answers."""

from __future__ import annotations

from typing import Protocol

from jaxtyping import Int64
from torch import Tensor

from mindgap.errors import InvalidData
from mindgap.tasks import MultimodalData


class LabelSource(Protocol):
    """Answers queries of one pool."""

    def label(self, rows: Int64[Tensor, " n"]) -> Int64[Tensor, " n"]:
        """The class numbers of these rows of the pool."""


class SimulatedLabels:
    """Reveals the labels that the pool's data set holds.

    Raises:
        InvalidData: a sample of the pool has no label to reveal.
    """

    def __init__(self, pool: MultimodalData) -> None:
        unknown = pool.labels < 0
        if unknown.any():
            raise InvalidData(
                f"pool: {pool.first(unknown)} has no label; a simulated study needs all of them "
                f"({int(unknown.sum())} are missing)"
            )
        self._labels = pool.labels

    def label(self, rows: Int64[Tensor, " n"]) -> Int64[Tensor, " n"]:
        return self._labels[rows]
