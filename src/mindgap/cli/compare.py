"""`mindgap compare`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mindgap.cli import options, tell
from mindgap.errors import MindgapError, unknown

if TYPE_CHECKING:
    from mindgap.analysis import Analysis
    from mindgap.analysis.versus import Versus

WORDS = {1: "[green]ahead[/]", 0: "", -1: "[red]behind[/]"}


def command(
    first: Annotated[str, typer.Argument(metavar="A", help="A strategy, or a results folder.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    folder: Annotated[
        Path | None,
        typer.Option("--in", metavar="DIR", help="Where two strategies were run."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Say which of two strategies or results folders is ahead, where, and how sure that is.

    The difference is that of the areas under the budget curve, A minus B, paired by seed, with its
    95 % t interval and the p value of the paired t test, uncorrected. **More seeds**: how many
    would be needed to tell them apart with 80 % power if the difference stays what it is.

    Examples: `mindgap compare badge random --in results/quickstart`, and
    `mindgap compare results/before results/after`
    """
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from mindgap.analysis import versus

    if folder is not None:
        analysis = _read(folder)
        for name in (first, second):
            if name not in analysis.strategies:
                raise MindgapError(f"{folder}: {unknown('strategy', name, analysis.strategies)}")
        found = versus.strategies(analysis, first, second)
    else:
        if not (Path(first).is_dir() and Path(second).is_dir()):
            raise MindgapError(
                "give two results folders, or two strategies and the folder they are in: "
                "mindgap compare badge random --in results/quickstart"
            )
        found = list(versus.folders(_read(Path(first)), _read(Path(second))))
    if not found:
        raise MindgapError(f"{first} and {second} have no task and learner in common")
    if json:
        tell.as_json([asdict(one) for one in found])
        return
    title = f"{tell.plain(first)} minus {tell.plain(second)}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    several = len({one.learner for one in found}) > 1
    for head in ("task", *["learner"] * several, *["strategy"] * (folder is None)):
        table.add_column(head, overflow="fold", min_width=12, max_width=26)
    for head in ("A", "B", "A minus B [95 %]", "p", "seeds", "more seeds", "A is"):
        table.add_column(head, no_wrap=True, justify="left" if head == "A is" else "right")
    for one in found:
        names = [one.task, *[one.learner] * several, *[one.strategy] * (folder is None)]
        table.add_row(*map(tell.plain, names), *_numbers(one))
    console = Console()
    console.print(table)
    counts = [sum(one.ahead == way for one in found) for way in (1, 0, -1)]
    console.print("ahead in {}, undecided in {}, behind in {}".format(*counts))
    together = versus.over_tasks(found)
    if together.n > 1:
        interval = _interval(together.mean, together.low, together.high)
        console.print(f"mean over these {together.n}, one block each: {interval}")


def _numbers(one: Versus) -> list[str]:
    found = one.found
    return [
        f"{one.first:.3f}",
        f"{one.second:.3f}",
        _interval(found.mean, found.low, found.high),
        f"{found.p:.3f}",
        str(found.n),
        "> 1000" if one.more is None else str(one.more or ""),
        WORDS[one.ahead],
    ]


def _interval(mean: float, low: float, high: float) -> str:
    return f"{mean:+.3f} \\[{low:+.3f}, {high:+.3f}]"


def _read(folder: Path) -> Analysis:
    from mindgap.analysis import analyse
    from mindgap.study.documents import warnings
    from mindgap.study.store import Store

    store = Store(folder)
    store.study()  # refuses a folder without one
    results = store.read()
    tell.warnings(warnings(results))
    return analyse(results)
