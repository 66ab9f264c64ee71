"""The oracle scores by the divergence of the model from the truth, which only scenarios know."""

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from mindgap.registry import Registry
from mindgap.strategies import ORACLE, SERVED
from mindgap.strategies.epistemic_yield import EpistemicYield
from mindgap.tasks import TaskShape
from mindgap.tasks.generator import generate
from mindgap.tasks.posterior import posterior
from mindgap.testing.asking import CAPABLE


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_divergences(make_pool, seed):
    pool = make_pool(seed=seed, size=60, serve=SERVED.keys() | ORACLE)
    chosen = EpistemicYield().select(pool, 50, np.random.default_rng(0))
    truth, model = pool.true_posterior[chosen.rows], pool.probabilities[chosen.rows]
    expected = entropy(truth.double().numpy(), model.double().numpy(), axis=1)
    np.testing.assert_allclose(chosen.scores.numpy(), expected, rtol=1e-4, atol=1e-6)
    assert (chosen.scores.diff() <= 0).all()


def test_a_sample_that_nobody_can_tell_yields_nothing(make_pool, serving):
    pool = make_pool(seed=0, size=60, classes=2, serve=SERVED.keys() | ORACLE)
    even = torch.full((60, 2), 0.5)
    truth = even.clone()
    truth[pool.candidates[7]] = torch.tensor([0.0, 1.0])
    pool = serving(pool, probabilities=even, true_posterior=truth)
    chosen = EpistemicYield().select(pool, 2, np.random.default_rng(0))
    assert chosen.rows[0] == pool.candidates[7]
    assert chosen.scores.tolist() == pytest.approx([np.log(2), 0.0])


def test_only_a_task_that_knows_its_posterior_serves_it():
    shape = TaskShape({"a": (2,)}, 2)
    assert EpistemicYield().supports(shape, CAPABLE) is None
    assert "take a scenario" in EpistemicYield().supports(shape, CAPABLE - {"posterior"})


def test_a_scenario_serves_the_posterior_of_its_own_pool():
    source = Registry().configure("task", "miss_mcar_sym[pool=200, test=50]").build()
    found = source.posterior(3)
    data = generate(source.description, source.family, 3, "pool", 200)
    assert torch.equal(data.observed, source.make(3).pool.observed)
    expected = posterior(source.description, source.family, 3, data, frozenset({"x1", "x2"}))
    np.testing.assert_array_equal(found, expected)
    labels = source.make(3).pool.labels.numpy()
    assert (found.argmax(axis=1) == labels).mean() > 0.55  # 0.687 of them, four deviations allowed
    assert source.capabilities == {"posterior", "test_set"}
