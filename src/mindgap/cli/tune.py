"""`mindgap tune`"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mindgap.cli import options, tell
from mindgap.errors import MindgapError

if TYPE_CHECKING:
    from rich.table import Table

    from mindgap.registry import Registry
    from mindgap.study.question import Question
    from mindgap.study.tuned import Beside, Score, Search

#: As worker processes have it; torch reads it when it is loaded.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MKL_CBWR": "AUTO,STRICT"}


#: The grid of `study.question`, which can't be imported for a help page.
USUAL = (
    "learning_rate=1e-3,3e-3,1e-2 weight_decay=1e-3,0.1,1 dropout=0.1,0.3,0.5 steps=150,300,600 "
    "width=32,64,128"
)

#: How many settings are told of that are the same for everything.
TOLD = 5


class By(Enum):
    """What a choice is made by."""

    accuracy = "accuracy"
    nll = "nll"


def _tasks(incomplete: str) -> list[str]:
    from mindgap.registry import Registry

    return [name for name in Registry().names("task") if name.startswith(incomplete)]


def command(
    tasks: Annotated[
        list[str],
        typer.Argument(
            metavar="TASK...",
            help="Scenarios and data sets, e.g. `miss_mcar_sym htad`.",
            autocompletion=_tasks,
        ),
    ],
    learner: Annotated[
        str,
        typer.Option(
            help="The learner to tune, e.g. `late[feature=16]`; what isn't searched stays as it is."
        ),
    ] = "concat",
    budget: Annotated[
        str, typer.Option(help="Sizes of the labelled sets: a choice is made for each.")
    ] = "50,200,500",
    seeds: Annotated[int, typer.Option(min=2, help="Random labelled sets of each size.")] = 5,
    size: Annotated[
        int,
        typer.Option(
            min=2,
            help="Settings to try: the learner's own, the others drawn from the grid. Ask for "
            "more than the grid has, and all of it is tried.",
        ),
    ] = 24,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE,...",
            help=f"Values of a parameter; one value fixes it; repeatable.  [default: {USUAL}]",
        ),
    ] = None,
    score: Annotated[
        By, typer.Option(help="What is chosen by: `accuracy`, or `nll`, the log loss.")
    ] = By.accuracy,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Where choices and scores are kept.")
    ] = Path("tuned.yaml"),
    plugins: options.Plugins = None,
    json: options.Json = False,
) -> None:
    """Choose a learner's parameters once for every family of tasks and number of labels.

    Learning rate, weight decay, dropout, steps and width are tried on **random** labelled sets
    with seeds that no study can have, and scored on pool samples that have no label; the test set
    is not looked at. Of a scenario its **control** is searched, once for the family: twins and
    severities share the choice.

    A study freezes the choice for all its strategies with a line `tuned: tuned.yaml`. The same
    command searches only what the file lacks.

    Example: `mindgap tune miss_mcar_sym htad --set steps=300 --set learning_rate=1e-3,3e-3,1e-2`
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)

    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from mindgap.registry import Registry
    from mindgap.study.tune import search
    from mindgap.study.tuned import Search, beside, everywhere, gain, read, write

    by: Score = "nll" if score is By.nll else "accuracy"
    registry = Registry(plugins or [])
    questions = _questions(registry, tasks, learner, _grid(grid or []), size, budget, seeds)
    console = Console(stderr=True, soft_wrap=True)
    for task, question in questions.items():
        if task != question.control.text:
            console.print(tell.plain(f"{task} is tuned on {question.control.text}"))
    held = {one.digest: one for one in read(out)}
    missing = [q for q in _distinct(questions) if q.digest not in held]
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not missing) as bar:
        row = bar.add_task("", total=sum(question.trained for question in missing))
        for question in missing:
            bar.update(row, description=question.control.text)
            scores = tell.asked(
                f"{learner} on {question.control.text}",
                partial(search, question, partial(bar.advance, row)),
            )
            found = Search.of(
                question,
                scores,
                by,
                learner=question.settings[0].text,
                command=shlex.join(["mindgap", *sys.argv[1:]]),
            )
            write(out, found)
            held[question.digest] = found
    answers = [held[question.digest].by(by) for question in _distinct(questions)]
    for answer in answers:
        if answer != held[answer.digest]:
            write(out, answer)
    if json:
        tell.as_json([one.model_dump(mode="json") for one in answers])
        return
    told = Console()
    told.print(_table(answers, by))
    everything = beside(answers, by)
    if len(answers) > 1 and everything and (gained := gain(everywhere(answers, by), by)):
        told.print(_everything(everything, gained))
    console.print(f"written: {tell.plain(str(out))}; a study takes it as `tuned: {out.name}`")


