"""One sample for each cluster of a k-means: the one that is nearest to its centre."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mindgap.strategies import clustering
from mindgap.strategies.base import Pool, Selection


def choose(
    points: Float[Tensor, "F D"],
    rows: Int[Tensor, " F"],
    pool: Pool,
    n: int,
    rng: np.random.Generator,
    weights: Float[Tensor, " F"] | None = None,
) -> Selection:
    """Choose `n` candidates: k-means with n clusters, and of each the sample nearest to its mean.

    The scores are the shares of all weight that a sample's cluster has, largest first. Where there
    are fewer clusters than n, since samples are few or coincide, the rest are drawn at random, from
    `rows` first; their score is 0.

    Args:
        points: what is clustered, of the samples `rows`.
        rows: candidates, each once.
        weights: of the samples in the k-means; 1 if None.
    """
    nothing = Selection(rows[:0], torch.zeros(0, device=rows.device))
    found = _nearest(points, rows, n, rng, weights) if n and len(rows) else nothing
    rest = pool.candidates[~torch.isin(pool.candidates, found.rows)].cpu().numpy()
    outside = ~np.isin(rest, rows.cpu().numpy())
    more = rest[np.lexsort((rng.random(len(rest)), outside))[: n - len(found.rows)]]
    return Selection(
        torch.cat([found.rows, torch.from_numpy(more).to(rows.device)]),
        torch.cat([found.scores, torch.zeros(len(more), device=rows.device)]),
    )


def _nearest(
    points: Float[Tensor, "F D"],
    rows: Int[Tensor, " F"],
    n: int,
    rng: np.random.Generator,
    weights: Float[Tensor, " F"] | None,
) -> Selection:
    cluster = clustering.clusters(points, n, rng, weights)
    centres = clustering.means(points, cluster, points.new_zeros(n, points.shape[1]), weights)
    apart = (points - centres[cluster]).square().sum(dim=1).cpu().numpy()
    order = np.lexsort((rng.random(len(rows)), apart, cluster.cpu().numpy()))
    ordered = cluster.cpu().numpy()[order]
    firsts = order[np.flatnonzero(np.diff(ordered, prepend=-1))]
    mass = cluster.bincount(weights, minlength=n).float().cpu().numpy()
    share = mass[cluster.cpu().numpy()[firsts]] / max(float(mass.sum()), 1e-30)
    firsts = firsts[np.argsort(-share, kind="stable")]
    return Selection(
        rows[torch.from_numpy(firsts).to(rows.device)],
        torch.from_numpy(np.sort(share)[::-1].astype(np.float32)).to(rows.device),
    )
