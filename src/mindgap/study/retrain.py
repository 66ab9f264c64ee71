"""Train the models of finished rounds again, and keep what is measured of them now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from mindgap.metrics import Measurement
from mindgap.registry import Registry
from mindgap.strategies import Selection
from mindgap.study.compute import CPU, Compute
from mindgap.study.finished import VALIDATION_ACCURACY, Finished
from mindgap.study.guard import Failure, guarded
from mindgap.study.journal import Record
from mindgap.study.loop import go_through
from mindgap.study.plan import Run
from mindgap.study.prepare import chosen_before, prepare
from mindgap.study.replay import Recorded
from mindgap.study.state import State

#: What must be as it was, to the last bit.
CHECKED = ("accuracy", "accuracy_shown", VALIDATION_ACCURACY)


def replay_fleet(
    runs: Sequence[Run],
    registry: Registry,
    history: Mapping[str, Sequence[Finished]],
    recorded: Mapping[str, Sequence[Recorded]],
    write: Callable[[Record], None],
    compute: Compute = CPU,
) -> None:
    """As `run_fleet`, but each round's choice is the recorded one.

    Args:
        runs: up to the round in `rounds`, which is finished.
        history: run id -> the rounds before the first that is to be measured.
        recorded: run id -> all its finished rounds.
        write: receives what is measured, and the failures.
    """

    def choose(states: Sequence[State], *_: Any) -> list[Selection | Failure]:
        return [
            guarded(
                f"task {state.run.task}",
                chosen_before,
                state,
                recorded[state.run.id][state.round].finished,
            )
            for state in states
        ]

    def record(state: State, measurements: Sequence[Measurement], _: Selection) -> Record | Failure:
        before = {(m, s): v for m, s, v in recorded[state.run.id][state.round].values}
        if why := unlike(before, measurements):
            told = f"round {state.round} can't be replayed: {why}"
            return Failure(told, told)
        fresh = [m._asdict() for m in measurements if (m.metric, m.subject) not in before]
        return {
            "kind": "measured",
            "run": state.run.id,
            "round": state.round,
            "metrics": fresh,
            "asked": list(state.run.metrics),
        }

    states = prepare(runs, registry, history, write, lambda *_: None, torch.device(compute.device))
    go_through(states, registry, write, compute, choose, record)


def unlike(
    before: Mapping[tuple[str, str], float], measurements: Sequence[Measurement]
) -> str | None:
    """Why this isn't the model that was measured before, or None."""
    now = {(m.metric, m.subject): m.value for m in measurements}
    checked = [key for key in before if key[0] in CHECKED]
    if not checked:
        return "no accuracy is recorded that the model could be known by"
    for metric, subject in checked:
        old, new = before[metric, subject], now.get((metric, subject))
        if new != old:
            what = f"{metric} of {subject}" if subject else metric
            return (
                f"{what} is recorded as {old!r}, but the retrained model has {new!r}; replay where "
                "the study ran: same machine, libraries, precision, plug-ins and data"
            )
    return None
