"""Two strategies and two folders against each other, beside scipy and planted answers."""

import json

import numpy as np
import pytest
from analysis.planted_results import card, plant, run, study
from scipy import stats
from typer.testing import CliRunner

from mindgap.analysis import Difference, analyse, compare, versus
from mindgap.analysis.comparison import areas
from mindgap.analysis.paired import difference
from mindgap.cli import app
from mindgap.study.store import Store


def planted(folder, rng, ahead=0.0, seeds=8, tasks=("t", "u"), rounds=3):
    folder.mkdir(exist_ok=True)
    records = [
        record
        for task in tasks
        for seed in range(seeds)
        for name, more in (("random", 0.0), ("badge", ahead))
        for record in run(name, seed, 0.7 + more + rng.normal(0, 0.01, rounds), task)
    ]
    asked = study(tasks, ("random", "badge"), seeds, rounds - 1)
    return plant(folder, records, asked, [card(task) for task in tasks])


def test_the_difference_is_scipys(tmp_path):
    rng = np.random.default_rng(0)
    analysis = analyse(planted(tmp_path, rng, ahead=0.02))
    for one in versus.strategies(analysis, "badge", "random"):
        cell = next(c.cell for c in analysis.compared if c.cell.task == one.task)
        pair = [list(areas(analysis.measured, cell, name).values()) for name in ("badge", "random")]
        told = stats.ttest_rel(*pair)
        assert one.found.p == pytest.approx(told.pvalue)
        assert (one.found.low, one.found.high) == pytest.approx(told.confidence_interval())
        assert (one.first, one.second) == pytest.approx(tuple(map(np.mean, pair)))
        assert (one.ahead, one.more) == (1, 0)


def test_as_many_seeds_as_are_needed_give_the_power():
    rng = np.random.default_rng(1)
    found = difference(0.4 + stats.norm.ppf((np.arange(10) + 0.5) / 10), np.zeros(10))
    assert found.p > 0.05
    deviation = (found.high - found.low) / 2 / stats.t.ppf(0.975, 9) * 10**0.5
    needed = 10 + versus.more_seeds(found)
    draws = rng.normal(found.mean, deviation, (4000, needed))
    power = (stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05).mean()
    assert power == pytest.approx(0.8, abs=0.025)
    assert versus.more_seeds(Difference(0.0, -0.1, 0.1, 1.0, 5)) is None
    assert versus.more_seeds(Difference(1e-6, -0.1, 0.1, 0.99, 5)) is None


def test_folders_are_compared_over_the_labels_that_both_have(tmp_path):
    rng = np.random.default_rng(2)
    one = analyse(planted(tmp_path / "a", rng, ahead=0.1, tasks=("t", "u")))
    other = analyse(planted(tmp_path / "b", rng, rounds=2, tasks=("u", "v")))
    found = {v.strategy: v for v in versus.folders(one, other)}
    assert {v.task for v in found.values()} == {"u"}
    assert found["badge"].ahead == 1
    assert found["random"].found.mean == pytest.approx(0, abs=0.02)


def test_the_command(tmp_path):
    rng = np.random.default_rng(3)
    planted(tmp_path, rng, ahead=0.05)
    told = CliRunner().invoke(
        app, ["compare", "badge", "random", "--in", str(tmp_path)], env={"COLUMNS": "140"}
    )
    assert "ahead in 2, undecided in 0, behind in 0" in told.output
    asked = CliRunner().invoke(app, ["compare", "badge", "random", "--in", str(tmp_path), "--json"])
    assert [one["task"] for one in json.loads(asked.output)] == ["t", "u"]
    for arguments, why in (
        (["badg", "random", "--in", str(tmp_path)], "did you mean 'badge'"),
        (["badge", "random"], "give two results folders, or two strategies"),
    ):
        refused = CliRunner().invoke(app, ["compare", *arguments])
        assert why in str(refused.exception)


