"""The scenarios: each has one pitfall, and shares everything else with its control."""

import json

import pytest
import torch

from mindgap.registry import Registry
from mindgap.tasks.generator import generate
from mindgap.tasks.missingness import Missingness
from mindgap.tasks.scenario import Scenario, difference
from mindgap.tasks.scenarios import int_redundant, miss_base

REGISTRY = Registry()
SCENARIOS = [
    name
    for name in REGISTRY.names("task")
    if REGISTRY.configure("task", name).build().kind == "scenario"
]
WITH_CONTROL = [
    name for name in SCENARIOS if REGISTRY.configure("task", name).build().control is not None
]


def build(text) -> Scenario:
    return REGISTRY.configure("task", text).build()


def test_there_are_pitfalls_and_controls():
    assert {"diff_nonlin_red", "miss_mcar_sym"} <= set(WITH_CONTROL)
    assert {"int_redundant", "miss_base"} <= set(SCENARIOS) - set(WITH_CONTROL)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_is_made_as_it_says(name):
    scenario = build(f"{name}[pool=300, test=200]")
    assert scenario.name == name
    task = scenario.make(0)
    assert task.shape == scenario.shape
    assert (len(task.pool), len(task.test)) == (300, 200)
    again, other = scenario.make(0), scenario.make(1)
    assert torch.equal(task.pool.labels, again.pool.labels)
    assert not torch.equal(task.pool.labels, other.pool.labels)
    card = json.loads(json.dumps(scenario.card()))
    assert card["truth"]["bayes_accuracy"]["x1+x2"] > 0.9
    assert sum(card["patterns"].values()) == pytest.approx(1)


@pytest.mark.parametrize("name", WITH_CONTROL)
@pytest.mark.parametrize("seed", [0, 7])
def test_twins_differ_in_one_field_and_share_the_rest(name, seed):
    scenario = build(f"{name}[pool=300, test=200]")
    control = scenario.control
    assert len(difference(scenario.description, control.description)) == 1
    assert scenario.family == control.family == control.name
    first, second = scenario.truth["bayes_accuracy"], control.truth["bayes_accuracy"]
    assert first["x1+x2"] == pytest.approx(second["x1+x2"], abs=0.005)
    mine, theirs = scenario.make(seed), control.make(seed)
    for a, b in ((mine.pool, theirs.pool), (mine.test, theirs.test)):
        assert torch.equal(a.labels, b.labels)
        assert (a.ids == b.ids).all()


@pytest.mark.parametrize("seed", [0, 7])
def test_what_the_pitfall_does_not_touch_is_equal_to_the_bit(seed):
    hard, easy = (
        build(f"{n}[pool=300]").make(seed).pool for n in ("diff_nonlin_red", "int_redundant")
    )
    assert torch.equal(hard.modalities["x1"], easy.modalities["x1"])
    assert not torch.equal(hard.modalities["x2"], easy.modalities["x2"])
    gaps, full = (build(n).description for n in ("miss_mcar_sym", "miss_base"))
    assert gaps.bits == full.bits
    a, b = (generate(d, "miss_base", seed, "pool", 300) for d in (gaps, full))
    for m, name in enumerate(a.names):
        seen = a.observed[:, m]
        assert torch.equal(a.modalities[name][seen], b.modalities[name][seen])


def test_a_pitfall_is_one_field():
    def clumsy():
        """Two things at once."""

    missing = Missingness(pool={"x1": 0.1})
    with pytest.raises(ValueError, match="clumsy must differ from miss_base in one field"):
        miss_base().with_pitfall(clumsy, "too much", parity={"x2": 2}, missing=missing)
    with pytest.raises(ValueError, match="one field"):
        int_redundant().with_pitfall(clumsy, "nothing", label_noise=0.0)


def test_published_expectations():
    """Bayes accuracies of the design's table, which another implementation computed."""
    expected = {
        "int_redundant": (0.841, 0.841, 0.951),
        "diff_nonlin_red": (0.841, 0.841, 0.951),
        "miss_base": (0.447, 0.447, 0.927),
    }
    for name, values in expected.items():
        found = build(name).truth["bayes_accuracy"]
        assert [found["x1"], found["x2"], found["x1+x2"]] == pytest.approx(values, abs=1.5e-3)
    assert build("miss_mcar_sym").truth["bayes_natural"] == pytest.approx(0.687, abs=1e-3)
