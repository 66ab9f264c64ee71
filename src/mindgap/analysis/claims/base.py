"""A claim, and the tests that all of them rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from scipy import stats

from mindgap.analysis.cells import Cell
from mindgap.analysis.curves import Measured
from mindgap.analysis.paired import Difference, difference
from mindgap.analysis.utilised import imbalance, utilised

Verdict = Literal["supported", "contradicted", "undecided"]

#: The learner that is balanced by construction: unimodal networks, trained apart and averaged.
ENSEMBLE = "ume"

#: Fewer seeds or tasks decide nothing.
FEWEST = 3


@dataclass(frozen=True)
class Claim:
    """One claim about one task and learner, or, with scenario "", about all tasks of a learner.

    Attributes:
        effect: C1: log ratio of utilisations; C2: share of the gap to the balanced reference that
            the best strategy closes; C3: best multimodal minus best unimodal AUBC, each the best
            by other seeds.
        low, high: its 95 % interval, Fieller's for C2 in one task, else of t.
        n: seeds, or tasks where it is about all of them.
        controls: what was held against it, by name.
    """

    id: str
    scenario: str
    learner: str
    verdict: Verdict
    effect: float | None
    low: float | None
    high: float | None
    n: int
    reason: str
    controls: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the interval as a list, null where there is none."""
        found = asdict(self)
        found["interval"] = [found.pop("low"), found.pop("high")]
        return found


def is_ensemble(learner: str) -> bool:
    return learner.partition("[")[0] == ENSEMBLE


def above(found: Difference) -> bool:
    return found.n >= FEWEST and found.low > 0


def p_above(found: Difference, bound: float) -> float:
    """One-sided p of a mean above the bound."""
    if not found.high > found.low:  # no chance in it
        return 0.0 if found.mean > bound else 1.0
    half = stats.t.ppf(0.975, found.n - 1)
    error = (found.high - found.low) / (2 * half)
    return float(stats.t.sf((found.mean - bound) / error, found.n - 1))


def block_mean(blocks: Sequence[float]) -> Difference:
    return difference(blocks, np.zeros(len(blocks)))


def told_of(found: Difference) -> dict[str, Any]:
    return {"effect": found.mean, "interval": [found.low, found.high], "n": found.n}


def imbalances(
    measured: Measured, cell: Cell, ensemble: Cell | None, strategy: str
) -> dict[int, float]:
    used = utilised(measured, cell, ensemble, strategy)
    return {seed: imbalance(one) for seed, one in used.items()}


def claim(
    number: str, cell: Cell, verdict: Verdict, effect: Difference, why: str, told: dict[str, Any]
) -> Claim:
    return Claim(
        number,
        cell.task,
        cell.learner,
        verdict,
        effect.mean,
        effect.low,
        effect.high,
        effect.n,
        why,
        told,
    )


def undecided(
    number: str, cell: Cell, why: str, n: int = 0, controls: dict[str, Any] | None = None
) -> Claim:
    none = None
    return Claim(
        number, cell.task, cell.learner, "undecided", none, none, none, n, why, controls or {}
    )
