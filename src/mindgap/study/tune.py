"""Search a learner's parameters on random labelled sets of seeds that no study can have.

A family is searched once, on its control, so that twins and severities are never tuned apart. The
score is that of pool samples without a label; their true labels are read, which no strategy and
no study may do. The test set is never looked at.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mindgap import __version__
from mindgap.errors import MindgapError
from mindgap.learners import Diverged, Fleet, Learner, Parameters, Row, Samples, predict
from mindgap.metrics import performance
from mindgap.registry import Configured, Registry, parse
from mindgap.seeding import stream
from mindgap.study.plan import FLEET_ROWS
from mindgap.study.state import of_models
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

#: What rows of one fleet may differ in.
OF_ROWS = ("learning_rate", "weight_decay")


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


@dataclass(frozen=True)
class Scores:
    """Of held-out samples, (settings, labels, seeds) each; NaN where training diverged."""

    accuracy: Float[np.ndarray, "S L K"]
    nll: Float[np.ndarray, "S L K"]


@dataclass(frozen=True)
class _Drawn:
    """Pool samples of one seed in random order: those to label, then those held out."""

    samples: Samples
    labels: Int64[Tensor, " n"]


def search(question: Question, tell: Callable[[int], None] = lambda trained: None) -> Scores:
    """Train every setting on every labelled set, and score it on what was held out.

    Settings that differ only in learning rate and weight decay share fleets; those of one seed
    share labelled sets (the small ones are parts of the large ones), held-out samples and,
    where the width is the same, initial weights.

    Args:
        tell: called with the number of networks that were trained since.

    Raises:
        MindgapError: a task that can't be had, a learner that can't learn it, or a pool that is
            too small.
    """
    source = question.source
    if why := source.unavailable():
        raise MindgapError(f"{question.control.text}: {why}")
    most = max(question.labels)
    drawn = [_draw(source, seed, most) for seed in range(question.seeds)]
    shape = (len(question.settings), len(question.labels), question.seeds)
    found = Scores(np.full(shape, np.nan), np.full(shape, np.nan))
    for alike in _groups(question.settings):
        learner: Learner = question.settings[alike[0]].build()
        if why := learner.supports(source.shape):
            raise MindgapError(f"{question.settings[alike[0]].text}: {why}")
        fleet = Fleet(learner, learner.network(source.shape), [one.samples for one in drawn])
        cells = list(itertools.product(alike, range(shape[1]), range(shape[2])))
        for start in range(0, len(cells), FLEET_ROWS):
            part = cells[start : start + FLEET_ROWS]
            rows = [_row(question, drawn[cell[2]], *cell) for cell in part]
            for cell, accuracy, nll in _scored(fleet, rows, part, drawn, most):
                found.accuracy[cell], found.nll[cell] = accuracy, nll
            tell(len(part))
    return found


def _draw(source: TaskSource, seed: int, most: int) -> _Drawn:
    pool = source.make(FIRST_SEED + seed).pool
    known = (pool.labels >= 0).nonzero().flatten()
    if len(known) <= most:
        raise MindgapError(
            f"the pool of {source.family} has {len(known)} samples with known labels, so that "
            f"{most} labels leave none to score on: ask for fewer with --budget"
        )
    order = stream("tune", source.family, seed).permutation(len(known))[: most + HELD_OUT]
    part = pool.take(known[torch.from_numpy(order)])
    return _Drawn(Samples.of(part), part.labels)


def _groups(found: Sequence[Configured]) -> list[list[int]]:
    """Numbers of the settings that can train in one fleet."""
    groups: dict[Any, list[int]] = defaultdict(list)
    for i, one in enumerate(found):
        shared = replace(one, params={**one.params, **dict.fromkeys(OF_ROWS)})
        groups[shared.identity].append(i)
    return list(groups.values())


def _row(question: Question, drawn: _Drawn, setting: int, size: int, seed: int) -> Row:
    n, learner = question.labels[size], question.settings[setting].params
    return Row(
        ("tune", question.source.family, seed, 0, n),
        seed,
        torch.arange(n),
        drawn.labels[:n],
        *(learner[name] for name in OF_ROWS),
    )


def _scored(
    fleet: Fleet,
    rows: Sequence[Row],
    cells: Sequence[tuple[int, int, int]],
    drawn: Sequence[_Drawn],
    most: int,
) -> Iterator[tuple[tuple[int, int, int], float, float]]:
    """Each cell with its accuracy and log loss; those that diverged are left out."""
    parameters: Parameters
    try:
        parameters, diverged = fleet.fit(rows), set()
    except Diverged as error:
        parameters, diverged = error.parameters, set(error.reasons)
    for seed, one in enumerate(drawn):
        mine = [r for r, row in enumerate(rows) if row.samples == seed and r not in diverged]
        if not mine:
            continue
        held = one.samples.slice(most, len(one.samples))
        models = of_models(parameters, mine)
        answers = predict(fleet.network, models, held, {"probabilities"})["probabilities"]
        for r, probabilities in zip(mine, answers, strict=True):
            measured = {
                m.metric: m.value
                for m in performance(
                    probabilities, one.labels[most:], held.mask(), tuple(held.inputs)
                )
                if m.subject == "natural"
            }
            yield cells[r], measured["accuracy"], measured["nll"]
