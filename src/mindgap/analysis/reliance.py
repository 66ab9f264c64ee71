"""How models use their modalities, beside what the truth prescribes and what the control shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mindgap.analysis.cells import Cell
from mindgap.analysis.comparison import last
from mindgap.analysis.curves import Measured
from mindgap.analysis.paired import Difference, Mean, difference, mean

PER_MODALITY = ("accuracy_only", "accuracy_without", "shapley", "utilisation")


@dataclass(frozen=True)
class Reliance:
    """One balance metric at the last round compared.

    Attributes:
        subject: modality or label bit, "" where the metric has one value.
        prescribed: by the scenario's truth; None if it isn't known or prescribes nothing.
        measured: by strategy.
        control: the same in the control scenario, by strategy, where it was measured there after
            as many labels.
    """

    metric: str
    subject: str
    prescribed: float | None
    measured: Mapping[str, Mean]
    control: Mapping[str, Mean]


def modalities(measured: Measured, cell: Cell) -> list[str]:
    """In the card's order; without a card those that were measured, sorted."""
    return list(cell.card.get("modalities", ())) or measured.subjects(
        "accuracy_only", {run for name in cell.runs for run in cell.of(name)}
    )


def reliance(measured: Measured, cell: Cell, control: Cell | None) -> list[Reliance]:
    """Modality by modality, then imbalance and label bits; what wasn't measured is left out."""
    names = modalities(measured, cell)
    truth = cell.card.get("truth") or {}
    wanted = [(metric, name) for name in names for metric in PER_MODALITY]
    wanted += [("imbalance", ""), *(("kappa", bit["name"]) for bit in truth.get("bits", ()))]
    if control is not None and control.labels[-1] != cell.labels[-1]:
        control = None
    found = []
    for metric, subject in wanted:
        of_cell = _by_strategy(measured, cell, metric, subject)
        if not of_cell:
            continue
        of_control = _by_strategy(measured, control, metric, subject) if control else {}
        found.append(
            Reliance(
                metric, subject, prescribed(truth, names, metric, subject), of_cell, of_control
            )
        )
    return found


def prescribed(
    truth: Mapping[str, Any], names: list[str], metric: str, subject: str
) -> float | None:
    """What a perfect learner's value is, from the card's truth; None without one."""
    if not truth:
        return None
    ideal: dict[str, float | None] = {
        "accuracy_only": truth["bayes_accuracy"].get(subject),
        "accuracy_without": truth["bayes_accuracy"].get(
            "+".join(name for name in names if name != subject)
        ),
        "shapley": truth["shapley"].get(subject),
        "utilisation": 1.0,
        "imbalance": 0.0,
        "kappa": 1.0,
    }
    return ideal[metric]


def least_used(found: list[Reliance], strategy: str) -> tuple[str, Mean] | None:
    """The modality of least utilisation, None where utilisation isn't known."""
    used = [
        (entry.subject, entry.measured[strategy])
        for entry in found
        if entry.metric == "utilisation" and strategy in entry.measured
    ]
    return min(used, key=lambda pair: pair[1].value, default=None)


def against_control(
    measured: Measured, cell: Cell, control: Cell, metric: str, subject: str
) -> tuple[Mean, Mean, Difference]:
    """A metric here, in the control, and their difference, paired by seed.

    A scenario and its control share samples, initial sets and weights by seed. Each seed's value
    is the mean over the strategies that both have, on the seeds that all of these have in both.
    """
    shared = [name for name in cell.runs if name in control.runs]
    seeds = set.intersection(
        *([set(c.seeds(name)) for name in shared for c in (cell, control)] or [set()])
    )
    values = [
        [
            np.mean(
                [
                    measured.curve(metric, subject, c.runs[name][seed], c.rounds)[-1]
                    for name in shared
                ]
            )
            for seed in sorted(seeds)
        ]
        for c in (cell, control)
    ]
    return mean(values[0]), mean(values[1]), difference(*values)


def _by_strategy(measured: Measured, cell: Cell, metric: str, subject: str) -> dict[str, Mean]:
    values = {name: last(measured, cell, name, metric, subject) for name in cell.runs}
    return {name: value for name, value in values.items() if value.n}
