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
    names = ("duplicates", "labelled", "too_few", "out_of_range", "raises", "vandal", "unsupported")
    study = write_study(
        ("tiny.py", "faulty.py"), strategies=f"[margin, {', '.join(names)}]", **FIELDS
    )
    printed = mindgap("run", study, code=1)
    assert "unsupported: it needs a learner with telepathy" in printed
    assert "2 not possible" in printed
    status = json.loads(mindgap("status", "results/small", "--json"))
    complete = {row["strategy"]: (row["complete"], row["rounds"]) for row in status["runs"]}
    assert complete == {"margin": (2, 8), "vandal": (2, 8), "raises": (0, 4)}
    told = {(f["run"].split("-")[2], f["round"], f["error"]) for f in status["failures"]}
    contract = "MindgapError: its selection breaks the contract:"
    by_name = {name: (round_, error) for name, round_, error in told}
    assert set(by_name) == {"duplicates", "labelled", "too_few", "out_of_range", "raises"}
    for name, part in {
        "duplicates": "is chosen more than once",
        "labelled": "is not a candidate (it has a label already)",
        "too_few": "it was asked for 6 rows and returned 5",
        "out_of_range": "row 80 is not in the pool of 80",
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
    study = write_study(("tiny.py", "faulty.py"), strategies="[vandal, random]", **FIELDS)
    mindgap("run", study)
    mindgap("run", study, "--out", "alone", "--strategies", "random")
    alone = rows(tmp_path / "alone")
    assert alone == rows(tmp_path / "results/small", strategy="random")


def test_a_task_that_cannot_be_made_fails_its_own_runs(mindgap, write_study, tmp_path):
    study = write_study(
        strategies="[random, margin]", **{**FIELDS, "tasks": "[tiny, 'tiny[broken=true]']"}
    )
    printed = mindgap("run", study, code=1)
    assert "task tiny[broken=true]: this task can't be made" in printed
    assert len(rows(tmp_path / "results/small", task="tiny")) == 2 * 2 * 4
    assert len(rows(tmp_path / "results/small")) == 2 * 2 * 4


def test_a_worker_that_dies_is_reported(mindgap, write_study, tmp_path):
    (tmp_path / "deadly.py").write_text(
        "import os, sys\n"
        "from mindgap.strategies import Strategy\n"
        "class Deadly(Strategy):\n"
        "    '''Takes the process with it.'''\n"
        "    def requires(self): return set()\n"
        "    def select(self, pool, n, rng):\n"
        "        sys.stderr.write('last words\\n'); sys.stderr.flush(); os._exit(7)\n"
    )
    study = write_study(strategies="[deadly]", **FIELDS)
    printed = mindgap("run", study, "--plugin", tmp_path / "deadly.py", code=1)
    assert "the worker process ended with code 7: last words" in printed
    status = json.loads(mindgap("status", "results/small", "--json"))
    assert len(status["failures"]) == 2
    # the others are still to be had
    mindgap("run", study, "--strategies", "random", "--plugin", tmp_path / "deadly.py")
    assert len(rows(tmp_path / "results/small", strategy="random")) == 8


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
