"""Measure what a query chose, by what the loop knows of its pool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from mindgap.learners import Network, Parameters, Samples, predict
from mindgap.metrics import (
    Measurement,
    aleatoric_waste,
    cell_coverage,
    classes,
    dominance,
    epistemic_yield,
    lift,
    patterns,
)
from mindgap.strategies import Selection

if TYPE_CHECKING:
    from mindgap.study.state import State


@dataclass(frozen=True)
class Query:
    """One run's choice, before it is labelled.

    Attributes:
        network, parameters: the model that it was made with, (1, ...).
    """

    state: State
    selection: Selection
    network: Network
    parameters: Parameters

    @cached_property
    def candidates(self) -> Tensor:
        return self.state.candidates()

    @cached_property
    def chosen(self) -> Tensor:
        """Which of the candidates were."""
        return torch.isin(self.candidates, self.selection.rows)

    def says(self, want: str, rows: Tensor) -> Any:
        """What the model answers about rows of the pool."""
        environment = self.state.environment
        samples = Samples.of(environment.pool.take(rows)).to(environment.device)
        answer = predict(self.network, self.parameters, samples, {want})[want]
        if isinstance(answer, dict):
            return {key: part[0].cpu() for key, part in answer.items()}
        return answer[0].cpu()


def selected(query: Query) -> list[Measurement]:
    """What is always measured; nothing where nothing was chosen."""
    if len(query.selection.rows) == 0:
        return []
    environment, rows = query.state.environment, query.selection.rows
    pool, candidates = environment.pool, query.candidates
    found = patterns(pool.observed[rows], pool.observed[candidates], pool.names)
    if (pool.labels >= 0).all():
        found += classes(pool.labels[rows], pool.labels[candidates], len(pool.classes))
    if (posterior := environment.known_posterior) is not None:
        found += aleatoric_waste(posterior[rows], posterior[candidates])
    if (known := environment.known_latent) is None:
        return found
    for name, lost in known.corrupted.items():
        marked = torch.from_numpy(lost)
        found += lift("corruption_lift", name, marked[rows], marked[candidates])
    if known.conflicting is not None:
        marked = torch.from_numpy(known.conflicting)
        found += lift("shortcut_lift", "", marked[rows], marked[candidates])
    labelled = torch.cat([query.state.labelled, rows])
    for what in ("values", "sub_bits"):
        cells = torch.from_numpy(getattr(known, what))
        found += cell_coverage(what, cells[labelled], cells)
    return found


def _yield(query: Query) -> list[Measurement]:
    posterior = query.state.environment.known_posterior
    if posterior is None:
        return []
    model = query.says("probabilities", query.candidates)
    return epistemic_yield(posterior[query.candidates], model, query.chosen)


def _dominance(query: Query) -> list[Measurement]:
    pool = query.state.environment.pool
    complete = pool.observed[query.candidates].all(dim=1)
    if not complete.any():
        return []
    shown = query.says("subset_probabilities:token", query.candidates[complete])
    return dominance(shown, query.chosen[complete], pool.names)


#: What a study may ask for of a query, with what says how it is defined.
OF_QUERY: dict[str, tuple[Callable[..., Any], Callable[[Query], list[Measurement]]]] = {
    "epistemic_yield": (epistemic_yield, _yield),
    "dominance": (dominance, _dominance),
}


def asked_of(query: Query) -> list[Measurement]:
    """Every metric of a query that the study asks for."""
    if len(query.selection.rows) == 0:
        return []
    asked = [OF_QUERY[name][1] for name in query.state.run.metrics if name in OF_QUERY]
    return [found for measure in asked for found in measure(query)]
