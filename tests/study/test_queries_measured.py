"""What is measured of every query, against the pool that it was made from."""

import numpy as np
import pytest
import torch

from mindgap.registry import Registry
from mindgap.study.loop import run_fleet
from mindgap.study.plan import plan
from mindgap.study.spec import Study
from mindgap.tasks.generator import draw

SMALL = "pool=300, test=100"


def records(task, strategies, rounds=2, metrics=(), learner="concat[steps=15]"):
    study = Study(
        name="here",
        tasks=[task],
        learners=[learner],
        strategies=list(strategies),
        budget={"initial": 12, "query": 20, "rounds": rounds},
        seeds=1,
        metrics=list(metrics),
    )
    registry, found = Registry(), {}

    def write(record):
        assert record["kind"] == "round", record.get("traceback")
        values = {(m["metric"], m["subject"]): m["value"] for m in record["metrics"]}
        found[record["strategy"], record["round"]] = values, record["selected"]

    for fleet in plan(study, registry, {}).fleets:
        run_fleet(fleet, registry, {}, write)
    return registry.configure("task", task).build(), found


def test_a_scenario_s_latent_values_are_those_that_its_labels_and_codes_were_made_of():
    source = Registry().configure("task", f"int_synergy[{SMALL}]").build()
    known = source.latent(0)
    labels = source.make(0).pool.labels.numpy()
    description = source.description
    _, codes = draw(description, "data", source.family, 0, "pool", n=300, split="pool")
    signs = np.concatenate([codes[name] > 0 for name in description.names], axis=1)
    assert len(np.unique(known.values)) == 16  # two bits of two values each
    assert len(np.unique(np.column_stack([known.values, signs]), axis=0)) == 16
    for cell in range(16):  # a cell settles the class
        assert len(np.unique(labels[known.values == cell])) == 1
    assert known.corrupted == {}
    assert known.conflicting is None


@pytest.mark.parametrize(
    "task",
    ["int_synergy", "int_red_syn", "diff_nonlin_red", "diff_shortcut", "three_mod", "five_mod"],
)
@pytest.mark.parametrize("split", ["pool", "test"])
def test_the_values_that_modalities_carry_make_up_the_label_bits(task, split):
    """Hidden in sub-bits or not: their exclusive or over a bit's groups is the bit."""
    source = Registry().configure("task", f"{task}[{SMALL}]").build()
    labels = getattr(source.make(0), split).labels.numpy()
    carried = source.latent(0, split).carried
    for j, bit in enumerate(source.description.bits):
        values = np.zeros(len(labels), dtype=int)
        for carriers in bit.groups:
            told = [carried[name][bit.name] for name in carriers]
            assert all(np.array_equal(value, told[0]) for value in told)
            values ^= told[0]
        assert np.array_equal(values, (labels >> j) & 1)


@pytest.mark.parametrize("task", ["diff_corrupt", "diff_shortcut"])
def test_corrupted_and_conflicting_samples_are_marked_as_often_as_they_are_drawn(task):
    source = Registry().configure("task", f"{task}[pool=4000, test=100]").build()
    known, description = source.latent(0), source.description
    for name, share in description.corruption.items():
        assert known.corrupted[name].mean() == pytest.approx(share, abs=0.03)
        _, codes = draw(description, "data", source.family, 0, "pool", n=4000, split="pool")
        assert np.array_equal((codes[name] == 0).all(axis=1), known.corrupted[name])
    if description.shortcut:
        share = 1 - description.shortcut.pool
        assert known.conflicting.mean() == pytest.approx(share, abs=0.03)


def test_what_is_recorded_of_a_query_is_what_was_chosen():
    source, found = records(f"miss_mcar_sym[{SMALL}]", ["random", "margin"])
    pool = source.make(0).pool
    rows = {name: row for row, name in enumerate(pool.ids.tolist())}
    for (strategy, round_), (values, chosen) in found.items():
        mine = torch.tensor([rows[one["id"]] for one in chosen])
        of_classes = torch.bincount(pool.labels[mine]).double() / len(mine)
        of_classes = of_classes[of_classes > 0]
        entropy = float(-(of_classes * of_classes.log()).sum() / np.log(len(pool.classes)))
        assert values["class_entropy", ""] == pytest.approx(entropy)
        assert values["cell_coverage", "values"] <= 1
        if round_:
            before = found[strategy, round_ - 1][0]
            assert values["cell_coverage", "values"] >= before["cell_coverage", "values"]
        patterns = [subject for metric, subject in values if metric == "pattern_lift"]
        assert set(patterns) == set(source.card()["patterns"])
        assert ("aleatoric_waste", "") in values
        assert ("corruption_lift", "x1") not in values


def test_lift_is_1_where_everything_is_chosen():
    study = "miss_mcar_sym[pool=52, test=100]"
    _, found = records(study, ["random"], rounds=2)
    values, chosen = found["random", 1]  # the last 20 candidates
    assert len(chosen) == 20
    lifts = {v for (m, _), v in values.items() if m in ("pattern_lift", "incomplete_lift")}
    assert lifts == {1.0}
    assert values["aleatoric_waste", ""] == pytest.approx(0.0, abs=1e-12)
    assert values["class_shift", ""] == 0.0
    assert values["cell_coverage", "values"] == 1.0
    values, chosen = found["random", 2]
    assert chosen == []
    assert ("class_entropy", "") not in values


def test_the_oracle_of_what_is_left_to_learn_has_the_highest_yield():
    asked = ["epistemic_yield", "dominance"]
    _, found = records(f"miss_base[{SMALL}]", ["random", "epistemic_yield"], 0, asked)
    random, oracle = (found[name, 0][0] for name in ("random", "epistemic_yield"))
    assert oracle["epistemic_yield", ""] > random["epistemic_yield", ""]
    assert oracle["epistemic_yield", ""] > 0.1
    for values in (random, oracle):
        assert values["dominance", "x1"] == -values["dominance", "x2"]
        assert -1 <= values["dominance_pool", "x1"] <= 1
    assert random["dominance_pool", "x1"] == oracle["dominance_pool", "x1"]
