"""The full-pool model, and how much of the way to it a strategy goes beyond random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from mindgap.analysis.asked import REFERENCE
from mindgap.analysis.cells import Cell
from mindgap.analysis.comparison import accuracy, areas
from mindgap.analysis.curves import Measured
from mindgap.analysis.paired import CONFIDENCE, Difference, Mean, difference, mean

if TYPE_CHECKING:
    from mindgap.analysis.study import Analysis

#: Fewer seeds decide nothing.
FEWEST = 3


@dataclass(frozen=True)
class Gain:
    """Normalised gain: (AUBC - random's AUBC) / (full-pool accuracy - random's AUBC).

    0 is random, 1 is what the full-pool model has, from the first label on; below 0 is worse than
    random. A ratio of means over seeds, with Fieller's interval (1954), which takes the chance in
    both of them into account.

    Attributes:
        n: seeds that random, the strategy and the full-pool model share.
    """

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Ceiling:
    """The same learner trained on the whole pool of the same task; not the Bayes classifier, which
    it may stay far below.

    Attributes:
        full: its accuracy on the natural mix of samples, on the seeds that random has too.
        gap: that less random's AUBC, paired by seed; None where nothing is to be compared.
        why: why gains are not said; "" where they are. They are where the paired t interval of
            `gap` over three seeds or more is above 0: else gains would be shares of nothing.
        gains: by strategy.
    """

    full: Mean
    gap: Difference | None
    why: str
    gains: Mapping[str, Gain]


def whole(full: Analysis, cell: Cell) -> tuple[Cell | None, str]:
    """Where a task and learner were trained on the whole pool, or why that isn't to be had."""
    found = {(c.cell.task, c.cell.learner): c.cell for c in full.compared}
    there = found.get((cell.task, cell.learner))
    if there is None or REFERENCE not in there.runs:
        return None, f"not trained on the full pool with {REFERENCE}"
    size = there.card.get("pool")
    if size is not None and there.labels[-1] < size:
        return None, f"what is meant for the full pool learned from {there.labels[-1]} of {size}"
    return there, ""


def ceiling(measured: Measured, cell: Cell, full: Analysis) -> Ceiling:
    """Gains of all strategies of a task and learner, or why there are none."""
    nobody = mean([])
    there, why = whole(full, cell)
    if there is None:
        return Ceiling(nobody, None, why, {})
    if not cell.has_reference:
        return Ceiling(nobody, None, f"{REFERENCE} was not measured", {})
    best = accuracy(full.measured, there, REFERENCE)[:, -1]
    top = dict(zip(there.seeds(REFERENCE), best.tolist(), strict=True))
    theirs = areas(measured, cell, REFERENCE)
    seeds = sorted(top.keys() & theirs.keys())
    gap = difference([top[s] for s in seeds], [theirs[s] for s in seeds])
    reached = mean([top[s] for s in seeds])
    if gap.n < FEWEST:
        return Ceiling(reached, gap, f"{gap.n} seeds are shared; {FEWEST} are needed", {})
    if not gap.low > 0:
        why = f"the full-pool model is not clearly better than {REFERENCE}"
        return Ceiling(reached, gap, why, {})
    gains = {}
    for name in cell.runs:
        if name != REFERENCE:
            own = areas(measured, cell, name)
            shared = [s for s in seeds if s in own]
            ahead = [own[s] - theirs[s] for s in shared]
            gains[name] = ratio(ahead, [top[s] - theirs[s] for s in shared])
    return Ceiling(reached, gap, "", gains)


def ratio(numerators: ArrayLike, denominators: Sequence[float] | ArrayLike) -> Gain:
    """Mean of the first over mean of the second, paired, with Fieller's 95 % interval.

    The interval holds every r for which numerators - r * denominators has a mean that a t test
    can't tell from 0. It is bounded where the denominators' own mean can be told from 0; elsewhere
    it is NaN.

    Args:
        numerators, denominators: one a seed, [n]; pairs that aren't finite are left out.
    """
    pairs = np.stack([np.asarray(numerators, float), np.asarray(denominators, float)])
    pairs = pairs[:, np.isfinite(pairs).all(axis=0)]
    n = pairs.shape[1]
    if n == 0 or pairs[1].mean() == 0:
        return Gain(np.nan, np.nan, np.nan, n)
    x, y = pairs.mean(axis=1)
    value = float(x / y)
    if n < 2:
        return Gain(value, np.nan, np.nan, n)
    limit = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) ** 2
    (xx, xy), (_, yy) = np.cov(pairs) / n * limit
    a, b, c = y * y - yy, x * y - xy, x * x - xx
    if a <= 0:
        return Gain(value, np.nan, np.nan, n)
    half = float(np.sqrt(max(b * b - a * c, 0.0)) / a)
    return Gain(value, float(b / a) - half, float(b / a) + half, n)
