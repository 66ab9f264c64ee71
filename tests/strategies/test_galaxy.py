"""GALAXY against its graphs written out, edge by edge, and on cases small enough to draw."""

from collections import deque
from dataclasses import replace

import numpy as np
import pytest
import torch

from mindgap.strategies.galaxy import Galaxy, orders, shortest
from mindgap.testing.pools import permuted


def edges(line, order):
    """Neighbours in the graph of one class; `line` holds its labels, None where there is none."""
    return {
        i: [
            j
            for j in range(max(0, i - order), min(len(line), i + order + 1))
            if i != j and (line[i] is None or line[j] is None or line[i] == line[j])
        ]
        for i in range(len(line))
    }


def steps(line, order, start):
    """Steps of every place from the nearest place labelled `start`, or infinity."""
    found = {i: 0 for i, label in enumerate(line) if label == start}
    near, queue = edges(line, order), deque(found)
    while queue:
        i = queue.popleft()
        for j in near[i]:
            if j not in found:
                found[j] = found[i] + 1
                queue.append(j)
    return [found.get(i, np.inf) for i in range(len(line))]


def written_out(lines, order):
    """The order, the length and the middles (class, place) of all shortest shortest paths."""
    while True:
        both = [(steps(line, order, True), steps(line, order, False)) for line in lines]
        lengths = [
            min((a for a, label in zip(yes, line, strict=True) if label is False), default=np.inf)
            for (yes, _), line in zip(both, lines, strict=True)
        ]
        if (length := min(lengths)) < np.inf:
            break
        order += 1
    return (
        order,
        length,
        {
            (k, i)
            for k, (yes, no) in enumerate(both)
            for i, label in enumerate(lines[k])
            if label is None and (yes[i], no[i]) == (-(-length // 2), length // 2)
        },
    )


@pytest.mark.parametrize("seed", range(60))
def test_middles_of_the_shortest_paths_of_written_out_graphs(seed):
    rng = np.random.default_rng(seed)
    classes, size = int(rng.integers(1, 4)), int(rng.integers(3, 25))
    share = rng.uniform(0, 0.9)
    lines = rng.choice([None, True, False], (classes, size), p=[1 - share, share / 2, share / 2])
    lines[0, rng.permutation(size)[:3]] = [True, False, None]
    start = int(rng.integers(1, 4))
    order, length, middles = shortest(lines == True, lines == False, start)  # noqa: E712
    found = {(int(k), int(i)) for k, i in np.argwhere(middles)}
    assert (order, length, found) == written_out(lines.tolist(), start)


def test_samples_stand_by_margin_then_by_confidence():
    p = np.array([[0.6, 0.3, 0.1], [0.9, 0.05, 0.05], [0.2, 0.5, 0.3], [0.4, 0.45, 0.15]])
    expected = [[1, 0, 3, 2], [2, 3, 0, 1], [2, 3, 0, 1]]  # margins of 2: -.85, -.5, -.2, -.3
    for seed in range(5):
        assert orders(p, np.random.default_rng(seed)).tolist() == expected


def in_a_row(make_pool, serving, size, labels):
    """Two classes, samples from 0 on ever less likely of class 0; the first half is so predicted.

    Args:
        labels: by row; the others are candidates.
    """
    pool = make_pool(seed=0, size=size, labelled=len(labels), classes=2)
    rows = torch.arange(size)
    own = torch.linspace(0.99, 0.01, size)
    labelled = torch.tensor(list(labels))
    return serving(
        replace(
            pool,
            labelled=labelled,
            labels=torch.tensor(list(labels.values())),
            candidates=rows[~torch.isin(rows, labelled)],
        ),
        probabilities=torch.stack([own, 1 - own], dim=1),
    )


def test_bisection_ends_where_predictions_change(make_pool, serving):
    """0 . . . . . . . . . . . . . . . 1: the ends are labelled, 8 is in the middle."""
    pool = in_a_row(make_pool, serving, 17, {0: 0, 16: 1})
    chosen = Galaxy().select(pool, 4, np.random.default_rng(0))
    # 8 counts as 0 (the two are as likely), then 12, 10 and 9 count as 1
    assert chosen.rows.tolist() == [8, 12, 10, 9]
    assert chosen.scores.tolist() == [-16, -8, -4, -2]


def test_the_shortest_of_several_gaps_comes_first(make_pool, serving):
    """0 . . . 0 . 1 . . . 1 . . . 0: only unlike labels count, the nearest first."""
    labels = {0: 0, 4: 0, 6: 1, 10: 1, 14: 0}
    pool = in_a_row(make_pool, serving, 15, labels)
    chosen = Galaxy().select(pool, 2, np.random.default_rng(0))
    assert chosen.rows.tolist() == [5, 12]
    assert chosen.scores.tolist() == [-2, -4]


def test_around_a_known_cut_both_sides_are_reached_by_a_higher_order(make_pool, serving):
    """. . 0 0 1 . .: no path of order 1; of order 2 through 5 alone; then of order 3 by 1 and 6."""
    pool = in_a_row(make_pool, serving, 7, {2: 0, 3: 0, 4: 1})
    found = [Galaxy().select(pool, 2, np.random.default_rng(s)).rows.tolist() for s in range(40)]
    assert {tuple(rows) for rows in found} == {(5, 1), (5, 6)}


def test_with_one_known_class_chance_decides(make_pool, serving):
    pool = in_a_row(make_pool, serving, 9, {0: 0})
    firsts = {int(Galaxy().select(pool, 1, np.random.default_rng(s)).rows[0]) for s in range(100)}
    assert firsts == set(range(1, 9))
    assert Galaxy().select(pool, 1, np.random.default_rng(0)).scores.tolist() == [-9]


def test_it_finds_a_rare_class_that_margin_leaves(make_pool, serving):
    """One of 50 is of class 1, and the model's boundary is far off: labels, one at a time."""
    size, cut = 500, 490
    known, found = {0: 0, 499: 1, 250: 0}, []
    for i in range(20):
        pool = in_a_row(make_pool, serving, size, known)
        row = int(Galaxy().select(pool, 1, np.random.default_rng(i)).rows[0])
        known[row] = int(row >= cut)
        found.append(known[row])
    assert sum(found) >= 7


def test_what_may_be_chosen_first_is_the_same_in_any_order_of_the_pool(make_pool):
    pool = make_pool(seed=4, size=60, serve={"probabilities"})
    moved, order = permuted(pool, seed=1)

    def firsts(pool):
        rngs = map(np.random.default_rng, range(60))
        return {int(Galaxy().select(pool, 1, rng).rows[0]) for rng in rngs}

    assert {int(order[row]) for row in firsts(moved)} == firsts(pool)
