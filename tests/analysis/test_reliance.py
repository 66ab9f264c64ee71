"""Use of modalities beside truth and control; incomplete samples; seconds."""

import numpy as np
import pytest
from analysis.planted_results import TRUTH, card, plant, run
from scipy import stats

from mindgap.analysis import (
    against_control,
    analyse,
    incomplete_chosen,
    incomplete_pool,
    least_used,
    patterns,
    prescribed,
    seconds,
)

NAMES = ["x1", "x2"]


def used(x1, x2, rounds=3):
    """Metrics of models whose utilisation grows from 0 to these values in the last round."""
    values = {("utilisation", "x1"): x1, ("utilisation", "x2"): x2, ("imbalance", ""): x1 - x2}
    values |= {("accuracy_only", "x1"): x1 / 2, ("accuracy_only", "x2"): x2 / 2}
    values |= {("kappa", "R1"): x2}
    return {key: np.linspace(0, value, rounds) for key, value in values.items()}


def twins(tmp_path, seeds=range(4), seed=0, control_rounds=3):
    rng = np.random.default_rng(seed)
    x2 = {
        (task, name, s): level + rng.normal(0, 0.03)
        for task, level in (("hard", 0.2), ("easy", 0.95))
        for name in ("random", "a")
        for s in seeds
    }
    records = []
    for (task, name, s), value in x2.items():
        n = control_rounds if task == "easy" else 3
        more = {"metrics": used(1.2, value, n), "family": "easy", "task": task}
        records += run(name, s, [0.5] * n, **more)
    cards = [card("easy"), card("hard", family="easy", pitfall="x2 is hard", control="easy")]
    return analyse(plant(tmp_path, records, cards=cards)), x2


def test_what_the_truth_prescribes():
    expected = {
        ("accuracy_only", "x1"): 0.84,
        ("accuracy_without", "x1"): 0.8,
        ("shapley", "x2"): 0.33,
        ("utilisation", "x2"): 1,
        ("imbalance", ""): 0,
        ("kappa", "R1"): 1,
    }
    for (metric, subject), value in expected.items():
        assert prescribed(TRUTH, NAMES, metric, subject) == value
    assert prescribed({}, NAMES, "shapley", "x2") is None


def test_all_others_are_named_in_the_datas_order():
    truth = {**TRUTH, "bayes_accuracy": {"b+a": 0.7, "b+c": 0.6, "c+a": 0.5}}
    names = ["b", "c", "a"]
    assert [prescribed(truth, names, "accuracy_without", name) for name in names] == [0.5, 0.7, 0.6]


@pytest.mark.parametrize("seed", range(3))
def test_means_at_the_last_round_beside_the_control(tmp_path, seed):
    analysis, x2 = twins(tmp_path, seed=seed)
    hard = next(c for c in analysis.compared if c.cell.task == "hard")
    found = {(r.metric, r.subject): r for r in hard.reliance}
    assert list(found) == [
        ("accuracy_only", "x1"),
        ("utilisation", "x1"),
        ("accuracy_only", "x2"),
        ("utilisation", "x2"),
        ("imbalance", ""),
        ("kappa", "R1"),
    ]
    for name in ("random", "a"):
        values = [x2["hard", name, s] for s in range(4)]
        measured = found["utilisation", "x2"].measured[name]
        interval = stats.ttest_1samp(values, 0).confidence_interval()
        assert measured.value == pytest.approx(np.mean(values))
        assert (measured.low, measured.high) == pytest.approx((interval.low, interval.high))
        control = found["utilisation", "x2"].control[name]
        assert control.value == pytest.approx(np.mean([x2["easy", name, s] for s in range(4)]))
        assert least_used(hard.reliance, name) == ("x2", measured)


def test_the_control_itself_has_none(tmp_path):
    analysis, _ = twins(tmp_path)
    easy = next(c for c in analysis.compared if c.cell.task == "easy")
    assert easy.control is None
    assert all(entry.control == {} for entry in easy.reliance)


def test_a_control_with_other_labels_is_not_put_beside(tmp_path):
    analysis, _ = twins(tmp_path, control_rounds=2)
    hard = next(c for c in analysis.compared if c.cell.task == "hard")
    assert all(entry.control == {} for entry in hard.reliance)


