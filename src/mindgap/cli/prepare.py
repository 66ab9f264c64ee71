"""`mindgap prepare`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mindgap.cli import options, tell
from mindgap.errors import MindgapError, unknown


def _datasets(incomplete: str) -> list[str]:
    return [name for name in _names([]) if name.startswith(incomplete)]


def command(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A data set (`mindgap prepare --list`), with its parameters.",
            autocompletion=_datasets,
            show_default=False,
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--from", help="Where a copy is, of a set that its authors distribute."),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="What there is, how large, and what is cached.")
    ] = False,
    manifest: Annotated[
        Path | None,
        typer.Option(help="A table of your own, CSV or Parquet; see docs/own-data.md."),
    ] = None,
    called: Annotated[
        str | None, typer.Option("--as", help="What to call the data set of the manifest.")
    ] = None,
    modalities: Annotated[
        str | None,
        typer.Option(help="Modalities of the manifest to read, e.g. `image,accel`; else all."),
    ] = None,
    skip_unreadable: Annotated[
        bool,
        typer.Option("--skip-unreadable", help="Take files that can't be read for missing."),
    ] = False,
    plugins: options.Plugins = None,
    json: options.Json = False,
) -> None:
    """Fetch a real data set, check it, and cache it; nothing is fetched twice.

    Or make one of a table of your own: `mindgap prepare --manifest pool.csv --as mypool`, after
    which `mypool` is a data set like any other.
    """
    if listed:
        _catalogue(plugins or [], json)
        return
    if manifest is not None:
        if name is not None or called is None:
            raise MindgapError("name the data set of the manifest with --as, e.g. --as mypool")
        _own(manifest, called, modalities, skip_unreadable)
        return
    if called or modalities or skip_unreadable:
        raise MindgapError("--as, --modalities and --skip-unreadable go with --manifest")
    names = _names(plugins or [])
    if name is None:
        raise MindgapError(f"name a data set: {', '.join(names)}; `--list` tells of each")
    from mindgap.registry import Registry, parse

    registry = Registry(plugins or [])
    if parse(name)[0] not in registry.names("task"):
        raise MindgapError(unknown("data set", parse(name)[0], names))
    source = registry.configure("task", name).build()
    if folder is None:
        typer.echo(f"{name}: {source.prepare()}")
        return
    from mindgap.tasks.real.local import Local

    if not isinstance(source, Local):
        raise MindgapError(f"{name} isn't read from a copy; leave --from out")
    if not folder.is_dir():
        raise MindgapError(f"{folder} is not a folder")
    typer.echo(f"{name}: {source.adopt(folder)}")


def _own(path: Path, name: str, modalities: str | None, skip_unreadable: bool) -> None:
    from mindgap.tasks.real import manifest
    from mindgap.tasks.real.own_data import keep, nameable

    nameable(name)
    wanted = [part.strip() for part in (modalities or "").split(",") if part.strip()]
    own, unreadable = manifest.read(path, wanted, skip_unreadable)
    for line in [*own.summary(), *(f"taken for missing: {line}" for line in unreadable)]:
        typer.echo(line)
    typer.echo(f"kept in {keep(name, own)}; try `mindgap run quickstart --tasks {name}`")


def _names(plugins: list[Any]) -> list[str]:
    from mindgap.cli.ls import Kind, listing

    return [row["name"] for row in listing(Kind.datasets, plugins)]


def _catalogue(plugins: list[Any], json: bool) -> None:
    from functools import partial

    from rich.console import Console
    from rich.padding import Padding

    from mindgap.registry import Registry

    registry = Registry(plugins)
    rows = [tell.asked(f"task {name}", partial(_row, registry, name)) for name in _names(plugins)]
    if json:
        tell.as_json(rows)
        return
    console = Console(highlight=False)
    for row in rows:
        console.print(f"[bold]{tell.plain(row['name'])}[/]: {tell.plain(row['state'])}")
        for line in _lines(row):
            console.print(Padding(tell.plain(line), (0, 0, 0, 4)))


def _row(registry: Any, name: str) -> dict[str, Any]:
    """What a data set says of itself; of a plug-in's, what it doesn't say stays empty."""
    source = registry.configure("task", name).build()
    card = source.card()
    return {
        "name": name,
        "size": card.get("size"),
        "pool": card["pool"],
        "test": card.get("test"),
        "modalities": card["modalities"],
        "classes": len(card["classes"]),
        "gaps": card.get("gaps") or {},
        "licence": card.get("licence"),
        "state": source.unavailable() or "cached",
    }


def _lines(row: dict[str, Any]) -> list[str]:
    sizes = ", ".join(f"{m} {'x'.join(map(str, size))}" for m, size in row["modalities"].items())
    gaps = ", ".join(f"{modality} {n:,}" for modality, n in row["gaps"].items())
    fetched = f"; to fetch: {row['size']}" if row["size"] else ""
    return [
        f"pool {row['pool']:,}, test {row['test'] or 0:,}, {row['classes']} classes{fetched}",
        f"modalities: {sizes}",
        f"without: {gaps}" if gaps else "no natural gaps",
        f"licence: {row['licence'] or 'not stated'}",
    ]
