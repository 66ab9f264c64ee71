"""`mindgap show`"""

from __future__ import annotations

import inspect
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mindgap.cli import options, tell

if TYPE_CHECKING:
    from rich.console import Console

    from mindgap.learners import Learner


class Kind(StrEnum):
    """What can be shown."""

    scenario = "scenario"
    dataset = "dataset"
    strategy = "strategy"
    learner = "learner"


def _names(ctx: typer.Context, incomplete: str) -> list[str]:
    from mindgap.registry import Registry

    kind = ctx.params.get("kind")
    component = "task" if kind in (Kind.scenario, Kind.dataset) else str(kind)
    return [name for name in Registry().names(component) if name.startswith(incomplete)]


def command(
    kind: Annotated[Kind, typer.Argument(help="What it is.")],
    name: Annotated[
        str,
        typer.Argument(
            help="Its name, with parameters if you like: `badge` or `miss_base[pool=500]`.",
            autocompletion=_names,
        ),
    ],
    plugins: options.Plugins = None,
    json: options.Json = False,
) -> None:
    """Show one scenario with its exact truth, or a data set, strategy or learner."""
    from rich.console import Console

    from mindgap.registry import Registry

    registry = Registry(plugins or [])
    component = "task" if kind in (Kind.scenario, Kind.dataset) else kind.value
    found = registry.configure(component, name)
    doc = inspect.getdoc(found.target) or ""
    described: dict[str, Any] = {"name": found.name, "text": found.text, "doc": doc}
    parameters = {key: str(value) for key, value in found.params.items()}
    if component == "task":
        described = {**described, "parameters": parameters, **found.build().card()}
    else:
        described = {**described, "parameters": parameters, **_of_component(found.build())}
    if json:
        tell.as_json(described)
        return
    console = Console()
    console.print(f"[bold]{tell.plain(found.text)}[/]\n{tell.plain(described['doc'])}\n")
    if described.get("truth"):
        _scenario(described, console)
    else:
        shown = {k: v for k, v in described.items() if k not in ("name", "text", "doc", "truth")}
        for key, value in shown.items():
            console.print(f"{key}: {tell.plain(_short(value))}")


def _of_component(built: Any) -> dict[str, Any]:
    from mindgap.registry import paper

    if hasattr(built, "requires"):
        return {
            "family": built.group,
            "paper": paper(type(built)),
            "needs": sorted(built.requires()),
            "cost": built.cost,
        }
    return {"capabilities": sorted(built.capabilities), "size": _size(built)}


def _size(learner: Learner) -> str:
    """The number of parameters for a small task, since it depends on the task."""
    from mindgap.tasks import TaskShape

    frozen = getattr(learner, "frozen", ())
    shape = TaskShape(dict.fromkeys(frozen or ("x1", "x2"), (32,)), 4)
    told = ", ".join(shape.modalities)
    reference = f"for vectors of 32 numbers ({told}) and {shape.n_classes} classes"
    if why := learner.supports(shape):
        return f"not counted {reference}: {why}"
    return f"{learner.network(shape).size:,} parameters {reference}"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {v}" for k, v in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _scenario(card: dict[str, Any], console: Console) -> None:
    from rich.table import Table

    console.print(f"pitfall: {tell.plain(card['pitfall'] or 'none, it is a control')}")
    if card["control"]:
        console.print(f"control: {card['control']}, differs in {', '.join(card['differs_in'])}")
    shares = ", ".join(f"{pattern} {share:.0%}" for pattern, share in card["patterns"].items())
    console.print(f"pool: {card['pool']} samples ({shares}); test set: {card['test']}\n")
    truth = card["truth"]
    bits = truth["bits"]
    table = Table(title=f"Bayes accuracy ({truth['method']})", title_justify="left")
    table.add_column("modalities shown")
    table.add_column("class", justify="right")
    for bit in bits:
        table.add_column(f"{bit['name']} in {', '.join(bit['groups'])}", justify="right")
    for subset, accuracy in truth["bayes_accuracy"].items():
        per_bit = (f"{bit['bayes'][subset]:.3f}" for bit in bits)
        table.add_row(subset or "none", f"{accuracy:.3f}", *per_bit)
    console.print(table)
    console.print(f"on the test set as it is: {truth['bayes_natural']:.3f}")
    prescribed = ", ".join(f"{name} {phi:.3f}" for name, phi in truth["shapley"].items())
    console.print(f"prescribed use (Shapley value of the Bayes accuracy): {prescribed}")
