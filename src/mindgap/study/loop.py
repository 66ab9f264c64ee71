"""The active-learning loop: train, predict, measure, select, label, for all runs of a fleet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from mindgap.learners import Diverged, Fleet, Learner, Parameters, Row
from mindgap.metrics import Measurement
from mindgap.registry import Registry
from mindgap.strategies import Past, Selection
from mindgap.study.calibrate import calibrated
from mindgap.study.compute import CPU, Compute
from mindgap.study.ensemble import Ensembles, wanted
from mindgap.study.finished import VALIDATION_ACCURACY, Finished
from mindgap.study.guard import Failure, guarded
from mindgap.study.journal import Record
from mindgap.study.measure import measure, of_queries
from mindgap.study.plan import Run
from mindgap.study.prepare import prepare
from mindgap.study.query import select
from mindgap.study.records import failure, round_record
from mindgap.study.state import State, clock


def run_fleet(
    runs: Sequence[Run],
    registry: Registry,
    history: Mapping[str, Sequence[Finished]],
    write: Callable[[Record], None],
    write_card: Callable[[str, dict[str, Any]], None] = lambda task, card: None,
    compute: Compute = CPU,
) -> None:
    """Take every run through the rounds it lacks, writing one record a finished round.

    Args:
        runs: with the same learner and task shape.
        history: run id -> its finished rounds, to continue from.
        write: receives the records, failures included, as `mindgap.study.store` defines them.
        write_card: receives each task's card.
        compute: where, and in which numbers.
    """
    states = prepare(runs, registry, history, write, write_card, torch.device(compute.device))
    go_through(states, registry, write, compute, select, round_record)


def go_through(
    states: Sequence[State],
    registry: Registry,
    write: Callable[[Record], None],
    compute: Compute,
    choose: Callable[..., list[Selection | Failure]],
    record: Callable[[State, list[Measurement], Selection], Record | Failure],
) -> None:
    """Take every state through the rounds it lacks.

    Args:
        choose: what every state labels next, given as `select` is.
        record: what is written of a round.
    """
    if not states:
        return
    name = f"learner {states[0].run.learner}"
    made = guarded(name, _fleet, states, registry, compute)
    if isinstance(made, Failure):
        _fail(states, made, write)
        return
    while states := [state for state in states if state.round <= state.run.rounds]:
        states = _round(states, *made, write, choose, record)


def _fleet(
    states: Sequence[State], registry: Registry, compute: Compute
) -> tuple[Fleet, Ensembles | None]:
    """The fleet, and what its models are compared with if a metric asks for it."""
    learner: Learner = registry.configure("learner", states[0].run.learner).build()
    environments = {state.environment.number: state.environment for state in states}
    pools = [environment.pool_samples for _, environment in sorted(environments.items())]
    shape = states[0].environment.shape
    network = compute.network(learner.network(shape))
    fleet = Fleet(learner, network, pools, compute.device)
    compared = any(wanted(state.run.metrics) for state in states)
    return fleet, Ensembles.of(fleet, shape, pools, compute) if compared else None


def _round(
    states: Sequence[State],
    fleet: Fleet,
    ensembles: Ensembles | None,
    write: Callable[[Record], None],
    choose: Callable[..., list[Selection | Failure]],
    record: Callable[[State, list[Measurement], Selection], Record | Failure],
) -> list[State]:
    """One round of every state; returns those that go on."""
    name = f"learner {states[0].run.learner}"
    trainable = []
    for state in states:
        why = guarded(name, fleet.refuses, state.row())
        if why is None:
            trainable.append(state)
        else:
            refused = f"{name}: {why}"
            _fail([state], why if isinstance(why, Failure) else Failure(refused, refused), write)
    if not trainable:
        return []
    rows, place = _distinct([state.row() for state in trainable])
    with clock(trainable, "train"):
        fitted = guarded(name, _fit, fleet, rows)
    if isinstance(fitted, Failure):
        _fail(trainable, fitted, write)
        return []
    parameters, diverged = fitted
    apart: Parameters | None = None
    if ensembles is not None:
        with clock(trainable, "train"):
            beside = guarded(f"{name}, beside it", ensembles.fit, rows)
        if isinstance(beside, Failure):
            _fail(trainable, beside, write)
            return []
        apart, others = beside
        diverged = {**others, **diverged}
    for state, row in zip(trainable, place, strict=True):
        if row in diverged:
            why = f"{name}: {diverged[row]}"
            _fail([state], Failure(why, why), write)
    trainable = [s for s, row in zip(trainable, place, strict=True) if row not in diverged]
    place = [row for row in place if row not in diverged]
    if not trainable:
        return []
    if fleet.learner.calibration == "temperature":
        cooled = guarded(name, calibrated, trainable, place, parameters, fleet.network)
        if isinstance(cooled, Failure):
            _fail(trainable, cooled, write)
            return []
        parameters = cooled
    beside_it = None if ensembles is None or apart is None else (ensembles.fleet.network, apart)
    measured = measure(trainable, place, parameters, fleet.network, beside_it)
    selections = choose(trainable, place, parameters, fleet)
    measured = of_queries(trainable, place, parameters, fleet.network, measured, selections)
    going_on = []
    for state, measurements, selection in zip(trainable, measured, selections, strict=True):
        if isinstance(measurements, Failure):
            _fail([state], measurements, write)
        elif isinstance(selection, Failure):
            _fail([state], selection, write)
        elif isinstance(told := record(state, measurements, selection), Failure):
            _fail([state], told, write)
        else:
            write(told)
            accuracy = next(
                (m.value for m in measurements if m.metric == VALIDATION_ACCURACY), None
            )
            state.finish(Past(state.round, selection.rows, accuracy, selection.trace))
            state.seconds.clear()
            going_on.append(state)
    return going_on


def _fail(states: Sequence[State], what: Failure, write: Callable[[Record], None]) -> None:
    for state in states:
        write(failure(state.run, state.round, what.error, what.traceback))


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
