"""`mindgap compare`"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mindgap.cli import options, tell
from mindgap.errors import MindgapError, unknown

if TYPE_CHECKING:
    from rich.table import Table

    from mindgap.analysis import Analysis, Difference
    from mindgap.analysis.versus import Versus

DIFFERENCE = "A minus B \\[95 %]"
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
    would be needed to tell them apart with 80 % power if the difference stays what it is. Over
    tasks, learners and strategies of the same task count as one block.

    Below that, accuracy after the first query, in the middle and at the end; **A needs**: labels
    for which A's mean curve has the accuracy that B ends with (`> 500` if never within the study);
    **saved**: how many B's needs for it, less that; **seeds there**: in how many of them A gets to
    B's final accuracy of the same seed.

    Examples: `mindgap compare badge random --in results/quickstart`, and
    `mindgap compare results/before results/after`
    """
    from dataclasses import asdict

    from rich.console import Console

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
    wide = _Names(several=len({one.learner for one in found}) > 1, strategies=folder is None)
    table = wide.table(
        f"{tell.plain(first)} minus {tell.plain(second)}",
        ("A", "B", DIFFERENCE, "p", "seeds", "more\nseeds", "A is"),
    )
    for one in found:
        table.add_row(wide.of(one), *_numbers(one))
    console = Console()
    for each in (table, _budgets(found, wide), _savings(found, wide)):
        console.print(each)
    counts = [sum(one.ahead == way for one in found) for way in (1, 0, -1)]
    console.print("\nahead in {}, undecided in {}, behind in {}".format(*counts))
    together = versus.over_tasks(found)
    if together.n > 1:
        interval = _interval(together)
        console.print(f"mean over these {together.n} tasks, one block each: {interval}")


@dataclass(frozen=True)
class _Names:
    """What a row is about, in one column that folds: all fits into 80 columns."""

    several: bool
    strategies: bool

    def table(self, title: str, heads: Sequence[str]) -> Table:
        from rich.table import Table

        table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
        table.add_column("task", overflow="fold", min_width=16)
        for head in heads:
            table.add_column(head, no_wrap=True, justify="left" if head == "A is" else "right")
        return table

    def of(self, one: Versus) -> str:
        names = [one.task, *[one.learner] * self.several, *[one.strategy] * self.strategies]
        return tell.plain(", ".join(names))


def _budgets(found: Sequence[Versus], wide: _Names) -> Table:
    table = wide.table("\naccuracy at budgets", ("labels", "A", "B", DIFFERENCE, "p"))
    for one in found:
        for i, at in enumerate(one.budgets):
            means = (_number(at.first), _number(at.second))
            difference = (_interval(at.found), _number(at.found.p))
            table.add_row("" if i else wide.of(one), str(at.labels), *means, *difference)
    return table


def _savings(found: Sequence[Versus], wide: _Names) -> Table:
    from mindgap.analysis.savings import needed

    heads = ("accuracy", "A needs", "saved", "seeds there")
    table = wide.table("\nlabels for the accuracy that B ends with", heads)
    for one in found:
        if (told := one.saving) is not None:
            saved = f"{told.saved:+.0f}" if isfinite(told.saved) else ""
            seeds = f"{told.reached} of {told.n}"
            labels = needed(told.curve, told.last)
            table.add_row(wide.of(one), _number(told.level), labels, saved, seeds)
    return table


def _numbers(one: Versus) -> list[str]:
    found = one.found
    more = "" if not isfinite(found.p) else "> 1000" if one.more is None else str(one.more or "")
    means = (_number(one.first), _number(one.second))
    return [*means, _interval(found), _number(found.p), str(found.n), more, WORDS[one.ahead]]


def _number(value: float) -> str:
    """Nothing where nothing is known."""
    return f"{value:.3f}" if isfinite(value) else ""


def _interval(found: Difference) -> str:
    if not isfinite(found.mean):
        return ""
    interval = f" \\[{found.low:+.3f}, {found.high:+.3f}]" if isfinite(found.low) else ""
    return f"{found.mean:+.3f}{interval}"


def _read(folder: Path) -> Analysis:
    from mindgap.analysis import analyse

    analysis = analyse(tell.results_in(folder))
    tell.gaps(folder, analysis)
    return analysis
