"""Fusion: M embeddings become one, and one becomes logits. Any M >= 1.

A fusion reads what the missing-modality handler left: an embedding for every modality, and, where
the handler has modalities left out, `present`, the mask of those to be used.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

from mindgap.learners import layers
from mindgap.learners.layers import Draw, Norm, Parameters, class_layer, hidden_layer, layer, linear

#: What a softmax reads in place of something absent: its exponential is exactly zero beside any
#: other, and if everything is absent all weights are the same.
NEVER = -1e30

Embeddings = Mapping[str, Float[Tensor, "R B _D_m"]]
Present = Bool[Tensor, "R B M"] | None


class Fusion(ABC):
    """How modalities come together.

    Attributes:
        names: the modalities.
        n_classes: C.
        width: D, of the input of the last linear layer.
        draws: what its parameters start from, the last layer's included.
    """

    #: whether it can leave modalities out
    skips: ClassVar[bool] = True

    names: tuple[str, ...]
    n_classes: int
    width: int
    draws: dict[str, Draw]

    def weighed(self, seen: Embeddings, present: Present) -> Embeddings:
        """The embeddings as the fusion reads them."""
        return seen

    @abstractmethod
    def __call__(
        self, parameters: Parameters, seen: Embeddings, present: Present
    ) -> Float[Tensor, "R B D"]:
        """The input of the last linear layer; `seen` is weighed."""

    def logits(
        self, parameters: Parameters, embedding: Float[Tensor, "R B D"], present: Present
    ) -> Float[Tensor, "R B C"]:
        """The last linear layer."""
        return linear(embedding, parameters, "head")[..., : self.n_classes]

    def constants(self, labels: Int64[Tensor, " n"]) -> dict[str, Float32[np.ndarray, ...]]:
        """What it takes from one run's labelled set instead of training it, by name."""
        return {}


class ConcatFusion(Fusion):
    """[z_1 .. z_M], with or without a hidden layer."""

    skips = False

    def __init__(
        self,
        features: Mapping[str, int],
        n_classes: int,
        *,
        hidden: int | None,
        norm: Norm = "none",
    ) -> None:
        self.names, self.n_classes, self.hidden = tuple(features), n_classes, hidden
        joint = sum(features.values())
        self.width = hidden or joint
        self.draws = hidden_layer("hidden", joint, hidden, norm) if hidden else {}
        self.draws |= class_layer("head", self.width, n_classes)

    def __call__(
        self, parameters: Parameters, seen: Embeddings, present: Present
    ) -> Float[Tensor, "R B D"]:
        joint = torch.cat([seen[name] for name in self.names], dim=2)
        return layers.hidden(joint, parameters, "hidden") if self.hidden else joint


class LateFusion(Fusion):
    """The mean of W_m z_m over the modalities in use, plus one bias: additive, so never XOR."""

    def __init__(self, features: Mapping[str, int], n_classes: int) -> None:
        self.names, self.n_classes = tuple(features), n_classes
        self.width = sum(features.values())
        self.draws = class_layer("head", self.width, n_classes)

    def weighed(self, seen: Embeddings, present: Present) -> Embeddings:
        return averaged(seen, self.names, present)

    def __call__(
        self, parameters: Parameters, seen: Embeddings, present: Present
    ) -> Float[Tensor, "R B D"]:
        return torch.cat([seen[name] for name in self.names], dim=2)


