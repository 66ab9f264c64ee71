"""Partial information decomposition of two sources, in bits (Bertschinger et al. 2014, "BROJA").

What X1 and X2 tell of Y splits into four atoms: I(Y; X1) = redundant + unique_1, I(Y; X2) =
redundant + unique_2, I(Y; X1, X2) = redundant + unique_1 + unique_2 + synergistic. One number
more settles them: the union information min_Q I_Q(Y; X1, X2) over all Q with the margins (Y, X1)
and (Y, X2) of P, which is all but the synergy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import xlogy

from mindgap.errors import InvalidData
from mindgap.tasks.broja import least_information

#: Probabilities below this count as 0; they tell less than 1e-12 bits.
NOTHING = 1e-15


class Atoms(NamedTuple):
    """In bits."""

    redundant: float
    unique_1: float
    unique_2: float
    synergistic: float


def mutual_information(table: Float[np.ndarray, "K n"]) -> float:
    """I(Y; X) of P(y, x), in bits."""
    product = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True)
    ratio = np.divide(table, product, where=product > 0, out=np.ones_like(table))
    return float(xlogy(table, ratio).sum() / np.log(2))


def atoms(first: float, second: float, both: float, union: float) -> Atoms:
    """From I(Y; X1), I(Y; X2), I(Y; X1, X2) and the union information.

    None of the four is negative: what rounding leaves below 0 is 0.
    """
    found = (first + second - union, union - second, union - first, both - union)
    return Atoms(*(max(atom, 0.0) for atom in found))


def pid(joint: Float[np.ndarray, "K n1 n2"]) -> Atoms:
    """The atoms of P(y, x1, x2), to about 1e-8 bits.

    Raises:
        InvalidData: negative probabilities, or a sum other than 1.
    """
    if not (joint >= 0).all() or abs(joint.sum() - 1) > 1e-9:
        raise InvalidData(
            f"P(y, x1, x2) has the minimum {joint.min()} and the sum {joint.sum()}; give "
            "probabilities that sum to 1"
        )
    first, second = joint.sum(axis=2), joint.sum(axis=1)
    return atoms(
        mutual_information(first),
        mutual_information(second),
        mutual_information(joint.reshape(len(joint), -1)),
        union_information(first, second)[0],
    )


def union_information(
    first: Float[np.ndarray, "K n1"], second: Float[np.ndarray, "K n2"], tolerance: float = 1e-8
) -> tuple[float, float]:
    """min_Q I_Q(Y; X1, X2) in bits, and how far the minimum may be from it.

    Exact where Y has two values, else within the tolerance.

    Args:
        first: P(y, x1).
        second: P(y, x2).
        tolerance: in bits.

    Raises:
        InvalidData: the two tables disagree on P(y).
    """
    if len(first) != len(second) or abs(first.sum(axis=1) - second.sum(axis=1)).max() > 1e-9:
        raise InvalidData("P(y, x1) and P(y, x2) disagree on P(y); take both from one P(y, x1, x2)")
    first, second = (np.where(table < NOTHING, 0, table) for table in (first, second))
    there = np.minimum(first.sum(axis=1), second.sum(axis=1)) > 0
    first, second = (t[there][:, t[there].sum(axis=0) > 0] for t in (first, second))
    if len(first) == 1:
        return 0.0, 0.0
    if len(first) == 2:
        return mutual_information(join(first, second)), 0.0
    return least_information(first, second, tolerance)


def join(
    first: Float[np.ndarray, "2 n1"], second: Float[np.ndarray, "2 n2"]
) -> Float[np.ndarray, "2 n"]:
    """The least informative source, as P(y, x), that both X1 and X2 are garblings of.

    For a Y of two values every pair of sources has one: its ROC curve is the concave hull of
    theirs (Blackwell 1953; no such thing exists for more values). Whatever has the margins of P
    is at least as informative, and drawing X1 and X2 as garblings of the join, independent given
    it, reaches the minimum: so its information is the union information.
    """
    curves = [np.zeros((1, 2)), _roc(first), _roc(second)]
    points = np.concatenate(curves)
    points = points[np.lexsort((points[:, 1], points[:, 0]))]
    hull: list[Float[np.ndarray, " 2"]] = []
    for point in points:
        while len(hull) > 1 and _turns_left(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    table: Float[np.ndarray, "2 n"] = np.diff(hull, axis=0).T * first.sum(axis=1)[:, None]
    return table


def _roc(table: Float[np.ndarray, "2 n"]) -> Float[np.ndarray, "n 2"]:
    """P(accepted | y = 0), P(accepted | y = 1) as ever less likely signs of y = 1 are accepted."""
    likelihood = table / table.sum(axis=1, keepdims=True)
    order = np.argsort(-np.arctan2(likelihood[1], likelihood[0]))
    curve = np.cumsum(likelihood[:, order], axis=1)
    curve[:, -1] = 1
    points: Float[np.ndarray, "n 2"] = np.minimum(curve, 1).T
    return points


def _turns_left(
    start: Float[np.ndarray, " 2"], middle: Float[np.ndarray, " 2"], end: Float[np.ndarray, " 2"]
) -> bool:
    """Whether `middle` lies on or below the line from start to end."""
    (x0, y0), (x1, y1), (x2, y2) = start, middle, end
    return bool((x1 - x0) * (y2 - y0) >= (y1 - y0) * (x2 - x0))
