"""Strategies over many tasks: who beats whom, average ranks, and what of it could be chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, count

import numpy as np
from jaxtyping import Float
from scipy import stats

from mindgap.analysis.comparison import ALPHA, areas
from mindgap.analysis.paired import difference, holm
from mindgap.analysis.study import Analysis

Areas = Float[np.ndarray, "S n"]


@dataclass(frozen=True)
class Ranking:
    """Strategies over tasks; a task is one block, its seeds averaged.

    Severities of one pitfall, a scenario and its control, and nulls each count as a block, though
    they have much in common: with many of them tests are surer than new pitfalls would warrant.

    Attributes:
        names: the strategies.
        blocks: tasks in which all of them were measured.
        ranks: mean rank of each, 1 is best; ties share.
        friedman: p of the Friedman test that they are all alike; NaN with fewer than 3 or 2 blocks.
        critical: mean ranks that differ by more are told apart by the Nemenyi test at 5 %.
        nemenyi: (S, S), p of that test for each pair, 1 of one with itself (Demsar 2006).
        signed: pair of names -> p of the signed-rank test of its task means, after Holm's
            correction over all pairs; it asks only about the two, so a third strategy can't change
            it but by the correction.
        beats: (S, S), in which share of the tasks the row's is better than the column's by a paired
            t test over seeds at 5 %, each by itself; its column means are the penalties of
            Ash et al. (2020).
        improves: (S, S), chance that a run of the row's has a larger AUBC than one of the column's
            in the same task, half for ties, mean over tasks (Agarwal et al. 2021).
        iqm: of each, mean of the middle half of all its runs' AUBC (the same).
        needed: blocks from which on exact signed-rank tests of all pairs, after Holm's correction,
            can be significant at all.
    """

    names: tuple[str, ...]
    blocks: int
    ranks: Float[np.ndarray, " S"]
    friedman: float
    critical: float
    nemenyi: Float[np.ndarray, "S S"]
    signed: Mapping[tuple[str, str], float]
    beats: Float[np.ndarray, "S S"]
    improves: Float[np.ndarray, "S S"]
    iqm: Float[np.ndarray, " S"]
    needed: int

    @property
    def enough(self) -> bool:
        """Whether so many blocks could show any order by signed-rank tests."""
        return self.blocks >= self.needed

    @property
    def warning(self) -> str:
        """What must stand beside an order from too few tasks; "" from enough."""
        if self.enough:
            return ""
        return (
            f"{self.blocks} tasks are too few: with {len(self.names)} strategies no signed-rank "
            f"test can be significant after Holm's correction below {self.needed}"
        )

    @property
    def cliques(self) -> list[tuple[int, ...]]:
        """Largest groups of neighbours in rank, two or more, that the Nemenyi test can't tell
        apart; as places in `names`, best first."""
        order = np.argsort(self.ranks, kind="stable")
        found: list[tuple[int, ...]] = []
        for i, first in enumerate(order):
            near = [int(k) for k in order[i:] if self.nemenyi[first, k] >= ALPHA]
            if len(near) > 1 and not any(set(near) <= set(clique) for clique in found):
                found.append(tuple(near))
        return found

    @property
    def penalties(self) -> Float[np.ndarray, " S"]:
        """In which share of the tasks another one is better, mean over the others."""
        lost: Float[np.ndarray, " S"] = self.beats.sum(axis=0) / (len(self.names) - 1)
        return lost

    def chance(self, name: str, against: str) -> float | None:
        """`improves` of a pair; None of a strategy with itself, or one that isn't there."""
        if name == against or against not in self.names:
            return None
        return float(self.improves[self.names.index(name), self.names.index(against)])


