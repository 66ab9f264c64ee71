"""`mindgap ls`"""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mindgap.cli import options, tell
from mindgap.errors import MindgapError

if TYPE_CHECKING:
    from rich.console import Console

    from mindgap.registry import Registry


class Kind(StrEnum):
    """What can be listed."""

    scenarios = "scenarios"
    datasets = "datasets"
    strategies = "strategies"
    learners = "learners"
    studies = "studies"
    metrics = "metrics"


def command(
    kind: Annotated[
        Kind | None, typer.Argument(help="What to list; everything if left out.")
    ] = None,
    plugins: options.Plugins = None,
    json: options.Json = False,
) -> None:
    """List scenarios, data sets, strategies, learners, packaged studies, or metrics to ask for."""
    from rich.console import Console
    from rich.table import Table

    from mindgap.cli.unfinished import unfinished
    from mindgap.registry import Registry

    tell.warnings(unfinished(Registry(plugins or [])))
    kinds = [kind] if kind else list(Kind)
    found = {kind.value: listing(kind, plugins or []) for kind in kinds}
    if json:
        tell.as_json(found[kind.value] if kind else found)
        return
    if rows := found.pop(Kind.scenarios.value, None):
        _by_pitfall(rows, plugins or [], Console())
    for title, rows in found.items():
        rows = [_folded(row) for row in rows] if title == Kind.strategies else rows
        table = Table(title=title, title_justify="left")
        for column in rows[0] if rows else ["nothing"]:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(tell.plain("" if v is None else str(v)) for v in row.values()))
        Console().print(table)


def _by_pitfall(rows: list[dict[str, Any]], plugins: list[Any], console: Console) -> None:
    """A table for each kind of pitfall, with the control of every scenario."""
    from rich.table import Table

    from mindgap.registry import Registry

    registry, groups = Registry(plugins), dict[str, list[tuple[str, str, str]]]()
    for row in rows:
        source = registry.configure("task", row["name"]).build()
        control = getattr(source, "control", None)  # a plug-in's scenario may know of none
        told = (row["name"], control.text if control else "", row["summary"])
        groups.setdefault(getattr(source, "group", None) or "others", []).append(told)
    for group, told_of in groups.items():
        table = Table(title=f"scenarios: {group}", title_justify="left")
        for column in ("name", "control", "summary"):
            table.add_column(column, no_wrap=column == "name")
        for told in told_of:
            table.add_row(*map(tell.plain, told))
        console.print(table)


def listing(kind: Kind, plugins: list[Any]) -> list[dict[str, Any]]:
    """A row for each of a kind."""
    from mindgap.registry import Registry

    if kind is Kind.studies:
        from mindgap.study.spec import packaged, read

        return [
            {"name": name, "tasks": len(study.tasks), "strategies": len(study.strategies)}
            for name in packaged()
            for study, _ in [read(name)]
        ]
    if kind is Kind.metrics:
        from mindgap.study.examine import METRICS

        return [{"name": name, "summary": metric.summary} for name, metric in METRICS.items()]
    registry = Registry(plugins)
    component, describe = {
        Kind.learners: ("learner", _learner),
        Kind.strategies: ("strategy", _strategy),
    }.get(kind, ("task", partial(_task, kind=kind)))
    rows = []
    for name in [*registry.names(component), *registry.adapted(component)]:
        try:
            row = tell.asked(f"{component} {name}", partial(describe, registry, name))
        except MindgapError as error:  # of a plug-in; the others are listed
            tell.warnings([str(error)])
            continue
        rows += [row] if row else []
    return rows


def _learner(registry: Registry, name: str) -> dict[str, Any]:
    from mindgap.registry import summary

    return {"name": name, "summary": summary(registry.target("learner", name))}


def _strategy(registry: Registry, name: str) -> dict[str, Any]:
    from mindgap.registry import paper, parameters, summary

    target = registry.target("strategy", name)
    return {
        "name": name,
        "family": getattr(target, "group", ""),  # a function has none
        "paper": paper(target),
        "needs": _needs(target, parameters(target)),
        "cost": getattr(target, "cost", ""),
        "summary": summary(target),
    }


def _task(registry: Registry, name: str, kind: Kind) -> dict[str, Any] | None:
    from mindgap.registry import summary

    target = registry.target("task", name)
    source = registry.configure("task", name).build()
    if (source.kind == "scenario") != (kind is Kind.scenarios):
        return None
    row = {"name": name, "family": source.family, "summary": summary(target)}
    if kind is Kind.datasets:
        row["state"] = source.unavailable() or "ready"
    return row


def _folded(row: dict[str, Any]) -> dict[str, Any]:
    """A strategy's row for a narrow terminal; its summary names the paper."""
    told = f"{row['summary']}\nneeds {row['needs'] or 'nothing'}\ncost {row['cost'] or 'unknown'}"
    return {"name": row["name"], "family": row["family"], "summary": told}


def _needs(target: Any, known: list[Any]) -> str:
    """What a strategy reads of a learner, with its own defaults."""
    if any(p.default is p.empty for p in known):
        return "what the strategy inside needs"
    return ", ".join(sorted(target().requires()))
