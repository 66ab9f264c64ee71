"""Measured values by run over labels, and the area under the budget curve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mindgap.study.results import Results

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """One run as far as it got; `labels` has the labelled samples in each finished round."""

    id: str
    task: str
    learner: str
    strategy: str
    seed: int
    family: str
    labels: tuple[int, ...]


class Chosen(NamedTuple):
    """How many samples with this observed pattern one round's query chose."""

    round: int
    observed: str
    samples: int


@dataclass(frozen=True)
class Measured:
    """What a results folder holds, by run.

    Attributes:
        runs: in the order of their ids.
        values: (metric, subject) -> run id -> value in each finished round, NaN where a round
            lacks it.
        chosen: run id -> what was chosen in each round.
    """

    runs: tuple[Run, ...]
    values: Mapping[tuple[str, str], Mapping[str, Values]]
    chosen: Mapping[str, tuple[Chosen, ...]]

    def curve(self, metric: str, subject: str, run: str, rounds: int) -> Values:
        """The first `rounds` values of a run, NaN where nothing was measured."""
        values = self.values.get((metric, subject), {}).get(run)
        return np.full(rounds, np.nan) if values is None else values[:rounds]

    def subjects(self, metric: str, runs: set[str]) -> list[str]:
        """What a metric was measured of in any of these runs, sorted."""
        return sorted(s for (m, s), by in self.values.items() if m == metric and runs & by.keys())


def measured(results: Results) -> Measured:
    """Read every curve of a results folder once."""
    with results.connect() as connection:
        rows = connection.sql("""
            select run, task, learner, strategy, seed, family, list(labels order by round)
            from rounds group by all order by run
        """).fetchall()
        runs = tuple(
            Run(run, task, learner, strategy, seed, family, tuple(labels))
            for run, task, learner, strategy, seed, family, labels in rows
        )
        length = {run.id: len(run.labels) for run in runs}
        table = connection.sql(
            "select metric, subject, run, round, value from metrics order by all"
        ).to_arrow_table()
        columns: dict[str, Any] = {name: table[name].to_numpy() for name in table.column_names}
        values: dict[tuple[str, str], dict[str, Values]] = {}
        keys = [columns[name] for name in ("metric", "subject", "run")]
        for first, last in _stretches(*keys):
            metric, subject, run = (str(key[first]) for key in keys)
            curve = np.full(length[run], np.nan)
            curve[columns["round"][first:last]] = columns["value"][first:last]
            values.setdefault((metric, subject), {})[run] = curve
        chosen: dict[str, list[Chosen]] = {}
        for run, *counted in connection.sql("""
            select run, round, observed, count(*) from selections group by all order by all
        """).fetchall():
            chosen.setdefault(run, []).append(Chosen(*counted))
    return Measured(runs, values, {run: tuple(rounds) for run, rounds in chosen.items()})


def _stretches(*columns: np.ndarray) -> Iterator[tuple[int, int]]:
    """Where rows begin and end that are equal in every one of these sorted columns."""
    if not len(columns[0]):
        return
    changed = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    ends = [0, *(np.flatnonzero(changed) + 1).tolist(), len(columns[0])]
    yield from pairwise(ends)


def aubc(labels: ArrayLike, values: ArrayLike) -> float:
    """Normalised area under the budget curve: trapezoids, the budget scaled to [0, 1].

    In the unit of the values, so that a flat curve's area is its height (Lüth et al. 2023,
    2301.10625). Without a budget to integrate over (one measurement) it is the mean value, the
    limit of an ever shorter budget. Any NaN gives NaN.

    Args:
        labels: labelled samples at each measurement, ascending, [T].
        values: [T].
    """
    budget, heights = np.asarray(labels, dtype=float), np.asarray(values, dtype=float)
    if budget[-1] == budget[0]:
        return float(heights.mean())
    return float(np.trapezoid(heights, budget) / (budget[-1] - budget[0]))
