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
    huggingface: Annotated[
        str | None,
        typer.Option(
            help="A data set of Hugging Face: a folder (save_to_disk, Parquet), OWNER/NAME or "
            "OWNER/NAME:CONFIGURATION.",
            metavar="NAME",
        ),
    ] = None,
    called: Annotated[
        str | None, typer.Option("--as", help="What to call the data set that is made of it.")
    ] = None,
    modalities: Annotated[
        str | None,
        typer.Option(help="Columns of it that are modalities, e.g. `image,accel`; else all."),
    ] = None,
    label: Annotated[str | None, typer.Option(help="Its column of labels, if not `label`.")] = None,
    id_column: Annotated[
        str | None, typer.Option("--id", help="Its column of ids, if not `id`.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="Its column of groups, if not `group`.")] = None,
    pool: Annotated[
        str | None, typer.Option(help="Its splits to learn from, e.g. `train,validation`.")
    ] = None,
    test: Annotated[str | None, typer.Option(help="Its splits to be tested on.")] = None,
    encoders: Annotated[
        list[str] | None,
        typer.Option(
            "--encoder",
            metavar="COLUMN=NAME",
            help="What encodes a column of images, sounds or texts, e.g. "
            "`photo=efficientnet_lite0`, `title=minilm`, `title=hf:NAME`; may be repeated.",
        ),
    ] = None,
    skip_unreadable: Annotated[
        bool,
        typer.Option(
            "--skip-unreadable",
            help="Take files that can't be read for missing; each is listed.",
        ),
    ] = False,
    plugins: options.Plugins = None,
    json: options.Json = False,
) -> None:
    """Fetch a real data set, check it, and cache it; nothing is fetched twice.

    Or make one of a table of your own: `mindgap prepare --manifest pool.csv --as mypool`, after
    which `mypool` is a data set like any other; or of a data set of Hugging Face with
    `--huggingface`.
    """
    if listed:
        _catalogue(plugins or [], json)
        return
    given = {
        "modalities": _parts(modalities),
        "label": label,
        "id": id_column,
        "group": group,
        "pool": _parts(pool),
        "test": _parts(test),
        "encoders": dict(_assigned(text) for text in encoders or []),
        "skip_unreadable": skip_unreadable,
    }
    given = {key: value for key, value in given.items() if value}
    if manifest is not None or huggingface is not None:
        if manifest is not None and huggingface is not None:
            raise MindgapError("give --manifest or --huggingface, not both")
        if name is not None or called is None or folder is not None:
            raise MindgapError("name the data set that is made with --as alone, e.g. --as mypool")
        _own(manifest, huggingface, called, given)
        return
    if folder is not None:
        given.pop("skip_unreadable", None)
    elif skip_unreadable:
        raise MindgapError("--skip-unreadable goes with --from, --manifest or --huggingface")
    if called or given:
        flag = "as" if called else next(iter(given)).replace("_", "-").replace("ers", "er")
        raise MindgapError(f"--{flag} goes with --manifest or --huggingface")
    if name is None:
        names = ", ".join(_names(plugins or []))
        raise MindgapError(f"name a data set: {names}; `--list` tells of each")
    from mindgap.registry import Registry, parse

    registry = Registry(plugins or [])
    if parse(name)[0] not in registry.names("task"):
        raise MindgapError(unknown("data set", parse(name)[0], _names(plugins or [])))
    source = registry.configure("task", name).build()
    if folder is None:
        typer.echo(f"{name}: {source.prepare()}")
        return
    from mindgap.tasks.real.copies.local import Local

    if not isinstance(source, Local):
        raise MindgapError(f"{name} isn't read from a copy; leave --from out")
    if not folder.is_dir():
        raise MindgapError(f"{folder} is not a folder")
    typer.echo(f"{name}: {source.adopt(folder, skip_unreadable)}")


def _own(path: Path | None, theirs: str | None, name: str, given: dict[str, Any]) -> None:
    from mindgap.tasks.real import hf_dataset, manifest
    from mindgap.tasks.real.own_data import keep, nameable
    from mindgap.tasks.real.table import Asked

    nameable(name)
    asked = Asked(**given)
    if path is not None:
        own, told = manifest.read(path, asked)
    else:
        dataset, root = hf_dataset.load(str(theirs))
        own, told = hf_dataset.read(dataset, asked, root, str(theirs))
    for line in [*own.summary(), *told]:
        typer.echo(line)
    typer.echo(f"kept in {keep(name, own)}; try `mindgap run quickstart --tasks {name}`")


def _parts(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _assigned(text: str) -> tuple[str, str]:
    column, equals, name = text.partition("=")
    if not column or not equals or not name:
        raise MindgapError(f"--encoder {text}: write COLUMN=NAME, e.g. photo=efficientnet_lite0")
    return column, name


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
