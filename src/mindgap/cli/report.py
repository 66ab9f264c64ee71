"""`mindgap report`"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mindgap.cli import options, tell


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.")],
    export: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where figures and tables are written for papers."),
    ] = None,
    full: options.Full = None,
) -> None:
    """Write report.html, one page that needs no network, and print its main table.

    With `--export FOLDER`, every figure is written there as SVG and PDF, every table as CSV and
    LaTeX.
    """
    from rich.console import Console

    results = tell.results_in(folder)
    top = None if full is None else tell.results_in(full)
    console = Console(stderr=True)
    tell.report(folder, results, console, top)
    if export is not None:
        from rich.progress import track

        from mindgap.report.export import export as written

        hidden = not console.is_terminal
        bar = partial(track, description="figures", console=console, transient=True, disable=hidden)
        files = written(export, results, top, bar)
        console.print(f"{len(files)} figures and tables: {tell.plain(str(export))}")
