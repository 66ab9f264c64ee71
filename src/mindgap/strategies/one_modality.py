"""A unimodal strategy on one modality of a multimodal task."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.strategies import views
from mindgap.strategies.base import Pool, Selection, Strategy
from mindgap.tasks import TaskShape


@dataclass(frozen=True)
class OneModality(Strategy):
    """Another strategy, which sees one modality and nothing else of the task (ours).

    The modality's own head and embedding stand for the fused model's, and samples without the
    modality don't exist, neither as candidates nor as labelled ones. Where fewer candidates have
    it than are asked for, the rest are drawn at random from the others; their score is one below
    the lowest.

    Attributes:
        of: the other strategy, for example margin or coreset.
        modality: its name.
    """

    group = "multimodal"
    cost = "that of the strategy inside"

    of: Strategy
    modality: str

    def requires(self) -> set[str]:
        return views.needed(self.of.requires())

    def supports(self, shape: TaskShape, capabilities: Set[str]) -> str | None:
        if self.modality not in shape.modalities:
            known = ", ".join(shape.modalities)
            return f"the task has no modality {self.modality!r}; it has {known}"
        for key in sorted(self.of.requires() - views.ALONE.keys()):
            return f"the strategy inside reads {key}, which one modality alone doesn't have"
        own = TaskShape({self.modality: shape.modalities[self.modality]}, shape.n_classes)
        return super().supports(shape, capabilities) or self.of.supports(own, capabilities)

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        view, rows = views.one_modality(pool, self.modality, self.of.requires())
        chosen = self.of.select(view, min(n, len(view.candidates)), rng)
        without = pool.candidates[~torch.isin(pool.candidates, rows)]
        more = torch.from_numpy(rng.permutation(len(without))[: n - len(chosen.rows)])
        lowest = chosen.scores.min() if len(chosen.scores) else chosen.scores.new_tensor(0.0)
        return Selection(
            torch.cat([rows[chosen.rows], without[more.to(without.device)]]),
            torch.cat([chosen.scores, (lowest - 1).expand(len(more))]),
            _lengthened(chosen.trace, len(more)),
        )


def _lengthened(trace: Float[Tensor, "n K"] | None, more: int) -> Float[Tensor, "n_more K"] | None:
    """With zeros for rows that the strategy inside doesn't see, now or in its history."""
    return None if trace is None else torch.nn.functional.pad(trace, (0, 0, 0, more))
