"""The fleet: R runs that train in lock-step as one stacked network.

All parameters live in one flat (R, P) buffer, P padded to whole vectors, so that one optimiser
call serves many runs and no run's bits depend on its neighbours. Every random number of a run is
keyed by what it is for (`Row.key`), never by its place in the fleet. On a CPU, built-in networks
train in blocks of rows, one block after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mindgap.errors import MindgapError
from mindgap.learners.adamw import AdamW
from mindgap.learners.balance.base import Descent, Losses
from mindgap.learners.buffer import Buffer, padded_size
from mindgap.learners.divergence import Diverged, reasons
from mindgap.learners.ensemble import together
from mindgap.learners.feed import Bank, Feed
from mindgap.learners.layers import Parameters
from mindgap.learners.learner import Learner
from mindgap.learners.missing import thinned
from mindgap.learners.network import Network
from mindgap.learners.recorded import Recorded
from mindgap.learners.samples import Samples
from mindgap.seeding import stream

#: Rows of a dropout bank beyond one batch.
BANK = 512

#: Bytes of parameters, gradients and moments that train at once on a CPU. Measured fastest for
#: networks of 12,000 to 80,000 parameters a row, on a core that shares 32 MB of cache.
BLOCK = 6_000_000

#: Fewer rows at once spend their time on calls.
FEWEST = 8


@dataclass(frozen=True)
class Row:
    """One run of the fleet in one round.

    Attributes:
        key: what names the run's random streams: family, learner, seed, member, round.
        samples: number of the `Samples` it learns from.
        labelled: (n,) rows of these samples to learn from.
        labels: (n,) their labels.
        learning_rate: its own; None is the learner's.
        weight_decay: likewise.
    """

    key: tuple[str | int, ...]
    samples: int
    labelled: Int64[Tensor, " n"]
    labels: Int64[Tensor, " n"]
    learning_rate: float | None = None
    weight_decay: float | None = None

    def members(self, count: int) -> list[Row]:
        """One row for each network of the run's ensemble."""
        if count == 1:
            return [self]
        *run, _, round_ = self.key
        return [replace(self, key=(*run, member, round_)) for member in range(count)]


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
        self.size = padded_size(network.shapes)
        # untried on GPUs, where gradients come from threads that a recording may not see
        self.recorded = network.recordable and self.device.type == "cpu"

    def refuses(self, row: Row) -> str | None:
        """Why this row can't be trained, or None."""
        used = len(self.used(row))
        if self.network.complete_cases and used == 0:
            return (
                f"none of its {len(row.labelled)} labelled samples has every modality, and "
                "missing=complete trains on no others: label more, or take another handler"
            )
        return self.network.balance.refuses(used)

    def fit(self, rows: Sequence[Row]) -> Parameters:
        """Train every row from its own fresh initialisation; returns parameters, (R, ...) each.

        Where the learner has several members, they are (R, E, ...).

        Raises:
            MindgapError: a row that `refuses` speaks of, named by its key.
            Diverged: rows whose loss was NaN or infinite; it holds the others' parameters.
        """
        for row in rows:
            if why := self.refuses(row):
                raise MindgapError(f"run {row.key}: {why}")
        count = self.learner.members
        rows = [member for row in rows for member in row.members(count)]
        flat, constants = self._initial(rows), self._constants(rows)
        seen = torch.empty(self.learner.steps, len(rows), device=self.device)
        for block in self._blocks(len(rows)):
            some = rows[block]
            own = {name: value[block] for name, value in constants.items()}
            descent = self.network.balance.descent(self, some)
            seen[:, block] = self._train(some, flat[block], own, descent)
        trained = Buffer(flat, self.network.shapes).views
        fitted = together({**trained, **constants}, count)
        rates = [row.learning_rate for row in rows]
        if diverged := reasons(self.learner, seen, rates, trained):
            raise Diverged(fitted, {row // count: why for row, why in diverged.items()})
        return fitted

    def start(self, rows: Sequence[Row]) -> Parameters:
        """What training these rows starts from."""
        return {**Buffer(self._initial(rows), self.network.shapes).views, **self._constants(rows)}

    def descend(self, rows: Sequence[Row], descent: Descent) -> Parameters:
        """Train every row in the way that `descent` goes; parameters, (R, ...) each."""
        flat, constants = self._initial(rows), self._constants(rows)
        self._train(rows, flat, constants, descent)
        return {**Buffer(flat, self.network.shapes).views, **constants}

    def _blocks(self, count: int) -> list[slice]:
        """Which of so many rows train at once."""
        if not self.recorded:
            return [slice(0, count)]
        most = max(FEWEST, BLOCK // (4 * 4 * self.size))
        number = -(-count // most)
        bounds = [count * i // number for i in range(number + 1)]
        return [slice(*pair) for pair in pairwise(bounds)]

    def _train(
        self,
        rows: Sequence[Row],
        flat: Float[Tensor, "R P"],
        constants: Parameters,
        descent: Descent,
    ) -> Float[Tensor, "steps R"]:
        """Train `flat` in place; what every step cost."""
        buffer = Buffer(flat, self.network.shapes)
        parameters = {**buffer.trained, **constants}
        feed = Feed(*self._batches(rows), self._dropout(rows), self._hiding(rows), descent.noise)
        *batch, noise = feed.now

        def compute() -> tuple[Float[Tensor, " R"], Float[Tensor, "R P"]]:
            losses = self.losses(parameters, *batch)
            return losses.multimodal, descent.gradient(buffer, losses, noise)

        computed = Recorded(compute) if self.recorded else compute
        decay = self.learner.weight_decay
        decays = [decay if row.weight_decay is None else row.weight_decay for row in rows]
        optimiser = AdamW(flat, decays)
        distinct = {row.learning_rate for row in rows}
        seen = torch.empty(self.learner.steps, len(rows), device=self.device)
        for step in range(self.learner.steps):
            feed.load(step)
            loss, gradient = computed()
            seen[step] = loss.detach()
            now = {rate: self.learner.rate(step, rate) for rate in distinct}
            optimiser.step(gradient, [now[row.learning_rate] for row in rows])
        return seen

    def losses(
        self,
        parameters: Parameters,
        batch: Int64[Tensor, "R B"],
        labels: Int64[Tensor, "R B"],
        dropout: Float[Tensor, "R B H"] | None = None,
        hiding: Float[Tensor, "R B M_plus_1"] | None = None,
    ) -> Losses:
        """What every run's batch costs.

        Args:
            batch: places in `self.samples`.
            labels: theirs.
            dropout: factors for the layer before the head, or None for none.
            hiding: uniform numbers for modality dropout, or None for none.
        """
        network = self.network
        inputs, observed = self.samples.gather(batch)
        encoded = network.encode(parameters, inputs)
        shown = observed
        if hiding is not None:
            all_there = torch.ones_like(hiding[:, :, 1:], dtype=torch.bool)
            shown = all_there if observed is None else observed
            shown = thinned(shown, hiding, network.modality_dropout)
        output = network.fuse(parameters, encoded, shown, dropout=dropout)
        return Losses(
            _cross_entropy(output.logits, labels),
            {name: _cross_entropy(own, labels) for name, own in output.unimodal_logits.items()},
            observed,
            network.penalty(parameters, encoded, observed),
        )

    def used(self, row: Row) -> Int64[Tensor, " n"]:
        """Places in `row.labelled` of the samples that train."""
        observed = self.samples.observed
        if observed is None or not self.network.complete_cases:
            return torch.arange(len(row.labelled))
        rows = (row.labelled + self.offsets[row.samples]).to(self.device)
        return observed[rows].all(dim=1).nonzero().flatten().cpu()

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
            used = self.used(row)
            n = len(used)
            passes = np.tile(np.arange(n), (-(-steps * size // n), 1))
            order = stream("batches", *row.key).permuted(passes, axis=1).ravel()
            drawn = used[torch.from_numpy(order[: steps * size].reshape(steps, size))]
            batches[:, r] = row.labelled[drawn] + self.offsets[row.samples]
            labels[:, r] = row.labels[drawn]
        return batches.to(self.device), labels.to(self.device)

    def _constants(self, rows: Sequence[Row]) -> Parameters:
        drawn = [self.network.constants(row.labels, stream("init", *row.key)) for row in rows]
        return {
            name: torch.from_numpy(np.stack([one[name] for one in drawn])).to(self.device)
            for name in drawn[0]
        }

    def _dropout(self, rows: Sequence[Row]) -> Bank | None:
        """Masks of the layer before the last one, 0 or 1/(1-p)."""
        rate = self.learner.dropout
        if rate == 0:
            return None
        uniform = self._bank("dropout", rows, self.network.dropout_width)
        kept = (uniform.values >= rate).to(uniform.values.dtype)
        return replace(uniform, values=kept / (1 - rate))

    def _hiding(self, rows: Sequence[Row]) -> Bank | None:
        """Uniform numbers for modality dropout, see `thinned`."""
        if self.network.modality_dropout == 0:
            return None
        return self._bank("modality dropout", rows, len(self.samples.inputs) + 1)

    def _bank(self, purpose: str, rows: Sequence[Row], width: int) -> Bank:
        """Each row's own uniform numbers, (R, N, width)."""
        shape = (BANK + self.learner.batch, width)
        values = np.empty((len(rows), *shape), np.float32)
        for r, row in enumerate(rows):
            values[r] = stream(purpose, *row.key).random(shape, np.float32)
        steps = self.learner.steps
        offsets = stream(f"{purpose} offsets", steps).integers(BANK, size=steps)
        on_device = torch.from_numpy(values).to(self.device)
        return Bank(on_device, offsets.tolist(), self.learner.batch)


def _cross_entropy(
    logits: Float[Tensor, "R B C"], labels: Int64[Tensor, "R B"]
) -> Float[Tensor, "R B"]:
    """Of each sample, with classes before samples, so that many samples are computed at once."""
    return torch.nn.functional.cross_entropy(logits.mT, labels, reduction="none")
