"""`Samples`: a data set as the fleet reads it, on its device, with missing values set to zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mindgap.tasks import MultimodalData


@dataclass(frozen=True)
class Samples:
    """Inputs and masks; labels come from a label source.

    Attributes:
        inputs: modality -> (N, ...); zero where the modality isn't observed.
        observed: (N, M), or None where every modality of every sample is there.
    """

    inputs: Mapping[str, Float[Tensor, "N ..."]]
    observed: Bool[Tensor, "N M"] | None

    @staticmethod
    def of(data: MultimodalData) -> Samples:
        """Read `data`; here, and nowhere later, a missing value turns from anything into zero."""
        complete = bool(data.observed.all())
        inputs = {
            name: x if complete else _zeroed(x, data.observed[:, m])
            for m, (name, x) in enumerate(data.modalities.items())
        }
        return Samples(inputs, None if complete else data.observed)

    @staticmethod
    def stack(parts: Sequence[Samples]) -> Samples:
        """One after the other; the mask is kept as soon as one part has gaps."""
        names = list(parts[0].inputs)
        inputs = {name: torch.cat([part.inputs[name] for part in parts]) for name in names}
        observed = None
        if any(part.observed is not None for part in parts):
            observed = torch.cat([part.mask() for part in parts])
        return Samples(inputs, observed)

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def to(self, device: torch.device) -> Samples:
        """The same on another device."""
        inputs = {name: x.to(device) for name, x in self.inputs.items()}
        observed = None if self.observed is None else self.observed.to(device)
        return Samples(inputs, observed)

    def mask(self) -> Bool[Tensor, "N M"]:
        """`observed`, also where nothing is missing."""
        if self.observed is not None:
            return self.observed
        device = next(iter(self.inputs.values())).device
        return torch.ones(len(self), len(self.inputs), dtype=torch.bool, device=device)

    def slice(self, start: int, stop: int) -> Samples:
        """Samples start to stop - 1."""
        inputs = {name: x[start:stop] for name, x in self.inputs.items()}
        return Samples(inputs, None if self.observed is None else self.observed[start:stop])

    def gather(
        self, rows: Int64[Tensor, "R B"]
    ) -> tuple[dict[str, Float[Tensor, "R B ..."]], Bool[Tensor, "R B M"] | None]:
        """The batch of every run."""
        flat = rows.flatten()
        inputs = {
            name: x.index_select(0, flat).view(*rows.shape, *x.shape[1:])
            for name, x in self.inputs.items()
        }
        if self.observed is None:
            return inputs, None
        return inputs, self.observed.index_select(0, flat).view(*rows.shape, -1)


def _zeroed(x: Float[Tensor, "N ..."], there: Bool[Tensor, " N"]) -> Float[Tensor, "N ..."]:
    return torch.where(there.view(-1, *[1] * (x.ndim - 1)), x, 0.0)
