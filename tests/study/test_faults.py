"""Plug-ins that break a promise fail alone, by name; the other runs finish."""

import json

import pytest
from running import rows

FIELDS = {
    "tasks": "[tiny]",
    "learners": "['concat[steps=10]']",
    "budget": "{initial: 10, query: 6, rounds: 3}",
    "seeds": 2,
}


def test_each_faulty_strategy_fails_with_its_name_and_reason(mindgap, write_study, tmp_path):
    refused = ("duplicates", "labelled", "too_few", "out_of_range", "counts", "forger")
    failing = (*refused, "raises", "fickle", "quits")
    names = (*failing, "vandal", "litters", "unsupported", "misspelt", "shy", "stillborn")
    study = write_study(
        ("tiny.py", "faulty.py"), strategies=f"[margin, {', '.join(names)}]", **FIELDS
    )
    printed = mindgap("run", study, code=1)
    for reason in (
        "2 runs of tiny: unsupported: it needs a learner with telepathy",
        "2 runs of tiny: strategy misspelt: MindgapError: unknown requirement 'probabilites': "
        "did you mean 'probabilities' or",
        "2 runs of tiny: strategy shy: ZeroDivisionError: a mistake in supports (faulty.py, line ",
        "2 runs of tiny: strategy stillborn: SystemExit: no more (faulty.py, line ",
    ):
        assert reason in printed
    assert "8 not possible" in printed
    status = json.loads(mindgap("status", "results/small", "--json"))
    complete = {row["strategy"]: (row["complete"], row["rounds"]) for row in status["runs"]}
    assert complete == {
        "margin": (2, 8),
        "vandal": (2, 8),
        "litters": (2, 8),
        "raises": (0, 4),
    }
    told = {(f["run"].split("-")[2], f["round"], f["error"]) for f in status["failures"]}
    contract = "MindgapError: its selection breaks the contract:"
    by_name = {name: (round_, error) for name, round_, error in told}
    assert set(by_name) == set(failing)
    assert by_name["quits"] == (0, "strategy quits: SystemExit: 3")
    assert "strategy fickle: MindgapError: requires must return a set of" in by_name["fickle"][1]
    for name, part in {
        "duplicates": "is chosen more than once",
        "labelled": "is not a candidate (it has a label already)",
        "too_few": "it was asked for 6 rows and returned 5",
        "out_of_range": "row 80 is not in the pool of 80",
        "counts": "scores must be floating-point numbers, not torch.int64",
        "forger": "is not a candidate (it has a label already)",
    }.items():
        round_, error = by_name[name]
        assert round_ == 0
        assert error.startswith(f"strategy {name}: {contract}")
        assert part in error
        assert f"strategy {name}: {contract}" in printed
    assert by_name["raises"] == (2, "strategy raises: ZeroDivisionError: a mistake of the author's")
    page = (tmp_path / "results/small/report.html").read_text()
    assert "faulty.py" in page, "the traceback names the author's file"
    assert "a mistake of the author&#39;s" in page


def test_a_strategy_cannot_change_what_others_see(mindgap, write_study, tmp_path):
    study = write_study(("tiny.py", "faulty.py"), strategies="[vandal, litters, margin]", **FIELDS)
    mindgap("run", study)
    mindgap("run", study, "--out", "alone", "--strategies", "margin")
    alone = rows(tmp_path / "alone")
    assert alone == rows(tmp_path / "results/small", strategy="margin")


def test_a_task_that_cannot_be_made_fails_its_own_runs(mindgap, write_study, tmp_path):
    tasks = "[tiny, 'tiny[fault=make]', 'tiny[fault=card]', 'tiny[fault=shape, classes=2]']"
    study = write_study(strategies="[random, margin]", **{**FIELDS, "tasks": tasks, "seeds": 1})
    printed = mindgap("run", study, "-w1", code=1)
    assert "task tiny[fault=make]: RuntimeError: this task can't be made" in printed
    assert "task tiny[fault=card]: TypeError: Object of type set is not JSON" in printed
    assert "InvalidData: pool: it has 2 classes, but its `shape` says 3" in printed
    assert len(rows(tmp_path / "results/small", task="tiny")) == 2 * 4
    assert len(rows(tmp_path / "results/small")) == 2 * 4


def test_a_worker_that_dies_takes_nobody_with_it(mindgap, write_study, tmp_path):
    study = write_study(
        ("tiny.py", "faulty.py"), strategies="[random, deadly, margin]", **{**FIELDS, "seeds": 1}
    )
    printed = mindgap("run", study, "-w1", code=1)
    told = "strategy deadly on task tiny with learner concat[steps=10]: the worker process ended"
    assert f"{told} with code 0: last words" in printed.replace("\n", "")
    status = json.loads(mindgap("status", "results/small", "--json"))
    assert [failure["error"].startswith(told) for failure in status["failures"]] == [True]
    complete = {row["strategy"]: row["complete"] for row in status["runs"]}
    assert complete == {"random": 1, "margin": 1}
    mindgap("run", study, "--out", "alone", "--strategies", "random,margin")
    assert rows(tmp_path / "alone") == rows(tmp_path / "results/small")


@pytest.mark.parametrize("reason", ["index", "cache"])
def test_without_its_data_a_task_is_left_out(mindgap, write_study, tmp_path, reason):
    environment = {"MINDGAP_CACHE": str(tmp_path / "cache"), "PIP_NO_INDEX": "1"}
    if reason == "index":
        printed = mindgap("prepare", "htad", code=2, **environment)
        assert printed.count("\n") == 1
        assert "can't be fetched" in printed
    study = write_study(strategies="[random]", **{**FIELDS, "tasks": "[htad, tiny]"})
    printed = mindgap("run", study, **environment)
    assert "not possible: 2 runs of htad: run `mindgap prepare htad` first" in printed
    assert {key[0].split("-")[0] for key in rows(tmp_path / "results/small")} == {"tiny"}
    plan = json.loads(mindgap("plan", study, "--json", **environment))
    states = {(run["task"], run["state"]) for run in plan["runs"]}
    assert states == {("htad", "not possible"), ("tiny", "done")}