def test_accuracy_at_budgets_and_labels_saved(tmp_path):
    """75 labels give a what b has with 150, in every second seed never."""
    curves = {"b": [0.4, 0.5, 0.6], "a": [0.4, 0.8, 0.9], "low": [0.4, 0.45, 0.5]}
    records = [
        record
        for seed in range(4)
        for name, curve in (("a", curves["a" if seed % 2 else "low"]), ("b", curves["b"]))
        for record in run(name, seed, curve)
    ]
    (one,) = versus.strategies(analyse(plant(tmp_path, records)), "a", "b")
    assert [at.labels for at in one.budgets] == [100, 150]
    assert (one.budgets[1].first, one.budgets[1].second) == pytest.approx((0.7, 0.6))
    expected = stats.ttest_rel([0.5, 0.9, 0.5, 0.9], [0.6] * 4).pvalue
    assert one.budgets[1].found.p == pytest.approx(expected)
    assert one.saving.reached == 2
    assert one.saving.needed[1] == pytest.approx(75)
    assert one.saving.curve == pytest.approx(50 + 50 * 0.2 / 0.225)
    arguments = ["compare", "low", "b", "--in", str(tmp_path / "never")]
    (tmp_path / "never").mkdir()
    never = [r for s in range(2) for n in ("low", "b") for r in run(n, s, curves[n])]
    plant(tmp_path / "never", never, study(("t",), ("low", "b"), 2, 2), [card("t")])
    told = CliRunner().invoke(app, arguments, env={"COLUMNS": "140"}).output
    assert "> 150" in told
    assert "0 of 2" in told
    (asked,) = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert asked["saving"]["curve"] is None  # as JSON knows no infinity
    assert asked["saving"]["last"] == 150


@pytest.mark.slow
def test_random_against_itself_is_called_different_as_often_as_promised(tmp_path):
    """400 studies of a strategy under two names: 5 %, give or take two and a half errors."""
    rng = np.random.default_rng(4)
    tasks = [f"t{i}" for i in range(400)]
    results = planted(tmp_path, rng, tasks=tasks)
    analysis = analyse(results)
    wrong = sum(
        row.verdict != 0 for c in analysis.compared for row in compare(analysis.measured, c.cell)
    )
    assert 0.025 <= wrong / 400 <= 0.0775


def test_learners_and_strategies_of_a_task_are_one_block():
    def one(task, learner, ahead):
        found = Difference(ahead, ahead - 0.1, ahead + 0.1, 0.5, 5)
        return versus.Versus(task, learner, "", 0.5, 0.5, found, None, (), None)

    found = [one("t", "a", 0.1), one("t", "b", 0.3), one("u", "a", 0.0)]
    assert versus.over_tasks(found) == difference([0.2, 0.0], [0.0, 0.0])


def test_80_columns_hold_every_number_and_one_seed_has_no_nan(tmp_path):
    rng = np.random.default_rng(4)
    planted(tmp_path / "a", rng, seeds=10, tasks=("diff_snr[severity=4]", "u"))
    planted(tmp_path / "one", rng, ahead=0.1, seeds=1)
    for folder in ("a", "one"):
        arguments = ["compare", "badge", "random", "--in", str(tmp_path / folder)]
        told = CliRunner().invoke(app, arguments, env={"COLUMNS": "80"}).output
        assert "…" not in told
        assert "nan" not in told
        assert folder == "a" or "> 1000" not in told
        assert told.count("seeds there") == 1


def test_an_unfinished_study_is_told_of(tmp_path):
    planted(tmp_path, np.random.default_rng(5))
    Store(tmp_path).claim(study(("t", "u"), ("random", "badge"), 9, 2))
    compared = CliRunner().invoke(app, ["compare", "badge", "random", "--in", str(tmp_path)])
    findings = CliRunner().invoke(app, ["findings", str(tmp_path), "--json"])
    for told in (compared, findings):
        assert "4 gaps: runs that are missing" in " ".join(told.stderr.split())
    assert list(json.loads(findings.stdout)) == ["claims"]
