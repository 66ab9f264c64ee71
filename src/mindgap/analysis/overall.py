"""Each strategy against random over all tasks; a task is one block, whatever its seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from mindgap.analysis.asked import REFERENCE
from mindgap.analysis.bootstrap import Drawn, over_seeds, over_tasks
from mindgap.analysis.cells import Cell
from mindgap.analysis.comparison import areas
from mindgap.analysis.curves import Measured, Values
from mindgap.analysis.paired import Difference, difference, holm
from mindgap.seeding import stream

#: Sign flips that are drawn where there are too many to try all.
FLIPS = 9999


@dataclass(frozen=True)
class Overall:
    """One strategy and learner over the tasks that it shares with random, nulls left out.

    Severities of one pitfall, and a scenario and its control, are tasks of their own here, though
    they have much in common: with many of them the intervals are narrower than new pitfalls
    would warrant.

    Attributes:
        tasks: the blocks.
        difference: mean over tasks of the AUBC difference to random, with its t interval and p.
        p_sign_flip: p of the sign-flip test of the same mean, which supposes no normal
            distribution, only that task differences are as likely the other way round; NaN with
            fewer than two tasks. With n tasks it can't be below 2^(1-n).
        p_holm: p of the t test, adjusted for all strategies of the learner.
        drawn_tasks: bootstrap interval over tasks, for drawing only.
        drawn: the same over tasks and seeds within each (two levels), for drawing only.
    """

    learner: str
    strategy: str
    tasks: tuple[str, ...]
    difference: Difference
    p_sign_flip: float
    p_holm: float
    drawn_tasks: Drawn
    drawn: Drawn


def overall(measured: Measured, cells: Sequence[Cell]) -> list[Overall]:
    """Every learner and every strategy but random."""
    found = []
    kept = [cell for cell in cells if cell.has_reference and cell.card.get("group") != "null"]
    for learner in dict.fromkeys(cell.learner for cell in kept):
        own = [cell for cell in kept if cell.learner == learner]
        blocks: dict[str, dict[str, Values]] = {}
        for cell in own:
            theirs = areas(measured, cell, REFERENCE)
            for name in cell.runs:
                every = areas(measured, cell, name)
                ahead = np.array([every[seed] - theirs[seed] for seed in cell.seeds(name)])
                ahead = ahead[np.isfinite(ahead)]
                if name != REFERENCE and len(ahead):
                    blocks.setdefault(name, {})[cell.task] = ahead
        means = {n: np.array([d.mean() for d in tasks.values()]) for n, tasks in blocks.items()}
        told = {name: difference(each, np.zeros(len(each))) for name, each in means.items()}
        adjusted = holm([one.p for one in told.values()])
        for (name, one), p in zip(told.items(), adjusted, strict=True):
            key = (learner, name)
            found.append(
                Overall(
                    learner,
                    name,
                    tuple(blocks[name]),
                    one,
                    sign_flip(means[name], *key),
                    p,
                    over_seeds(means[name], "tasks", *key),
                    over_tasks(list(blocks[name].values()), *key),
                )
            )
    return found


def sign_flip(values: Values, *key: str | int) -> float:
    """Two-sided p of the sign-flip test that the mean is 0: all flips, or 9999 drawn ones.

    Args:
        values: one a block, [n].
        key: names the random stream.
    """
    if len(values) < 2:
        return float("nan")
    found = stats.permutation_test(
        (values,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=FLIPS,
        rng=stream("sign flips", *key),
    )
    return float(found.pvalue)
