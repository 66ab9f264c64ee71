"""`mindgap plan`"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from mindgap.cli import options, tell


def command(
    study: options.StudyArgument,
    overrides: options.Overrides = None,
    out: options.Out = None,
    device: options.Device = "cpu",
    precision: options.Precision = "fp32",
    tasks: options.Tasks = None,
    learners: options.Learners = None,
    strategies: options.Strategies = None,
    seeds: options.Seeds = None,
    plugins: options.Plugins = None,
    json: options.Json = False,
) -> None:
    """Say what `run` would do: what is done, what is missing, what can't be and why."""
    from rich.console import Console
    from rich.table import Table

    from mindgap.study.compute import Compute
    from mindgap.study.documents import warnings
    from mindgap.study.plan import plan
    from mindgap.study.run import opened

    asked, registry = options.read_study(
        study, overrides, tasks, learners, strategies, seeds, plugins
    )
    compute = Compute(device, precision)
    folder = out or Path("results") / asked.name
    results = opened(asked, folder, compute).read()
    tell.warnings(warnings(results))
    found = plan(asked, registry, results.progress(), os.cpu_count() or 1, compute)
    states = {
        "done": found.done,
        "missing": found.missing,
        "not possible": [run for run, _ in found.impossible],
    }
    if json:
        reasons = {run.id: why for run, why in found.impossible}
        tell.as_json(
            {
                "study": asked.model_dump(mode="json"),
                "folder": str(folder),
                "rounds_left": found.rounds_left,
                "warnings": warnings(results),
                "fleets": [len(fleet) for fleet in found.fleets],
                "notes": found.notes,
                "runs": [
                    {**run.as_dict(), "state": state, "reason": reasons.get(run.id)}
                    for state, runs in states.items()
                    for run in runs
                ],
            }
        )
        return
    table = Table(title=f"{asked.name} in {folder}")
    table.add_column("task", overflow="fold")
    table.add_column("learner", overflow="fold")
    for state in states:
        table.add_column(state, justify="right")
    counts = {state: Counter((r.task, r.learner) for r in runs) for state, runs in states.items()}
    for pair in dict.fromkeys(pair for count in counts.values() for pair in count):
        table.add_row(*map(tell.plain, pair), *(str(count[pair]) for count in counts.values()))
    console = Console()
    console.print(table)
    console.print(f"every run: {asked.budget.sum}")
    tell.plan_in_words(found, console)
