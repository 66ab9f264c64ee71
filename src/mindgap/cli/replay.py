"""`mindgap replay`"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mindgap.cli import bar as bars
from mindgap.cli import options, tell

if TYPE_CHECKING:
    from mindgap.study.execute import Event
    from mindgap.study.plan import Plan


def _metrics(incomplete: str) -> list[str]:
    from mindgap.study.examine import ALWAYS, METRICS

    return [name for name in (*METRICS, *ALWAYS) if name.startswith(incomplete)]


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.")],
    metrics: Annotated[
        list[str],
        typer.Option(
            "--metric",
            "-m",
            metavar="NAME",
            help="What to measure (`mindgap ls metrics`); repeatable.",
            autocompletion=_metrics,
        ),
    ],
    workers: Annotated[
        int,
        typer.Option("--workers", "-w", min=1, help="Single-thread processes.  [default: cores]"),
    ] = os.cpu_count() or 1,
    device: options.Device = "cpu",
    precision: options.Precision = "fp32",
) -> None:
    """Measure the finished rounds of a study by a metric that it wasn't asked for.

    No strategy chooses again: each round's model is **trained anew from the stored selections**,
    and must have the accuracies that are recorded, to the last bit. Where it doesn't, for example
    on another kind of machine or with a changed plug-in, the run is refused from that round on.
    What is measured stands beside the rest from then on, in SQL and in every analysis.

    Only what lacks the metric is trained. Stop it whenever you like; the same command goes on.
    It takes about as long as the training of these rounds did. To have a metric measured from the
    start, write it under `metrics` in the study.

    Example: `mindgap replay results/quickstart --metric emap_gap --metric utilisation_ume`
    """
    from rich.console import Console

    from mindgap.study.compute import Compute
    from mindgap.study.replay import replay

    console = Console(stderr=True, soft_wrap=True)
    refused: dict[str, str] = {}
    last: dict[str, int] = {}
    measured = 0
    bar = bars.rounds(console)

    def started(plan: Plan, warnings: Iterable[str]) -> None:
        tell.warnings(warnings)
        if not plan.missing:
            console.print("nothing lacks what is asked for")
            return
        last.update({run.id: run.rounds for run in plan.missing})
        console.print(f"{plan.rounds_left} rounds of {len(plan.missing)} runs to train again")
        bar.update(bar.task_ids[0], total=plan.rounds_left)
        bar.start()

    def happened(event: Event) -> None:
        nonlocal measured
        if event.kind == "failure":
            refused[event.run] = event.error
            lost = last[event.run] + 1 - event.round
            total = bar.tasks[0].total or lost
            bar.update(bar.task_ids[0], total=max(total - lost, bar.tasks[0].completed))
            console.print(f"[red]refused:[/] {tell.plain(f'{event.run}: {event.error}')}")
        else:
            measured += 1
            bar.advance(bar.task_ids[0])

    try:
        replay(folder, metrics, workers, Compute(device, precision), started=started, tell=happened)
    finally:
        if bar.live.is_started:
            bar.stop()
    if measured:
        console.print(f"{measured} rounds measured by {tell.plain(', '.join(metrics))}")
    if refused:
        console.print(f"[red]{len(refused)} runs were not replayed[/]; the reasons are above")
        raise typer.Exit(1)
