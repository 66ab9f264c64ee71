"""`mindgap compare`"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mindgap.cli import options, tell
from mindgap.errors import MindgapError, unknown

if TYPE_CHECKING:
    from rich.table import Table

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

    Below that, accuracy after the first query, in the middle and at the end; **A needs**: labels
    for which A's mean curve has the accuracy that B ends with (`> 500` if never within the study);
    **saved**: how many B's needs for it, less that; **seeds there**: in how many of them A gets to
    B's final accuracy of the same seed.

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
    console.print(_budgets(found, several, folder is None))
    counts = [sum(one.ahead == way for one in found) for way in (1, 0, -1)]
    console.print("ahead in {}, undecided in {}, behind in {}".format(*counts))
    together = versus.over_tasks(found)
    if together.n > 1:
        interval = _interval(together.mean, together.low, together.high)
        console.print(f"mean over these {together.n}, one block each: {interval}")


def _budgets(found: Sequence[Versus], learners: bool, strategies: bool) -> Table:
    from rich.table import Table

    from mindgap.analysis.savings import needed

    table = Table(title="\nat budgets", title_justify="left", box=None, pad_edge=False)
    for head in ("task", *["learner"] * learners, *["strategy"] * strategies):
        table.add_column(head, overflow="fold", min_width=12, max_width=26)
    for head in ("labels", "A", "B", "A minus B [95 %]", "p", "A needs", "saved", "seeds there"):
        table.add_column(head, no_wrap=True, justify="right")
    for one in found:
        names = [one.task, *[one.learner] * learners, *[one.strategy] * strategies]
        told = ["", "", ""]
        if one.saving is not None:
            last, saved = one.saving.last, one.saving.saved
            told = [needed(one.saving.curve, last), f"{saved:+.0f}" if isfinite(saved) else ""]
            told.append(f"{one.saving.reached} of {one.saving.n}")
        for i, at in enumerate(one.budgets):
            difference = _interval(at.found.mean, at.found.low, at.found.high)
            numbers = [str(at.labels), f"{at.first:.3f}", f"{at.second:.3f}", difference]
            beside = told if i == len(one.budgets) - 1 else ["", "", ""]
            first = map(tell.plain, names) if i == 0 else [""] * len(names)
            table.add_row(*first, *numbers, f"{at.found.p:.3f}", *beside)
    return table


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

    return analyse(tell.results_in(folder))
