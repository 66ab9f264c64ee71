"""Networks of a user's own in a study, from the template to the results."""

import json

from running import rows

FIELDS = {
    "tasks": "[tiny]",
    "strategies": "[random, margin, bald, bmmal]",
    "budget": "{initial: 10, query: 6, rounds: 1}",
    "seeds": 2,
}


def test_the_template_runs_and_no_run_depends_on_the_others(mindgap, write_study, tmp_path):
    mindgap("cp", "learner", "mine.py")
    learners = "['mine[steps=10]', 'mine[steps=10, members=2, dropout=0]']"
    study = write_study(learners=learners, **FIELDS)
    printed = mindgap("run", study, "--plugin", "mine.py", "--workers", "1")
    assert "note:" not in printed
    assert "not possible: 4 runs of tiny: bmmal: it reads subset_probabilities:zero" in printed
    every = rows(tmp_path / "results/small")
    assert len(every) == 2 * 3 * 2 * 2
    mindgap("run", study, "--plugin", "mine.py", "--out", "one", "--strategies", "bald",
            "--seeds", "[1]")  # fmt: skip
    alone = rows(tmp_path / "one")
    assert len(alone) == 2 * 2
    assert alone.items() <= every.items()


def test_what_is_looped_or_broken_is_said_before_it_runs(mindgap, write_study, tmp_path):
    study = write_study(
        ("tiny.py", "own_networks.py"), learners="['gru[steps=3]', one_too_many]", **FIELDS
    )
    notes = json.loads(mindgap("plan", study, "--json"))["notes"]
    printed = mindgap("run", study, "--strategies", "random,co_testing")
    assert len(notes) == 1
    assert notes[0].startswith("gru[steps=3]: one run is trained after the other")
    assert printed.count(notes[0][:60]) == 1
    assert "one_too_many: forward returns logits of shape (3, 4), not (3, 3)" in printed
    assert "co_testing: it reads unimodal_probabilities, which needs" in printed
    assert len(rows(tmp_path / "results/small")) == 2 * 2


def test_a_run_that_diverges_fails_alone(mindgap, write_study, tmp_path):
    study = write_study(
        ("tiny.py", "own_networks.py"),
        **{**FIELDS, "strategies": "[random]", "seeds": 4},
        learners="['diverging[steps=10]']",
    )
    mindgap("run", study, "--workers", "1", code=1)
    failures = json.loads(mindgap("status", "results/small", "--json"))["failures"]
    found = rows(tmp_path / "results/small")
    failed, finished = {f["run"] for f in failures}, {run for run, _ in found}
    assert failed
    assert finished
    for one in failures:
        assert one["error"].startswith("learner diverging[steps=10]: training diverged: at step 6")
    lucky = min(finished - failed)
    seed = lucky.split("-")[3].removeprefix("s")
    mindgap("run", study, "--out", "alone", "--seeds", f"[{seed}]")
    alone = rows(tmp_path / "alone")
    assert alone
    assert alone.items() <= found.items()
