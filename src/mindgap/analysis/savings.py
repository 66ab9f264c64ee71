"""Labels saved: how many a strategy needs for the accuracy that random ends with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from mindgap.analysis.asked import REFERENCE
from mindgap.analysis.cells import Cell
from mindgap.analysis.comparison import accuracy
from mindgap.analysis.curves import Measured, Values
from mindgap.analysis.paired import CONFIDENCE, ROUNDING


@dataclass(frozen=True)
class Saving:
    """Labels that one strategy needs for random's final accuracy, on the natural mix.

    A curve that never gets there within the study is *censored*: it needs more than `last`, and
    nobody knows how many more. Here that is infinity. It counts in every summary as what it is,
    larger than `last`: leaving censored seeds out would keep the lucky ones only, and taking them
    for `last` would make a strategy look better the worse it is. The median can bear it, a mean
    couldn't.

    Everything is the first crossing of a curve that goes straight between budgets. A noisy curve
    crosses early by luck, so random itself is read by the same rule, and `saved` is the difference
    of two first crossings: a strategy that does as random does saves nothing on average, even
    where curves are flat.

    Attributes:
        strategy: random has its own row, never censored. Where two strategies or folders are
            compared, "random" is the second of them.
        level: random's final accuracy, mean over the seeds.
        last: labels at the last round compared.
        curve: labels at which the mean curve over seeds reaches `level`; inf if it never does.
        saved: `curve` of random less that; -inf where it never does; NaN if nothing was measured.
        needed: seed -> labels at which its curve reaches random's final accuracy in the same seed.
        median: of these; inf if half of the seeds or more never get there.
        low, high: its distribution-free interval of at least 95 % (order statistics); NaN with
            fewer than 6 seeds, which have none. `high` is inf where it may be beyond `last`.
        saved_median: median over seeds of what random needs less what the strategy needs; a
            censored seed counts as the lowest of all.
        saved_low, saved_high: its interval, likewise.
    """

    strategy: str
    level: float
    last: int
    curve: float
    saved: float
    needed: Mapping[int, float]
    median: float
    low: float
    high: float
    saved_median: float
    saved_low: float
    saved_high: float

    @property
    def n(self) -> int:
        """Seeds."""
        return len(self.needed)

    @property
    def reached(self) -> int:
        """Seeds that get there; the rest are censored."""
        return int(np.isfinite(list(self.needed.values())).sum())


def first_crossing(labels: Sequence[int], values: ArrayLike, level: float) -> float:
    """Labels at which a curve first is at `level` or above, straight between budgets; inf if never.

    Args:
        labels: at each measurement, ascending, [T].
        values: [T].
    """
    heights = np.asarray(values, dtype=float)
    (at,) = np.nonzero(heights >= level - ROUNDING)
    if len(at) == 0:
        return np.inf
    i = int(at[0])
    if i == 0:
        return float(labels[0])
    share = (level - heights[i - 1]) / (heights[i] - heights[i - 1])
    return float(labels[i - 1] + share * (labels[i] - labels[i - 1]))


def median_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Median and its order-statistics interval of at least 95 %; infinite values are in order too.

    The k-th smallest and largest of n hold the median with chance 1 - 2 P(Binomial(n, 1/2) < k).
    Of an even number with an infinite upper middle, the median is infinite.
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    n = len(ordered)
    if n == 0:
        return np.nan, np.nan, np.nan
    lower, upper = float(ordered[(n - 1) // 2]), float(ordered[n // 2])
    middle = lower if lower == upper else (lower + upper) / 2
    k = int(stats.binom.ppf((1 - CONFIDENCE) / 2, n, 0.5))
    if k < 1:
        return middle, np.nan, np.nan
    return middle, float(ordered[k - 1]), float(ordered[n - k])


def savings(measured: Measured, cell: Cell) -> list[Saving]:
    """One for each strategy, random first; none where there is no random to save against."""
    if not cell.has_reference:
        return []
    curves = {
        name: dict(zip(cell.seeds(name), accuracy(measured, cell, name), strict=True))
        for name in cell.runs
    }
    found = [saving(name, cell.labels, own, curves[REFERENCE]) for name, own in curves.items()]
    return [one for one in found if one is not None]


def saving(
    strategy: str,
    labels: Sequence[int],
    own: Mapping[int, Values],
    theirs: Mapping[int, Values],
) -> Saving | None:
    """Of one strategy against another; None if no seed has both curves whole.

    Args:
        labels: at each measurement, [T].
        own, theirs: seed -> accuracy, [T].
    """
    seeds = [
        seed
        for seed in sorted(own.keys() & theirs.keys())
        if np.isfinite([own[seed], theirs[seed]]).all()
    ]
    if not seeds:
        return None
    needed, saved = {}, []
    for seed in seeds:
        level = theirs[seed][-1]
        needed[seed] = first_crossing(labels, own[seed], level)
        saved.append(first_crossing(labels, theirs[seed], level) - needed[seed])
    mine, reference = (np.mean([each[seed] for seed in seeds], axis=0) for each in (own, theirs))
    level = float(reference[-1])
    curve = first_crossing(labels, mine, level)
    return Saving(
        strategy,
        level,
        labels[-1],
        curve,
        first_crossing(labels, reference, level) - curve,
        needed,
        *median_interval(list(needed.values())),
        *median_interval(saved),
    )


def needed(labels: float, last: int) -> str:
    """Labels in words: `> 500` where they are more than the study has, "" where nobody knows."""
    if np.isnan(labels):
        return ""
    return f"{labels:.0f}" if np.isfinite(labels) else f"> {last}"
