"""The convex problem behind the BROJA decomposition (Bertschinger et al. 2014), with a certificate.

Of all distributions Q(y, x1, x2) that agree with P on (y, x1) and on (y, x2), which has the least
information I_Q(Y; X1, X2)? In nats, with q = sum_y Q, and H(Y) fixed, and its dual:

    min  sum Q ln(Q / q)  over Q >= 0 with these margins,
    max  sum P(y, x1) a(y, x1) + sum P(y, x2) b(y, x2)
         where  sum_y exp(a(y, x1) + b(y, x2)) <= 1  for every (x1, x2).

Any a, b that keep the inequality bound the minimum from below, so the gap is its own certificate.
"""

from __future__ import annotations

from math import log

import numpy as np
from jaxtyping import Float
from scipy.linalg import cho_factor, cho_solve
from scipy.special import logsumexp, xlogy

First = Float[np.ndarray, "K n1"]
Second = Float[np.ndarray, "K n2"]
Cube = Float[np.ndarray, "K n1 n2"]

STEPS = 300
SHRINK = 0.2  # of the gap, aimed at in every step
TO_BOUNDARY = 0.95
RIDGE = 1e-14


def least_information(first: First, second: Second, tolerance: float = 1e-8) -> tuple[float, float]:
    """min_Q I_Q(Y; X1, X2) in bits, and its distance to a lower bound.

    A primal-dual interior-point method; its central path is weighted by the start, so that small
    probabilities get small multipliers. The Hessian is diagonal plus rank one in each cell, which
    leaves K (n1 + n2) equations a step.

    Args:
        first: P(y, x1), without empty rows or columns.
        second: P(y, x2), the same, with the same P(y).
        tolerance: of the gap, in bits, and of Q's margins.

    Raises:
        RuntimeError: the gap stays above the tolerance.
    """
    prior = first.sum(axis=1)
    weight = first[:, :, None] * second[:, None, :] / prior[:, None, None]
    inside = weight > 0
    q = weight.copy()
    slack = inside.astype(float)
    a, b = np.zeros_like(first), np.zeros_like(second)
    for _ in range(STEPS):
        gradient = np.log(q, where=inside, out=np.zeros_like(q)) - np.log(
            q.sum(axis=0), where=inside.any(axis=0), out=np.zeros(q.shape[1:])
        )
        gradient[~inside] = 0
        value = float((q * gradient).sum())
        gap = value - _lower_bound(first, second, a, b)
        off = abs(q.sum(axis=2) - first).sum() + abs(q.sum(axis=1) - second).sum()
        if max(abs(gap), off) < tolerance * log(2):
            entropy = -float(xlogy(prior, prior).sum())
            return (value + entropy) / log(2), abs(gap) / log(2)
        centre = SHRINK * max(float((q * slack).sum()), tolerance)
        target = np.divide(centre * weight, q, where=inside, out=np.zeros_like(q))
        residual = np.where(inside, gradient - a[:, :, None] - b[:, None, :] - target, 0)
        da, db, dq = _newton(first, second, q, slack, residual)
        ratio = np.divide(slack, q, where=inside, out=np.zeros_like(q))
        dslack = target - slack - ratio * dq
        forward, upward = _longest(q, dq), _longest(slack, dslack)
        q, slack = q + forward * dq, slack + upward * dslack
        a, b = a + upward * da, b + upward * db
    raise RuntimeError(f"no minimum within {tolerance} bits after {STEPS} steps; the gap is {gap}")


def _lower_bound(first: First, second: Second, a: First, b: Second) -> float:
    """The dual's value, in nats, after a is shifted until its inequality holds and is tight."""
    c = np.where(first > 0, a, -np.inf)[:, :, None] + np.where(second > 0, b, -np.inf)[:, None, :]
    shifted = a - logsumexp(c, axis=0).max(axis=1)
    return float((first * shifted).sum() + (second * b).sum())


def _newton(
    first: First, second: Second, q: Cube, slack: Cube, residual: Cube
) -> tuple[First, Second, Cube]:
    """Steps of a, b and q towards the point of the central path that `residual` is measured from.

    The inverse Hessian of a cell is diag(d) + d d' / rest. Given it, margins determine a and b, up
    to a constant per y that one b of every y is held at.
    """
    K, n1, n2 = q.shape
    d = q / (1 + slack)
    rest = (d * slack).sum(axis=0)
    share = np.divide(d, rest, where=rest > 0, out=np.zeros_like(d))

    def inverse_hessian(cube: Cube) -> Cube:
        product: Cube = d * cube + share * (d * cube).sum(axis=0)
        return product

    blocks = d[:, None] * share[None, :]
    blocks[range(K), range(K)] += d
    across = blocks.transpose(0, 2, 1, 3).reshape(K * n1, K * n2)
    own_first, own_second = np.zeros((K, n1, K, n1)), np.zeros((K, n2, K, n2))
    own_first[:, range(n1), :, range(n1)] = blocks.sum(axis=3).transpose(2, 0, 1)
    own_second[:, range(n2), :, range(n2)] = blocks.sum(axis=2).transpose(2, 0, 1)
    system = np.block(
        [
            [own_first.reshape(K * n1, K * n1), across],
            [across.T, own_second.reshape(K * n2, K * n2)],
        ]
    )
    pushed = inverse_hessian(residual)
    right = np.concatenate(
        [
            (pushed.sum(axis=2) + first - q.sum(axis=2)).ravel(),
            (pushed.sum(axis=1) + second - q.sum(axis=1)).ravel(),
        ]
    )
    free_second = second > 0
    free_second[range(K), second.argmax(axis=1)] = False
    free = np.flatnonzero(np.concatenate([(first > 0).ravel(), free_second.ravel()]))
    scale = 1 / np.sqrt(system[free, free])
    step = np.zeros(K * (n1 + n2))
    step[free] = scale * _solve(
        system[np.ix_(free, free)] * np.outer(scale, scale), scale * right[free]
    )
    da, db = step[: K * n1].reshape(K, n1), step[K * n1 :].reshape(K, n2)
    return da, db, inverse_hessian(da[:, :, None] + db[:, None, :] - residual)


def _solve(
    system: Float[np.ndarray, "n n"], right: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """Solve a positive definite system that the boundary makes all but singular.

    The ridge lets it be factored; refining takes the ridge out again and keeps the margins.
    """
    factors = cho_factor(system + RIDGE * np.eye(len(system)))
    found = cho_solve(factors, right)
    for _ in range(2):
        found += cho_solve(factors, right - system @ found)
    solution: Float[np.ndarray, " n"] = found
    return solution


def _longest(x: Cube, dx: Cube) -> float:
    """How far to go from x along dx, at most 1, without leaving the positive numbers."""
    falling = dx < 0
    return min(1.0, TO_BOUNDARY * float(np.min(-x[falling] / dx[falling], initial=np.inf)))
