"""How unevenly a run uses its modalities, measured against the truth or against an ensemble."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from mindgap.analysis.cells import Cell
from mindgap.analysis.curves import Measured, Values
from mindgap.analysis.reliance import modalities

#: A modality that the reference uses less than this is left out; also the floor of a utilisation.
NEGLIGIBLE = 0.02


def utilised(
    measured: Measured, cell: Cell, ensemble: Cell | None, strategy: str
) -> dict[int, Values]:
    """Seed -> log utilisation of each modality at the last round; only what can be told.

    Utilisation is a modality's Shapley value divided by that of the Bayes classifier where the
    truth is known, else by that of the unimodal ensemble with the same strategy and seed.
    """
    runs = cell.runs[strategy]
    if cell.card.get("truth"):
        names = measured.subjects("utilisation", set(runs.values()))
        used = {
            seed: _last(measured, "utilisation", names, run, cell.rounds)
            for seed, run in runs.items()
        }
    else:
        used = _beside(measured, cell, ensemble, strategy)
    return {
        seed: np.log(np.maximum(values, NEGLIGIBLE))
        for seed, values in used.items()
        if len(values) > 1 and np.isfinite(values).all()
    }


def _beside(
    measured: Measured, cell: Cell, ensemble: Cell | None, strategy: str
) -> dict[int, Values]:
    """Seed -> Shapley values divided by the ensemble's, where those are worth it on average."""
    theirs = ensemble.runs.get(strategy, {}) if ensemble is not None else {}
    shared = sorted(cell.runs[strategy].keys() & theirs.keys())
    if ensemble is None or not shared:
        return {}
    names = modalities(measured, cell)
    own, other = (
        np.array([_last(measured, "shapley", names, runs[s], c.rounds) for s in shared])
        for c, runs in ((cell, cell.runs[strategy]), (ensemble, theirs))
    )
    kept = other.mean(axis=0) >= NEGLIGIBLE
    divided = own[:, kept] / np.maximum(other[:, kept], NEGLIGIBLE)
    return dict(zip(shared, divided, strict=True))


def imbalance(used: Values) -> float:
    """Log of the largest over the smallest utilisation: at least 0, whatever chance does."""
    return float(used.max() - used.min())


def ratios(used: dict[int, Values]) -> dict[tuple[int, int], dict[int, float]]:
    """Pair of modalities -> seed -> log of the first's over the second's utilisation.

    The first is the one used more on average. Of models that are unbalanced by chance only, each
    seed in its own direction, these are around 0, where `imbalance` is positive.
    """
    if not used:
        return {}
    average = np.mean(list(used.values()), axis=0)
    pairs = combinations(sorted(range(len(average)), key=lambda m: -average[m]), 2)
    return {
        (most, least): {seed: float(one[most] - one[least]) for seed, one in used.items()}
        for most, least in pairs
    }


def _last(measured: Measured, metric: str, names: list[str], run: str, rounds: int) -> Values:
    return np.array([measured.curve(metric, name, run, rounds)[-1] for name in names])
