"""Each strategy against random, paired by seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mindgap.analysis.asked import REFERENCE
from mindgap.analysis.bootstrap import Drawn, over_seeds
from mindgap.analysis.cells import Cell
from mindgap.analysis.curves import Measured, Values, aubc
from mindgap.analysis.paired import Difference, Mean, difference, holm, mean

#: Significance is read from Holm's p at this level.
ALPHA = 0.05


@dataclass(frozen=True)
class Row:
    """One strategy of a task and learner; every number on the same seeds.

    Attributes:
        aubc: normalised area under the curve of the accuracy on the natural mix of samples.
        to_reference: its paired difference to random's; None for random and where there is none.
        p_holm: p adjusted for all strategies of this task and learner; NaN where there is no p.
        final, final_f1: accuracy and macro-F1 at the last round compared.
        drawn: bootstrap interval over seeds of `to_reference`'s mean, for drawing only; NaN where
            there is none.
    """

    strategy: str
    aubc: Mean
    to_reference: Difference | None
    p_holm: float
    final: Mean
    final_f1: Mean
    drawn: Drawn

    @property
    def verdict(self) -> int:
        """1 if better than random, -1 if worse, 0 if neither is shown at the 5 % level."""
        if self.to_reference is None or not self.p_holm < ALPHA:
            return 0
        return 1 if self.to_reference.mean > 0 else -1


def accuracy(measured: Measured, cell: Cell, strategy: str) -> Values:
    """Accuracy on the natural mix by seed and round, [n, T]."""
    curves = [measured.curve("accuracy", "natural", run, cell.rounds) for run in cell.of(strategy)]
    return np.array(curves).reshape(len(curves), cell.rounds)


def areas(
    measured: Measured, cell: Cell, strategy: str, rounds: int | None = None
) -> dict[int, float]:
    """Seed -> AUBC of the accuracy on the natural mix, of every seed that the strategy has.

    Args:
        rounds: how many of the first ones count; all that are compared if left out.
    """
    labels = cell.labels[:rounds]
    return {
        seed: aubc(labels, measured.curve("accuracy", "natural", run, len(labels)))
        for seed, run in cell.runs[strategy].items()
    }


def compare(measured: Measured, cell: Cell) -> list[Row]:
    """A row for every strategy, the reference first."""
    by_name = {}
    for name in cell.runs:
        every = areas(measured, cell, name)
        by_name[name] = {seed: every[seed] for seed in cell.seeds(name)}
    ahead = {
        name: [area - by_name[REFERENCE][seed] for seed, area in by_name[name].items()]
        for name in cell.runs
        if cell.has_reference and name != REFERENCE
    }
    differences = {name: difference(each, np.zeros(len(each))) for name, each in ahead.items()}
    adjusted = dict(
        zip(differences, holm([found.p for found in differences.values()]), strict=True)
    )
    return [
        Row(
            name,
            mean(list(by_name[name].values())),
            differences.get(name),
            adjusted.get(name, np.nan),
            last(measured, cell, name, "accuracy", "natural"),
            last(measured, cell, name, "macro_f1", "natural"),
            over_seeds(ahead.get(name, []), cell.task, cell.learner, name),
        )
        for name in cell.runs
    ]


def last(measured: Measured, cell: Cell, strategy: str, metric: str, subject: str) -> Mean:
    """A metric at the last round compared."""
    curves = [measured.curve(metric, subject, run, cell.rounds) for run in cell.of(strategy)]
    return mean([curve[-1] for curve in curves])
