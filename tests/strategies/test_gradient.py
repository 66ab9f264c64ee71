"""k-means++ among gradients that are never built."""

import numpy as np
import pytest
import torch
from scipy.stats import chi2_contingency, chisquare
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from mindgap.strategies import gradient


@pytest.fixture
def one_by_one(monkeypatch):
    """Every draw by distances that are up to date: as many uniforms as draws."""
    monkeypatch.setattr(gradient, "BLOCK", 1)


def autograd(inputs, weights):
    """Every sample's gradient of the loss at its predicted class, by automatic differentiation."""
    weights = weights.double().requires_grad_()
    rows = []
    for z in inputs.double():
        logits = z @ weights
        loss = torch.nn.functional.cross_entropy(logits[None], logits.argmax()[None])
        rows.append(torch.autograd.grad(loss, weights)[0].flatten())
    return torch.stack(rows).numpy()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("classes", [2, 5])
def test_distances_are_those_of_the_gradients_of_a_linear_head(
    make_pool, dense_picks, one_by_one, seed, classes
):
    pool = make_pool(seed=seed)
    g = torch.Generator().manual_seed(seed)
    inputs = torch.randn(len(pool.candidates), 7, generator=g)
    weights = torch.randn(7, classes, generator=g)
    chosen = gradient.sample(
        (inputs @ weights).softmax(dim=1), inputs, pool, 30, np.random.default_rng(seed)
    )
    places, squared = dense_picks(autograd(inputs, weights), 30, np.random.default_rng(seed))
    assert chosen.rows.tolist() == pool.candidates[places].tolist()
    assert chosen.scores.numpy() == pytest.approx(squared, rel=1e-3)


def test_the_second_is_drawn_in_proportion_to_its_squared_distance(make_pool):
    pool = make_pool(seed=0, size=6, labelled=1)
    # delta is (-.5, .5) for all, so the squared distances are half of those of the inputs
    probabilities = torch.full((5, 2), 0.5)
    inputs = torch.tensor([[9.0], [8.0], [10.0], [6.0], [7.0]])
    seconds = []
    for seed in range(3000):
        chosen = gradient.sample(probabilities, inputs, pool, 2, np.random.default_rng(seed))
        assert chosen.rows[0] == pool.candidates[2]
        seconds.append(int(chosen.rows[1]))
    counts = np.array([seconds.count(row) for row in pool.candidates.tolist()])
    squared = np.array([1, 4, 0, 16, 9])
    assert counts[2] == 0
    far = squared > 0
    assert chisquare(counts[far], 3000 * squared[far] / squared.sum()).pvalue > 0.001


def test_where_nothing_is_left_at_a_distance_every_free_candidate_is_as_likely(make_pool):
    pool = make_pool(seed=1, size=22)
    certain = torch.eye(4)[torch.arange(12) % 4]  # all gradients are zero
    inputs = torch.randn(12, 3, generator=torch.Generator().manual_seed(1))
    orders = []
    for seed in range(1000):
        found = gradient.sample(certain, inputs, pool, 12, np.random.default_rng(seed))
        assert found.rows.sort().values.equal(pool.candidates)
        assert not found.scores.any()
        orders.append(found.rows.tolist())
    for place in (0, 1, 5, 11):
        at_place = [order[place] for order in orders]
        counts = [at_place.count(row) for row in pool.candidates.tolist()]
        assert chisquare(counts).pvalue > 0.001


def test_what_lies_at_a_distance_comes_before_copies_of_what_is_chosen(make_pool):
    pool = make_pool(seed=2, size=40)
    probabilities = torch.full((30, 2), 0.5)
    inputs = torch.tensor([1.0, 2.0, 4.0]).repeat_interleave(10)[:, None]
    for seed in range(50):
        chosen = gradient.sample(probabilities, inputs, pool, 30, np.random.default_rng(seed))
        places = torch.searchsorted(pool.candidates, chosen.rows)
        assert sorted(inputs[places[:3], 0].tolist()) == [1.0, 2.0, 4.0]
        assert chosen.scores[3:].tolist() == [0.0] * 27
        assert len(chosen.rows.unique()) == 30