def ranking(names: Sequence[str], tasks: Sequence[Areas]) -> Ranking:
    """Rank strategies over tasks.

    Args:
        names: S strategies.
        tasks: of each the AUBC by strategy and seed, the seeds of a task shared by all.
    """
    s, n = len(names), len(tasks)
    means = np.array([task.mean(axis=1) for task in tasks]).reshape(n, s)
    ranks = np.array([stats.rankdata(-row) for row in means]).reshape(n, s)
    friedman = float(stats.friedmanchisquare(*means.T).pvalue) if s > 2 and n > 1 else float("nan")
    mean_ranks = ranks.mean(axis=0) if n else np.full(s, np.nan)
    error = float(np.sqrt(s * (s + 1) / (6 * n))) if n else float("nan")
    quantile = stats.studentized_range.ppf(1 - ALPHA, s, np.inf) / np.sqrt(2) if s > 1 else np.nan
    apart = np.abs(mean_ranks[:, None] - mean_ranks[None, :]) / error
    return Ranking(
        tuple(names),
        n,
        mean_ranks,
        friedman,
        float(quantile * error),
        stats.studentized_range.sf(apart * np.sqrt(2), s, np.inf),
        signed_ranks({name: means[:, i].tolist() for i, name in enumerate(names)}) if n else {},
        _mean([_better(task) for task in tasks], s),
        _mean([_improvement(task) for task in tasks], s),
        np.array([_iqm([task[i] for task in tasks]) for i in range(s)]),
        fewest(s),
    )


def fewest(strategies: int) -> int:
    """Blocks with which the smallest p of a signed-rank test, 2^(1-n), passes Holm's first step."""
    pairs = strategies * (strategies - 1) / 2
    return next(n for n in count(1) if 2.0 ** (1 - n) * pairs < ALPHA)


def rankings(analysis: Analysis) -> dict[str, Ranking]:
    """Learner -> its strategies over the tasks that all of them share, with two seeds or more."""
    found = {}
    for learner in dict.fromkeys(c.cell.learner for c in analysis.compared):
        cells = [c.cell for c in analysis.compared if c.cell.learner == learner]
        names = [name for name in analysis.strategies if any(name in c.runs for c in cells)]
        tasks = []
        for cell in cells:
            if names and all(name in cell.runs for name in names):
                each = [areas(analysis.measured, cell, name) for name in names]
                seeds = sorted(set.intersection(*(set(by_seed) for by_seed in each)))
                task = np.array([[by_seed[seed] for seed in seeds] for by_seed in each])
                if len(seeds) > 1 and np.isfinite(task).all():
                    tasks.append(task)
        if len(names) > 1 and tasks:
            found[learner] = ranking(names, tasks)
    return found


def signed_ranks(ranked: Mapping[str, Sequence[float]]) -> dict[tuple[str, str], float]:
    """p of the exact signed-rank test of every pair over tasks, after Holm's correction.

    Args:
        ranked: strategy -> its mean AUBC in every task, the same tasks for all.
    """
    names = list(ranked)
    pairs = list(combinations(names, 2))
    p = []
    for one, other in pairs:
        apart = np.subtract(ranked[one], ranked[other])
        p.append(float(stats.wilcoxon(apart).pvalue) if apart.any() else 1.0)
    return dict(zip(pairs, holm(p), strict=True))


def _better(task: Areas) -> Float[np.ndarray, "S S"]:
    found = np.zeros((len(task), len(task)))
    for i, j in combinations(range(len(task)), 2):
        told = difference(task[i], task[j])
        if told.p < ALPHA:
            found[(i, j) if told.mean > 0 else (j, i)] = 1
    return found


def _improvement(task: Areas) -> Float[np.ndarray, "S S"]:
    above = task[:, None, :, None] > task[None, :, None, :]
    equal = task[:, None, :, None] == task[None, :, None, :]
    share: Float[np.ndarray, "S S"] = (above + 0.5 * equal).mean(axis=(2, 3))
    return share


def _iqm(values: Sequence[np.ndarray]) -> float:
    return float(stats.trim_mean(np.concatenate(values), 0.25)) if values else float("nan")


def _mean(matrices: Sequence[np.ndarray], s: int) -> Float[np.ndarray, "S S"]:
    return np.mean(matrices, axis=0) if matrices else np.full((s, s), np.nan)
