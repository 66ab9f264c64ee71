"""A source with few values in the place of a continuous one: cells of its posterior."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

#: Unknowns of the convex problem that two quantised sources make, which bound the cells.
UNKNOWNS = 512

#: Samples that the cells are fitted on.
FITTED = 10_000


def quantised(
    posterior: Float[np.ndarray, "n K"], prior: Float[np.ndarray, " K"]
) -> Float[np.ndarray, "K cells"]:
    """P(y, cell) of samples' posteriors, put in cells by k-means on their square roots.

    In that metric what a cell forgets of y is about its variance (the Hellinger distance is the
    information's own to second order). The prior is exact, so two sources agree on it.
    """
    from sklearn.cluster import KMeans  # takes a while to import

    roots = np.sqrt(posterior)
    some = roots[:FITTED]
    n = min(UNKNOWNS // (2 * len(prior)), 128, len(np.unique(some.round(9), axis=0)))
    cell = KMeans(n, n_init=1, max_iter=50, random_state=0).fit(some).predict(roots)
    table = np.stack([np.bincount(cell, p, minlength=n) for p in posterior.T])
    found: Float[np.ndarray, "K cells"] = table * (prior / table.sum(axis=1))[:, None]
    return found
