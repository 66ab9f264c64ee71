"""`mindgap` as a user starts it, and study files for it."""

import os
import subprocess
from pathlib import Path

import pytest
from running import COMMAND

PLUGINS = Path(__file__).parent / "plugins"


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
