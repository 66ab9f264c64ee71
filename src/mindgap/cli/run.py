"""`mindgap run`"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mindgap.cli import bar as bars
from mindgap.cli import options, tell
from mindgap.errors import MindgapError

if TYPE_CHECKING:
    from mindgap.study.execute import Event
    from mindgap.study.plan import Plan


def command(
    study: options.StudyArgument,
    overrides: options.Overrides = None,
    out: options.Out = None,
    workers: Annotated[
        int,
        typer.Option("--workers", "-w", min=1, help="Single-thread processes.  [default: cores]"),
    ] = os.cpu_count() or 1,
    device: options.Device = "cpu",
    precision: options.Precision = "fp32",
    tasks: options.Tasks = None,
    learners: options.Learners = None,
    strategies: options.Strategies = None,
    seeds: options.Seeds = None,
    plugins: options.Plugins = None,
) -> None:
    """Run a study, or what is missing of it, and write its report.

    Stop it whenever you like: every finished round is kept, and the same command goes on from
    there. More strategies, seeds or rounds cost only the difference.
    """
    from rich.console import Console

    from mindgap.study.compute import Compute
    from mindgap.study.run import run

    asked, registry = options.read_study(
        study, overrides, tasks, learners, strategies, seeds, plugins
    )
    compute = Compute(device, precision)
    folder = out or Path("results") / asked.name
    console = Console(stderr=True)
    failed: dict[str, str] = {}
    possible = True
    bar = bars.rounds(console)
    task = bar.task_ids[0]
    try:

        def started(plan: Plan, warnings: Iterable[str]) -> None:
            nonlocal possible
            possible = bool(plan.done or plan.missing)
            tell.warnings(warnings)
            tell.plan_in_words(plan, console)
            bar.update(task, total=plan.rounds_left)
            if plan.rounds_left:
                bar.start()

        def happened(event: Event) -> None:
            if event.kind == "failure":
                failed[event.run] = event.error
                lost = asked.budget.rounds + 1 - event.round
                bar.update(task, total=(bar.tasks[0].total or lost) - lost)
                console.print(f"[red]failed:[/] {tell.plain(f'{event.run}: {event.error}')}")
            else:
                bar.advance(task)

        results = run(asked, registry, folder, workers, compute, started, happened)
    finally:
        if bar.live.is_started:
            bar.stop()

    if not possible:
        raise MindgapError("nothing of this study can be run here; the reasons are above")
    if not tell.unchanged_report(folder, console):
        tell.report(folder, results, console)
    if failed:
        console.print(
            f"[red]{len(failed)} runs failed[/]; their tracebacks are in the report, and the same "
            "command tries them again"
        )
        raise typer.Exit(1)
