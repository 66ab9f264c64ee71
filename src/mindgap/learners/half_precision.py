"""A network whose products are made in bfloat16."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

from mindgap.learners.layers import Parameters
from mindgap.learners.network import Network, Output

#: What a network says of itself.
SAID = (
    "shapes",
    "dropout_width",
    "dropout",
    "modality_dropout",
    "complete_cases",
    "recordable",
    "fused_loss",
    "unimodal_weight",
    "balance",
    "encoder_parameters",
)


class HalfPrecision(Network):
    """Mixed precision as `torch.autocast` does it: layers multiply in bfloat16 where that is safe.

    Parameters, the optimiser, losses and all that is handed out stay in float32. The bits of a run
    may depend on its company.

    Args:
        network: computes so from now on; itself it stays as it is.
        kind: of device, "cpu" or "cuda".
    """

    def __init__(self, network: Network, kind: str) -> None:
        self.network, self.kind = network, kind
        for name in SAID:
            setattr(self, name, getattr(network, name))

    def initial(self, rng: np.random.Generator) -> dict[str, Float32[np.ndarray, "*shape"]]:
        return self.network.initial(rng)

    def constants(
        self, labels: Int64[Tensor, " n"], rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        return self.network.constants(labels, rng)

    def encode(
        self, parameters: Parameters, inputs: Mapping[str, Float[Tensor, "R B ..."]]
    ) -> dict[str, Float[Tensor, "R B ..."]]:
        with self._autocast():
            return _single(self.network.encode(parameters, inputs))

    def fuse(
        self,
        parameters: Parameters,
        encoded: Mapping[str, Float[Tensor, "R B ..."]],
        observed: Bool[Tensor, "R B M"] | None,
        absent: str = "token",
        dropout: Float[Tensor, "R B H"] | None = None,
    ) -> Output:
        with self._autocast():
            output = self.network.fuse(parameters, encoded, observed, absent, dropout)
        return replace(
            output,
            logits=output.logits.float(),
            embedding=output.embedding.float(),
            unimodal_logits=_single(output.unimodal_logits),
            unimodal_embeddings=_single(output.unimodal_embeddings),
        )

    def head(
        self,
        parameters: Parameters,
        embedding: Float[Tensor, "R B H"],
        observed: Bool[Tensor, "R B M"] | None,
    ) -> Float[Tensor, "R B C"]:
        with self._autocast():
            return self.network.head(parameters, embedding, observed).float()

    def penalty(
        self,
        parameters: Parameters,
        encoded: Mapping[str, Float[Tensor, "R B ..."]],
        observed: Bool[Tensor, "R B M"] | None,
    ) -> Float[Tensor, " R"] | None:
        with self._autocast():
            found = self.network.penalty(parameters, encoded, observed)
        return None if found is None else found.float()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.kind, torch.bfloat16)


def _single(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.float() for name, value in values.items()}
