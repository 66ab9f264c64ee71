"""Arguments and options that several verbs share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from mindgap.registry import Registry
    from mindgap.study.spec import Study


def _studies(incomplete: str) -> list[str]:
    from mindgap.study.spec import packaged

    return [name for name in packaged() if name.startswith(incomplete)]


def _names(kind: str, incomplete: str) -> list[str]:
    from mindgap.registry import Registry

    registry = Registry()
    names = [*registry.names(kind), *registry.adapted(kind)]
    return [name for name in names if name.startswith(incomplete)]


StudyArgument = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A study file, or the name of a packaged study (`mindgap ls studies`).",
        autocompletion=_studies,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...", help="Overrides, e.g. `budget.rounds=4 seeds=[0,1,2]`."
    ),
]
Tasks = Annotated[
    str | None,
    typer.Option(
        help="Only these tasks, e.g. `miss_base,htad`.",
        autocompletion=lambda incomplete: _names("task", incomplete),
    ),
]
Learners = Annotated[
    str | None,
    typer.Option(
        help="Only these learners, e.g. `concat[steps=100]`.",
        autocompletion=lambda incomplete: _names("learner", incomplete),
    ),
]
Strategies = Annotated[
    str | None,
    typer.Option(
        help="Only these strategies, e.g. `random,margin`.",
        autocompletion=lambda incomplete: _names("strategy", incomplete),
    ),
]
Seeds = Annotated[str | None, typer.Option(help="How many seeds, or a list: `5` or `[0,3]`.")]
Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugin", help="A Python file with components of your own; repeatable."),
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Results folder.  [default: results/NAME]")
]
Device = Annotated[str, typer.Option(help="`cpu`, or `cuda` where there is one.")]
Precision = Annotated[
    Literal["fp32", "bf16"],
    typer.Option(
        help="`bf16` multiplies in bfloat16: other results, faster where the device knows how."
    ),
]
Full = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Results of the same tasks and learners trained on their whole pool: the ceiling of "
        "normalised gains and a control of C1, e.g. of `mindgap run STUDY --strategies random "
        "budget.initial=5000 budget.rounds=0` with the tasks that have as many samples.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


def read_study(
    source: str,
    overrides: Sequence[str] | None,
    tasks: str | None,
    learners: str | None,
    strategies: str | None,
    seeds: str | None,
    plugins: Sequence[Path] | None,
) -> tuple[Study, Registry]:
    """The study as asked for on the command line."""
    from mindgap.study.spec import read

    given = {"tasks": tasks, "learners": learners, "strategies": strategies, "seeds": seeds}
    short = [f"{key}={value}" for key, value in given.items() if value is not None]
    return read(source, [*(overrides or []), *short], [str(p) for p in plugins or []])
