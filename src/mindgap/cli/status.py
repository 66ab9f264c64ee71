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
    """Say how far the runs of a results folder are, and what failed or is damaged."""
    from rich.console import Console
    from rich.table import Table

    from mindgap.analysis.asked import outdated
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
    if json:
        tell.as_json(
            {
                "study": asked,
                "runs": rows,
                "earlier": [asdict(each) for each in earlier],
                "failures": failures,
                "warnings": results.warnings,
            }
        )
        return
    console = Console()
    table = Table(title=f"{asked['name']} in {folder}: {last + 1} rounds a run")
    for column in ("task", "learner", "strategy"):
        table.add_column(column)
    for column in ("complete", "started", "rounds"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*(tell.plain(str(value)) for value in row.values()))
    console.print(table)
    for each in earlier:
        gap = outdated(each)
        console.print(tell.plain(f"{gap.task}, {gap.learner}, {gap.strategy}: {gap.why}"))
    for failure in failures:
        told = tell.plain(f"{failure['run']}: {failure['error']}")
        console.print(f"[red]failed:[/] {told}")
    for warning in results.warnings:
        console.print(f"[yellow]warning:[/] {tell.plain(warning)}")
