"""A `Learner` is a network plus how it's trained; its parameters are set in the study file."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from mindgap.learners.network import ConcatNetwork, Network
from mindgap.registry import Component
from mindgap.tasks import TaskShape


@dataclass(frozen=True)
class Learner(Component):
    """How a network is built and trained: AdamW, a cosine schedule, a fixed number of steps.

    Attributes:
        steps: optimiser steps in every round, whatever the number of labels.
        batch: samples a step, drawn from the labelled set in shuffled passes.
        learning_rate: at the first step; it falls to zero along half a cosine.
        weight_decay: AdamW's, decoupled.
        dropout: rate before the last linear layer, in training only.
    """

    component_kind: ClassVar[str] = "learner"

    #: What strategies may count on, for example "linear_head".
    capabilities: ClassVar[frozenset[str]] = frozenset()

    steps: PositiveInt = 300
    batch: PositiveInt = 64
    learning_rate: PositiveFloat = 3e-3
    weight_decay: NonNegativeFloat = 1e-3
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1

    @abstractmethod
    def network(self, shape: TaskShape) -> Network:
        """The stack of networks for tasks of this shape."""

    def supports(self, shape: TaskShape) -> str | None:
        """Why tasks of this shape can't be learned, or None."""
        for name, size in shape.modalities.items():
            if len(size) != 1:
                return f"it takes vectors, but modality {name!r} has shape {size}"
        return None


@dataclass(frozen=True)
class Concat(Learner):
    """MLP encoders, concatenated, one hidden layer: the default.

    Attributes:
        width: of each encoder's hidden layer.
        feature: size of each modality's embedding.
        hidden: of the layer after concatenation.
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"stochastic", "unimodal_heads"})

    width: PositiveInt = 64
    feature: PositiveInt = 32
    hidden: PositiveInt = 64

    def network(self, shape: TaskShape) -> Network:
        return ConcatNetwork(
            shape.modalities,
            shape.n_classes,
            width=self.width,
            feature=self.feature,
            hidden=self.hidden,
        )


@dataclass(frozen=True)
class ConcatLinear(Learner):
    """MLP encoders and a linear head on their concatenation, which BMMAL assumes.

    Attributes:
        width: of each encoder's hidden layer.
        feature: size of each modality's embedding.
    """

    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"stochastic", "unimodal_heads", "linear_head"}
    )

    width: PositiveInt = 64
    feature: PositiveInt = 32

    def network(self, shape: TaskShape) -> Network:
        return ConcatNetwork(
            shape.modalities,
            shape.n_classes,
            width=self.width,
            feature=self.feature,
            hidden=None,
        )
