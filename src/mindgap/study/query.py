"""Let the strategies of a round choose, each seeing what it required and nothing else."""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from mindgap.learners import Network, Parameters, predict
from mindgap.seeding import stream
from mindgap.strategies import Pool, Selection, checked
from mindgap.study.state import Environment, State, clock, of_models, of_run

#: Bytes that predictions for strategies may take at a time.
MEMORY = 1_000_000_000


@dataclass(frozen=True)
class Failure:
    """What went wrong in one run; the others go on."""

    error: str
    traceback: str


def select(
    states: Sequence[State], place: Sequence[int], parameters: Parameters, network: Network
) -> list[Selection | Failure]:
    """Group runs by what their strategies ask for, and serve them in blocks that fit in memory."""
    groups: dict[tuple[int, frozenset[str]], list[int]] = defaultdict(list)
    for i, state in enumerate(states):
        groups[state.environment.number, frozenset(state.strategy.requires())].append(i)
    results: dict[int, Selection | Failure] = {}
    for (_, want), members in groups.items():
        environment = states[members[0]].environment
        for block in _blocks(members, environment, want, parameters, network):
            with clock([states[i] for i in block], "predict"):
                part = of_models(parameters, [place[i] for i in block])
                keys = [states[i].row().key for i in block]
                served = predict(network, part, environment.pool_samples, want, keys)
            for r, i in enumerate(block):
                with clock([states[i]], "select"):
                    results[i] = _ask(states[i], {k: of_run(v, r) for k, v in served.items()})
    return [results[i] for i in range(len(states))]


def _ask(state: State, served: Mapping[str, Any]) -> Selection | Failure:
    environment = state.environment
    candidates = state.candidates()
    pool = Pool(
        names=environment.pool.names,
        n_classes=len(environment.pool.classes),
        observed=environment.pool.observed.to(environment.device, copy=True),
        labelled=state.labelled.to(environment.device, copy=True),
        labels=state.labels.to(environment.device, copy=True),
        candidates=candidates.to(environment.device),
        served=served,
    )
    n = min(state.run.query, len(candidates))
    try:
        chosen = state.strategy.select(pool, n, stream(*state.query_key, state.round))
        return checked(chosen, pool, n)
    except Exception as error:  # a plug-in may raise anything
        told = f"strategy {state.run.strategy}: {type(error).__name__}: {error}"
        return Failure(told, traceback.format_exc())


def _blocks(
    members: Sequence[int],
    environment: Environment,
    want: Set[str],
    parameters: Parameters,
    network: Network,
) -> Iterator[Sequence[int]]:
    one = environment.pool_samples.slice(0, 1)
    answers = predict(network, of_models(parameters, [0]), one, want, [("size of an answer",)])
    bytes_a_sample = _bytes(answers)
    size = max(1, MEMORY // max(1, bytes_a_sample * len(environment.pool)))
    for start in range(0, len(members), size):
        yield members[start : start + size]


def _bytes(value: Any) -> int:
    if isinstance(value, Tensor):
        return value.nbytes
    if isinstance(value, list):  # functions of each run, which read the parameters there are
        return 0
    return sum(_bytes(part) for part in value.values())
