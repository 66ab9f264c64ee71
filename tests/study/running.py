"""The command that users type, and its results as rows that can be compared."""

import sys

from mindgap.study.store import Store

COMMAND = [sys.executable, "-c", "from mindgap.cli import main; main()"]


def rows(folder, **where):
    """Every finished round but its timings, by (run, round)."""
    found = Store(folder).read().rounds.to_pylist()
    kept = [row for row in found if all(row[key] == value for key, value in where.items())]
    return {(row["run"], row["round"]): str(row) for row in kept}
