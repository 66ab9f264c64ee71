"""What holds for each of them, whatever the pool."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from shipped import NAMES, REGISTRY, SHIPPED

from mindgap.registry import parameters
from mindgap.strategies import SERVED, checked
from mindgap.tasks import TaskShape
from mindgap.testing.pools import alike, certain

pytestmark = pytest.mark.parametrize(
    "strategy", [REGISTRY.configure("strategy", text).build() for text in SHIPPED], ids=SHIPPED
)


def select(strategy, pool, n, seed=0):
    """Choose from a pool that serves just what is required; the loop's guard must let it pass."""
    only = replace(pool, served={key: pool.served[key] for key in strategy.requires()})
    chosen = checked(strategy.select(only, n, np.random.default_rng(seed)), only, n)
    if pool.observed[pool.labelled, 0].any():  # else coreset on the first one measures from nothing
        assert chosen.scores.isfinite().all()
    return chosen


def as_it_is(pool):
    return pool


@pytest.mark.parametrize("gaps", [0.0, 0.5])
def test_the_guard_lets_it_pass(make_pool, strategy, gaps):
    for modalities, n, kind in product([1, 2, 3], [1, 7, 30], [as_it_is, alike, certain]):
        pool = kind(make_pool(seed=n, size=40, modalities=modalities, gaps=gaps))
        chosen = select(strategy, pool, n)
        if n == 30:  # all there are
            assert chosen.rows.sort().values.equal(pool.candidates)


def test_one_candidate_and_one_label(make_pool, strategy):
    pool = make_pool(seed=0, size=2, labelled=1)
    assert select(strategy, pool, 1).rows.equal(pool.candidates)


@pytest.mark.parametrize("labelled", [10, 5])
def test_none_asked_for(make_pool, strategy, labelled):
    """As the loop does when the pool is used up."""
    pool = make_pool(seed=0, size=10, labelled=labelled)
    assert len(select(strategy, pool, 0).rows) == 0


def test_two_classes_and_one_feature(make_pool, strategy):
    pool = make_pool(seed=0, size=30, classes=2, widths=(1, 1, 1))
    select(strategy, pool, 10)


@pytest.mark.parametrize("kind", [as_it_is, alike, certain])
def test_the_generator_alone_decides(make_pool, strategy, kind):
    pool = kind(make_pool(seed=3, size=60))
    first, second = (select(strategy, pool, 20, seed=5) for _ in range(2))
    assert first.rows.equal(second.rows)
    assert first.scores.equal(second.scores)


def test_no_global_generator_is_touched(make_pool, strategy):
    pool = certain(make_pool(seed=3, size=60))
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    select(strategy, pool, 20)
    assert torch.get_rng_state().equal(torch_state)
    now = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(now[1], numpy_state[1])
    assert now[2] == numpy_state[2]


def test_chance_decides_where_all_samples_are_alike(make_pool, strategy):
    pool = alike(make_pool(seed=4, size=18, labelled=10))
    firsts = [int(select(strategy, pool, 1, seed).rows[0]) for seed in range(200)]
    counts = [firsts.count(row) for row in pool.candidates.tolist()]
    assert min(counts) >= 10  # of 25 expected


def test_nothing_in_the_pool_is_changed(make_pool, strategy):
    pool, untouched = (make_pool(seed=6, size=60) for _ in range(2))
    select(strategy, pool, 20)
    for name in ("observed", "labelled", "labels", "candidates", "served"):
        assert_same(getattr(pool, name), getattr(untouched, name))


def assert_same(some, other):
    if isinstance(some, Mapping):
        assert list(some) == list(other)
        for key in some:
            assert_same(some[key], other[key])
    elif isinstance(some, torch.Tensor):
        assert torch.equal(some.nan_to_num(9.0), other.nan_to_num(9.0))


def test_what_it_returns_shares_no_memory_with_the_pool(make_pool, strategy):
    pool = make_pool(seed=6, size=60)
    chosen = select(strategy, pool, 50)
    assert chosen.rows.untyped_storage().data_ptr() != pool.candidates.untyped_storage().data_ptr()


def test_a_candidate_keeps_its_row(make_pool, strategy):
    """Candidates are rows of the pool, not places among the candidates."""
    pool = make_pool(seed=7, size=60)
    fewer = replace(pool, candidates=pool.candidates[1::2])
    chosen = select(strategy, fewer, 25)
    assert chosen.rows.sort().values.equal(fewer.candidates)


def test_unimodal_probabilities_of_what_is_not_observed_are_not_read(make_pool, strategy):
    pool = make_pool(seed=8, size=60, gaps=0.6)
    filled = {name: p.nan_to_num(1e9) for name, p in pool.served["unimodal_probabilities"].items()}
    other = replace(pool, served={**pool.served, "unimodal_probabilities": filled})
    first, second = (
        s.select(p, 20, np.random.default_rng(1)) for s, p in ((strategy, pool), (strategy, other))
    )
    assert first.rows.equal(second.rows)
    assert first.scores.equal(second.scores)


def test_it_requires_what_can_be_served(strategy):
    assert set(strategy.requires()) <= set(SERVED)


def test_it_is_found_by_its_name(strategy):
    (name,) = (n for n in NAMES if REGISTRY.target("strategy", n) is type(strategy))
    stored = {p.name: getattr(strategy, p.name) for p in parameters(type(strategy))}
    assert type(strategy)(**stored) == strategy
    assert name in {text.partition("[")[0] for text in SHIPPED}


def test_it_accepts_what_a_whole_learner_can_do(strategy):
    """And says of a learner without what it needs, in one sentence, what to take instead."""
    shape = TaskShape({"image": (6,), "text": (11,), "sound": (3,)}, 4)
    assert strategy.supports(shape, {"stochastic", "unimodal_heads", "linear_head"}) is None
    why = strategy.supports(shape, set())
    needs = strategy.requires() & {"mc_probabilities", "unimodal_probabilities"}
    assert (why is not None) == bool(needs)
    if why:
        assert "take a learner with" in why
