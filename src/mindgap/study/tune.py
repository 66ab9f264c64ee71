"""Search a learner's parameters on random labelled sets of seeds that no study can have.

A family is searched once, on its control, so that twins and severities are never tuned apart. The
score is that of pool samples without a label; their true labels are read, which no strategy and
no study may do. The test set is never looked at.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mindgap.errors import MindgapError
from mindgap.learners import Diverged, Fleet, Learner, Parameters, Row, Samples, predict
from mindgap.metrics import performance
from mindgap.registry import Configured
from mindgap.seeding import stream
from mindgap.study.plan import FLEET_ROWS
from mindgap.study.question import FIRST_SEED, HELD_OUT, Question
from mindgap.study.state import of_models
from mindgap.tasks import TaskSource

#: What rows of one fleet may differ in.
OF_ROWS = ("learning_rate", "weight_decay")


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
