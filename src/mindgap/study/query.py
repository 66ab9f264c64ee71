"""Let the strategies of a round choose, each seeing what it required and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from mindgap.learners import Fleet, Parameters, predict
from mindgap.seeding import stream
from mindgap.strategies import ORACLE, Pool, Selection, Validation, checked, required
from mindgap.study.blocks import blocks
from mindgap.study.guard import Failure, guarded
from mindgap.study.state import State, clock, of_models, of_run
from mindgap.study.trial import trial


def select(
    states: Sequence[State], place: Sequence[int], parameters: Parameters, fleet: Fleet
) -> list[Selection | Failure]:
    """Group runs by what their strategies ask for, and serve them in blocks that fit in memory."""
    groups: dict[tuple[int, frozenset[str]], list[int]] = defaultdict(list)
    results: dict[int, Selection | Failure] = {}
    for i, state in enumerate(states):
        want = guarded(f"strategy {state.run.strategy}", required, state.strategy)
        if isinstance(want, Failure):
            results[i] = want
        else:
            groups[state.environment.number, want].append(i)
    for (_, wanted), members in groups.items():
        environment = states[members[0]].environment
        samples, modelled = environment.pool_samples, wanted - ORACLE.keys()
        asking = f"learner {states[members[0]].run.learner}, asked for {', '.join(sorted(wanted))}"
        cut = guarded(asking, blocks, members, parameters, fleet.network, samples, modelled)
        if isinstance(cut, Failure):
            results.update(dict.fromkeys(members, cut))
            continue
        for block in cut:
            with clock([states[i] for i in block], "predict"):
                part = of_models(parameters, [place[i] for i in block])
                keys = [states[i].row().key for i in block]
                served = guarded(asking, predict, fleet.network, part, samples, modelled, keys)
            for r, i in enumerate(block):
                if isinstance(served, Failure):
                    results[i] = served
                    continue
                answers = {key: of_run(value, r) for key, value in served.items()}
                with clock([states[i]], "select"):
                    results[i] = guarded(
                        f"strategy {states[i].run.strategy}",
                        _ask,
                        states[i],
                        wanted,
                        answers,
                        fleet,
                    )
    return [results[i] for i in range(len(states))]


def _ask(state: State, wanted: Set[str], served: Mapping[str, Any], fleet: Fleet) -> Selection:
    """The strategy gets copies: what it writes into them changes neither the run nor the guard."""
    environment = state.environment
    pool = Pool(
        names=environment.pool.names,
        n_classes=len(environment.pool.classes),
        observed=environment.pool.observed.to(environment.device),
        labelled=state.labelled.to(environment.device),
        labels=state.labels.to(environment.device),
        candidates=state.candidates().to(environment.device),
        served=served,
    )
    lent = replace(
        pool,
        observed=pool.observed.clone(),
        labelled=pool.labelled.clone(),
        labels=pool.labels.clone(),
        candidates=pool.candidates.clone(),
        validation=Validation(*(_copy(part, environment.device) for part in state.validation)),
        history=[
            replace(
                past,
                rows=_copy(past.rows, environment.device),
                trace=None if past.trace is None else _copy(past.trace, environment.device),
            )
            for past in state.history
        ],
    )
    if "true_posterior" in wanted:
        lent = replace(
            lent, served={**served, "true_posterior": environment.true_posterior.clone()}
        )
    if "true_labels" in wanted:
        revealed = environment.labels.label(torch.arange(len(pool.observed)))
        truth = one_hot(revealed, pool.n_classes).float().to(environment.device)
        lent = replace(lent, served={**lent.served, "true_labels": truth})
    if "trial" in wanted:
        lent = replace(lent, served={**lent.served, "trial": trial(state, fleet)})
    n = min(state.run.query, len(pool.candidates))
    chosen = state.strategy.select(lent, n, stream(*state.query_key, state.round))
    chosen = checked(chosen, pool, n)
    # made anew, and on the CPU whatever default device the strategy may have left
    return Selection(
        torch.tensor(chosen.rows.tolist(), dtype=torch.int64, device="cpu"),
        torch.tensor(chosen.scores.tolist(), dtype=torch.float64, device="cpu"),
        None
        if chosen.trace is None or n == 0
        else torch.tensor(chosen.trace.tolist(), dtype=torch.float64, device="cpu"),
    )


def _copy(value: Tensor, device: torch.device) -> Tensor:
    return value.to(device).clone()
