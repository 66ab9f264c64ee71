"""Make what a fleet's runs start from; a component that can't be had fails its own runs only."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from jaxtyping import Int64
from torch import Tensor

from mindgap.errors import InvalidData
from mindgap.registry import Registry
from mindgap.seeding import stream
from mindgap.strategies import Past, Selection, Validation
from mindgap.study.finished import Finished
from mindgap.study.guard import Failure, guarded
from mindgap.study.journal import Record
from mindgap.study.labels import SimulatedLabels
from mindgap.study.plan import Run
from mindgap.study.records import failure
from mindgap.study.state import Environment, State
from mindgap.tasks import MultimodalData, Task, TaskShape, TaskSource

#: Of a run's row; the fleet makes one of it for each member of an ensemble.
MEMBER = 0


def prepare(
    runs: Sequence[Run],
    registry: Registry,
    history: Mapping[str, Sequence[Finished]],
    write: Callable[[Record], None],
    write_card: Callable[[str, dict[str, Any]], None],
    device: torch.device,
) -> list[State]:
    """Make the data of every task and seed, and the state of every run that can start.

    Args:
        write: receives the failures.
        write_card: receives each task's card, made once (a scenario's truth takes a moment).
    """
    cards: dict[str, dict[str, Any]] = {}

    def environment(text: str, seed: int, number: int) -> Environment:
        source: TaskSource = registry.configure("task", text).build()
        if text not in cards:
            card = _as_json({**source.card(), "task": text})
            write_card(text, card)
            cards[text] = card
        task = _fitting(source.make(seed), source.shape)
        labels = SimulatedLabels(task.pool)
        known = partial(source.posterior, seed), partial(source.latent, seed)
        return Environment(number, task.pool, task.test, labels, cards[text], device, *known)

    shared: dict[tuple[str, int], list[Run]] = defaultdict(list)
    for run in runs:
        shared[run.task, run.seed].append(run)
    number = 0
    states: list[State] = []
    for (text, seed), members in shared.items():
        made = guarded(f"task {text}", environment, text, seed, number)
        number += not isinstance(made, Failure)
        for run in members:
            finished = history.get(run.id, ())
            state: State | Failure
            if isinstance(made, Failure):
                state = made
            else:
                name = f"strategy {run.strategy}"
                state = guarded(name, _start, run, registry, made, finished)
            if isinstance(state, Failure):
                write(failure(run, len(finished), state.error, state.traceback))
            else:
                states.append(state)
    return states


def _as_json(card: dict[str, Any]) -> dict[str, Any]:
    """What a reader will find.

    Raises:
        TypeError, ValueError: the card holds something that JSON doesn't know.
    """
    text = json.dumps(card, ensure_ascii=False)
    read: dict[str, Any] = json.loads(text.encode())
    return read


def _fitting(task: object, declared: TaskShape) -> Task:
    """The task, if both sets are valid and of the shape that the fleet was formed by.

    Raises:
        InvalidData: they aren't.
    """
    if not isinstance(task, Task):
        raise InvalidData(f"make must return a Task, not {type(task).__name__}")
    _fits(task.pool, "pool", declared)
    if task.test is not None:
        _fits(task.test, "test set", declared)
        if task.test.classes != task.pool.classes:
            raise InvalidData("pool and test set differ in their classes")
        if (task.test.labels < 0).any():
            unknown = task.test.first(task.test.labels < 0)
            raise InvalidData(f"test set: {unknown} has no label")
    return task


def _fits(data: MultimodalData, what: str, declared: TaskShape) -> None:
    data.validate(what)
    found = {name: tuple(x.shape[1:]) for name, x in data.modalities.items()}
    promised = {name: tuple(shape) for name, shape in declared.modalities.items()}
    if list(found.items()) != list(promised.items()):
        raise InvalidData(f"{what}: its modalities are {found}, but its `shape` says {promised}")
    if len(data.classes) != declared.n_classes:
        raise InvalidData(
            f"{what}: it has {len(data.classes)} classes, but its `shape` says {declared.n_classes}"
        )
    for name, x in data.modalities.items():
        if x.requires_grad or x.device.type != "cpu" or x.layout != torch.strided:
            raise InvalidData(
                f"{what}: modality {name!r} must be a dense tensor on the CPU without a gradient"
            )
    "\n".join([*data.names, *map(str, data.classes), *map(str, data.ids)]).encode()


def _start(
    run: Run, registry: Registry, environment: Environment, finished: Sequence[Finished]
) -> State:
    """The state after the finished rounds.

    The initial set and the validation labels are the same for every strategy, and the initial set
    with or without them.

    Raises:
        InvalidData: a sample that a finished round chose is in the pool no longer.
    """
    pool = environment.pool
    # a network is trained before it is calibrated, hence alike however that is done
    learner = registry.configure("learner", run.learner).without("calibration").identity
    strategy = registry.configure("strategy", run.strategy)
    initial = _shuffled("initial", run, len(pool))[: run.initial]
    others = _shuffled("validation", run, len(pool))
    held_out = others[~torch.isin(others, initial)][: run.validation]
    empty = torch.empty(0, dtype=torch.int64)
    state = State(
        run=run,
        environment=environment,
        strategy=strategy.build(),
        key=(run.family, learner, run.seed, MEMBER),
        query_key=("query", run.task, learner, strategy.identity, run.seed),
        round=0,
        labelled=empty,
        labels=empty,
        validation=Validation(held_out, environment.labels.label(held_out)),
    )
    state.add(initial)
    for past in finished:
        chosen = chosen_before(state, past)
        state.finish(Past(state.round, chosen.rows, past.validation_accuracy, chosen.trace))
    return state


def chosen_before(state: State, past: Finished) -> Selection:
    """What a finished round chose; scores are kept in the store alone.

    Raises:
        InvalidData: a sample of it is in the pool no longer.
    """
    rows = state.environment.rows
    if gone := [name for name in past.selected if name not in rows]:
        raise InvalidData(
            f"sample {gone[0]!r}, which an earlier round chose, is no longer in the pool of "
            f"task {state.run.task}: the same seed must make the same task"
        )
    chosen = torch.tensor([rows[name] for name in past.selected], dtype=torch.int64)
    left = None if past.trace is None else torch.tensor(past.trace, dtype=torch.float64)
    return Selection(chosen, torch.zeros(len(chosen), dtype=torch.float64), left)


def _shuffled(purpose: str, run: Run, size: int) -> Int64[Tensor, " N"]:
    """All rows of the pool in an order of this purpose's own."""
    return torch.from_numpy(stream(purpose, run.family, run.seed).permutation(size))
