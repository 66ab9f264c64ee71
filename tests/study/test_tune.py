"""`mindgap tune`: what it searches, on what, and how a study freezes what it found."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from pydantic import ValidationError
from typer.testing import CliRunner

from mindgap.cli import app
from mindgap.cli import tune as verb
from mindgap.errors import InvalidStudy, MindgapError
from mindgap.learners import Fleet
from mindgap.registry import Registry
from mindgap.seeding import stream
from mindgap.study.frozen import taught
from mindgap.study.plan import plan
from mindgap.study.question import FIRST_SEED, GRID, Question, control, settings
from mindgap.study.run import run
from mindgap.study.spec import Study, read
from mindgap.study.tune import search
from mindgap.study.tuned import Beside, Search, Tried, beside, best, everywhere, gain
from mindgap.tasks import Task, TaskSource

TINY = Path(__file__).parent / "plugins" / "tiny.py"
FIELDS = {
    "name": "frozen",
    "tasks": ["tiny"],
    "strategies": ["random", "margin"],
    "budget": {"initial": 6, "query": 6, "rounds": 1},
    "seeds": 1,
}
SMALL = ("--set", "steps=20", "--set", "width=5,9", "--size", "4", "--seeds", "2")


@pytest.fixture
def registry():
    return Registry([TINY])


def question_of(registry, size=4, task="tiny", learner="concat", labels=(10, 30), **grid):
    grid = {"steps": ["20"], "width": ["5", "9"], **grid}
    found = settings(registry, learner, grid, size)
    return Question(control(registry, task), found, labels, seeds=2)


def tune(*arguments, code=0):
    ended = CliRunner().invoke(app, ["tune", "--plugin", str(TINY), *map(str, arguments)])
    assert ended.exit_code == code, ended.output or ended.exception
    return ended.stdout


def test_settings_start_with_the_learner_and_more_only_adds(registry):
    few, many = (settings(registry, "concat[hidden=9]", {}, size) for size in (5, 12))
    assert few[0].text == "concat[hidden=9]"
    assert few == many[:5]
    assert len({one.identity for one in many}) == 12
    assert all(one.params["hidden"] == 9 for one in many)
    assert all(str(one.params["width"]) in GRID["width"] for one in many)
    assert any(one.params["learning_rate"] == 0.01 for one in many)


def test_the_help_names_the_usual_grid():
    assert " ".join(f"{name}={','.join(values)}" for name, values in GRID.items()) == verb.USUAL


def test_values_of_ones_own_and_the_whole_grid(registry):
    one_each = {name: [values[0]] for name, values in GRID.items()}
    found = settings(registry, "concat", {**one_each, "hidden": ["7", "8"], "steps": ["9"]}, 99)
    assert [one.params["hidden"] for one in found[:1]] == [64]
    assert {one.params["hidden"] for one in found[1:]} == {7, 8}
    assert {one.params["steps"] for one in found[1:]} == {9}
    assert len(found) == 3
    for given, told in (
        ({"widht": ["3"]}, "unknown parameter of concat 'widht': did you mean 'width'"),
        ({"width": ["wide"]}, "width=wide"),
    ):
        with pytest.raises(MindgapError, match=told):
            settings(registry, "concat", given, 2)


@pytest.mark.parametrize(
    ("task", "searched"),
    [
        ("diff_snr[severity=3]", "int_redundant"),
        ("miss_shift", "miss_base"),  # whose own control has a control
        ("int_synergy", "int_unique_balanced[d=8]"),
        ("miss_base", "miss_base"),
        ("htad", "htad"),
    ],
)
def test_a_scenario_is_tuned_on_its_control(registry, task, searched):
    assert control(registry, task).text == searched


@dataclass(frozen=True)
class Watched(TaskSource):
    """Labels that nothing tells of; keeps the seeds it was made with, and has no test set."""

    kind = "data set"
    family = "watched"
    pool_size = 200
    card = None
    shape = property(lambda self: self.tiny.shape)
    tiny = Registry([TINY]).configure("task", "tiny[pool=200, d=40, gaps=false]").build()

    def make(self, seed):
        SEEDS.append(seed)
        pool = self.tiny.make(0).pool
        labels = pool.labels[stream("shuffled").permutation(len(pool))]
        return Task(replace(pool, labels=labels), None)


SEEDS: list[int] = []


def test_no_study_has_its_seeds_and_no_score_is_of_a_labelled_or_test_sample(registry):
    registry.add(Watched)
    SEEDS.clear()
    found = search(question_of(registry, 2, "watched", steps=["150"]))
    assert SEEDS == [FIRST_SEED, FIRST_SEED + 1]
    for seed in SEEDS:
        with pytest.raises(ValidationError, match="less than"):
            Study.model_validate({**FIELDS, "seeds": [seed]})
    Study.model_validate({**FIELDS, "seeds": [FIRST_SEED - 1]})
    assert found.accuracy.max() < 0.6  # of the labelled ones, all would be known by heart
    assert found.nll.min() > np.log(3)


def test_a_setting_scores_as_it_would_alone(registry):
    question = question_of(registry, learning_rate=["1e-3", "1e-2"], dropout=["0.1"])
    trained = []
    together = search(question, trained.append)
    assert sum(trained) == question.trained == 16
    for s in (0, 2, 3):
        alone = search(replace(question, settings=question.settings[s : s + 1]))
        assert (alone.accuracy[0] == together.accuracy[s]).all()
        assert (alone.nll[0] == together.nll[s]).all()


def test_what_diverges_is_not_chosen(registry):
    found = search(question_of(registry, size=99, learning_rate=["1e30"], weight_decay=["0.1"]))
    assert np.isfinite(found.nll[0]).all()
    assert np.isnan(found.nll[1:]).all()


def tried(*values):
    return [
        Tried.of(f"s{i}", np.array(v, float), np.array(v, float), "accuracy")
        for i, v in enumerate(values)
    ]


def test_the_choice_and_what_choosing_gains():
    rows = tried([0.5, 0.6], [0.9, 0.55], [np.nan, 1])
    assert best(rows, "accuracy").learner == "s1"
    assert best(rows, "nll").learner == "s0"
    assert best(tried([0.5, 0.5], [0.5, 0.5]), "accuracy").learner == "s0"
    # chosen by the second seed s0 gains nothing on the first; by the first s1 loses on the second
    mean, error = gain(rows, "accuracy")
    assert (mean, error) == pytest.approx(((0 - 0.05) / 2, 0.05 / 2))
    assert (rows[1].mean, rows[1].se) == pytest.approx((0.725, 0.175))
    assert rows[2].mean is None
    assert gain(rows[2:], "accuracy") is None
    with pytest.raises(MindgapError, match="diverged with every setting"):
        best(rows[2:], "accuracy")


def test_one_setting_for_all_families():
    rows = tried([0.5, 0.6], [0.9, 0.5]), tried([0.7, 0.6], [0.1, 0.5], [0.9, 0.9])
    searches = [
        Search(
            learner="s0",
            family=family,
            control=family,
            score="accuracy",
            command="",
            versions={},
            digest=family,
            chosen={50: "s1"},
            tried={50: each},
        )
        for family, each in zip("ab", rows, strict=True)
    ]
    together = everywhere(searches, "accuracy")
    assert [one.learner for one in together] == ["s0", "s1"]
    assert [one.accuracy for one in together] == [[0.6, 0.6], [0.5, 0.5]]
    given, other = beside(searches, "accuracy")
    assert given == Beside("s0", True, (0, 0), 0.6, (0, 0), 2, 0)
    assert other.learner == "s1"
    assert (*other.accuracy, other.nll, other.worst) == pytest.approx((-0.1, 0, 0.5, -0.35))
    assert other.better == (1, 1)
    assert other.cells == 2


def test_the_command_searches_once_and_a_study_freezes_the_choice(tmp_path, monkeypatch):
    file = tmp_path / "tuned.yaml"
    command = ("tiny", *SMALL, "--budget", "6,40", "--out", file)
    printed = tune(*command)
    assert "family" in printed
    assert "tiny" in printed
    (found,) = yaml.safe_load(file.read_text())["searches"]
    assert found["family"] == found["control"] == "tiny"
    assert "torch" in found["versions"]
    assert [len(rows) for rows in found["tried"].values()] == [4, 4]
    for n, rows in found["tried"].items():
        top = max(rows, key=lambda row: np.mean(row["accuracy"]))
        assert found["chosen"][n] == top["learner"]

    def again(*_):
        raise AssertionError("trained again")

    before = file.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(Fleet, "fit", again)
        (told,) = json.loads(tune(*command, "--json"))
        assert file.read_bytes() == before
        assert told["chosen"] == {str(n): text for n, text in found["chosen"].items()}
        tune(*command, "--score", "nll")
    (by_nll,) = yaml.safe_load(file.read_text())["searches"]
    for n, rows in by_nll["tried"].items():
        assert by_nll["chosen"][n] == min(rows, key=lambda row: np.mean(row["nll"]))["learner"]
        assert [row["nll"] for row in rows] == [row["nll"] for row in found["tried"][n]]

    chosen = {6: "concat[steps=3]", 40: "concat[steps=4, width=5]"}
    file.write_text(yaml.safe_dump({"searches": [{**found, "chosen": chosen}]}))
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump({**FIELDS, "plugins": [str(TINY)], "tuned": "tuned.yaml"}))
    study, registry = read(str(path))
    assert {run.learner for run in plan(study, registry, {}).missing} == {"concat[steps=3]"}
    longer, _ = read(str(path), ["budget.rounds=4", "tasks=tiny,tiny[gaps=false]"])
    assert taught(longer, registry) == {
        "tiny": [chosen[40]],
        "tiny[gaps=false]": [chosen[40]],
    }
    as_written = plan(study.model_copy(update={"tuned": None}), registry, {}).missing
    as_tuned = plan(study, registry, {}).missing
    assert not {run.id for run in as_tuned} & {run.id for run in as_written}
    results = run(study, registry, tmp_path / "results", workers=0)
    assert {row["learner"] for row in results.rounds.to_pylist()} == {"concat[steps=3]"}
    assert results.study["learners"] == ["concat[steps=3]"]

    for override, sentence in (
        (
            "tasks=miss_mcar_sym",
            "nothing for the learner concat on miss_mcar_sym (family miss_base): it",
        ),
        (
            "learners=late",
            "late on tiny (family tiny): it was not tuned; add it by mindgap tune tiny -",
        ),
        ("tuned=study.yaml", "study.yaml is not a file that `mindgap tune` of this version wrote"),
        ("tuned=nowhere.yaml", "nowhere.yaml: no such file"),
    ):
        with pytest.raises(InvalidStudy) as caught:
            read(str(path), [override])
        (line,) = str(caught.value).splitlines()
        assert sentence in line


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("tiny", "--budget", "6,90", "--size", "2"), "90 labels leave none to score on"),
        (("tiny", "--budget", "many"), "--budget many: give numbers of labels"),
        (("tiny", "--set", "width"), "--set width: write NAME=VALUE"),
        (("tiny", "--set", "width=5", "--set", "width=6"), "gives 'width' twice"),
        (("tiny[fault=make]",), "RuntimeError: this task can't be made"),
        (("tinny",), "unknown task 'tinny'"),
    ],
)
def test_what_it_refuses(tmp_path, arguments, told):
    ended = CliRunner().invoke(
        app, ["tune", *arguments, "--plugin", str(TINY), "--out", str(tmp_path / "t.yaml")]
    )
    assert isinstance(ended.exception, MindgapError)
    assert told in str(ended.exception)
    assert not (tmp_path / "t.yaml").exists()


def test_families_share_the_search_of_the_first(registry):
    asked = ["diff_snr", "int_red_syn", "int_redundant", "diff_dim"]
    questions = verb._questions(registry, asked, "concat", {}, 2, "50", 2)
    assert [q.control.text for q in questions.values()] == [
        *["int_redundant"] * 3,
        "int_unique_balanced",
    ]
    assert len(verb._distinct(questions)) == 2
