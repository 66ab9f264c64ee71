"""The command line: a file a verb. Nothing heavy is imported before a verb needs it."""

from __future__ import annotations

import sys

import typer

from mindgap.cli import check, cp, ls, plan, prepare, report, run, show, status
from mindgap.errors import MindgapError

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
for verb in (ls, show, prepare, plan, run, status, report, check, cp):
    app.command(verb.__name__.rpartition(".")[2])(verb.command)


def main() -> None:
    """Entry point; a mistake the user can mend is one message and exit code 2."""
    try:
        app()
    except MindgapError as error:
        for line in str(error).splitlines():
            typer.secho(f"error: {line}", fg=typer.colors.RED, err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.secho("stopped; run the same command again to go on", err=True)
        sys.exit(130)
