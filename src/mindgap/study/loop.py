"""The active-learning loop: train, predict, measure, select, label, for all runs of a fleet."""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from mindgap.learners import Diverged, Fleet, Learner, Parameters, Row
from mindgap.registry import Registry
from mindgap.seeding import stream
from mindgap.study.journal import Record
from mindgap.study.labels import SimulatedLabels
from mindgap.study.measure import measure
from mindgap.study.plan import Run
from mindgap.study.query import Failure, select
from mindgap.study.records import failure, round_record
from mindgap.study.state import Environment, State, clock
from mindgap.tasks import TaskSource

#: Of a run's row; the fleet makes one of it for each member of an ensemble.
MEMBER = 0


class Cards:
    """Cards of the tasks, each made once (a scenario's truth takes a moment)."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._cards: dict[str, dict[str, Any]] = {}

    def __getitem__(self, task: str) -> dict[str, Any]:
        if task not in self._cards:
            source: TaskSource = self._registry.configure("task", task).build()
            self._cards[task] = {**source.card(), "task": task}
        return self._cards[task]


def run_fleet(
    runs: Sequence[Run],
    registry: Registry,
    history: Mapping[str, Sequence[Sequence[str]]],
    write: Callable[[Record], None],
    write_card: Callable[[str, dict[str, Any]], None] = lambda task, card: None,
    device: str = "cpu",
) -> None:
    """Take every run through the rounds it lacks, writing one record a finished round.

    Args:
        runs: with the same learner and task shape.
        history: run id -> ids selected in each finished round, to continue from.
        write: receives the records, failures included, as `mindgap.study.store` defines them.
        write_card: receives each task's card.
        device: "cpu", "cuda", ...
    """
    cards = Cards(registry)
    states = _prepare(runs, registry, cards, history, write, torch.device(device))
    for state in states:
        write_card(state.run.task, cards[state.run.task])
    if not states:
        return
    learner: Learner = registry.configure("learner", states[0].run.learner).build()
    first = registry.configure("task", states[0].run.task).build()
    network = learner.network(first.shape)
    environments = {state.environment.number: state.environment for state in states}
    pools = [environment.pool_samples for _, environment in sorted(environments.items())]
    fleet = Fleet(learner, network, pools, device)
    while states := [state for state in states if state.round <= state.run.rounds]:
        states = list(_round(states, fleet, write))


def _prepare(
    runs: Sequence[Run],
    registry: Registry,
    cards: Cards,
    history: Mapping[str, Sequence[Sequence[str]]],
    write: Callable[[Record], None],
    device: torch.device,
) -> list[State]:
    """Make the data of every task and seed; a task that can't be made fails its own runs only."""
    shared: dict[tuple[str, int], list[Run]] = defaultdict(list)
    for run in runs:
        shared[run.task, run.seed].append(run)
    states: list[State] = []
    number = 0
    for (text, seed), members in shared.items():
        try:
            task = registry.configure("task", text).build().make(seed)
            task.pool.validate("pool")
            labels = SimulatedLabels(task.pool)
            card = cards[text]
        except Exception as error:  # a plug-in's task may raise anything
            for run in members:
                write(failure(run, 0, f"task {text}: {error}", traceback.format_exc()))
            continue
        environment = Environment(number, task.pool, task.test, labels, card, device)
        number += 1
        states += [_start(run, registry, environment, history.get(run.id, ())) for run in members]
    return states


def _start(
    run: Run, registry: Registry, environment: Environment, finished: Sequence[Sequence[str]]
) -> State:
    """The state after the finished rounds; the initial set is the same for every strategy."""
    pool = environment.pool
    learner = registry.configure("learner", run.learner).identity
    strategy = registry.configure("strategy", run.strategy)
    shuffled = torch.from_numpy(stream("initial", run.family, run.seed).permutation(len(pool)))
    empty = torch.empty(0, dtype=torch.int64)
    state = State(
        run=run,
        environment=environment,
        strategy=strategy.build(),
        key=(run.family, learner, run.seed, MEMBER),
        query_key=("query", run.task, learner, strategy.identity, run.seed),
        round=len(finished),
        labelled=empty,
        labels=empty,
    )
    state.add(shuffled[: run.initial])
    rows = {name: row for row, name in enumerate(pool.ids.tolist())}
    for ids in finished:
        state.add(torch.tensor([rows[name] for name in ids], dtype=torch.int64))
    return state


def _round(
    states: Sequence[State], fleet: Fleet, write: Callable[[Record], None]
) -> Iterator[State]:
    """One round of every state; yields those that go on."""
    rows, place = _distinct([state.row() for state in states])
    with clock(states, "train"):
        parameters, diverged = _fit(fleet, rows)
    for state, row in zip(states, place, strict=True):
        if row in diverged:
            why = f"learner {state.run.learner}: {diverged[row]}"
            write(failure(state.run, state.round, why, why))
    states = [state for state, row in zip(states, place, strict=True) if row not in diverged]
    place = [row for row in place if row not in diverged]
    measured = measure(states, place, parameters, fleet.network)
    selections = select(states, place, parameters, fleet.network)
    for state, measurements, selection in zip(states, measured, selections, strict=True):
        if isinstance(selection, Failure):
            write(failure(state.run, state.round, selection.error, selection.traceback))
            continue
        chosen = selection.rows.cpu()
        write(round_record(state, measurements, chosen, selection.scores.cpu()))
        state.add(chosen)
        state.round += 1
        state.seconds.clear()
        yield state


def _fit(fleet: Fleet, rows: Sequence[Row]) -> tuple[Parameters, Mapping[int, str]]:
    """What was trained, and which rows diverged, with the reason."""
    try:
        return fleet.fit(rows), {}
    except Diverged as error:
        return error.parameters, error.reasons


def _distinct(rows: Sequence[Row]) -> tuple[list[Row], list[int]]:
    """Equal rows once (all strategies of a seed share round 0), and where each state finds its."""
    found: dict[Any, int] = {}
    kept: list[Row] = []
    place = []
    for row in rows:
        name = (row.key, row.samples, tuple(row.labelled.tolist()))
        if name not in found:
            found[name] = len(kept)
            kept.append(row)
        place.append(found[name])
    return kept, place
