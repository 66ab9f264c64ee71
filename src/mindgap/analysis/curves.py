"""Measured values by run over labels, and the area under the budget curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

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
        values: dict[tuple[str, str], dict[str, Values]] = {}
        for metric, subject, run, rounds, numbers in connection.sql("""
            select metric, subject, run, list(round order by round), list(value order by round)
            from metrics group by all order by all
        """).fetchall():
            curve = np.full(length[run], np.nan)
            curve[rounds] = np.asarray(numbers, dtype=float)
            values.setdefault((metric, subject), {})[run] = curve
        chosen: dict[str, list[Chosen]] = {}
        for run, *counted in connection.sql("""
            select run, round, observed, count(*) from selections group by all order by all
        """).fetchall():
            chosen.setdefault(run, []).append(Chosen(*counted))
    return Measured(runs, values, {run: tuple(rounds) for run, rounds in chosen.items()})


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
