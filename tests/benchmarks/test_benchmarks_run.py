"""The benchmarks run, tiny; what they measure is for `python benchmarks/NAME.py`."""

import runpy
import sys
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize(
    ("name", "ratios"),
    [
        ("training", ["dataloader_loop", "index_loop", "dataloader_loop_50", "matmul_50"]),
        ("queries", ["coreset", "badge", "typiclust", "probcover"]),
        ("scenarios", ["make", "truths"]),
    ],
)
def test_runs_and_prints_its_ratios(monkeypatch, capsys, name, ratios):
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_CBWR"):
        monkeypatch.setenv(variable, "")  # the scripts set them: put back afterwards
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--quick"])
    threads = torch.get_num_threads()
    try:
        runpy.run_path(str(BENCHMARKS / f"{name}.py"), run_name="__main__")
    finally:
        torch.set_num_threads(threads)
    printed = [line.split()[1] for line in capsys.readouterr().out.splitlines() if "ratio" in line]
    assert set(ratios) <= set(printed)
