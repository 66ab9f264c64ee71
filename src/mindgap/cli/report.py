"""`mindgap report`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mindgap.cli import tell


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.")],
) -> None:
    """Write report.html, one page that needs no network, and print its main table."""
    from rich.console import Console

    from mindgap.study.documents import warnings
    from mindgap.study.store import Store

    store = Store(folder)
    store.study()  # refuses a folder without one
    results = store.read()
    tell.warnings(warnings(results))
    tell.report(folder, results, Console(stderr=True))
