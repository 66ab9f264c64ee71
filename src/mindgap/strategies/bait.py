"""BAIT: the batch that leaves the last layer least uncertain (Ash et al. 2021, algorithm 1).

The Fisher information of the last layer's weights in a sample with class probabilities p and
layer input z is I(x) = (diag(p) - p p') (x) z z' = V' V. Row c of V is the gradient of class c's
loss times the root of its probability: V = A (x) z' with A = diag(sqrt p) (1 - 1 p'). The batch
S is to minimise

    tr(M^-1 F),   M = lambda 1 + mean of I(x) over labelled x + sum of I(x) over x in S,

where F is the mean of I(x) over the pool. Adding x lowers it by tr(B (1 + T)^-1), removing x
raises it by tr(B (1 - T)^-1), with the C x C forms T = V M^-1 V' and B = V M^-1 F M^-1 V'
(Woodbury). Each candidate's forms are kept, since a change of M by rank C (s = 1: add a sample,
s = -1: remove one) changes them by products of rank C:

    M^-1 -= s W W',   W = M^-1 V' R,   R R' = (1 + s T)^-1
    H -= s (W X' + X W'),   H = M^-1 F M^-1,   X = H V' R - s/2 W R' B R
    T -= s a a',   B -= s (a b' + b a'),   a = V W,   b = V X

where V, T and B to the right of W, R and X are those of x. So a choice takes N D C^2 operations,
where evaluating every candidate anew takes N D^2 C^2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Shaped
from pydantic import PositiveFloat
from torch import Tensor

from mindgap.errors import MindgapError
from mindgap.strategies.base import Pool, Selection, Strategy, argmax

#: Samples worked on at a time.
CHUNK = 512
#: Bytes that information matrices and forms may take.
MEMORY = 1_000_000_000


@dataclass(frozen=True)
class Bait(Strategy):
    """Least expected error of the last layer, by Fisher information (Ash et al. 2021).

    Twice as many candidates as wanted are added greedily, then those whose loss costs least are
    removed one by one. The scores are the drops of the objective when the samples were added.

    As in the paper's algorithm 1, labelled samples count by their mean and each chosen one in
    full; the authors' code multiplies the former by L / (L + n), the latter by n / (L + n). The
    layer's input is not standardised, since the gradients aren't; its bias is left out and F is
    over labelled samples too, as in their code. Their code adds 2 n samples even to a batch from
    a pool that has fewer.

    `fisher=binary` is a cheaper likelihood (Huseljic et al. 2024): the predicted class, of
    probability p, against all others. I(x) = p (1 - p) z z' and C is 1 in the cost.

    Attributes:
        regularisation: lambda.
        fisher: "full" or "binary".
    """

    cost = "O(b N C^2 D)"

    regularisation: PositiveFloat = 1.0
    fisher: Literal["full", "binary"] = "full"

    def requires(self) -> set[str]:
        return {"probabilities", "embeddings"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        inputs = pool.embeddings.double()
        outcomes = binary if self.fisher == "binary" else full
        classes = 1 if self.fisher == "binary" else pool.n_classes
        _refuse_if_too_large(len(inputs), classes, inputs.shape[1])
        factors = outcomes(pool.probabilities.double())
        everything = information(factors, inputs)
        start = self.regularisation * torch.eye(len(everything)).to(everything)
        if len(pool.labelled):
            start += information(factors[pool.labelled], inputs[pool.labelled])
        rows = pool.candidates
        design = Design(start, everything, factors[rows], inputs[rows])

        added: list[int] = []
        drops: list[float] = []
        for _ in range(min(2 * n, len(rows))):
            drop = design.worth(1)
            drop[added] = -torch.inf
            added.append(argmax(drop, rng))
            drops.append(float(drop[added[-1]]))
            design.change(added[-1], 1)
        chosen = torch.tensor(added, dtype=torch.int64, device=rows.device)
        scores = torch.tensor(drops, device=rows.device)
        design.keep(chosen)
        while len(chosen) > n:
            removed = argmax(-design.worth(-1), rng)
            design.change(removed, -1)
            rest = torch.arange(len(chosen), device=rows.device) != removed
            design.keep(rest)
            chosen, scores = chosen[rest], scores[rest]
        return Selection(rows[chosen], scores)


def full(probabilities: Float[Tensor, "N C"]) -> Float[Tensor, "N C C"]:
    """diag(sqrt p) (1 - 1 p'): A' A = diag(p) - p p'."""
    identity = torch.eye(probabilities.shape[1]).to(probabilities)
    return probabilities.sqrt()[:, :, None] * (identity - probabilities[:, None, :])


def binary(probabilities: Float[Tensor, "N C"]) -> Float[Tensor, "N 1 1"]:
    """sqrt(p (1 - p)) of the largest p."""
    largest = probabilities.amax(dim=1)
    return (largest * (1 - largest)).clamp(min=0).sqrt()[:, None, None]


def information(
    factors: Float[Tensor, "N C C"], inputs: Float[Tensor, "N D"]
) -> Float[Tensor, "CD CD"]:
    """The mean of A' A (x) z z', class by class."""
    classes, width = factors.shape[1], inputs.shape[1]
    total = torch.zeros(classes, width, classes * width).to(inputs)
    for a, z in zip(factors.split(CHUNK), inputs.split(CHUNK), strict=True):
        square = a.mT @ a
        for c in range(classes):
            total[c].addmm_(z.T, (square[:, c, :, None] * z[:, None, :]).flatten(1))
    return total.flatten(0, 1) / len(inputs)


class Design:
    """M^-1 and H, and the forms T and B of every candidate with them."""

    def __init__(
        self,
        start: Float[Tensor, "CD CD"],
        everything: Float[Tensor, "CD CD"],
        factors: Float[Tensor, "U C C"],
        inputs: Float[Tensor, "U D"],
    ) -> None:
        self.factors, self.inputs = factors, inputs
        self.inverse = torch.cholesky_inverse(torch.linalg.cholesky(start)).contiguous()
        self.sandwich = self.inverse @ everything @ self.inverse  # H
        self.t = _forms(self.inverse, factors, inputs)
        self.b = _forms(self.sandwich, factors, inputs)

    def worth(self, sign: int) -> Float[Tensor, " U"]:
        """By how much adding (1) or removing (-1) each candidate changes the objective."""
        identity = torch.eye(self.t.shape[1]).to(self.t)
        parts = [
            (b * torch.cholesky_inverse(torch.linalg.cholesky(identity + sign * t))).sum((1, 2))
            for t, b in zip(self.t.split(CHUNK), self.b.split(CHUNK), strict=True)
        ]
        return torch.cat(parts)

    def change(self, i: int, sign: int) -> None:
        """Add (1) or remove (-1) candidate `i`."""
        identity = torch.eye(self.t.shape[1]).to(self.t)
        root = torch.linalg.cholesky(identity + sign * self.t[i])
        r = torch.linalg.solve_triangular(root, identity, upper=False).mT
        w = self._times(self.inverse, i) @ r
        other = self._times(self.sandwich, i) @ r - sign / 2 * w @ (r.mT @ self.b[i] @ r)
        both = torch.cat([w, other], dim=1)
        self.inverse.addmm_(w, w.mT, alpha=-sign)
        self.sandwich.addmm_(both, torch.cat([other, w], dim=1).mT, alpha=-sign)
        self._change_forms(both, sign)

    def _times(self, matrix: Float[Tensor, "CD CD"], i: int) -> Float[Tensor, "CD C"]:
        """A symmetric matrix times V' of candidate `i`."""
        a, z = self.factors[i], self.inputs[i]
        return (matrix.view(-1, len(z)) @ z).view(len(matrix), -1) @ a.mT

    def _change_forms(self, both: Float[Tensor, "CD two_C"], sign: int) -> None:
        size = both.shape[1] // 2
        columns = both.unflatten(0, (size, -1)).transpose(0, 1)  # (D, C, 2C)
        held = (self.factors, self.inputs, self.t, self.b)
        for a, z, t, b in zip(*(each.split(CHUNK) for each in held), strict=True):
            seen = a @ (z @ columns.flatten(1)).unflatten(1, columns.shape[1:])
            first, second = seen.split(size, dim=2)
            t.baddbmm_(first, first.mT, alpha=-sign)
            b.baddbmm_(seen, torch.cat([second, first], dim=2).mT, alpha=-sign)

    def keep(self, rows: Shaped[Tensor, " n"]) -> None:
        """Forget all candidates but these, given by their places or a mask."""
        self.factors, self.inputs = self.factors[rows], self.inputs[rows]
        self.t, self.b = self.t[rows], self.b[rows]


def _forms(
    matrix: Float[Tensor, "CD CD"], factors: Float[Tensor, "U C C"], inputs: Float[Tensor, "U D"]
) -> Float[Tensor, "U C C"]:
    """V matrix V' of every candidate."""
    width = inputs.shape[1]
    parts = []
    for a, z in zip(factors.split(CHUNK), inputs.split(CHUNK), strict=True):
        inner = [
            ((z @ rows).unflatten(1, (-1, width)) * z[:, None, :]).sum(2)
            for rows in matrix.split(width)
        ]
        parts.append(a @ torch.stack(inner, dim=1) @ a.mT)
    return torch.cat(parts)


def _refuse_if_too_large(size: int, classes: int, width: int) -> None:
    # F, M, M^-1 and H; A, T, B and a part of each while they are indexed
    needed = 8 * (4 * (classes * width) ** 2 + 4 * size * classes**2)
    if needed > MEMORY:
        raise MindgapError(
            f"bait would take {needed / 1e9:.1f} GB for {size} samples, {classes} classes and "
            f"embeddings of width {width}: choose bait[fisher=binary] or a narrower learner"
        )
