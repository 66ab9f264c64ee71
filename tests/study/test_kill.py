"""SIGKILL, again and again: the tables end up as those of a study that nobody disturbed."""

import os
import signal
import subprocess
import time

import pytest
from running import COMMAND, rows

from mindgap.study.store import Store

#: dies in the n-th rename of a shard; found by every Python that has this folder on its path
DIES_WHILE_SEALING = """
import os, signal
real, left = os.replace, [int(os.environ["DIE_AT_RENAME"])]
def replace(source, target):
    if str(target).endswith(".parquet"):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    real(source, target)
os.replace = replace
"""


@pytest.fixture
def study(write_study):
    return write_study(
        plugins=("tiny.py", "slow.py", "remembering.py"),
        tasks="[tiny, 'tiny[d=7, classes=4]']",
        learners="['concat[steps=60, width=17, calibration=temperature]']",
        strategies="[slow, remembering, rl_mba]",
        budget="{initial: 12, query: 5, rounds: 9, validation: 9}",
        seeds=2,
    )


def lines(journals):
    return sum(path.read_bytes().count(b"\n") for path in journals)


def killed(study, folder, ready, **environment):
    """Start the study, kill it once `ready()`, wait until its workers are gone."""
    process = subprocess.Popen(
        [*COMMAND, "run", study, "--out", folder],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while process.poll() is None and not ready():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"
    with Store(folder).lock():
        pass


def test_killed_ten_times(mindgap, study, tmp_path):
    mindgap("run", study, "--out", "undisturbed")
    expected = rows(tmp_path / "undisturbed")
    assert len(expected) == 2 * 3 * 2 * 10
    folder = tmp_path / "killed"
    done = []
    for more in (1, 7, 2, 13, 4, 9):  # between journal lines
        old = set(folder.glob("journals/*.jsonl"))

        def enough(more=more, old=old):
            return lines(set(folder.glob("journals/*.jsonl")) - old) >= more

        killed(study, folder, enough)
        done.append(sum(Store(folder).read().progress().values()))
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(DIES_WHILE_SEALING)
    for rename in (0, 1):  # while sealing: before the timings' name appears, and the rounds'
        path = os.pathsep.join([str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")])
        site = {"PYTHONPATH": path, "DIE_AT_RENAME": str(rename)}
        killed(study, folder, lambda: False, **site)
        done.append(sum(Store(folder).read().progress().values()))
    for attempt in range(2):  # during selection
        here = tmp_path / f"here{attempt}"
        killed(study, folder, here.exists, WAIT_IN_SELECT=str(here))
        done.append(sum(Store(folder).read().progress().values()))
    assert done == sorted(done), f"finished rounds were lost: {done}"
    assert 0 < done[0] < done[5] < len(expected)
    assert "is torn" not in mindgap("run", study, "--out", folder)
    assert rows(folder) == expected
