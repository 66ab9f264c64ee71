"""Two strategies, or two results folders: which is ahead, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from mindgap.analysis.budgets import rounds_tested
from mindgap.analysis.cells import Cell
from mindgap.analysis.comparison import ALPHA
from mindgap.analysis.curves import Values, aubc
from mindgap.analysis.paired import Difference, difference, mean
from mindgap.analysis.savings import Saving, saving
from mindgap.analysis.study import Analysis

#: Chance of finding a difference that is as large as the one seen.
POWER = 0.8

#: More seeds than this aren't counted.
MOST = 1000


@dataclass(frozen=True)
class Moment:
    """Accuracy of both after so many labels, over the seeds that both have."""

    labels: int
    first: float
    second: float
    found: Difference


@dataclass(frozen=True)
class Versus:
    """One task and learner.

    Attributes:
        strategy: of both, where folders are compared; else "".
        first, second: mean AUBC over the seeds that both have.
        found: first minus second, paired by seed.
        more: further seeds that a test would need to tell them apart if the difference stays what
            it is; 0 where it does already, None where no number up to 1000 will do.
        budgets: after the first query, in the middle and at the end; p is uncorrected.
        saving: labels that the first needs for the second's final accuracy; None if no seed is
            shared.
    """

    task: str
    learner: str
    strategy: str
    first: float
    second: float
    found: Difference
    more: int | None
    budgets: tuple[Moment, ...]
    saving: Saving | None

    @property
    def ahead(self) -> int:
        """1 if the first is, -1 if the second is, 0 if neither is shown to be."""
        if not self.found.p < ALPHA:
            return 0
        return 1 if self.found.mean > 0 else -1


def strategies(analysis: Analysis, first: str, second: str) -> list[Versus]:
    """Wherever both were measured."""
    return [
        _versus(cell, "", cell.labels, *(_curves(analysis, cell, n) for n in (first, second)))
        for cell in (compared.cell for compared in analysis.compared)
        if first in cell.runs and second in cell.runs
    ]


def folders(first: Analysis, second: Analysis) -> Iterator[Versus]:
    """Every task, learner and strategy that both have, over the labels that both have."""
    theirs = {(c.cell.task, c.cell.learner): c.cell for c in second.compared}
    for cell in (compared.cell for compared in first.compared):
        other = theirs.get((cell.task, cell.learner))
        if other is None:
            continue
        rounds = _common(cell.labels, other.labels)
        if not rounds:
            continue
        for name in cell.runs:
            if name in other.runs:
                mine = _curves(first, cell, name, rounds)
                its = _curves(second, other, name, rounds)
                yield _versus(cell, name, cell.labels[:rounds], mine, its)


def over_tasks(found: Sequence[Versus]) -> Difference:
    """The mean difference with a task as one block, however many learners and strategies it has."""
    tasks: dict[str, list[float]] = {}
    for one in found:
        tasks.setdefault(one.task, []).append(one.found.mean)
    means = [mean(each).value for each in tasks.values()]
    return difference(means, np.zeros(len(means)))


def more_seeds(found: Difference) -> int | None:
    """See `Versus.more`; by the power of the paired t test (noncentral t)."""
    if found.p < ALPHA:
        return 0
    if found.n < 2 or not found.high > found.low or found.mean == 0:
        return None
    half = stats.t.ppf(0.975, found.n - 1)
    deviation = (found.high - found.low) / 2 / half * np.sqrt(found.n)
    counts = np.arange(2, MOST + found.n + 1)
    centre = abs(found.mean) / deviation * np.sqrt(counts)
    limit = stats.t.ppf(1 - ALPHA / 2, counts - 1)
    power = stats.nct.sf(limit, counts - 1, centre) + stats.nct.cdf(-limit, counts - 1, centre)
    enough = counts[power >= POWER]
    return max(1, int(enough[0]) - found.n) if len(enough) else None


def _curves(
    analysis: Analysis, cell: Cell, strategy: str, rounds: int | None = None
) -> dict[int, Values]:
    """Seed -> accuracy on the natural mix at each of the first rounds."""
    count = len(cell.labels[:rounds])
    return {
        seed: analysis.measured.curve("accuracy", "natural", run, count)
        for seed, run in cell.runs[strategy].items()
    }


def _versus(
    cell: Cell,
    strategy: str,
    labels: Sequence[int],
    first: Mapping[int, Values],
    second: Mapping[int, Values],
) -> Versus:
    seeds = sorted(first.keys() & second.keys())
    one, other = ([aubc(labels, curves[s]) for s in seeds] for curves in (first, second))
    found = difference(one, other)
    moments = [
        Moment(labels[i], *_means(*at), difference(*at))
        for i in rounds_tested(len(labels))
        for at in [[[curves[s][i] for s in seeds] for curves in (first, second)]]
    ]
    return Versus(
        cell.task,
        cell.learner,
        strategy,
        *_means(one, other),
        found,
        more_seeds(found),
        tuple(moments),
        saving(strategy, labels, first, second),
    )


def _means(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """NaN of nothing."""
    return mean(one).value, mean(other).value


def _common(labels: Sequence[int], others: Sequence[int]) -> int:
    """How many rounds have the same labels, from the first on."""
    alike = [one == other for one, other in zip(labels, others, strict=False)]
    return next((i for i, same in enumerate(alike) if not same), len(alike))
