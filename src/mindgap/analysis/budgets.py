"""Accuracy at every number of labels, and the difference to random at some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mindgap.analysis.asked import REFERENCE
from mindgap.analysis.cells import Cell
from mindgap.analysis.comparison import accuracy
from mindgap.analysis.curves import Measured
from mindgap.analysis.paired import Difference, Mean, difference, holm, mean


@dataclass(frozen=True)
class AtBudget:
    """Strategies after so many labels, on the natural mix of samples.

    Attributes:
        labels: labelled samples that the models have learned from.
        accuracy: by strategy, with its t interval over seeds.
        to_reference: by strategy, its paired difference to random's; empty at budgets that aren't
            tested, and where there is no random.
        p_holm: by strategy, p of that, adjusted for all strategies at all tested budgets of the
            same task and learner.
    """

    labels: int
    accuracy: Mapping[str, Mean]
    to_reference: Mapping[str, Difference]
    p_holm: Mapping[str, float]


def rounds_tested(rounds: int) -> list[int]:
    """The rounds at which strategies are tested against random: first query, middle, last.

    Before the first query all have the same model. Few, and fixed beforehand: of all budgets, one
    that flatters is found too easily.
    """
    return sorted({1, rounds // 2, rounds - 1} & set(range(1, rounds)))


def budgets(measured: Measured, cell: Cell) -> list[AtBudget]:
    """One for each round compared, in order."""
    curves = {name: accuracy(measured, cell, name) for name in cell.runs}
    found: dict[tuple[int, str], Difference] = {}
    if cell.has_reference:
        theirs = dict(zip(cell.seeds(REFERENCE), curves[REFERENCE], strict=True))
        for i in rounds_tested(cell.rounds):
            for name in cell.runs:
                if name != REFERENCE:
                    reference = [theirs[seed][i] for seed in cell.seeds(name)]
                    found[i, name] = difference(curves[name][:, i], reference)
    adjusted = dict(zip(found, holm([one.p for one in found.values()]), strict=True))
    return [
        AtBudget(
            labels,
            {name: mean(values[:, i]) for name, values in curves.items()},
            {name: one for (at, name), one in found.items() if at == i},
            {name: p for (at, name), p in adjusted.items() if at == i},
        )
        for i, labels in enumerate(cell.labels)
    ]


def ahead(budget: AtBudget, strategy: str) -> Difference | None:
    """A strategy's difference to random at this budget; None where it wasn't tested."""
    found = budget.to_reference.get(strategy)
    return found if found is not None and np.isfinite(found.mean) else None
