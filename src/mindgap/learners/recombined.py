"""What networks say of samples put together of several, each modality from a row of its own."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mindgap.learners.layers import Parameters
from mindgap.learners.network import Network
from mindgap.learners.samples import Samples

#: Samples a chunk, as in `predict`.
CHUNK = 512

#: (B, M) rows to the logits of E networks, (E, B, C), or of T draws of one's weights.
Answer = Callable[[Int[Tensor, "B M"]], Float[Tensor, "E B C"]]


def recombined(
    network: Network, own: Parameters, samples: Samples, factors: Float[Tensor, "T H"] | None
) -> Answer:
    """A function of rows of `samples`, one for each modality of each sample that is put together.

    A modality counts as observed if it is in the row that it is read from.

    Args:
        own: of one run, (1, ...) each, or (E, ...) of an ensemble.
        factors: of the layer before the head, for T draws of the weights; None for none.
    """
    networks = len(next(iter(own.values())))

    @torch.no_grad()
    def answer(rows: Int[Tensor, "B M"]) -> Float[Tensor, "E B C"]:
        return torch.cat([chunk(part) for part in rows.split(CHUNK)], dim=1)

    def chunk(rows: Int[Tensor, "B M"]) -> Float[Tensor, "E B C"]:
        inputs = {
            name: x[rows[:, m]].expand(networks, -1, *x.shape[1:])
            for m, (name, x) in enumerate(samples.inputs.items())
        }
        observed = None
        if samples.observed is not None:
            observed = samples.observed.gather(0, rows).expand(networks, -1, -1)
        output = network.fuse(own, network.encode(own, inputs), observed)
        if factors is None:
            return output.logits
        passes = [
            network.head(own, output.embedding * factor, observed)[0]
            for factor in factors.unbind(dim=0)
        ]
        return torch.stack(passes)

    return answer
