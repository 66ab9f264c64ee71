"""BALD against the formula, scikit-activeml and closed cases; and the trap of equal passes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from skactiveml.pool import average_kl_divergence, batch_bald

from mindgap.errors import MindgapError
from mindgap.learners import Concat, ConcatLinear
from mindgap.registry import Registry
from mindgap.strategies.bald import Bald, mutual_information
from mindgap.study import blocks
from mindgap.study.loop import run_fleet
from mindgap.study.plan import plan
from mindgap.study.spec import Study
from mindgap.tasks import TaskShape

TINY = Path(__file__).parents[1] / "study" / "plugins" / "tiny.py"


def by_formula(passes):
    """-sum_c mean_t p log mean_t p + mean_t sum_c p log p, sample by sample, in float64."""
    found = []
    for i in range(passes.shape[1]):
        p = passes[:, i].double().numpy()
        mean = p.mean(axis=0)
        of_mean = -sum(m * np.log(m) for m in mean if m > 0)
        found.append(of_mean + sum(v * np.log(v) for v in p.ravel() if v > 0) / len(p))
    return np.array(found)


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("seed", range(4))
def test_same_samples_in_the_same_order_as_by_formula(make_pool, seed, classes):
    pool = make_pool(seed=seed, classes=classes)
    expected = by_formula(pool.mc_probabilities[:, pool.candidates])
    order = np.argsort(-expected)[:50]
    chosen = Bald().select(pool, 50, np.random.default_rng(seed))
    assert chosen.rows.tolist() == pool.candidates[order].tolist()
    assert chosen.scores.numpy() == pytest.approx(expected[order], abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_same_scores_as_scikit_activeml(make_pool, seed):
    pool = make_pool(seed=seed)
    passes = pool.mc_probabilities[:, pool.candidates]
    found = mutual_information(passes).numpy()
    kl = average_kl_divergence(passes.double().numpy().copy())
    assert found == pytest.approx(kl, abs=1e-5)
    first = batch_bald(passes.double().numpy().copy(), batch_size=1, random_state=0)[0]
    assert int(found.argmax()) == int(first.argmax())
    assert found == pytest.approx(first, abs=1e-5)


def test_closed_cases():
    passes = torch.tensor(
        [
            [[1.0, 0.0], [0.5, 0.5], [1.0, 0.0], [0.9, 0.1]],
            [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0], [0.1, 0.9]],
        ]
    )
    # sure and opposed, unsure and agreed, sure and agreed, nearly sure and opposed
    nearly = np.log(2) + 0.9 * np.log(0.9) + 0.1 * np.log(0.1)
    assert mutual_information(passes).tolist() == pytest.approx([np.log(2), 0, 0, nearly], abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_never_negative_and_at_most_the_entropy(seed):
    g = torch.Generator().manual_seed(seed)
    passes = torch.softmax(torch.randn(7, 400, 5, generator=g) * 10 ** (seed - 2), dim=2)
    found = mutual_information(passes)
    assert (found > -1e-6).all()
    assert (found <= torch.special.entr(passes.mean(dim=0)).sum(dim=1) + 1e-6).all()
    assert (found <= np.log(5) + 1e-6).all()


def test_equal_passes_are_refused(make_pool, serving):
    """What ranks them is rounding noise, whatever the learner says of itself."""
    pool = make_pool(seed=0)
    for count in (1, 10):
        same = serving(pool, mc_probabilities=pool.probabilities.expand(count, -1, -1))
        with pytest.raises(MindgapError, match=f"the {count} passes are all the same"):
            Bald().select(same, 5, np.random.default_rng(0))


def test_one_pass_that_differs_is_enough(make_pool, serving):
    pool = make_pool(seed=0)
    passes = pool.probabilities.repeat(10, 1, 1)
    passes[7, pool.candidates[3]] = pool.probabilities[pool.candidates[3]].flip(0)
    chosen = Bald().select(serving(pool, mc_probabilities=passes), 1, np.random.default_rng(0))
    assert chosen.rows.tolist() == [int(pool.candidates[3])]


@pytest.mark.parametrize("learner", [Concat, ConcatLinear])
def test_a_learner_without_dropout_is_refused(learner):
    shape = TaskShape({"image": (3,)}, 2)
    assert Bald().supports(shape, learner().capabilities) is None
    why = Bald().supports(shape, learner(dropout=0.0).capabilities)
    assert "dropout above 0" in why
    assert "stochastic" in why


def run_study(registry, **fields):
    """Records of a small study in this process, by (learner, strategy, seed, round)."""
    asked = {
        "name": "here",
        "tasks": ["tiny"],
        "learners": ["concat[steps=15]"],
        "strategies": ["bald", "margin"],
        "budget": {"initial": 12, "query": 5, "rounds": 1},
        "seeds": 2,
    }
    study = Study.model_validate({**asked, **fields})
    found = {}

    def write(record):
        assert record["kind"] == "round", record.get("traceback")
        key = (record["learner"], record["strategy"], record["seed"], record["round"])
        found[key] = {**record, "seconds": None}

    planned = plan(study, registry, {})
    for fleet in planned.fleets:
        run_fleet(fleet, registry, {}, write)
    return found, planned


def test_in_the_loop_it_chooses_the_same_whatever_the_company(monkeypatch):
    registry = Registry([TINY])
    together, _ = run_study(registry)
    alone, _ = run_study(registry, strategies=["bald"], seeds=[1])
    assert len(together) == 2 * 2 * 2
    for key, record in alone.items():
        assert record == together[key]
    monkeypatch.setattr(blocks, "MEMORY", 1)
    assert run_study(registry)[0] == together
    picks = {tuple(s["id"] for s in record["selected"]) for record in together.values()}
    assert len(picks) == len(together), "seeds, rounds and strategies choose differently"


def test_in_a_study_a_learner_without_dropout_is_left_out_with_the_reason():
    learners = ["concat[steps=15]", "concat[steps=15, dropout=0]"]
    found, planned = run_study(Registry([TINY]), learners=learners, seeds=1)
    ((run, why),) = planned.impossible
    assert run.strategy == "bald"
    assert why.startswith("bald: it reads mc_probabilities")
    assert len(found) == 3 * 2
