"""GALAXY: bisection between labels along orders by margin (Zhang, Katz-Samuels & Nowak 2022).

For every class k all samples stand in a row, by the margin [p(x)]_k - max_c [p(x)]_c and, where
this is equal (among those predicted as k), by the confidence max_c [p(x)]_c, largest first. In
the graph of class k and order r, samples at most r places apart are joined, but not two that are
labelled, one as k and the other not.

A shortest path from samples labelled k to samples labelled otherwise passes through unlabelled
ones only. Both sides are grown by a step at a time, in the graphs of all classes at once: where
they first meet is the middle of the shortest of all shortest paths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int

from mindgap.strategies.base import Pool, Selection, Strategy


@dataclass(frozen=True)
class Galaxy(Strategy):
    """Samples halfway between unlike labels, in the order of each class's margin (Zhang 2022).

    For imbalanced classes: unlike the boundary of the model, a cut between labels has both classes
    beside it. Again and again, the middle of the shortest path between a sample labelled k and one
    labelled otherwise is chosen, over the graphs of all classes k (see the module); chance decides
    between several. When no graph has such a path, all are joined to the next higher order, which
    reaches what is nearest to the known cuts; when only one class is known, chance decides. The
    scores are the lengths of the paths in steps, turned negative; of a sample drawn at random, the
    number of samples.

    The paper asks for each label at once and so knows which half to bisect next. Here labels come
    at the end of a batch: until then the predicted class stands for the label of what is chosen.
    With batches of one it is the paper's algorithm. The authors' code lets the classes take turns
    instead of comparing their paths, and takes a random sample where one order more isn't enough.
    What one benchmark's code (CDALBench) calls GALAXY takes turns among clusters of small margins,
    which is `cluster_margin` here.
    """

    cost = "O(b S N C) for paths of S steps"

    def requires(self) -> set[str]:
        return {"probabilities"}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        rows = torch.cat([pool.labelled, pool.candidates])
        known = len(pool.labelled)
        p = pool.probabilities[rows].cpu().double().numpy()
        label = np.concatenate([pool.labels.cpu().numpy(), p[known:].argmax(axis=1)])
        labelled = np.arange(len(rows)) < known
        lines = orders(p, rng)
        classes = np.arange(len(lines))[:, None]
        chosen, scores, order = [], [], 1
        for _ in range(n):
            members = (label[lines] == classes) & labelled[lines]
            others = labelled[lines] & ~members
            if not (members.any(axis=1) & others.any(axis=1)).any():
                pick = int(rng.choice(np.flatnonzero(~labelled)))
                length = len(rows)
            else:
                order, length, middles = shortest(members, others, order)
                pick = int(rng.choice(np.unique(lines[middles])))
            labelled[pick] = True
            chosen.append(pick)
            scores.append(-float(length))
        return Selection(
            rows[torch.tensor(chosen, dtype=torch.int64, device=rows.device)],
            torch.tensor(scores, device=rows.device),
        )


def orders(p: np.ndarray, rng: np.random.Generator) -> Int[np.ndarray, "C N"]:
    """All samples by the margin of each class, then by confidence; `rng` decides between equals."""
    confidence, chance = p.max(axis=1), rng.random(len(p))
    return np.stack([np.lexsort((chance, -confidence, confidence - own)) for own in p.T])


def shortest(
    members: Bool[np.ndarray, "C N"], others: Bool[np.ndarray, "C N"], order: int
) -> tuple[int, int, Bool[np.ndarray, "C N"]]:
    """The first order, from `order` on, with a path; its steps; and what lies in its middle.

    Args:
        members: whether a place holds a sample that is labelled with the row's class.
        others: whether it holds one labelled otherwise. In some row there are both, and a sample
            without a label.
    """
    free = ~(members | others)
    while True:
        sides, left = [members, others], [free, free]
        for length in range(1, 2 * members.shape[1]):
            turn = (length + 1) % 2
            sides[turn] = _joined(sides[turn], order) & left[turn]
            left[turn] = left[turn] & ~sides[turn]
            if (middles := sides[0] & sides[1]).any():
                return order, length, middles
            if not sides[turn].any():
                break
        order += 1


def _joined(places: Bool[np.ndarray, "C N"], order: int) -> Bool[np.ndarray, "C N"]:
    """Whether any of the places at most `order` away is set."""
    count = np.cumsum(np.pad(places, ((0, 0), (order + 1, order))), axis=1, dtype=np.int32)
    return count[:, 2 * order + 1 :] > count[:, : -2 * order - 1]
