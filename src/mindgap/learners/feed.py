"""What the steps of a training read, in tensors that stay where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Bank:
    """Each row's own random numbers, which steps read at shifting offsets.

    Numbers are reused over steps: to draw them afresh takes longer than the step itself.

    Attributes:
        values: of all rows.
        offsets: where every step begins to read, the same in all rows.
        length: how many it reads.
    """

    values: Float[Tensor, "R N ..."]
    offsets: list[int]
    length: int

    def __getitem__(self, step: int) -> Float[Tensor, "R length ..."]:
        return self.values.narrow(1, self.offsets[step], self.length)


class Feed:
    """One tensor for each source, into which every step's values are written.

    Args:
        sources: step -> its values, by index; or None, which stays None.
    """

    def __init__(self, *sources: Tensor | Bank | None) -> None:
        self._sources = sources
        self.now: list[Any] = [None if one is None else one[0].clone() for one in sources]

    def load(self, step: int) -> None:
        """Let `now` hold what this step reads."""
        for source, tensor in zip(self._sources, self.now, strict=True):
            if source is not None:
                tensor.copy_(source[step])