class ExpertsFusion(Fusion):
    """Product of experts: log p = sum over S of log p_m - (|S| - 1) log prior, normalised.

    Expert m is softmax(W_m z_m + b_m); the normalisers of the experts drop out of the sum. The
    prior are the class frequencies of the labelled set, each class counted once more than it was
    seen. Exact where the modalities are independent given the class; Wu & Goodman (2018) divide
    likewise.
    """

    def __init__(self, features: Mapping[str, int], n_classes: int) -> None:
        self.names, self.n_classes, self.features = tuple(features), n_classes, dict(features)
        self.width = sum(features.values())
        self.draws = {}
        for name, size in features.items():
            self.draws |= class_layer(f"{name}.expert", size, n_classes)

    def __call__(
        self, parameters: Parameters, seen: Embeddings, present: Present
    ) -> Float[Tensor, "R B D"]:
        return torch.cat([seen[name] for name in self.names], dim=2)

    def logits(
        self, parameters: Parameters, embedding: Float[Tensor, "R B D"], present: Present
    ) -> Float[Tensor, "R B C"]:
        parts = embedding.split([self.features[name] for name in self.names], dim=2)
        experts = torch.stack(
            [
                linear(part, parameters, f"{name}.expert")[..., : self.n_classes]
                for name, part in zip(self.names, parts, strict=True)
            ],
            dim=2,
        )
        log_prior = parameters["log_prior"].unsqueeze(1)
        if present is None:
            return experts.sum(dim=2) - (len(self.names) - 1) * log_prior
        count = present.sum(dim=2, keepdim=True)
        return (experts * present.unsqueeze(3)).sum(dim=2) - (count - 1) * log_prior

    def constants(self, labels: Int64[Tensor, " n"]) -> dict[str, Float32[np.ndarray, ...]]:
        counts = np.bincount(labels.numpy(), minlength=self.n_classes) + 1
        return {"log_prior": np.log(counts / counts.sum()).astype(np.float32)}


class GatedFusion(Fusion):
    """Gated multimodal unit (Arevalo et al. 2017): h = sum_m g_m * tanh(V_m z_m).

    The gates are a softmax over the modalities in use, one for every unit of h, of one linear
    layer on all z. For two modalities that is the paper's sigmoid gate.
    """

    def __init__(self, features: Mapping[str, int], n_classes: int, *, hidden: int) -> None:
        self.names, self.n_classes, self.width = tuple(features), n_classes, hidden
        self.draws = {}
        for name, size in features.items():
            self.draws |= layer(f"{name}.value", size, hidden)
        self.draws |= layer("gate", sum(features.values()), len(features) * hidden)
        self.draws |= class_layer("head", hidden, n_classes)

    def __call__(
        self, parameters: Parameters, seen: Embeddings, present: Present
    ) -> Float[Tensor, "R B D"]:
        values = [linear(seen[name], parameters, f"{name}.value").tanh() for name in self.names]
        joint = torch.cat([seen[name] for name in self.names], dim=2)
        gates = linear(joint, parameters, "gate")
        gates = gates.view(*gates.shape[:2], len(self.names), self.width)
        if present is not None:
            gates = torch.where(present.unsqueeze(3), gates, NEVER)
        return (gates.softmax(dim=2) * torch.stack(values, dim=2)).sum(dim=2)


class LowRankFusion(Fusion):
    """Low-rank tensor fusion (Liu et al. 2018): h = sum_i prod_m W_m^i [z_m, 1].

    The sum over ranks stands outside the product, as the decomposition of the weight tensor has
    it; inside, as the paper also writes it, any rank would be the same as one.
    """

    def __init__(
        self, features: Mapping[str, int], n_classes: int, *, hidden: int, rank: int
    ) -> None:
        self.names, self.n_classes = tuple(features), n_classes
        self.width, self.rank = hidden, rank
        self.draws = {}
        for name, size in features.items():
            self.draws |= layer(f"{name}.factor", size, rank * hidden)
        self.draws |= class_layer("head", hidden, n_classes)

    def __call__(
        self, parameters: Parameters, seen: Embeddings, present: Present
    ) -> Float[Tensor, "R B D"]:
        factors = [linear(seen[name], parameters, f"{name}.factor") for name in self.names]
        if present is not None:
            factors = [
                torch.where(present[:, :, m, None], factor, 1.0) for m, factor in enumerate(factors)
            ]
        product = factors[0]
        for factor in factors[1:]:
            product = product * factor
        return product.view(*product.shape[:2], self.rank, self.width).sum(dim=2)


def averaged(seen: Embeddings, names: Sequence[str], present: Present) -> Embeddings:
    """Each embedding divided by the number in use, zero where it isn't in use."""
    if present is None:
        return {name: seen[name] * (1 / len(names)) for name in names}
    weights = present / present.sum(dim=2, keepdim=True).clamp(min=1)
    return {name: seen[name] * weights[:, :, m, None] for m, name in enumerate(names)}
