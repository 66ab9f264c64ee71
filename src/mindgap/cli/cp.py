"""`mindgap cp`"""

from __future__ import annotations

import re
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from mindgap.errors import MindgapError


class Kind(StrEnum):
    """What can be copied."""

    strategy = "strategy"
    learner = "learner"


#: What to do with the copy.
NEXT = {
    Kind.strategy: (
        "Check it: mindgap check {path}\n"
        "Try it: mindgap run quickstart --plugin {path} --strategies random,{selected} "
        "--out results/{selected}"
    ),
    Kind.learner: (
        "Check it: mindgap show learner {selected} --plugin {path}\n"
        "Try it: mindgap run quickstart --plugin {path} --learners concat,{selected} "
        "--out results/{selected}"
    ),
}


def command(
    kind: Annotated[Kind, typer.Argument(help="What to start from a template.")],
    path: Annotated[
        Path, typer.Argument(metavar="FILE.py", help="Where to write it; it must not exist yet.")
    ],
) -> None:
    """Write a commented template for a strategy or learner of your own.

    The class is named after the file: `my_idea.py` holds `MyIdea`, which a study selects as
    `my_idea`. The template works as it is, so change it step by step and check each of them.
    """
    from mindgap.registry import Registry

    name = "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", path.stem))
    if path.suffix != ".py" or not name.isidentifier():
        raise MindgapError(
            f"{path} can't hold a class: give a name like my_{kind.value}.py, which starts with a "
            "letter and ends in .py"
        )
    selected = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    if selected in Registry().names(kind.value):
        raise MindgapError(f"there is a {kind.value} {selected!r} already; choose another name")
    template = files("mindgap.cli.templates").joinpath(f"{kind.value}.py").read_text("utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(template.replace(f"My{kind.value.capitalize()}", name))
    except FileExistsError:
        raise MindgapError(f"{path} is there already; choose another name") from None
    except OSError as error:
        raise MindgapError(f"{path} can't be written: {error.strerror}") from None
    typer.echo(f"{path} is written. {NEXT[kind].format(path=path, selected=selected)}")
