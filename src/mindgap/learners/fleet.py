"""The fleet: R runs that train in lock-step as one stacked network.

All parameters live in one flat (R, P) buffer, P padded to whole vectors, so that one optimiser
call serves every run and no run's bits depend on its neighbours. Every random number of a run is
keyed by what it is for (`Row.key`), never by its place in the fleet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mindgap.learners.learner import Learner
from mindgap.learners.network import Network, Parameters, padded
from mindgap.learners.samples import Samples
from mindgap.seeding import stream

#: Rows of a dropout bank beyond one batch; masks are reused over steps at shifting offsets.
BANK = 512


@dataclass(frozen=True)
class Row:
    """One run of the fleet in one round.

    Attributes:
        key: what names the run's random streams: family, learner, seed, member, round.
        samples: number of the `Samples` it learns from.
        labelled: (n,) rows of these samples to learn from.
        labels: (n,) their labels.
    """

    key: tuple[str | int, ...]
    samples: int
    labelled: Int64[Tensor, " n"]
    labels: Int64[Tensor, " n"]


class Fleet:
    """Trains runs that share a learner and a task shape.

    Args:
        learner: the network and how it is trained.
        network: the stack, from `learner.network`.
        samples: the pools that rows learn from, missing values already zero.
        device: where everything lives.
    """

    def __init__(
        self,
        learner: Learner,
        network: Network,
        samples: Sequence[Samples],
        device: torch.device | str = "cpu",
    ) -> None:
        self.learner = learner
        self.network = network
        self.device = torch.device(device)
        self.samples = Samples.stack(samples).to(self.device)
        lengths = [len(s) for s in samples]
        self.offsets = np.cumsum([0, *lengths[:-1]]).tolist()
        self.sizes = [math.prod(shape) for shape in network.shapes.values()]
        self.size = padded(sum(self.sizes))

    def fit(self, rows: Sequence[Row]) -> Parameters:
        """Train every row from its own fresh initialisation; returns parameters, (R, ...) each."""
        flat = self._initial(rows).requires_grad_()
        batches, labels = self._batches(rows)
        dropout = self._dropout(rows)
        optimiser = torch.optim.AdamW(
            [flat],
            lr=self.learner.learning_rate,
            weight_decay=self.learner.weight_decay,
            fused=True,
        )
        for step in range(self.learner.steps):
            progress = step / self.learner.steps
            optimiser.param_groups[0]["lr"] = (
                self.learner.learning_rate * (1 + math.cos(math.pi * progress)) / 2
            )
            mask = None
            if dropout is not None:
                bank, offsets = dropout
                mask = bank[:, offsets[step] : offsets[step] + self.learner.batch]
            flat.grad = None
            loss = self._loss(self._views(flat), batches[step], labels[step], mask)
            loss.backward()
            optimiser.step()
        return self._views(flat.detach())

    def _loss(
        self,
        parameters: Parameters,
        batch: Int64[Tensor, "R B"],
        labels: Int64[Tensor, "R B"],
        dropout: Float[Tensor, "R B H"] | None,
    ) -> Float[Tensor, ""]:
        """Sum over runs of mean cross-entropies, so that every run has its own gradient."""
        inputs, observed = self.samples.gather(batch)
        encoded = self.network.encode(parameters, inputs)
        output = self.network.fuse(parameters, encoded, observed, dropout=dropout)
        loss = _cross_entropy(output.logits, labels).mean(dim=1).sum()
        for m, name in enumerate(output.unimodal_logits):
            own = _cross_entropy(output.unimodal_logits[name], labels)
            if observed is None:
                loss = loss + own.mean(dim=1).sum()
            else:
                there = observed[:, :, m]
                loss = loss + ((own * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)).sum()
        return loss

    def _initial(self, rows: Sequence[Row]) -> Float[Tensor, "R P"]:
        flat = np.zeros((len(rows), self.size), np.float32)
        for r, row in enumerate(rows):
            drawn = self.network.initial(stream("init", *row.key))
            values = np.concatenate([drawn[name].ravel() for name in self.network.shapes])
            flat[r, : len(values)] = values
        return torch.from_numpy(flat).to(self.device)

    def _batches(
        self, rows: Sequence[Row]
    ) -> tuple[Int64[Tensor, "steps R B"], Int64[Tensor, "steps R B"]]:
        """Samples and labels of every step: each row walks its labelled set in shuffled passes."""
        steps, size = self.learner.steps, self.learner.batch
        batches = torch.empty(steps, len(rows), size, dtype=torch.int64)
        labels = torch.empty_like(batches)
        for r, row in enumerate(rows):
            n = len(row.labelled)
            passes = np.tile(np.arange(n), (-(-steps * size // n), 1))
            order = stream("batches", *row.key).permuted(passes, axis=1).ravel()
            drawn = torch.from_numpy(order[: steps * size].reshape(steps, size))
            batches[:, r] = row.labelled[drawn] + self.offsets[row.samples]
            labels[:, r] = row.labels[drawn]
        return batches.to(self.device), labels.to(self.device)

    def _dropout(self, rows: Sequence[Row]) -> tuple[Float[Tensor, "R N H"], list[int]] | None:
        """Each row's bank of masks, and where every step reads it (the same place in all banks)."""
        rate, size = self.learner.dropout, self.learner.batch
        if rate == 0:
            return None
        shape = (BANK + size, self.network.dropout_width)
        bank = np.empty((len(rows), *shape), np.float32)
        for r, row in enumerate(rows):
            bank[r] = stream("dropout", *row.key).random(shape, np.float32) >= rate
        bank /= np.float32(1 - rate)
        offsets = stream("dropout offsets", self.learner.steps).integers(
            BANK, size=self.learner.steps
        )
        return torch.from_numpy(bank).to(self.device), offsets.tolist()

    def _views(self, flat: Float[Tensor, "R P"]) -> Parameters:
        """Parameters as views of the buffer; one split, since slices cost a copy each backward."""
        rest = self.size - sum(self.sizes)
        parts = flat.split([*self.sizes, rest], dim=1)
        shapes: Mapping[str, tuple[int, ...]] = self.network.shapes
        return {
            name: part.view(len(flat), *shape)
            for (name, shape), part in zip(shapes.items(), parts, strict=False)
        }


def _cross_entropy(
    logits: Float[Tensor, "R B C"], labels: Int64[Tensor, "R B"]
) -> Float[Tensor, "R B"]:
    flat = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), reduction="none"
    )
    return flat.view(labels.shape)
