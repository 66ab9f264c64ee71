"""scikit-activeml's strategies choose from our pools what they choose by themselves."""

import importlib.util
import inspect

import numpy as np
import pytest
import skactiveml.pool

from mindgap.errors import MindgapError
from mindgap.registry import Registry
from mindgap.strategies import checked
from mindgap.strategies.margin import Margin
from mindgap.strategies.scikit_activeml import ADAPTED, CANNOT, entry
from mindgap.testing import check_strategy

REGISTRY = Registry()
NAMES = [f"skactiveml:{name}" for name in ADAPTED]


def rng():
    return np.random.default_rng(5)


def test_every_strategy_for_pools_is_adapted_or_refused():
    from skactiveml.base import QueryStrategy

    classes = [c for c in vars(skactiveml.pool).values() if inspect.isclass(c)]
    final = [c for c in classes if issubclass(c, QueryStrategy) and not inspect.isabstract(c)]
    assert {c.__name__ for c in final} == ADAPTED.keys() | CANNOT.keys()
    assert REGISTRY.adapted("strategy") == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:The maximum purity")
def test_it_chooses_from_a_pool_with_gaps(make_pool, name):
    strategy = REGISTRY.configure("strategy", name).build()
    pool = make_pool(seed=3, size=60, serve=strategy.requires())
    chosen = checked(strategy.select(pool, 7, rng()), pool, 7)
    assert chosen.rows.equal(strategy.select(pool, 7, rng()).rows)
    assert len(strategy.select(pool, 0, rng()).rows) == 0


def test_embeddings_are_its_samples(make_pool):
    pool = make_pool(seed=1, size=60)
    y = np.full(60, np.nan)
    y[pool.labelled] = pool.labels
    for name in ("CoreSet", "TypiClust"):
        seed = int(rng().integers(2**31 - 1))
        theirs = getattr(skactiveml.pool, name)(random_state=seed)
        expected = theirs.query(
            pool.embeddings.double().numpy(), y, candidates=pool.candidates.numpy(), batch_size=9
        )
        ours = REGISTRY.configure("strategy", f"skactiveml:{name}").build()
        assert ours.select(pool, 9, rng()).rows.tolist() == expected.tolist()


def test_its_classifier_is_our_network(make_pool):
    pool = make_pool(seed=2, size=60)
    text = "skactiveml:UncertaintySampling[method=margin_sampling]"
    configured = REGISTRY.configure("strategy", text)
    chosen = configured.build().select(pool, 9, rng())
    assert chosen.rows.tolist() == Margin().select(pool, 9, rng()).rows.tolist()
    assert configured.text == text
    assert configured.sources[f"strategy {configured.name}"].version.startswith("scikit-activeml 1")


def test_it_keeps_the_contract():
    check_strategy(entry("UncertaintySampling")[0]())


def test_what_cannot_be_had_says_why(monkeypatch):
    with pytest.raises(MindgapError, match="FourDs can't be used here: it needs a mixture model"):
        REGISTRY.configure("strategy", "skactiveml:FourDs")
    with pytest.raises(MindgapError, match="did you mean 'CoreSet'"):
        REGISTRY.configure("strategy", "skactiveml:Coreset")
    entry.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MindgapError, match=r"pip install 'mindgap\[skactiveml\]'"):
        REGISTRY.configure("strategy", "skactiveml:CoreSet")
    assert not REGISTRY.adapted("strategy")
