"""A `Learner` is a network plus how it's trained; its parameters are set in the study file."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from mindgap.learners.network import Network
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
        dropout: rate before the last linear layer, in training and in Monte-Carlo passes.
        members: networks a run trains, each from its own start on its own batches; their
            probabilities are averaged, and stand for Monte-Carlo passes.
        calibration: "temperature" divides the fused logits by one number a run and round, which
            makes the log loss of the budget's validation labels smallest and sees no others (Guo
            et al. 2017): sharper or flatter probabilities, the same predictions. Of several
            members it calibrates the mean, and each one's passes by the same number. The
            unimodal heads stay as they are. "none" leaves the logits alone.
    """

    component_kind: ClassVar[str] = "learner"

    steps: PositiveInt = 300
    batch: PositiveInt = 64
    learning_rate: PositiveFloat = 3e-3
    weight_decay: NonNegativeFloat = 1.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    members: PositiveInt = 1
    calibration: Literal["none", "temperature"] = "none"

    @property
    def capabilities(self) -> frozenset[str]:
        """What strategies may count on: "stochastic" where passes or members can differ, "head"
        where one last layer makes the logits."""
        stochastic = {"stochastic"} if self.dropout > 0 or self.members > 1 else set()
        return frozenset(stochastic | ({"head"} if self.members == 1 else set()))

    @abstractmethod
    def network(self, shape: TaskShape) -> Network:
        """The stack of networks for tasks of this shape."""

    def rate(self, step: int, first: float | None = None) -> float:
        """The learning rate at a step, counted from 0; `first` is that of step 0 where a row has
        its own."""
        start = self.learning_rate if first is None else first
        return start * (1 + math.cos(math.pi * (step / self.steps))) / 2

    def supports(self, shape: TaskShape) -> str | None:
        """Why tasks of this shape can't be learned, or None."""
        return None

    def notes(self, shape: TaskShape) -> Sequence[str]:
        """What to know before tasks of this shape are learned, a sentence each."""
        return ()
