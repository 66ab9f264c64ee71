"""What is compared, and that everything else is told."""

from analysis.planted_results import card, failure, plant, run, study

from mindgap.analysis import Gap, cells, measured

FULL = [0.5, 0.6, 0.7]
NOTHING = "nothing measured: failed, not possible (see `mindgap plan`), or still to come"


def found(results):
    return cells(results, measured(results))


def runs(strategies, seeds, **more):
    return [r for s in strategies for seed in seeds for r in run(s, seed, FULL, **more)]


def test_a_complete_study_has_no_gaps(tmp_path):
    results = plant(tmp_path, runs(["a", "random"], range(5)), study(), [card("t")])
    (cell,), gaps = found(results)
    assert gaps == []
    assert cell.labels == (50, 100, 150)
    assert list(cell.runs) == ["random", "a"]
    assert cell.seeds("a") == cell.seeds("random") == [0, 1, 2, 3, 4]
    assert cell.card["task"] == "t"


def test_a_short_run_is_told_and_not_compared(tmp_path):
    records = runs(["random"], range(3)) + runs(["a"], range(2)) + run("a", 2, FULL[:2])
    (cell,), gaps = found(plant(tmp_path, records, study(seeds=3)))
    assert cell.labels == (50, 100, 150)
    assert cell.seeds("a") == [0, 1]
    assert cell.seeds("random") == [0, 1, 2]
    assert gaps == [Gap("t", "concat", "a", (2,), "2 of 3 rounds: not compared")]


def test_an_interrupted_study_is_compared_as_far_as_most_of_it_got(tmp_path):
    records = runs(["random"], [0]) + [
        r for s, seed in [("random", 1), ("a", 0), ("a", 1)] for r in run(s, seed, FULL[:2])
    ]
    (cell,), gaps = found(plant(tmp_path, records, study(seeds=2)))
    assert cell.labels == (50, 100)
    assert cell.seeds("a") == [0, 1]
    assert [(g.strategy, g.seeds, g.why) for g in gaps] == [
        ("random", (1,), "2 of 3 rounds: compared over 2"),
        ("a", (0, 1), "2 of 3 rounds: compared over 2"),
    ]


def test_a_strategy_is_compared_on_the_seeds_it_shares_with_random(tmp_path):
    records = runs(["random"], [0, 1, 2]) + runs(["a"], [1, 2, 3]) + runs(["b"], [7])
    (cell,), gaps = found(plant(tmp_path, records))
    assert cell.seeds("a") == [1, 2]
    assert cell.of("a") == ["t-concat-a-s1", "t-concat-a-s2"]
    assert cell.seeds("b") == []
    assert [g.why for g in gaps] == ["no seed in common with random: not compared"]


def test_without_random_all_seeds_count(tmp_path):
    (cell,), _ = found(plant(tmp_path, runs(["a"], [1, 2]) + runs(["b"], [2, 3])))
    assert not cell.has_reference
    assert (cell.seeds("a"), cell.seeds("b")) == ([1, 2], [2, 3])


def test_two_runs_of_one_name_are_not_averaged(tmp_path):
    records = runs(["random", "a"], [0, 1]) + run("a", 1, FULL, id="t-concat-a-s1-edited")
    (cell,), gaps = found(plant(tmp_path, records, study(seeds=2)))
    assert cell.seeds("a") == [0]
    assert [(g.strategy, g.seeds) for g in gaps] == [("a", (1,))]
    assert "several runs of this name" in gaps[0].why


def test_other_label_counts_are_not_compared(tmp_path):
    records = runs(["random", "a"], [0, 1]) + run("a", 2, FULL, labels=[50, 90, 130])
    (cell,), gaps = found(plant(tmp_path, records))
    assert cell.seeds("a") == [0, 1]
    assert gaps == [
        Gap("t", "concat", "a", (2,), "labelled in other steps than most runs: not compared")
    ]


def test_absent_seeds_strategies_learners_and_tasks_are_told_once(tmp_path):
    asked = study(["t", "u", "v"], ["random", "a", "b"], 2, learners=["concat", "late"])
    records = runs(["random"], [0, 1]) + runs(["a"], [0])
    records += runs(["random", "a"], [0, 1], task="u")
    records += [failure("b", 0), failure("b", 1)]
    both, gaps = found(plant(tmp_path, records, asked))
    assert [cell.task for cell in both] == ["t", "u"]
    assert set(gaps) == {
        Gap("v", "", "", (), NOTHING),
        Gap("", "late", "", (), NOTHING),
        Gap("", "", "b", (), NOTHING),
        Gap("t", "concat", "a", (1,), "no finished round"),
    }


def test_a_learner_is_missed_only_on_tasks_that_it_was_asked_for(tmp_path):
    asked = study(["t", "u"], ["random"], 2, learners=["concat", "late"])
    records = runs(["random"], [0, 1]) + runs(["random"], [0, 1], task="u", learner="late")
    _, gaps = found(plant(tmp_path / "a", records, asked))
    assert len(gaps) == 2
    asked["taught"] = {"t": ["concat"], "u": ["late"]}
    _, gaps = found(plant(tmp_path / "b", records, asked))
    assert gaps == []


def test_a_strategy_absent_from_one_task_and_a_cell_absent_as_a_whole(tmp_path):
    asked = study(["t", "u"], ["random", "a"], 1, learners=["concat", "late"])
    records = runs(["random"], [0]) + runs(["random", "a"], [0], task="u")
    records += runs(["random", "a"], [0], task="u", learner="late")
    _, gaps = found(plant(tmp_path, records, asked))
    assert gaps == [
        Gap("t", "concat", "a", (), NOTHING),
        Gap("t", "late", "", (), NOTHING),
    ]


def test_more_than_was_asked_for_is_shown_as_well(tmp_path):
    results = plant(tmp_path, runs(["random", "a", "b"], range(6)), study(seeds=2))
    (cell,), gaps = found(results)
    assert gaps == []
    assert list(cell.runs) == ["random", "a", "b"]
    assert len(cell.seeds("b")) == 6


def test_the_studys_order_is_kept(tmp_path):
    asked = study(["u", "t"], ["z", "random", "a"], 1, learners=["late", "concat"])
    records = [
        r
        for task in "tu"
        for learner in ("concat", "late")
        for r in runs(["a", "random", "z"], [0], task=task, learner=learner)
    ]
    both, _ = found(plant(tmp_path, records, asked))
    order = [("u", "late"), ("u", "concat"), ("t", "late"), ("t", "concat")]
    assert [(cell.task, cell.learner) for cell in both] == order
    assert list(both[0].runs) == ["random", "z", "a"]


def test_no_card_and_no_study(tmp_path):
    (cell,), gaps = found(plant(tmp_path, runs(["random"], [0])))
    assert cell.card == {}
    assert gaps == []


def test_nothing_at_all(tmp_path):
    assert found(plant(tmp_path, [])) == ([], [])
