"""The example runs, and learns what a study's run learns."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "loop_by_hand.py"


def test_it_runs_and_learns():
    command = [sys.executable, str(SCRIPT), "--task", "int_redundant[pool=600, test=1000]"]
    command += ["--strategy", "badge", "--rounds", "2", "--query", "100"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rounds = re.findall(r"(\d+) labels.* x1\+x2 ([\d.]+)", printed)
    assert [int(labels) for labels, _ in rounds] == [50, 150, 250]
    assert float(rounds[-1][1]) > 0.84 > 0.25
