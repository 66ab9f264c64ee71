"""`mindgap show`"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mindgap.cli import options, tell
from mindgap.errors import MindgapError

if TYPE_CHECKING:
    from mindgap.learners import Learner
    from mindgap.registry import Configured

#: Longer texts of a list have a line each.
LONG = 60


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
    registry = Registry()
    names = [*registry.names(component), *registry.adapted(component)]
    return [name for name in names if name.startswith(incomplete)]


def command(
    kind: Annotated[Kind, typer.Argument(help="What it is.")],
    name: Annotated[
        str,
        typer.Argument(
            help="Its name, with parameters if you like: `badge` or `miss_base[pool=500]`.",
            autocompletion=_names,
        ),
    ],
    figure: Annotated[
        Path | None,
        typer.Option(help="Draw the scenario to this file: .png, .svg or .pdf."),
    ] = None,
    plugins: options.Plugins = None,
    json: options.Json = False,
) -> None:
    """Show one scenario with its exact truth, or a data set, strategy or learner."""
    from rich.console import Console

    from mindgap.cli.prose import wrapped
    from mindgap.cli.unfinished import unfinished
    from mindgap.registry import Registry, documentation

    if figure is not None:
        _check_figure(kind, figure)
    registry = Registry(plugins or [])
    tell.warnings(unfinished(registry))
    component = "task" if kind in (Kind.scenario, Kind.dataset) else kind.value
    found = registry.configure(component, name)
    doc = documentation(found.target)
    described: dict[str, Any] = {"name": found.name, "text": found.text, "doc": doc}
    parameters = {key: _typed(value) for key, value in found.params.items()}
    name = f"{kind.value} {found.text}"
    built = tell.asked(name, found.build)
    if component == "task":
        _same_kind(kind, found, built.kind)
    more = tell.asked(
        name, built.card if component == "task" else lambda: _of_component(built, found.name)
    )
    described = {**described, "parameters": parameters, **more}
    if figure is not None:
        _draw(built, figure)
    if json:
        tell.as_json(described)
        return
    console = Console()
    head = built.summary if found.params.get("file") and _is_ours(built) else doc
    told = wrapped(head, console.width)
    console.print(f"[bold]{tell.plain(found.text)}[/]\n{tell.plain(told)}\n")
    if component == "task" and _is_ours(built):
        from mindgap.cli import scenario_text

        scenario_text.tell(described, built.control.truth if built.control else None, console)
        if figure is not None:
            console.print(f"figure: {tell.plain(str(figure))}")
    else:
        shown = {k: v for k, v in described.items() if k not in ("name", "text", "doc", "truth")}
        for key, value in shown.items():
            console.print(f"{key}: {tell.plain(_short(value))}")


def _typed(value: Any) -> Any:
    """A parameter as JSON has it."""
    from mindgap.registry import Configured

    if isinstance(value, list | tuple):
        return [_typed(v) for v in value]
    if isinstance(value, dict):
        return {str(key): _typed(v) for key, v in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.text if isinstance(value, Configured) else str(value)


def _same_kind(asked: Kind, found: Configured, kind: str) -> None:
    if kind != (wanted := {"dataset": "data set"}.get(asked, asked.value)):
        other = {"data set": "dataset"}.get(kind, kind)
        raise MindgapError(
            f"{found.name} is a {kind}, not a {wanted}: write mindgap show {other} {found.text}"
        )


def _check_figure(kind: Kind, figure: Path) -> None:
    """Refuse what can't be drawn before anything is computed."""
    from mindgap.report.scenario import writable

    if kind is not Kind.scenario:
        raise MindgapError(f"--figure draws scenarios, no {kind.value}; leave it out")
    writable(figure)


def _draw(built: Any, figure: Path) -> None:
    from mindgap.cli import scenario_figure

    if not _is_ours(built):
        raise MindgapError("--figure draws scenarios that a description makes; leave it out")
    scenario_figure.save(built, figure)


def _is_ours(built: Any) -> bool:
    """Whether it is a scenario that a description makes, not another kind of task."""
    from mindgap.tasks.scenario import Scenario

    return isinstance(built, Scenario)


def _of_component(built: Any, name: str) -> dict[str, Any]:
    from mindgap.cli import strategy_text
    from mindgap.registry import paper

    if hasattr(built, "requires"):
        return {
            "family": built.group,
            "paper": paper(type(built)),
            "needs": sorted(built.requires()),
            "cost": built.cost,
            "shipped results": strategy_text.evidence(name, strategy_text.shipped()),
        }
    return {"capabilities": sorted(built.capabilities), **_small(built)}


def _small(learner: Learner) -> dict[str, Any]:
    """The number of parameters for a small task, since it depends on the task; what to know."""
    from mindgap.tasks import TaskShape

    frozen = getattr(learner, "frozen", ())
    shape = TaskShape(dict.fromkeys(frozen or ("x1", "x2"), (32,)), 4)
    told = ", ".join(shape.modalities)
    reference = f"for vectors of 32 numbers ({told}) and {shape.n_classes} classes"
    if why := learner.supports(shape):
        return {"size": f"not counted {reference}: {why}"}
    notes = list(learner.notes(shape))
    size = f"{learner.network(shape).size:,} parameters {reference}"
    return {"size": size, "notes": notes} if notes else {"size": size}


def _short(value: Any) -> str:
    if value is None:
        return "null"  # as a study's YAML has it
    if value in ("", [], {}):
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_short(v)}" for k, v in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        sentences = any(len(str(v)) > LONG for v in value)
        return "\n  ".join(["", *value]) if sentences else ", ".join(map(str, value))
    return str(value)
