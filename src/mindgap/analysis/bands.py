"""Bootstrap bands over seeds; for drawing only, no number on the page comes from them."""

from __future__ import annotations

import numpy as np

from mindgap.analysis.curves import Values
from mindgap.analysis.paired import CONFIDENCE
from mindgap.seeding import stream

RESAMPLES = 2000


def band(curves: Values, *key: str | int) -> tuple[Values, Values] | None:
    """Percentile interval of the mean curve, whole curves drawn with replacement.

    With few seeds it is narrower than the truth warrants (about n-1 over n in variance), which is
    why tests and intervals use t instead. The same key draws the same band.

    Args:
        curves: one a seed, [n, T].
        key: names the random stream.

    Returns:
        low [T] and high [T], or None for fewer than two seeds.
    """
    n = len(curves)
    if n < 2:
        return None
    draws = stream("band", *key).integers(n, size=(RESAMPLES, n))
    weights = np.stack([(draws == seed).sum(axis=1) for seed in range(n)], axis=1) / n
    outside = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(weights @ curves, [outside, 100 - outside], axis=0)
    return low, high
