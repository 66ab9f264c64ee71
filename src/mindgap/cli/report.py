"""`mindgap report`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mindgap.cli import tell


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.")],
    export: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where figures and tables are written for papers."),
    ] = None,
) -> None:
    """Write report.html, one page that needs no network, and print its main table.

    With `--export FOLDER`, every figure is written there as SVG and PDF, every table as CSV and
    LaTeX.
    """
    from rich.console import Console

    from mindgap.study.documents import warnings
    from mindgap.study.store import Store

    store = Store(folder)
    store.study()  # refuses a folder without one
    results = store.read()
    tell.warnings(warnings(results))
    console = Console(stderr=True)
    tell.report(folder, results, console)
    if export is not None:
        from mindgap.report.export import export as written

        files = written(export, results)
        console.print(f"{len(files)} figures and tables: {tell.plain(str(export))}")
