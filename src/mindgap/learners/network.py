"""R networks as one: every parameter has a leading run axis, every layer is a batched product."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

Parameters = Mapping[str, Tensor]

#: P is padded to a multiple of this, and so is the class layer: whole vectors for the optimiser
#: keep a run's bits independent of its place in the stack, whole kernels make the layer faster.
LANES = 16


def padded(n: int) -> int:
    """The next multiple of `LANES`."""
    return -(-n // LANES) * LANES


@dataclass(frozen=True)
class Output:
    """What a network says of R x B samples.

    Attributes:
        logits: (R, B, C).
        embedding: (R, B, D), the input of the last linear layer.
        unimodal_logits: modality -> (R, B, C), from each modality's own head.
        unimodal_embeddings: modality -> (R, B, D_m), as the fusion sees them.
    """

    logits: Float[Tensor, "R B C"]
    embedding: Float[Tensor, "R B D"]
    unimodal_logits: Mapping[str, Float[Tensor, "R B C"]]
    unimodal_embeddings: Mapping[str, Float[Tensor, "R B _D_m"]]


class Network:
    """A stack of R networks without state: parameters come in, outputs go out."""

    #: shape of every parameter of one run, in the order of the flat buffer
    shapes: dict[str, tuple[int, ...]]

    #: width of the layer that dropout acts on
    dropout_width: int

    @abstractmethod
    def initial(self, rng: np.random.Generator) -> dict[str, Float32[np.ndarray, "*shape"]]:
        """Draw the parameters of one run."""

    @abstractmethod
    def encode(
        self, parameters: Parameters, inputs: Mapping[str, Float[Tensor, "R B _d"]]
    ) -> dict[str, Float[Tensor, "R B _D_m"]]:
        """Each modality's embedding; of a missing one it is anything finite."""

    @abstractmethod
    def fuse(
        self,
        parameters: Parameters,
        encoded: Mapping[str, Float[Tensor, "R B _D_m"]],
        observed: Bool[Tensor, "R B M"] | None,
        absent: str = "token",
        dropout: Float[Tensor, "R B H"] | None = None,
    ) -> Output:
        """Put a stand-in where a modality is missing, fuse, classify.

        Args:
            observed: which modalities to use; None where all of them are there.
            absent: the stand-in: "token" (learned) or "zero".
            dropout: factors for the layer before the head, 0 or 1/(1-p); None for none.
        """


def linear(x: Float[Tensor, "R B i"], parameters: Parameters, name: str) -> Float[Tensor, "R B o"]:
    """R linear layers in one product."""
    if x.shape[1] == 1:  # one sample of one run would take another routine, with other bits
        return linear(x.expand(-1, 2, -1), parameters, name)[:, :1]
    return torch.baddbmm(parameters[f"{name}.bias"].unsqueeze(1), x, parameters[f"{name}.weight"])


class ConcatNetwork(Network):
    """MLP encoders, concatenation, an optional hidden layer, a linear head.

    Unimodal heads read the encoders' features detached, so they never change what is learned.
    """

    def __init__(
        self,
        modalities: Mapping[str, tuple[int, ...]],
        n_classes: int,
        *,
        width: int,
        feature: int,
        hidden: int | None,
        unimodal_heads: bool = True,
    ) -> None:
        self.names = tuple(modalities)
        self.n_classes = n_classes
        self.hidden = hidden
        self.unimodal_heads = unimodal_heads
        joint = feature * len(modalities)
        self.dropout_width = hidden or joint
        layers = {}
        for name, (size,) in modalities.items():
            layers[f"{name}.encoder1"] = (size, width)
            layers[f"{name}.encoder2"] = (width, feature)
            if unimodal_heads:
                layers[f"{name}.head"] = (feature, padded(n_classes))
        if hidden:
            layers["hidden"] = (joint, hidden)
        layers["head"] = (self.dropout_width, padded(n_classes))
        self.shapes = {}
        for layer, (fan_in, fan_out) in layers.items():
            self.shapes[f"{layer}.weight"] = (fan_in, fan_out)
            self.shapes[f"{layer}.bias"] = (fan_out,)
        for name in self.names:
            self.shapes[f"{name}.token"] = (feature,)

    def initial(self, rng: np.random.Generator) -> dict[str, Float32[np.ndarray, "*shape"]]:
        """PyTorch's default for linear layers, U(-1/sqrt(fan_in), 1/sqrt(fan_in)); tokens zero."""
        drawn = {}
        for name, shape in self.shapes.items():
            if name.endswith(".token"):
                drawn[name] = np.zeros(shape, np.float32)
                continue
            fan_in = self.shapes[name.replace(".bias", ".weight")][0]
            uniform = rng.random(shape, np.float32)
            drawn[name] = (2 * uniform - 1) * np.float32(1 / math.sqrt(fan_in))
        return drawn

    def encode(
        self, parameters: Parameters, inputs: Mapping[str, Float[Tensor, "R B _d"]]
    ) -> dict[str, Float[Tensor, "R B _D_m"]]:
        encoded = {}
        for name in self.names:
            hidden = linear(inputs[name], parameters, f"{name}.encoder1").relu()
            encoded[name] = linear(hidden, parameters, f"{name}.encoder2").relu()
        return encoded

    def fuse(
        self,
        parameters: Parameters,
        encoded: Mapping[str, Float[Tensor, "R B _D_m"]],
        observed: Bool[Tensor, "R B M"] | None,
        absent: str = "token",
        dropout: Float[Tensor, "R B H"] | None = None,
    ) -> Output:
        seen = dict(encoded)
        if observed is not None:
            for m, name in enumerate(self.names):
                token = parameters[f"{name}.token"].unsqueeze(1)
                stand_in = token if absent == "token" else torch.zeros_like(token)
                seen[name] = torch.where(observed[:, :, m, None], encoded[name], stand_in)
        embedding = torch.cat([seen[name] for name in self.names], dim=2)
        if self.hidden:
            embedding = linear(embedding, parameters, "hidden").relu()
        dropped = embedding if dropout is None else embedding * dropout
        logits = linear(dropped, parameters, "head")[..., : self.n_classes]
        unimodal = {}
        if self.unimodal_heads:
            for name in self.names:
                own = linear(encoded[name].detach(), parameters, f"{name}.head")
                unimodal[name] = own[..., : self.n_classes]
        return Output(logits, embedding, unimodal, seen)
