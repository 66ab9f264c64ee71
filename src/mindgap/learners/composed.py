"""A network put together from an encoder a modality, a missing-modality handler and a fusion."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

from mindgap.learners.balance import Balance, Plain
from mindgap.learners.encoders import Encoder, encoders
from mindgap.learners.fusion import ConcatFusion, Fusion
from mindgap.learners.layers import (
    Draw,
    Norm,
    Parameters,
    class_layer,
    counted,
    drawn,
    linear,
)
from mindgap.learners.missing import Missing, Token
from mindgap.learners.network import Network, Output


class Composed(Network):
    """Encoders, a handler, a fusion with its last layer, and a linear head for each modality.

    Args:
        encoders: modality -> its encoder.
        features: modality -> size of its embedding.
        missing: says what the fusion reads where a modality isn't there.
        fusion: makes one embedding of all, and logits of it.
        dropout: rate before the last layer.
        modality_dropout: share of training samples that lose a modality.
        unimodal_weight: of the heads' losses in the encoders' training; at 0 the heads read the
            features detached, so they never change what is learned.
        unimodal_heads: whether there are such heads.
        balance: what training makes of all losses.
    """

    recordable = True

    def __init__(
        self,
        encoders: Mapping[str, Encoder],
        features: Mapping[str, int],
        missing: Missing,
        fusion: Fusion,
        *,
        dropout: float = 0.0,
        modality_dropout: float = 0.0,
        unimodal_weight: float = 0.0,
        unimodal_heads: bool = True,
        balance: Balance | None = None,
    ) -> None:
        self.names = tuple(encoders)
        self.n_classes = fusion.n_classes
        self.encoders, self.missing, self.fusion = encoders, missing, fusion
        self.dropout, self.modality_dropout = dropout, modality_dropout
        self.balance = balance or Plain()
        self.attached = unimodal_weight > 0 or self.balance.attached
        self.unimodal_weight = unimodal_weight or 1.0
        self.unimodal_heads = unimodal_heads
        self.complete_cases = missing.complete_cases
        self.dropout_width = fusion.width
        self.encoder_parameters = {name: tuple(own.draws) for name, own in encoders.items()}
        draws: dict[str, Draw] = {}
        for name, own in encoders.items():
            draws |= own.draws
            if unimodal_heads:
                draws |= class_layer(f"{name}.head", features[name], self.n_classes)
        self.draws = {**draws, **fusion.draws, **missing.draws}
        self.shapes = {name: draw.shape for name, draw in self.draws.items()}

    @property
    def size(self) -> int:
        return counted(self.draws)

    def initial(self, rng: np.random.Generator) -> dict[str, Float32[np.ndarray, "*shape"]]:
        return drawn(self.draws, rng)

    def constants(
        self, labels: Int64[Tensor, " n"], rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        return self.fusion.constants(labels)

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
        if absent == "zero" and observed is not None:
            seen = self.missing.fill(parameters, encoded, None)
            seen = {
                name: torch.where(observed[:, :, m, None], z, 0.0)
                for m, (name, z) in enumerate(seen.items())
            }
            observed = None  # zeros stand for it, and the fusion takes them for an embedding
        else:
            seen = self.missing.fill(parameters, encoded, observed)
        present = observed if self.missing.skips else None
        weighed = self.fusion.weighed(seen, present)
        embedding = self.fusion(parameters, weighed, present)
        dropped = embedding if dropout is None else embedding * dropout
        logits = self.fusion.logits(parameters, dropped, present)
        return Output(logits, embedding, self._unimodal(parameters, encoded), weighed)

    def head(
        self,
        parameters: Parameters,
        embedding: Float[Tensor, "R B H"],
        observed: Bool[Tensor, "R B M"] | None,
    ) -> Float[Tensor, "R B C"]:
        present = observed if self.missing.skips else None
        return self.fusion.logits(parameters, embedding, present)

    def penalty(
        self,
        parameters: Parameters,
        encoded: Mapping[str, Float[Tensor, "R B _D_m"]],
        observed: Bool[Tensor, "R B M"] | None,
    ) -> Float[Tensor, " R"] | None:
        return self.missing.penalty(parameters, encoded, observed)

    def _unimodal(
        self, parameters: Parameters, encoded: Mapping[str, Float[Tensor, "R B _D_m"]]
    ) -> dict[str, Float[Tensor, "R B C"]]:
        if not self.unimodal_heads:
            return {}
        logits = {}
        for name in self.names:
            features = encoded[name] if self.attached else encoded[name].detach()
            own = linear(features, parameters, f"{name}.head")
            logits[name] = own[..., : self.n_classes]
        return logits


class ConcatNetwork(Composed):
    """MLP encoders, learned tokens, concatenation: the network of `concat` and `concat_linear`."""

    def __init__(
        self,
        modalities: Mapping[str, tuple[int, ...]],
        n_classes: int,
        *,
        width: int,
        feature: int,
        hidden: int | None,
        dropout: float = 0.0,
        unimodal_heads: bool = True,
        norm: Norm = "none",
    ) -> None:
        features = dict.fromkeys(modalities, feature)
        super().__init__(
            encoders(modalities, (), width=width, feature=feature, norm=norm),
            features,
            Token(features),
            ConcatFusion(features, n_classes, hidden=hidden, norm=norm),
            dropout=dropout,
            unimodal_heads=unimodal_heads,
        )
