"""The pools that strategies are tried on hold what the loop would serve."""

import pytest
import torch

from mindgap.learners import ConcatLinear, Fleet, Row, Samples, predict
from mindgap.strategies import SERVED
from mindgap.tasks import TaskShape
from mindgap.tasks.subsets import subsets
from mindgap.testing import make_pool
from mindgap.testing.memory import peak_bytes
from mindgap.testing.pools import alike, certain, copied, permuted


def served_by_a_learner():
    """Every key, of one run, for 30 samples with gaps."""
    g = torch.Generator().manual_seed(0)
    learner = ConcatLinear(steps=3)
    network = learner.network(TaskShape({"image": (3,), "text": (4,)}, 4))
    inputs = {"image": torch.randn(30, 3, generator=g), "text": torch.randn(30, 4, generator=g)}
    observed = torch.ones(30, 2, dtype=torch.bool)
    observed[:10, 0] = False
    samples = Samples(inputs, observed)
    row = Row(("family", 0), 0, torch.arange(20), torch.arange(20) % 4)
    parameters = Fleet(learner, network, [samples]).fit([row])
    return predict(network, parameters, samples, set(SERVED), [row.key])


def described(value, rows):
    if callable(value):
        return "a function"
    if isinstance(value, torch.Tensor):
        shape = tuple("N" if size == rows else "?" for size in value.shape)
        return shape, value.dtype
    return {str(sorted(k) if isinstance(k, frozenset) else k): described(v, rows)
            for k, v in value.items()}  # fmt: skip


def test_it_serves_what_a_learner_serves():
    real = {
        key: {k: v[0] for k, v in value.items()} if isinstance(value, dict) else value[0]
        for key, value in served_by_a_learner().items()
    }
    made = make_pool(0, modalities=2, size=30).served
    assert set(made) == set(real) == set(SERVED)
    for key in SERVED:
        assert described(made[key], 30) == described(real[key], 30), key


@pytest.mark.parametrize("modalities", [1, 3, 5])
@pytest.mark.parametrize("gaps", [0.0, 0.5, 1.0])
def test_it_is_consistent(modalities, gaps):
    pool = make_pool(1, modalities=modalities, size=50, labelled=20, classes=7, gaps=gaps)
    assert len(pool.names) == modalities
    assert pool.observed.any(dim=1).all()
    assert pool.observed.all() == (gaps == 0 or modalities == 1)
    everyone = torch.cat([pool.labelled, pool.candidates]).sort().values
    assert everyone.equal(torch.arange(50))
    assert len(pool.labels) == 20
    assert int(pool.labels.max()) < 7
    whole = frozenset(pool.names)
    assert set(pool.subset_probabilities("token")) == set(subsets(pool.names))
    torch.testing.assert_close(pool.subset_probabilities("token")[whole], pool.probabilities)
    assert pool.mc_probabilities.shape[1:] == (50, 7)
    assert not pool.mc_probabilities[0].equal(pool.mc_probabilities[1])
    for p in (pool.probabilities, pool.mc_probabilities, pool.subset_probabilities("zero")[whole]):
        assert torch.allclose(p.sum(dim=-1), torch.tensor(1.0))
    for m, name in enumerate(pool.names):
        own = pool.unimodal_probabilities[name]
        assert own.isnan().all(dim=1).equal(~pool.observed[:, m])
        assert own.isnan().any(dim=1).equal(~pool.observed[:, m])


def test_it_serves_what_is_asked_for_and_nothing_else():
    some = make_pool(2, serve={"embeddings"})
    assert set(some.served) == {"embeddings"}
    assert some.embeddings.equal(make_pool(2).embeddings)


def test_alike_and_certain():
    same = alike(make_pool(3))
    for p in (same.probabilities, same.embeddings, same.mc_probabilities[4]):
        assert p.equal(p[:1].expand_as(p))
    assert not same.mc_probabilities[0].equal(same.mc_probabilities[1])
    pool = make_pool(3)
    sure = certain(pool)
    assert set(sure.mc_probabilities.unique().tolist()) == {0.0, 1.0}
    assert sure.probabilities.argmax(dim=1).equal(pool.probabilities.argmax(dim=1))
    assert sure.embeddings.equal(pool.embeddings)
    own = sure.unimodal_probabilities["text"]
    assert own.isnan().all(dim=1).equal(~pool.observed[:, 1])


def test_permuted_holds_the_same_samples():
    pool = make_pool(4, size=40)
    moved, order = permuted(pool, seed=1)
    assert not moved.observed.equal(pool.observed)
    assert moved.embeddings.equal(pool.embeddings[order])
    assert moved.mc_probabilities.equal(pool.mc_probabilities[:, order])
    assert order[moved.labelled].equal(pool.labelled)
    assert order[moved.candidates].sort().values.equal(pool.candidates)
    assert moved.candidates.equal(moved.candidates.sort().values)


def test_copied_shares_no_memory():
    pool = make_pool(5)
    copy = copied(pool)
    copy.observed.fill_(False)
    copy.unimodal_embeddings["text"].fill_(0)
    assert pool.observed.any()
    assert pool.unimodal_embeddings["text"].any()


@pytest.mark.parametrize("megabytes", [50, 200])
def test_a_peak_counts_what_was_there_for_a_moment(megabytes):
    torch.zeros(100_000_000)  # an earlier, higher peak doesn't hide it

    def passing():
        torch.ones(megabytes * 250_000)

    found = peak_bytes(passing)
    if found is None:
        pytest.skip("no peak can be measured here")
    assert found == pytest.approx(megabytes * 1e6, rel=0.2)
