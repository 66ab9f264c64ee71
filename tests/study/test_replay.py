"""Metrics that come later: on the very models of the finished rounds, or not at all."""

import json
from pathlib import Path

import pytest

from mindgap.errors import MindgapError
from mindgap.registry import Registry
from mindgap.study.compute import Compute
from mindgap.study.examine import ALWAYS, METRICS
from mindgap.study.replay import lacking, replay
from mindgap.study.run import run
from mindgap.study.spec import Study
from mindgap.study.store import Store

TINY = Path(__file__).parent / "plugins" / "tiny.py"
ASKED = ["emap_gap", "utilisation_ume", "dominance"]


def asking(**fields):
    return Study.model_validate(
        {
            "name": "later",
            "tasks": ["tiny"],
            "learners": ["concat[steps=15]", "late[steps=10]"],
            "strategies": ["random", "badge"],
            "budget": {"initial": 12, "query": 5, "rounds": 2},
            "seeds": 2,
            "plugins": [str(TINY)],
            **fields,
        }
    )


@pytest.fixture
def done(tmp_path):
    """A finished study, and its folder."""

    def done(**fields):
        return tmp_path / "later", run(
            asking(**fields), Registry([TINY]), tmp_path / "later", workers=0
        )

    return done


def rewrite(folder, change):
    """The same results with every round changed."""
    rows = Store(folder).read().rounds.to_pylist()
    for path in folder.glob("rounds/*"):
        path.unlink()
    with Store(folder).journal("changed") as journal:
        for row in rows:
            row.pop("digest")
            change(row)
            journal.append({**row, "kind": "round"})


def values(results):
    """(run, round) -> (metric, subject) -> value."""
    found = {}
    for row in results.rounds.to_pylist():
        of_round = {(m["metric"], m["subject"]): m["value"] for m in row["metrics"]}
        found[row["run"], row["round"]] = of_round
    return found


def test_asking_later_is_asking_at_once(done, tmp_path):
    folder, before = done(seeds=1)
    told = []
    after = replay(folder, ASKED, workers=0, tell=told.append)
    at_once = run(asking(metrics=ASKED, seeds=1), Registry([TINY]), tmp_path / "once", workers=0)
    assert values(after) == values(at_once)
    assert len(told) == len(before.rounds)
    assert {event.kind for event in told} == {"measured"}
    kept = ["run", "round", "labels", "selected", "digest"]
    assert after.rounds.select(kept).equals(before.rounds.select(kept))
    assert {tuple(asked) for asked in after.rounds["asked"].to_pylist()} == {tuple(sorted(ASKED))}
    assert after.failures == []
    assert after.warnings == []


def test_what_is_measured_is_not_measured_again(done):
    folder, _ = done(strategies=["random"])
    first = replay(folder, ["mipd"], workers=0)
    told, plans = [], []
    again = replay(
        folder, ["mipd"], workers=0, started=lambda plan, _: plans.append(plan), tell=told.append
    )
    assert told == []
    assert plans[0].fleets == []
    assert values(again) == values(first)


def test_rounds_that_were_asked_before_are_passed_over(done, tmp_path):
    """A study that went on with a metric lacks it in the earlier rounds alone."""
    folder, _ = done(budget={"initial": 12, "query": 5, "rounds": 1}, strategies=["badge"])
    lines = []
    more = asking(strategies=["badge"], metrics=["mipd"])
    results = run(
        more, Registry([TINY]), folder, workers=0, started=lambda _, told: lines.extend(told)
    )
    assert any("8 rounds were finished before mipd was asked for" in line for line in lines)
    assert {tuple(rounds) for rounds in lacking(results, ["mipd"]).values()} == {(0, 1)}
    told = []
    after = replay(folder, ["mipd"], workers=0, tell=told.append)
    assert {event.round for event in told} == {0, 1}
    assert values(after) == values(run(more, Registry([TINY]), tmp_path / "once", workers=0))


