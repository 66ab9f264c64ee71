"""Means over seeds, and differences paired by seed, with t intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

#: Of every interval.
CONFIDENCE = 0.95

#: Differences that vary by less are taken as equal: rounding, not chance.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Mean:
    """A mean over seeds and its two-sided 95 % t interval; NaN where there is none.

    Attributes:
        n: seeds that it rests on; one alone has no interval.
    """

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Difference:
    """A mean of paired differences, its two-sided 95 % t interval and the paired t test's p value.

    Attributes:
        n: pairs.
    """

    mean: float
    low: float
    high: float
    p: float
    n: int


def mean(values: ArrayLike) -> Mean:
    """Mean over seeds; values that aren't finite are left out, and `n` says so.

    Args:
        values: one a seed, [n].
    """
    array = np.asarray(values, dtype=float)
    kept = array[np.isfinite(array)]
    if len(kept) == 0:
        return Mean(np.nan, np.nan, np.nan, 0)
    centre = float(kept.mean())
    half = _half_width(kept)
    return Mean(centre, centre - half, centre + half, len(kept))


def difference(values: ArrayLike, reference: ArrayLike) -> Difference:
    """Mean of values - reference, paired by position (the seed).

    A pair with a value that isn't finite is left out. With fewer than two pairs there is no
    interval and no p value. If all differences are 0, the interval is [0, 0] and p is 1. If all
    are equal and not 0, there is neither: chance can't be judged from differences that don't vary.

    Args:
        values: one a seed, [n].
        reference: of the same seeds in the same order, [n].
    """
    pairs = np.asarray(values, dtype=float) - np.asarray(reference, dtype=float)
    kept = pairs[np.isfinite(pairs)]
    n = len(kept)
    centre = float(kept.mean()) if n else np.nan
    if n < 2:
        return Difference(centre, np.nan, np.nan, np.nan, n)
    if np.ptp(kept) <= ROUNDING:
        if abs(centre) <= ROUNDING:
            return Difference(0.0, 0.0, 0.0, 1.0, n)
        return Difference(centre, np.nan, np.nan, np.nan, n)
    half = _half_width(kept)
    t = centre / (kept.std(ddof=1) / np.sqrt(n))
    p = float(2 * special.stdtr(n - 1, -abs(t)))
    return Difference(centre, centre - half, centre + half, p, n)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjusted p values, in the order given (Holm 1979).

    The k-th smallest of m is multiplied by m - k + 1, made monotone, and capped at 1. NaN stays
    NaN and isn't counted.
    """
    adjusted = [np.nan] * len(p)
    tested = sorted((i for i in range(len(p)) if np.isfinite(p[i])), key=lambda i: p[i])
    largest = 0.0
    for rank, i in enumerate(tested):
        largest = max(largest, min(1.0, (len(tested) - rank) * p[i]))
        adjusted[i] = largest
    return adjusted


def _half_width(values: np.ndarray) -> float:
    n = len(values)
    if n < 2:
        return np.nan
    quantile = special.stdtrit(
        n - 1, (1 + CONFIDENCE) / 2
    )  # as stats.t.ppf, in a tenth of the time
    return float(quantile * values.std(ddof=1) / np.sqrt(n))
