"""The command line: a file a verb. Nothing heavy is imported before a verb needs it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mindgap import __version__
from mindgap.cli import (
    check,
    compare,
    cp,
    findings,
    ls,
    plan,
    prepare,
    replay,
    report,
    run,
    show,
    status,
    tune,
)
from mindgap.errors import MindgapError

#: Typer turns Ctrl-C into this exit code.
INTERRUPTED = 130

app = typer.Typer(
    name="mindgap",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help=(
        "Multimodal active learning: isolate its pitfalls, compare strategies, see what a model "
        "neglects.\n\n"
        "Try `mindgap run quickstart`, then open the report it names. "
        "`mindgap ls scenarios` shows what there is to learn, `mindgap show scenario NAME` its "
        "exact truth."
    ),
)
for verb in (
    ls,
    show,
    prepare,
    plan,
    run,
    replay,
    status,
    report,
    compare,
    findings,
    check,
    cp,
    tune,
):
    app.command(verb.__name__.rpartition(".")[2])(verb.command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"mindgap {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point; a mistake the user can mend is one message and exit code 2."""
    try:
        app()
    except MindgapError as error:
        for line in str(error).splitlines():
            typer.secho(f"error: {line}", fg=typer.colors.RED, err=True)
        sys.exit(2)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            typer.secho("stopped; run the same command again to go on", err=True)
        raise
