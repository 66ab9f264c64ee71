"""`mindgap` as a user starts it, and its results as tables that can be compared."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mindgap.study.store import Store

PLUGINS = Path(__file__).parent / "plugins"
COMMAND = [sys.executable, "-c", "from mindgap.cli import main; main()"]


@pytest.fixture
def mindgap(tmp_path):
    """Run the command in `tmp_path`; returns what it printed, both streams together."""

    def run(*arguments, code=0, **environment):
        ended = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert ended.returncode == code, ended.stdout
        return ended.stdout

    return run


@pytest.fixture
def write_study(tmp_path):
    """Write a study file from its fields, plug-ins by the names of `plugins/`."""

    def write(plugins=("tiny.py",), **fields):
        path = tmp_path / "study.yaml"
        listed = ", ".join(str(PLUGINS / name) for name in plugins)
        lines = [f"{key}: {value}" for key, value in {"name": "small", **fields}.items()]
        path.write_text("\n".join([*lines, f"plugins: [{listed}]"]))
        return path

    return write


def rows(folder, **where):
    """Every finished round but its timings, by (run, round)."""
    found = Store(folder).read().rounds.to_pylist()
    kept = [row for row in found if all(row[key] == value for key, value in where.items())]
    return {(row["run"], row["round"]): str(row) for row in kept}
