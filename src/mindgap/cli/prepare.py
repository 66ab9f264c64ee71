"""`mindgap prepare`"""

from __future__ import annotations

from typing import Annotated

import typer

from mindgap.cli import options


def _datasets(incomplete: str) -> list[str]:
    from mindgap.cli.ls import Kind, listing

    return [r["name"] for r in listing(Kind.datasets, []) if r["name"].startswith(incomplete)]


def command(
    name: Annotated[
        str,
        typer.Argument(help="A data set (`mindgap ls datasets`).", autocompletion=_datasets),
    ],
    plugins: options.Plugins = None,
) -> None:
    """Fetch a real data set, check it, and cache it; nothing is fetched twice."""
    from mindgap.registry import Registry

    typer.echo(f"{name}: {Registry(plugins or []).configure('task', name).build().prepare()}")
