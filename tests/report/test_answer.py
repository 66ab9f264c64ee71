"""The three sentences at the top: true of what was planted, and of nothing more."""

import re

import numpy as np
import pytest
from analysis.planted_results import TRUTH, card, failure, plant, run, study

from mindgap.analysis import analyse, claims
from mindgap.report.answer import answer


def told(results):
    analysis = analyse(results)
    return answer(analysis, claims(analysis))


def _new(folder):
    folder.mkdir()
    return folder


def curves(gains, tasks=("t",), seeds=5, noise=0.004, **more):
    """Runs of random and of strategies that are ahead of it by so much at the end."""
    records = []
    for i, task in enumerate(tasks):
        for name, gain in {"random": 0.0, **gains}.items():
            for seed in range(seeds):
                rng = np.random.default_rng([i, len(name), seed])
                ends = [0.5, 0.6 + gain + rng.normal(0, noise), 0.7 + gain + rng.normal(0, noise)]
                records += run(name, seed, ends, task, **more)
    return records


def used(x2, seeds=5):
    """(metric, subject) -> values: models use x1 as they should, and x2 so much."""
    return {("utilisation", "x1"): [1.0] * 3, ("utilisation", "x2"): [x2] * 3}


def test_nothing_was_measured(tmp_path):
    (only,) = told(plant(tmp_path, [failure("random", 0)], study(["t"], ["random"], 1)))
    assert only.startswith("Nothing was measured yet")


def test_nothing_is_significant(tmp_path):
    records = curves({"a": 0.0, "b": 0.0}, ("t", "u"), noise=0.03)
    cards = [card("t", truth=None), card("u", truth=None)]
    first, second, third = told(
        plant(tmp_path, records, study(["t", "u"], ["random", "a", "b"]), cards)
    )
    assert first.startswith(
        "Of 2 ways of choosing what to label on 2 tasks, none was measurably better or worse"
    )
    assert re.search(r"below about 0\.0\d\d can't be seen", first)
    assert second.startswith("Whether models neglect a modality can't be judged")
    assert third == (
        "This rests on 30 runs, 5 repetitions (seeds) of each combination; no scenario with a "
        "control is among the tasks, so no cause can be singled out; none failed and none is "
        "missing."
    )


def test_one_strategy_wins_and_one_loses(tmp_path):
    records = curves({"good": 0.1, "bad": -0.1, "same": 0.0}, ("t", "u", "v"))
    first, *_ = told(plant(tmp_path, records))
    assert "3 of 9 comparisons were measurably better and 3 worse" in first
    assert re.search(r"good was most often ahead, on 3 of 3 \(\+0\.07\d accuracy", first)
    assert re.search(r"and bad was most often behind, on 3 of 3 \(−0\.07\d accuracy", first)
    assert "luck" not in first


@pytest.mark.parametrize("sure", [True, False])
def test_one_win_among_many_may_be_luck(tmp_path, sure):
    """Not where it is significant over all tasks, too."""
    gains = [0.1, 0.101, 0.099, 0.1, 0.102] if sure else [0.01, 0.03, 0.05, 0.07, 0.09]
    records = [
        record
        for i in range(8)
        for seed, gain in enumerate(gains if i == 0 else [-0.02, 0.02, -0.01, 0.01, 0.0])
        for name in ("random", "a")
        for level in [0.6 + gain * (name == "a")]
        for record in run(name, seed, [0.6, level, level], f"t{i}")
    ]
    results = plant(tmp_path, records)
    assert sum(r.verdict != 0 for c in analyse(results).compared for r in c.rows) == 1
    first, *_ = told(results)
    assert (
        "1 of 8 comparisons was measurably better and none worse; a was ahead on t0 (+0." in first
    )
    assert first.endswith("shows one in about one task in twenty.") == (not sure)


@pytest.mark.parametrize(
    ("names", "seeds", "said"),
    [
        (("random",), 3, "Only choosing at random (random) was measured"),
        (("a", "b"), 3, "Nothing was labelled at random for comparison"),
        (("random", "a"), 1, "No strategy can be told from choosing at random: there are too few"),
    ],
)
def test_without_a_comparison_none_is_claimed(tmp_path, names, seeds, said):
    records = [
        record
        for i, name in enumerate(names)
        for seed in range(seeds)
        for record in run(name, seed, [0.5, 0.6 + 0.1 * i])
    ]
    first, _, third = told(plant(tmp_path, records))
    assert first.startswith(said)
    assert ("1 repetition (seeds)" in third) == (seeds == 1)
    assert "the folder names no study" in third


def test_a_pitfall_beside_its_control_and_one_without(tmp_path):
    records, cards = [], []
    for i, level in enumerate((0.2, 0.3, 0.25)):
        hard, easy = f"hard{i}", f"easy{i}"
        cards += [card(hard, family=easy, pitfall="p", control=easy), card(easy)]
        for task, x2 in ((hard, level), (easy, 0.98)):
            for seed in range(5):
                jitter = np.exp(np.random.default_rng([i, seed, task == hard]).normal(0, 0.02))
                metrics = used(x2 * jitter)
                records += run("random", seed, [0.5, 0.6, 0.7], task, metrics=metrics)
    _, second, third = told(plant(tmp_path, records, cards=cards))
    assert second.startswith("Models measurably neglect a modality on 3 of 6 tasks")
    assert "neglect is larger than in their controls" in second
    assert re.search(r"least: in hard0, x2 contributes 20 % of what it should, in", second)
    assert re.search(r"in the control 9\d %", second)
    assert "control of" not in third
    lonely = [card("hard", family="easy", pitfall="p", control="easy")]
    records = [
        r for s in range(5) for r in run("random", s, [0.5, 0.6, 0.7], "hard", metrics=used(0.2))
    ]
    _, second, third = told(plant(_new(tmp_path / "lonely"), records, cards=lonely))
    assert "without the control of hard no cause can be singled out" in third
    assert "larger than in their controls" not in second
    assert "least:" not in second


def test_failures_and_gaps_are_counted(tmp_path):
    records = [*curves({"a": 0.0}, seeds=4)[:-1], failure("a", 4)]
    *_, third = told(plant(tmp_path, records, study(rounds=2), [card("t", truth=TRUTH)]))
    assert "1 run failed; 1 is shorter than asked for; what is missing or left out" in third
    assert "none failed" not in third


def test_several_learners_are_told_apart(tmp_path):
    records = []
    for learner in ("concat", "late"):
        for seed in range(4):
            x2 = 0.3 + 0.01 * seed
            more = {"metrics": used(x2), "learner": learner}
            records += run("random", seed, [0.5, 0.6, 0.7], **more)
    _, second, _ = told(plant(tmp_path, records, cards=[card("t")]))
    assert second.startswith("With learner concat, models measurably neglect")
    assert "with learner late, models" in second
