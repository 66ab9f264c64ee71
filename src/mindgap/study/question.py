"""What `mindgap tune` asks: which settings of a learner, on what task, with how many labels."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from mindgap import __version__
from mindgap.registry import Configured, Registry, parse
from mindgap.seeding import stream
from mindgap.tasks import TaskSource

#: Studies have seeds below it, see `study.spec.Seed`.
FIRST_SEED = 2**53

#: Samples without a label that a setting is scored on, where the pool has as many.
HELD_OUT = 1000

#: Parameter -> values, as a study would write them. No dropout of 0, which strategies that need
#: a stochastic learner couldn't use.
GRID: Mapping[str, tuple[str, ...]] = {
    "learning_rate": ("1e-3", "3e-3", "1e-2"),
    "weight_decay": ("1e-3", "0.1", "1"),
    "dropout": ("0.1", "0.3", "0.5"),
    "steps": ("150", "300", "600"),
    "width": ("32", "64", "128"),
}


@dataclass(frozen=True)
class Question:
    """What is searched.

    Attributes:
        control: the task that is searched.
        settings: the learner with other parameters; first as it was given.
        labels: sizes of the labelled sets.
        seeds: how many random labelled sets of each size.
    """

    control: Configured
    settings: tuple[Configured, ...]
    labels: tuple[int, ...]
    seeds: int

    @property
    def trained(self) -> int:
        """How many networks, or ensembles, it takes to answer."""
        return len(self.settings) * len(self.labels) * self.seeds

    @cached_property
    def source(self) -> TaskSource:
        """The control, built."""
        source: TaskSource = self.control.build()
        return source

    @property
    def versions(self) -> dict[str, str]:
        """Of all that computes the scores."""
        parts = [self.control, *self.settings]
        own = {what: s.version for part in parts for what, s in part.sources.items()}
        return {"mindgap": __version__, "torch": torch.__version__, "numpy": np.__version__, **own}

    @property
    def digest(self) -> str:
        """Of all that the scores depend on."""
        asked = [self.control.identity, *(one.identity for one in self.settings)]
        asked += map(str, [self.labels, self.seeds, FIRST_SEED, HELD_OUT, self.versions])
        return hashlib.blake2b("\n".join(asked).encode(), digest_size=8).hexdigest()


def settings(
    registry: Registry, learner: str, given: Mapping[str, Sequence[str]], size: int
) -> tuple[Configured, ...]:
    """The learner as it is, then others drawn from the grid, the same for every task.

    Args:
        given: parameter -> values; in the place of `GRID`'s, or beside them.
        size: how many, the learner itself included; fewer where the grid has no more.

    Raises:
        MindgapError: an unknown learner or parameter, or a value that it can't have.
    """
    itself = registry.configure("learner", learner)
    grid = {**{name: v for name, v in GRID.items() if name in itself.params}, **given}
    name, written = parse(learner)
    for parameter, values in given.items():
        for value in values:
            _with(registry, name, {**written, parameter: value}).build()
    choices = list(itertools.product(*grid.values()))
    order = stream("tune", "settings").permutation(len(choices))
    found = {itself.identity: itself}
    for i in order.tolist():
        if len(found) >= size:
            break
        drawn = dict(zip(grid, choices[i], strict=True))
        one = _with(registry, name, {**written, **drawn})
        found.setdefault(one.identity, one)
    return tuple(found.values())


def _with(registry: Registry, name: str, params: Mapping[str, str]) -> Configured:
    inside = ", ".join(f"{key}={value}" for key, value in params.items())
    return registry.configure("learner", f"{name}[{inside}]" if inside else name)


def control(registry: Registry, task: str) -> Configured:
    """What a task is tuned on: the end of its twins, which has no pitfall; a data set itself."""
    configured = registry.configure("task", task)
    source = configured.build()
    while getattr(source, "control", None) is not None:
        source = source.control
        configured = registry.configure("task", source.text or source.name)
    return configured
