"""Unimodal ensemble: a network a modality, trained apart, their logits averaged.

The baseline that most balancing methods don't beat. Where modalities are redundant, none of them
is suppressed; what only two of them together tell can't be learned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from pydantic import PositiveInt
from torch import Tensor

from mindgap.errors import MindgapError
from mindgap.learners.encoders import Encoder, encoders, unfit
from mindgap.learners.fusion import averaged
from mindgap.learners.layers import Draw, Parameters, class_layer, counted, drawn, linear
from mindgap.learners.learner import Learner
from mindgap.learners.missing import chosen
from mindgap.learners.network import Network, Output
from mindgap.tasks import TaskShape


@dataclass(frozen=True)
class Ume(Learner):
    """Unimodal ensemble: a network a modality, each trained alone, their mean logits.

    Each learns from the samples that have its modality, as if the others weren't there; the mean
    is over the modalities that are.

    Attributes:
        width: of each encoder's hidden layer; a convolution has a part of it as channels.
        feature: size of each modality's embedding.
        frozen: modalities that are features of another network already: one linear layer each.
    """

    width: PositiveInt = 64
    feature: PositiveInt = 32
    frozen: tuple[str, ...] = ()

    @property
    def capabilities(self) -> frozenset[str]:
        return super().capabilities | {"unimodal_heads", "linear_head", "zero_embeddings"}

    def supports(self, shape: TaskShape) -> str | None:
        return unfit(shape.modalities, self.frozen)

    def network(self, shape: TaskShape) -> UnimodalEnsemble:
        """The stack of networks for tasks of this shape.

        Raises:
            MindgapError: the task's shape isn't supported.
        """
        if why := self.supports(shape):
            raise MindgapError(why)
        return UnimodalEnsemble(
            encoders(shape.modalities, self.frozen, width=self.width, feature=self.feature),
            self.feature,
            shape.n_classes,
            dropout=self.dropout,
        )


class UnimodalEnsemble(Network):
    """Encoders with a head each, which share nothing, and so train apart in one buffer."""

    fused_loss = False
    recordable = True

    def __init__(
        self,
        encoders: Mapping[str, Encoder],
        feature: int,
        n_classes: int,
        *,
        dropout: float,
    ) -> None:
        self.names, self.encoders, self.n_classes = tuple(encoders), encoders, n_classes
        self.feature, self.dropout = feature, dropout
        self.dropout_width = feature * len(encoders)
        self.draws: dict[str, Draw] = {}
        for name, encoder in encoders.items():
            self.draws |= {**encoder.draws, **class_layer(f"{name}.head", feature, n_classes)}
        self.shapes = {name: draw.shape for name, draw in self.draws.items()}

    @property
    def size(self) -> int:
        return counted(self.draws)

    def initial(self, rng: np.random.Generator) -> dict[str, Float32[np.ndarray, "*shape"]]:
        return drawn(self.draws, rng)

    def encode(
        self, parameters: Parameters, inputs: Mapping[str, Float[Tensor, "R B ..."]]
    ) -> dict[str, Float[Tensor, "R B _D_m"]]:
        return {name: self.encoders[name](parameters, inputs[name]) for name in self.names}

    def fuse(
        self,
        parameters: Parameters,
        encoded: Mapping[str, Float[Tensor, "R B _D_m"]],
        observed: Bool[Tensor, "R B M"] | None,
        absent: str = "token",
        dropout: Float[Tensor, "R B H"] | None = None,
    ) -> Output:
        zeros = {name: z.new_zeros(()) for name, z in encoded.items()}
        seen = chosen(encoded, zeros, observed)
        present = None if absent == "zero" else observed
        weighed = averaged(seen, self.names, present)
        embedding = torch.cat([weighed[name] for name in self.names], dim=2)
        dropped = embedding if dropout is None else embedding * dropout
        logits = self.head(parameters, dropped, present)
        return Output(logits, embedding, self._unimodal(parameters, encoded, dropout), weighed)

    def head(
        self,
        parameters: Parameters,
        embedding: Float[Tensor, "R B H"],
        observed: Bool[Tensor, "R B M"] | None,
    ) -> Float[Tensor, "R B C"]:
        """The mean logits; every head's bias has its modality's weight."""
        parts = embedding.split(self.feature, dim=2)
        ones = torch.ones_like(embedding[..., :1])
        weights = averaged(dict.fromkeys(self.names, ones), self.names, observed)
        logits = torch.zeros_like(embedding[..., : self.n_classes])
        for name, part in zip(self.names, parts, strict=True):
            bias = parameters[f"{name}.head.bias"].unsqueeze(1)
            own = linear(part, parameters, f"{name}.head") + (weights[name] - 1) * bias
            logits = logits + own[..., : self.n_classes]
        return logits

    def _unimodal(
        self,
        parameters: Parameters,
        encoded: Mapping[str, Float[Tensor, "R B _D_m"]],
        dropout: Float[Tensor, "R B H"] | None,
    ) -> dict[str, Float[Tensor, "R B C"]]:
        """What each network says alone; this is what trains it."""
        logits = {}
        for m, (name, z) in enumerate(encoded.items()):
            if dropout is not None:
                z = z * dropout[:, :, m * self.feature : (m + 1) * self.feature]
            logits[name] = linear(z, parameters, f"{name}.head")[..., : self.n_classes]
        return logits
