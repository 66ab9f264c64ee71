"""The state of runs inside the loop: what they share, what each has labelled, what time it took."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from mindgap.errors import MindgapError
from mindgap.learners import Parameters, Row, Samples
from mindgap.strategies import Past, Strategy, Validation
from mindgap.study.labels import LabelSource
from mindgap.study.plan import Run
from mindgap.tasks import MultimodalData, Task, TaskShape
from mindgap.tasks.latent import Latent


@dataclass
class Environment:
    """One task and seed: what its runs share.

    Attributes:
        number: its place in the fleet.
        labels: answers queries about the pool.
        card: the task's card, with the truth of a scenario.
        posterior: of the pool, computed when it is needed.
        latent: what the generator knows of the pool or the test set, likewise.
    """

    number: int
    pool: MultimodalData
    test: MultimodalData | None
    labels: LabelSource
    card: Mapping[str, Any]
    device: torch.device
    posterior: Callable[[], np.ndarray | None] = lambda: None
    latent: Callable[[str], Latent | None] = lambda split: None

    @property
    def shape(self) -> TaskShape:
        """What the learner's network is made for."""
        return Task(self.pool, self.test).shape

    @cached_property
    def pool_samples(self) -> Samples:
        return Samples.of(self.pool).to(self.device)

    @cached_property
    def rows(self) -> dict[str, int]:
        """Id of a sample of the pool -> its row."""
        return {str(name): row for row, name in enumerate(self.pool.ids.tolist())}

    @cached_property
    def true_posterior(self) -> Tensor:
        """(N, C), what a perfect learner would say of the pool.

        Raises:
            MindgapError: nobody knows it of this task.
        """
        if self.known_posterior is None:
            raise MindgapError("the task doesn't know its posterior: take a scenario")
        return self.known_posterior.float().to(self.device)

    @cached_property
    def known_posterior(self) -> Tensor | None:
        """The same in double precision on the CPU; None where nobody knows it."""
        known = self.posterior()
        return None if known is None else torch.from_numpy(known)

    @cached_property
    def known_latent(self) -> Latent | None:
        """What the generator knows of the pool; None where nothing generated it."""
        return self.latent("pool")

    def test_samples(self, test: MultimodalData) -> Samples:
        """A test set on the device; small, so not kept."""
        return Samples.of(test).to(self.device)

    @cached_property
    def complete_test(self) -> MultimodalData | None:
        """Test samples that have every modality, or None where there are none."""
        if self.test is None or not self.test.observed.all(dim=1).any():
            return None
        return self.test.take(self.test.observed.all(dim=1).nonzero().flatten())

    @cached_property
    def complete_values(self) -> dict[str, dict[str, Tensor]]:
        """Modality -> bit -> its value in those samples; empty where nothing generated them."""
        known = self.latent("test") if self.test is not None else None
        if self.test is None or known is None:
            return {}
        rows = self.test.observed.all(dim=1)
        return {
            name: {bit: torch.from_numpy(value)[rows] for bit, value in told.items()}
            for name, told in known.carried.items()
        }


@dataclass
class State:
    """A run on its way.

    Attributes:
        key: of the streams that initialise and train it; knows nothing of the strategy.
        query_key: of the strategy's own stream.
        round: the next to do.
        labelled: rows of the pool, in the order in which they were labelled.
        labels: theirs.
        validation: rows of the pool that are never trained on nor chosen, and their labels.
        history: the rounds that are finished.
        seconds: spent on this round, by phase.
    """

    run: Run
    environment: Environment
    strategy: Strategy
    key: tuple[str | int, ...]
    query_key: tuple[str | int, ...]
    round: int
    labelled: Int64[Tensor, " n"]
    labels: Int64[Tensor, " n"]
    validation: Validation
    history: list[Past] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def row(self) -> Row:
        """What the fleet trains next for this run."""
        return Row((*self.key, self.round), self.environment.number, self.labelled, self.labels)

    def candidates(self) -> Int64[Tensor, " U"]:
        """Rows of the pool without a label, ascending."""
        free = torch.ones(len(self.environment.pool), dtype=torch.bool)
        free[self.labelled] = False
        free[self.validation.rows] = False
        return free.nonzero().flatten()

    @property
    def held_out(self) -> MultimodalData:
        """The validation samples."""
        return self.environment.pool.take(self.validation.rows)

    def finish(self, past: Past) -> None:
        """Have what this round chose labelled, and go on to the next."""
        self.add(past.rows)
        self.history.append(past)
        self.round += 1

    def add(self, rows: Int64[Tensor, " b"]) -> None:
        """Have these rows labelled."""
        self.labelled = torch.cat([self.labelled, rows])
        self.labels = torch.cat([self.labels, self.environment.labels.label(rows)])


@contextmanager
def clock(states: Sequence[State], phase: str) -> Iterator[None]:
    """Charge the time in equal parts to the runs that shared the work."""
    start = time.perf_counter()
    yield
    share = (time.perf_counter() - start) / len(states)
    for state in states:
        state.seconds[phase] += share


def of_run(value: Any, r: int) -> Any:
    """Drop the run axis of a prediction."""
    if isinstance(value, Mapping):
        return {key: part[r] for key, part in value.items()}
    return value[r]


def of_models(parameters: Parameters, models: Sequence[int]) -> Parameters:
    """The parameters of some of the fleet's models."""
    index = torch.tensor(models, device=next(iter(parameters.values())).device)
    return {name: value.index_select(0, index) for name, value in parameters.items()}
