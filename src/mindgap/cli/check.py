"""`mindgap check`"""

from __future__ import annotations

import inspect
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mindgap.cli import options, tell
from mindgap.errors import MindgapError

if TYPE_CHECKING:
    from rich.console import Console

    from mindgap.registry import Configured
    from mindgap.testing import Finding

COLOURS = {"kept": "green", "broken": "red", "not checked": "yellow"}


def command(
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE_OR_NAME",
            help="A Python file with strategies, or a strategy's name, with parameters if you "
            "like: `my_strategy.py`, `co_testing[variant=aggressive]`.",
        ),
    ],
    plugins: options.Plugins = None,
    json: options.Json = False,
) -> None:
    """Check that a strategy keeps the contract, in seconds and without any training.

    A line for each rule; what is broken says what to mend. A strategy is asked for about 130
    choices from small pools and one from 20,000 samples; one that trains a network in each is
    checked sooner with fewer steps, as in `mindgap check m_vaal[steps=10]`. The exit code is 1
    where a rule is broken, and 2 where a file doesn't load.
    """
    from rich.console import Console

    from mindgap.testing import examine

    console = Console(quiet=json, soft_wrap=True)
    told: list[dict[str, Any]] = []
    for found in _asked_for(what, plugins or []):
        console.print(f"[bold]{tell.plain(found.text)}[/]")
        start = time.perf_counter()
        findings = []
        known: dict[str, str] = {}  # what went wrong in select, and the first rule that it broke
        for finding in examine(found.build()):
            findings.append(finding)
            first = known.setdefault(finding.cause, finding.rule) if finding.cause else finding.rule
            _print(finding, first, console)
            told.append({"strategy": found.text, **vars(finding)})
        broken = sum(finding.outcome == "broken" for finding in findings)
        verdict = f"{broken} of {len(findings)} rules broken" if broken else "keeps the contract"
        console.print(f"{tell.plain(found.text)}: {verdict} ({time.perf_counter() - start:.1f} s)")
    if json:
        tell.as_json(told)
    if any(row["outcome"] == "broken" for row in told):
        raise typer.Exit(1)


def _asked_for(what: str, plugins: list[Path]) -> list[Configured]:
    """The strategies of a file, or the one of that name."""
    from mindgap.registry import Registry

    if not what.endswith(".py"):
        return [Registry(plugins).configure("strategy", what)]
    registry = Registry([*plugins, what])
    source = str(Path(what).resolve())
    names = [
        name
        for name in registry.names("strategy")
        if _file_of(registry.target("strategy", name)) == source
    ]
    if not names:
        raise MindgapError(
            f"{what} holds no strategy: derive a class from mindgap.strategies.Strategy and give "
            "it requires() and select(), as `mindgap cp strategy my_strategy.py` does"
        )
    return [registry.configure("strategy", name) for name in names]


def _file_of(target: Any) -> str | None:
    try:
        return inspect.getsourcefile(target)
    except TypeError:  # built in, or defined by hand
        return None


def _print(finding: Finding, first: str, console: Console) -> None:
    colour = COLOURS[finding.outcome]
    told = finding.why if first == finding.rule else f"as in {first!r}"
    why = f": {tell.plain(told)}" if told else ""
    console.print(f"  [{colour}]{finding.outcome:11}[/] {finding.rule}{why}")
