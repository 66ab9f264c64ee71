"""BatchBALD against the joint entropy over all configurations of labels, and scikit-activeml."""

from itertools import product

import numpy as np
import pytest
import torch
from scipy.stats import entropy
from skactiveml.pool import batch_bald

from mindgap.errors import MindgapError
from mindgap.strategies.bald import Bald
from mindgap.strategies.batchbald import Batchbald


def joint_information(passes, batch):
    """H(y_1..b) - sum_i E_w H(y_i) by equations 8-10, configuration by configuration."""
    draws, _, classes = passes.shape
    joint = [
        np.mean([np.prod([passes[t, x, y] for x, y in zip(batch, labels, strict=True)])
                 for t in range(draws)])
        for labels in product(range(classes), repeat=len(batch))
    ]  # fmt: skip
    return entropy(joint) - sum(entropy(passes[:, x], axis=1).mean() for x in batch)


def greedy(passes, n):
    batch, values = [], [0.0]
    for _ in range(n):
        rest = [x for x in range(passes.shape[1]) if x not in batch]
        found = [joint_information(passes, [*batch, x]) for x in rest]
        batch.append(rest[int(np.argmax(found))])
        values.append(max(found))
    return batch, np.diff(values)


@pytest.mark.parametrize("seed", range(3))
def test_same_batch_as_over_all_configurations(make_pool, seed):
    pool = make_pool(seed=seed, size=24, labelled=8, classes=3)
    passes = pool.mc_probabilities[:, pool.candidates].double().numpy()
    expected, gains = greedy(passes, 4)
    chosen = Batchbald().select(pool, 4, np.random.default_rng(seed))
    assert chosen.rows.tolist() == pool.candidates[expected].tolist()
    assert chosen.scores.numpy() == pytest.approx(gains, abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_same_batch_as_scikit_activeml(make_pool, seed):
    pool = make_pool(seed=seed, size=60, classes=3)
    passes = pool.mc_probabilities[:, pool.candidates].double().numpy()
    theirs = np.nanargmax(batch_bald(passes.copy(), batch_size=3, random_state=0), axis=1)
    chosen = Batchbald().select(pool, 3, np.random.default_rng(seed))
    assert chosen.rows.tolist() == pool.candidates[theirs].tolist()


def test_a_sample_of_the_configurations_tells_nearly_as_much(make_pool):
    pool = make_pool(seed=5, size=24, labelled=8, classes=3)
    passes = pool.mc_probabilities[:, pool.candidates].double().numpy()
    sampled = Batchbald(configurations=200).select(pool, 7, np.random.default_rng(1))
    exact = Batchbald(configurations=3**7).select(pool, 7, np.random.default_rng(1))
    places = {int(row): place for place, row in enumerate(pool.candidates)}
    told = [
        joint_information(passes, [places[int(row)] for row in chosen.rows])
        for chosen in (sampled, exact)
    ]
    assert float(exact.scores.sum()) == pytest.approx(told[1], abs=1e-4)
    assert float(sampled.scores.sum()) == pytest.approx(told[0], abs=0.03)
    assert told[0] > 0.98 * told[1]


def test_a_copy_of_what_is_sure_under_each_draw_tells_nothing_more(make_pool, serving):
    pool = make_pool(seed=2, size=40)
    first, second = pool.candidates[[4, 20]].tolist()
    passes = pool.mc_probabilities.clone()
    passes[:, first] = torch.eye(4)[torch.arange(10) % 4]
    passes[:, second] = passes[:, first]
    twins = serving(pool, mc_probabilities=passes)
    assert set(Bald().select(twins, 2, np.random.default_rng(0)).rows.tolist()) == {first, second}
    rows = Batchbald().select(twins, 20, np.random.default_rng(0)).rows.tolist()
    assert len(set(rows) & {first, second}) == 1


def test_equal_passes_are_refused(make_pool, serving):
    pool = make_pool(seed=0)
    same = serving(pool, mc_probabilities=pool.probabilities.expand(10, -1, -1))
    with pytest.raises(MindgapError, match="the 10 passes are all the same"):
        Batchbald().select(same, 5, np.random.default_rng(0))


def test_the_information_in_the_draws_is_all_there_is(make_pool):
    pool = make_pool(seed=1, size=200)
    scores = Batchbald().select(pool, 60, np.random.default_rng(0)).scores
    assert float(scores.sum()) < 1.2 * np.log(
        len(pool.mc_probabilities)
    )  # the largest of noisy gains is too large
    assert scores[0] > 10 * scores[30:].abs().max()
    assert torch.equal(scores[:5], scores[:5].sort(descending=True).values)
