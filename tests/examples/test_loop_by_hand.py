"""The example runs, and learns what a study's run learns."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import torch

from mindgap.registry import Registry
from mindgap.study.run import run
from mindgap.study.spec import Study

SCRIPT = Path(__file__).parents[2] / "examples" / "loop_by_hand.py"


def test_it_runs_and_learns():
    command = [sys.executable, str(SCRIPT), "--task", "int_redundant[pool=600, test=1000]"]
    command += ["--strategy", "badge", "--rounds", "2", "--query", "100"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rounds = re.findall(r"(\d+) labels.* x1\+x2 ([\d.]+)", printed)
    assert [int(labels) for labels, _ in rounds] == [50, 150, 250]
    assert float(rounds[-1][1]) > 0.84 > 0.25


def test_it_picks_what_a_study_picks(tmp_path, monkeypatch):
    """With parameters in another order, and one at its default."""
    task, learner = "miss_mcar_sym[test=100, pool=200, noise=standard]", "concat[steps=20]"
    budget = {"initial": 20, "query": 15, "rounds": 2}
    given = {"task": task, "learner": learner, "strategy": "badge", "seed": 3, **budget}
    monkeypatch.setattr("sys.argv", [str(SCRIPT), *(f"--{k}={v}" for k, v in given.items())])
    threads = torch.get_num_threads()
    by_hand = runpy.run_path(str(SCRIPT))
    torch.set_num_threads(threads)
    study = Study(
        name="same",
        tasks=[task],
        learners=[learner],
        strategies=["badge"],
        budget=budget,
        seeds=[3],
    )
    (picked,) = run(study, Registry(), tmp_path / "out", workers=0).histories().values()
    labelled = by_hand["task"].pool.ids[by_hand["labelled"].numpy()].tolist()
    assert [str(name) for name in labelled[20:]] == [
        name for round_ in picked for name in round_.selected
    ]
