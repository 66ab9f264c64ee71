"""Greedy coverage against all kernel values in one matrix."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from mindgap.strategies import coverage
from mindgap.strategies.coverage import COLUMNS, ROWS, greedy, unit


def directions(pool, seed):
    g = torch.Generator().manual_seed(seed)
    return unit(torch.randn(len(pool.observed), 6, generator=g))


def wide(cosines):
    return cosines.add_(1).div_(2)


def dense(points, weights, pool, n):
    """By definition, in float64: places of the choices, and the gains."""
    points, weights = points.double().numpy(), weights.double().numpy()
    k = (1 + points @ points.T) / 2
    labelled, chosen, gains = pool.labelled.tolist(), [], []
    for _ in range(n):
        covered = k[labelled + chosen].max(axis=0) if labelled + chosen else np.zeros(len(k))
        rise = {
            i: (weights * np.maximum(k[i] - covered, 0)).sum() / len(k)
            for i in pool.candidates.tolist()
            if i not in chosen
        }
        chosen.append(max(rise, key=rise.get))
        gains.append(rise[chosen[-1]])
    return chosen, gains


@pytest.mark.parametrize("labelled", [0, 1, 9])
@pytest.mark.parametrize("seed", range(4))
def test_same_choices_and_gains_as_the_dense_form(make_pool, seed, labelled):
    pool = make_pool(seed=seed, size=90, labelled=labelled)
    points = directions(pool, seed)
    weights = torch.rand(90, generator=torch.Generator().manual_seed(seed)).round(decimals=1)
    chosen = greedy(points, weights, wide, pool, 12, np.random.default_rng(seed))
    rows, gains = dense(points, weights, pool, 12)
    assert chosen.rows.tolist() == rows
    assert chosen.scores.numpy() == pytest.approx(gains, rel=1e-4)


@pytest.mark.parametrize(
    ("size", "labelled"), [(COLUMNS + ROWS, ROWS), (COLUMNS + 40, 39), (2 * ROWS + 1, 1)]
)
def test_every_block_counts(make_pool, monkeypatch, size, labelled):
    pool = make_pool(seed=size, size=size, labelled=labelled)
    points, weights = directions(pool, size), torch.ones(size)
    large = greedy(points, weights, wide, pool, 8, np.random.default_rng(0))
    assert large.rows.tolist() == dense(points, weights, pool, 8)[0]
    monkeypatch.setattr(coverage, "ROWS", 37)
    monkeypatch.setattr(coverage, "COLUMNS", 53)
    small = greedy(points, weights, wide, pool, 8, np.random.default_rng(0))
    assert small.rows.tolist() == large.rows.tolist()


def test_chance_decides_where_rounding_would(make_pool):
    """Two that are each other's only gain gain the same, whatever the last bits say."""
    pool = make_pool(seed=0, size=4, labelled=2)
    a, b = pool.candidates.tolist()
    points = torch.zeros(4, 4)
    points[pool.labelled] = torch.eye(4)[:2]
    points[a] = torch.tensor([0.1, 0.2, 0.7, 0.6851277])
    points[b] = torch.tensor([0.3, 0.1, 0.8, 0.5099020])
    points = points / points.norm(dim=1, keepdim=True)

    def narrow(cosines):
        return cosines.clamp_(min=0)

    firsts = [
        int(greedy(points, torch.ones(4), narrow, pool, 1, np.random.default_rng(s)).rows[0])
        for s in range(60)
    ]
    assert 15 < firsts.count(a) < 45


def test_unit_points_seen_from_the_mean(make_pool):
    points = torch.randn(50, 7, generator=torch.Generator().manual_seed(1)) * 3 + 100
    expected = points.double() - points.double().mean(dim=0)
    expected /= expected.norm(dim=1, keepdim=True)
    assert torch.allclose(unit(points).double(), expected, atol=1e-4)


def test_the_mean_itself_has_a_direction_of_its_own():
    points = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    found = unit(points)
    assert found.norm(dim=1).tolist() == [1.0] * 4
    assert (found @ found.T)[2].tolist() == [0.0, 0.0, 1.0, 1.0]


class Largest(TorchDispatchMode):
    """Records the bytes of the largest tensor that any operation makes."""

    nbytes = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        made = [leaf for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        self.nbytes = max([self.nbytes, *(tensor.untyped_storage().nbytes() for tensor in made)])
        return result


def test_no_matrix_over_all_pairs_is_ever_made(make_pool):
    pool = make_pool(seed=3, size=2000, labelled=300)
    points = directions(pool, 3)
    with Largest() as largest:
        greedy(points, torch.ones(2000), wide, pool, 3, np.random.default_rng(3))
    assert largest.nbytes == 4 * ROWS * COLUMNS
