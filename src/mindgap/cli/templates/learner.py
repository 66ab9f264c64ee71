"""A network of my own: what is new about it, in one line (and the paper)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mindgap.learners import ModuleLearner, Output
from mindgap.tasks import TaskShape


# A study calls it by the class's name in snake case and may set its fields, as in
# `name[width=64]`; `steps`, `batch`, `learning_rate`, `weight_decay` and `dropout` are
# there already. Keep it a frozen dataclass: whatever is no field would not be part of a run's name.
@dataclass(frozen=True)
class MyLearner(ModuleLearner):
    """An encoder a modality, their mean over what is there. `mindgap ls` shows this line.

    Attributes:
        width: of every layer.
    """

    width: int = 32
    dropout: float = 0.1  # on what goes into `head`, from numbers that belong to the run

    # Without a classifier for each modality, return {} for them and say so; strategies that need
    # them are then refused:
    #
    # unimodal_heads = False

    def module(self, shape: TaskShape) -> nn.Module:
        # A new one at every call: its initial values come from torch's generator, which is seeded
        # for each run. shape.modalities has the size of one sample, (features,) or
        # (channels, time) or (channels, height, width).
        return Network(shape, self.width)


class Network(nn.Module):
    """Written for one run; many are trained at once, by `torch.vmap` where that can be.

    What can't be stacked (recurrent layers, an `if` on values) trains one run after the other;
    `mindgap show learner` says so. nn.Dropout is refused: `dropout` above does it.
    """

    def __init__(self, shape: TaskShape, width: int) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Flatten(), nn.Linear(math.prod(size), width), nn.ReLU())
                for name, size in shape.modalities.items()
            }
        )
        self.heads = nn.ModuleDict(
            {name: nn.Linear(width, shape.n_classes) for name in shape.modalities}
        )
        self.head = nn.Linear(width, shape.n_classes)  # the last layer: logits of the embedding

    def forward(self, inputs: Mapping[str, Tensor], observed: Tensor) -> Output:
        # inputs: modality -> (B, ...), zeros where it is missing; observed: (B, M), in the order
        # of shape.modalities. There are samples with one modality, and with none.
        seen = {name: encoder(inputs[name]) for name, encoder in self.encoders.items()}
        stacked = torch.stack(list(seen.values()), dim=2)  # (B, width, M)
        there = observed[:, None].float()  # (B, 1, M)
        embedding = (stacked * there).sum(dim=2) / there.sum(dim=2).clamp(min=1)
        # Detached, the heads only watch; attached, their losses would train the encoders.
        own = {name: head(seen[name].detach()) for name, head in self.heads.items()}
        return Output(self.head(embedding), embedding, own, seen)
