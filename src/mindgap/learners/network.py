"""R networks as one: every parameter has a leading run axis, every layer is a batched product."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

from mindgap.learners.balance.base import Balance, Plain
from mindgap.learners.layers import Parameters


@dataclass(frozen=True)
class Output:
    """What a network says of R x B samples; a module of one's own leaves the run axis out.

    Attributes:
        logits: (R, B, C).
        embedding: (R, B, D), the input of the last linear layer.
        unimodal_logits: modality -> (R, B, C), from each modality's own head.
        unimodal_embeddings: modality -> (R, B, D_m), as the fusion sees them.
    """

    logits: Float[Tensor, "*R B C"]
    embedding: Float[Tensor, "*R B D"]
    unimodal_logits: Mapping[str, Float[Tensor, "*R B C"]]
    unimodal_embeddings: Mapping[str, Float[Tensor, "*R B _D_m"]]


class Network:
    """A stack of R networks without state: parameters come in, outputs go out."""

    #: shape of every parameter of one run, in the order of the flat buffer
    shapes: dict[str, tuple[int, ...]]

    #: width of the layer that dropout acts on
    dropout_width: int

    #: its rate; 0 for none
    dropout: float = 0.0

    #: share of training samples that lose one of their observed modalities
    modality_dropout: float = 0.0

    #: whether it learns from complete samples only
    complete_cases: bool = False

    #: whether it does the same operations in every step, all of them PyTorch's own, see `recorded`
    recordable: bool = False

    #: whether it learns from the fused prediction, and how much from each unimodal one
    fused_loss: bool = True
    unimodal_weight: float = 1.0

    #: what training makes of these losses
    balance: Balance = Plain()

    #: modality -> the parameters of its encoder, next to each other in `shapes`
    encoder_parameters: Mapping[str, tuple[str, ...]] = {}

    @property
    def size(self) -> int:
        """Number of parameters of one run."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @abstractmethod
    def initial(self, rng: np.random.Generator) -> dict[str, Float32[np.ndarray, "*shape"]]:
        """Draw the parameters of one run."""

    def constants(
        self, labels: Int64[Tensor, " n"], rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """What a run has and doesn't train, such as shares of its labels; parameters from then on.

        Args:
            rng: in the state in which `initial` gets it.
        """
        return {}

    @abstractmethod
    def encode(
        self, parameters: Parameters, inputs: Mapping[str, Float[Tensor, "R B ..."]]
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
            absent: "token", the network's own way with what is missing, or "zero", an embedding of
                zeros that is taken for a real one.
            dropout: factors for the layer before the head, 0 or 1/(1-p); None for none.
        """

    @abstractmethod
    def head(
        self,
        parameters: Parameters,
        embedding: Float[Tensor, "R B H"],
        observed: Bool[Tensor, "R B M"] | None,
    ) -> Float[Tensor, "R B C"]:
        """Logits of the last layer alone; `observed` as in `fuse`."""

    def penalty(
        self,
        parameters: Parameters,
        encoded: Mapping[str, Float[Tensor, "R B ..."]],
        observed: Bool[Tensor, "R B M"] | None,
    ) -> Float[Tensor, " R"] | None:
        """What is added to each run's loss, or None."""
        return None