@pytest.mark.parametrize("seed", range(3))
def test_the_gap_to_the_control_is_paired_by_seed(tmp_path, seed):
    analysis, x2 = twins(tmp_path, seed=seed)
    hard = next(c for c in analysis.compared if c.cell.task == "hard")
    here, there, gap = against_control(
        analysis.measured, hard.cell, hard.control, "utilisation", "x2"
    )
    means = {
        task: [np.mean([x2[task, name, s] for name in ("random", "a")]) for s in range(4)]
        for task in ("hard", "easy")
    }
    expected = stats.ttest_rel(means["hard"], means["easy"])
    assert (here.value, there.value) == pytest.approx(
        (np.mean(means["hard"]), np.mean(means["easy"]))
    )
    assert gap.n == 4
    assert gap.p == pytest.approx(expected.pvalue)


def test_data_sets_prescribe_nothing(tmp_path):
    more = {"metrics": {("shapley", "x1"): [0.3], ("shapley", "x2"): [0.1]}}
    records = run("random", 0, [0.5], **more)
    results = plant(tmp_path, records, cards=[card("t", kind="data set", truth=None)])
    (compared,) = analyse(results).compared
    assert [(r.subject, r.prescribed) for r in compared.reliance] == [("x1", None), ("x2", None)]
    assert least_used(compared.reliance, "random") is None


def test_without_a_card_modalities_are_those_measured(tmp_path):
    metrics = {("accuracy_only", "b"): [0.3], ("accuracy_only", "a"): [0.4]}
    (compared,) = analyse(plant(tmp_path, run("random", 0, [0.5], metrics=metrics))).compared
    assert [r.subject for r in compared.reliance] == ["a", "b"]


def test_incomplete_samples_among_the_chosen(tmp_path):
    shares = {"x1+x2": 0.5, "x1": 0.3, "x2": 0.2}
    records = run("random", 0, [0.5, 0.6], chosen=["x1+x2", "x1", "x2", "x1+x2"])
    records += run("random", 1, [0.5, 0.6], chosen=["x1+x2"])
    records += run("a", 0, [0.5, 0.6], chosen=["x2"]) + run("a", 1, [0.5, 0.6], chosen=["x1"])
    analysis = analyse(plant(tmp_path, records, cards=[card("t", patterns=shares)]))
    (compared,) = analysis.compared
    assert incomplete_pool(compared.cell) == pytest.approx(0.5)
    found = incomplete_chosen(analysis.measured, compared.cell)
    assert (found["random"].value, found["random"].n) == (0.25, 2)
    assert found["a"].value == 1


def test_choices_after_the_last_common_round_do_not_count(tmp_path):
    records = run("random", 0, [0.5]) + run("random", 1, [0.5]) + run("a", 1, [0.5])
    long = run("a", 0, [0.5, 0.6], chosen=["x1"])
    long[0]["selected"] = [{"id": "i", "score": 0.0, "observed": "x1+x2"}]
    analysis = analyse(plant(tmp_path, records + long, cards=[card("t")]))
    found = incomplete_chosen(analysis.measured, analysis.compared[0].cell)
    assert found["a"].value == 0


def test_without_a_card_incompleteness_is_not_known(tmp_path):
    analysis = analyse(plant(tmp_path, run("random", 0, [0.5], chosen=["x1"])))
    assert incomplete_chosen(analysis.measured, analysis.compared[0].cell) == {}
    assert incomplete_pool(analysis.compared[0].cell) is None


def test_accuracy_by_pattern(tmp_path):
    kinds = {"complete": 0.9, "pattern:x1": 0.7, "pattern:x2": 0.6, "pattern:x1+x2": 0.9}
    metrics = {("accuracy", kind): [0, value] for kind, value in kinds.items()}
    analysis = analyse(
        plant(tmp_path, run("random", 0, [0.5, 0.8], metrics=metrics), cards=[card("t")])
    )
    found = patterns(analysis.measured, analysis.compared[0].cell)
    assert [(p.subject, p.bayes, p.accuracy["random"].value) for p in found] == [
        ("natural", 0.9, 0.8),
        ("complete", 0.95, 0.9),
        ("pattern:x1", 0.84, 0.7),
        ("pattern:x2", 0.8, 0.6),
    ]


def test_nothing_missing_has_no_patterns(tmp_path):
    metrics = {("accuracy", "complete"): [0.5]}
    analysis = analyse(plant(tmp_path, run("random", 0, [0.5], metrics=metrics)))
    assert patterns(analysis.measured, analysis.compared[0].cell) == []


def test_seconds_are_means_over_finished_rounds(tmp_path):
    records = run("a", 0, [0.5, 0.6]) + run("a", 1, [0.5])
    records[0]["seconds"] = {"train": 2.0}
    (found,) = seconds(plant(tmp_path, records))
    assert (found.task, found.strategy, found.rounds) == ("t", "a", 3)
    assert found.phases == pytest.approx({"train": 1.0, "select": 0.5 / 3})