def test_blocks_of_choices_have_the_probabilities_of_single_ones(make_pool, monkeypatch):
    """Ten samples, five choices: how often which set is chosen, last and in all."""
    pool = make_pool(seed=0, size=11, labelled=1)
    g = torch.Generator().manual_seed(3)
    probabilities = torch.randn(10, 3, generator=g).softmax(dim=1)
    inputs = torch.randn(10, 2, generator=g)
    draws, lasts, members = 1000, np.zeros((2, 10)), np.zeros((2, 10))
    for i, block in enumerate((1, 8)):
        monkeypatch.setattr(gradient, "BLOCK", block)
        for seed in range(draws):
            rng = np.random.default_rng([block, seed])
            chosen = gradient.sample(probabilities, inputs, pool, 5, rng)
            places = torch.searchsorted(pool.candidates, chosen.rows).numpy()
            lasts[i, places[-1]] += 1
            members[i, places] += 1
            apart = outer(probabilities, inputs)[places]
            expected = ((apart[4] - apart[:4]) ** 2).sum(axis=1).min()
            assert float(chosen.scores[4]) == pytest.approx(expected, rel=1e-3, abs=1e-6)
    kept = lasts.sum(axis=0) > 20
    assert chi2_contingency(lasts[:, kept]).pvalue > 1e-3
    often = members[0] / draws
    spread = np.sqrt(2 * draws * often * (1 - often))
    assert np.abs(members[0] - members[1]) == pytest.approx(np.zeros(10), abs=4.5 * spread.max())


def outer(probabilities, inputs):
    """The gradients themselves."""
    delta = probabilities - torch.eye(3)[probabilities.argmax(dim=1)]
    return (delta[:, :, None] * inputs[:, None, :]).flatten(1).numpy()


class Always(np.random.Generator):
    """A generator whose uniforms are all the same."""

    def __init__(self, uniform):
        super().__init__(np.random.PCG64(0))
        self.uniform = uniform

    def random(self):
        return self.uniform


@pytest.mark.parametrize(("uniform", "order"), [(0.0, [0, 1, 2, 3]), (1 - 2**-53, [0, 3, 2, 1])])
@pytest.mark.parametrize("turned", [False, True])
def test_the_ends_of_the_unit_interval_choose_nothing_twice(make_pool, uniform, order, turned):
    pool = make_pool(seed=2, size=14)
    inputs = torch.tensor([[9.0], [1.0], [2.0], [3.0]])
    if turned:
        inputs, order = inputs.flip(0), [3, 0, 1, 2] if uniform == 0 else [3, 2, 1, 0]
    chosen = gradient.sample(torch.full((4, 2), 0.5), inputs, pool, 4, Always(uniform))
    assert chosen.rows.tolist() == pool.candidates[order].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_rounding_makes_no_distance_negative(make_pool, seed):
    pool = make_pool(seed=seed, size=210)
    g = torch.Generator().manual_seed(seed)
    # all but equal, and far from the origin
    logits = torch.randn(1, 6, generator=g) + 1e-4 * torch.randn(200, 6, generator=g)
    inputs = 100 + 1e-4 * torch.randn(200, 33, generator=g)
    chosen = gradient.sample(logits.softmax(dim=1), inputs, pool, 200, np.random.default_rng(seed))
    assert (chosen.scores >= 0).all()
    assert chosen.rows.sort().values.equal(pool.candidates)


class Largest(TorchDispatchMode):
    """Records the bytes of the largest tensor that any operation makes."""

    nbytes = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        made = [leaf for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        self.nbytes = max([self.nbytes, *(tensor.untyped_storage().nbytes() for tensor in made)])
        return result


def test_nothing_larger_than_the_inputs_is_ever_made(make_pool):
    pool = make_pool(seed=3, size=1010)
    g = torch.Generator().manual_seed(3)
    probabilities = torch.randn(1000, 100, generator=g).softmax(dim=1)
    inputs = torch.randn(1000, 768, generator=g)
    with Largest() as largest:
        gradient.sample(probabilities, inputs, pool, 5, np.random.default_rng(3))
    # the gradients themselves would be a hundred times as large
    assert largest.nbytes == inputs.nbytes