def test_another_model_is_refused_from_its_round_on(done):
    folder, _ = done(strategies=["random"], learners=["concat[steps=15]"])

    def another(row):
        if row["seed"] == 1 and row["round"] == 1:
            for m in row["metrics"]:
                m["value"] += 1e-9 * (m["metric"] == "accuracy" and m["subject"] == "natural")

    rewrite(folder, another)
    told = []
    after = replay(folder, ["mipd"], workers=0, tell=told.append)
    (refused,) = [event for event in told if event.kind == "failure"]
    assert refused.round == 1
    assert "round 1 can't be replayed: accuracy of natural is recorded as" in refused.error
    assert "same machine" in refused.error
    still = lacking(after, ["mipd"])
    assert list(still.values()) == [[1, 2]]
    assert after.failures == []  # what failed is the replay, not the run


def test_what_a_later_version_always_measures_can_be_had_for_earlier_results(done):
    folder, before = done(strategies=["random"], learners=["late[steps=10]"])

    def earlier(row):
        row["metrics"] = [m for m in row["metrics"] if m["metric"] != "interaction"]
        del row["asked"]

    rewrite(folder, earlier)
    assert sum(map(len, lacking(Store(folder).read(), ["interaction"]).values())) == 6
    assert values(replay(folder, ["interaction"], workers=0)) == values(before)


def test_always_lists_what_is_always_measured(done):
    _, results = done(
        tasks=["tiny", *(f"{t}[pool=200, test=60]" for t in ("diff_corrupt", "diff_shortcut"))],
        strategies=["random"],
        learners=["concat[steps=2]"],
    )
    names = {metric for found in values(results).values() for metric, _ in found}
    assert names == set(ALWAYS)


def test_workers_replay_the_same(done, mindgap):
    folder, _ = done(strategies=["random", "badge"], seeds=1)
    said = mindgap("replay", folder, "--metric", "mipd", "-m", "probe_gap", "-w", 2)
    assert "12 rounds of 4 runs to train again" in said
    assert "12 rounds measured by mipd, probe_gap" in said
    found = values(Store(folder).read())
    assert all(("mipd", "left") in of_round for of_round in found.values())


def test_the_command_says_what_is_refused(done, mindgap):
    folder, _ = done(strategies=["random"], learners=["concat[steps=2]"], seeds=1)

    def another(row):
        for m in row["metrics"]:
            m["value"] = 0.123 if m["metric"] == "accuracy" else m["value"]

    rewrite(folder, another)
    said = mindgap("replay", folder, "-m", "mipd", code=1)
    assert "refused:" in said
    assert "accuracy of natural is recorded as 0.123" in said
    assert "1 runs were not replayed" in said


def test_a_folder_that_cannot_be_replayed_is_refused(done, tmp_path):
    folder, _ = done(strategies=["random"], learners=["concat[steps=2]"], seeds=1)
    with pytest.raises(MindgapError, match=r"holds no results: there is no study\.json"):
        replay(tmp_path, ["mipd"])
    study = json.loads((folder / "study.json").read_text())
    (folder / "study.json").write_text(json.dumps({**study, "plugins": ["gone.py"]}))
    with pytest.raises(MindgapError, match=r"gone\.py is not a file"):
        replay(folder, ["mipd"])


def test_a_run_without_any_accuracy_is_refused(done):
    folder, _ = done(strategies=["random"], learners=["concat[steps=2]"], seeds=1)
    rewrite(folder, lambda row: row.update(metrics=[]))
    told = []
    replay(folder, ["mipd"], workers=0, tell=told.append)
    assert "no accuracy is recorded" in told[0].error


def test_unknown_metrics_are_refused_before_anything_is_read(tmp_path):
    with pytest.raises(MindgapError, match="unknown metric 'kapa': did you mean 'kappa'"):
        replay(tmp_path / "nowhere", ["kapa"])
    with pytest.raises(MindgapError, match="unknown device 'gpu'"):
        replay(tmp_path / "nowhere", ["mipd"], compute=Compute("gpu"))
    assert not set(METRICS) & set(ALWAYS)