def _grid(given: Sequence[str]) -> dict[str, list[str]]:
    """`--set name=a,b` as name -> values."""
    from mindgap.registry import split_list

    grid: dict[str, list[str]] = {}
    for text in given:
        name, _, values = text.partition("=")
        listed = [value.strip() for value in split_list(values)]
        if not name.strip() or not listed:
            raise MindgapError(f"--set {text}: write NAME=VALUE,..., e.g. width=32,64")
        if name.strip() in grid:
            raise MindgapError(f"--set gives {name.strip()!r} twice: list its values once")
        grid[name.strip()] = listed
    return grid


def _labels(budget: str) -> tuple[int, ...]:
    try:
        labels = tuple(sorted({int(part) for part in budget.split(",")}))
    except ValueError:
        labels = (0,)
    if labels[0] < 1:
        raise MindgapError(f"--budget {budget}: give numbers of labels, e.g. 50,200,500")
    return labels


def _questions(
    registry: Registry,
    tasks: Sequence[str],
    learner: str,
    grid: dict[str, list[str]],
    size: int,
    budget: str,
    seeds: int,
) -> dict[str, Question]:
    """Task -> what is searched for it; tasks of a family share the question of the first."""
    from mindgap.study.question import Question, control, settings

    chosen, labels = settings(registry, learner, grid, size), _labels(budget)
    families: dict[str, Question] = {}
    questions: dict[str, Question] = {}
    for text in tasks:
        searched = tell.asked(f"task {text}", partial(control, registry, text))
        question = Question(searched, chosen, labels, seeds)
        shared = families.setdefault(question.source.family, question)
        questions[registry.configure("task", text).text] = shared
    return questions


def _distinct(questions: dict[str, Question]) -> list[Question]:
    return list({question.digest: question for question in questions.values()}.values())


def _table(searches: Sequence[Search], score: Score) -> Table:
    from rich.table import Table

    from mindgap.study.tuned import best, gain

    table = Table(
        title=f"mean {score} on held-out pool samples ± standard error over seeds",
        caption="gain: of choosing, each seed's choice made by the others",
    )
    for name in ("family", "labels", "learner as given", "best", "gain", "chosen"):
        table.add_column(name, overflow="fold")
    rows = [(s.family, str(n), tried) for s in searches for n, tried in s.tried.items()]
    for family, labels, tried in rows:
        top = best(tried, score)
        table.add_row(
            tell.plain(family),
            labels,
            "diverged" if tried[0].mean is None else f"{tried[0].mean:.3f} ± {tried[0].se:.3f}",
            f"{top.mean:.3f} ± {top.se:.3f}",
            "{:+.3f} ± {:.3f}".format(*gained) if (gained := gain(tried, score)) else "",
            tell.plain(top.learner),
        )
    return table


def _everything(settings: Sequence[Beside], gained: tuple[float, float | None]) -> Table:
    from rich.table import Table

    table = Table(
        title="one setting for everything, beside the learner as given (*)",
        caption="accuracy in points; better in both: of so many families and numbers of labels "
        f"({settings[0].cells}) in accuracy, in log loss; choosing one by the other seeds gains "
        + "{:.4f} ± {:.4f}".format(*gained),
    )
    for name in ("setting", "accuracy", "log loss", "better in both", "worst accuracy"):
        table.add_column(name, justify="left" if name == "setting" else "right")
    for one in [*settings[:TOLD], *(one for one in settings[TOLD:] if one.given)]:
        mean, error = one.accuracy
        table.add_row(
            tell.plain(one.learner) + (" *" if one.given else ""),
            f"{100 * mean:+.1f}" + ("" if error is None else f" ± {100 * error:.1f}"),
            f"{one.nll:.3f}",
            f"{one.better[0]}, {one.better[1]}",
            f"{100 * one.worst:+.1f}",
        )
    return table
