"""Missing modalities: which samples are bought, and accuracy on each pattern of the test set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mindgap.analysis.cells import Cell
from mindgap.analysis.comparison import last
from mindgap.analysis.curves import Measured
from mindgap.analysis.paired import Mean, mean


@dataclass(frozen=True)
class Pattern:
    """Accuracy on test samples of one kind, at the last round compared.

    Attributes:
        subject: "natural", "complete" or "pattern:a+b".
        bayes: the Bayes accuracy with these modalities; None if the truth isn't known.
    """

    subject: str
    bayes: float | None
    accuracy: Mapping[str, Mean]


def incomplete_pool(cell: Cell) -> float | None:
    """Share of the pool that lacks a modality; None if the card doesn't say."""
    shares = cell.card.get("patterns")
    if not shares:
        return None
    everything = "+".join(cell.card["modalities"])
    return float(sum(share for pattern, share in shares.items() if pattern != everything))


def incomplete_chosen(measured: Measured, cell: Cell) -> dict[str, Mean]:
    """Share of the chosen samples that lack a modality, by strategy, over the rounds compared."""
    if not cell.card.get("modalities"):
        return {}
    everything = "+".join(cell.card["modalities"])
    shares = {}
    for name in cell.runs:
        of_seeds = []
        for run in cell.of(name):
            chosen = [c for c in measured.chosen.get(run, ()) if c.round < cell.rounds]
            total = sum(c.samples for c in chosen)
            incomplete = sum(c.samples for c in chosen if c.observed != everything)
            of_seeds.append(incomplete / total if total else np.nan)
        shares[name] = mean(of_seeds)
    return {name: share for name, share in shares.items() if share.n}


def patterns(measured: Measured, cell: Cell) -> list[Pattern]:
    """Natural mix, complete samples, then every pattern; empty if nothing is ever missing."""
    runs = {run for name in cell.runs for run in cell.of(name)}
    subjects = measured.subjects("accuracy", runs)
    if not any(subject.startswith("pattern:") for subject in subjects):
        return []
    truth = cell.card.get("truth") or {}
    bayes: dict[str, float | None] = {
        f"pattern:{subset}": value for subset, value in truth.get("bayes_accuracy", {}).items()
    }
    everything = "pattern:" + "+".join(cell.card.get("modalities", ()))
    bayes |= {"natural": truth.get("bayes_natural"), "complete": bayes.get(everything)}
    kinds: list[str] = [s for s in ("natural", "complete") if s in subjects]
    kinds += [s for s in subjects if s.startswith("pattern:") and s != everything]
    return [
        Pattern(
            subject,
            bayes.get(subject),
            {name: last(measured, cell, name, "accuracy", subject) for name in cell.runs},
        )
        for subject in kinds
    ]
