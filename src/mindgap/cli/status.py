"""`mindgap status`"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mindgap.cli import options, tell


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.")],
    json: options.Json = False,
) -> None:
    """Say how far the runs of a results folder are, and what failed, lacks rounds or is damaged."""
    from rich.console import Console
    from rich.table import Table

    from mindgap.analysis.asked import outdated
    from mindgap.study.documents import warnings
    from mindgap.study.store import Store
    from mindgap.study.versions import newest

    store = Store(folder)
    asked = store.study()
    results, earlier = newest(store.read())
    last = asked["budget"]["rounds"]
    rounds: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for run in results.runs():
        key = (run["task"], run["learner"], run["strategy"])
        rounds[key].append(results.progress()[run["run"]])
    rows = [
        {
            "task": task,
            "learner": learner,
            "strategy": strategy,
            "complete": sum(n > last for n in finished),
            "started": len(finished),
            "rounds": sum(finished),
        }
        for (task, learner, strategy), finished in sorted(rounds.items())
    ]
    failures = [
        {key: failure[key] for key in ("run", "round", "error")} for failure in results.failures
    ]
    lacking = {failure["run"]: 0 for failure in failures}
    lacking |= {run: n for run, n in results.progress().items() if n <= last}
    told = warnings(results)
    if json:
        tell.as_json(
            {
                "study": asked,
                "runs": rows,
                "earlier": [asdict(each) for each in earlier],
                "lacking": [{"run": run, "rounds": n} for run, n in sorted(lacking.items())],
                "failures": failures,
                "warnings": told,
            }
        )
        return
    console = Console()
    table = Table(title=f"{asked['name']} in {folder}: {last + 1} rounds a run")
    for column in ("task", "learner", "strategy"):
        table.add_column(column, overflow="fold")
    for column in ("complete", "started", "rounds"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*(tell.plain(str(value)) for value in row.values()))
    console.print(table)
    for each in earlier:
        gap = outdated(each)
        console.print(tell.plain(f"{gap.task}, {gap.learner}, {gap.strategy}: {gap.why}"))
    for run, n in sorted(lacking.items()):
        console.print(f"{tell.plain(run)}: {n} of {last + 1} rounds", soft_wrap=True)
    for failure in failures:
        why = tell.plain(f"{failure['run']}: {failure['error']}")
        console.print(f"[red]failed:[/] {why}", soft_wrap=True)
    tell.warnings(told)
