"""A page for every strategy, and an index grouped by family."""

import html
import inspect
from pathlib import Path

from mindgap.cli import strategy_text
from mindgap.registry import documentation, paper, summary
from mindgap.registry import parameters as parameters_of
from mindgap.strategies import ORACLE, SERVED

INDEX = """# Strategies

What chooses the next samples to label. `mindgap show strategy NAME` prints what stands here,
`mindgap ls strategies` lists them, and [](../extend.md) says how to write one. Where each helps and
fails is what `mindgap run strategies` found: all of them against random on ten scenarios.
"""

FAMILIES = {
    "unimodal": "Know the fused model only; wrappers put them on one modality",
    "multimodal": "Look at modalities, and at what is missing",
    "oracle": "Know what nobody who labels does: they show how much there is to win",
}

SYMBOLS = "To choose b of N samples: C classes, D features, L labels, M modalities, T draws."


def write(folder: Path, strategies: dict[str, tuple[type, list[str]]]) -> None:
    """Write the index, and a page for each strategy.

    Args:
        strategies: name -> its class and the table of its parameters.
    """
    (folder / "strategy").mkdir(exist_ok=True)
    table = strategy_text.shipped()
    for name, (target, parameters) in strategies.items():
        page = _page(name, target, parameters, strategy_text.evidence(name, table))
        (folder / "strategy" / f"{name}.md").write_text("\n".join(page))
    lines = [INDEX]
    for family, about in FAMILIES.items():
        members = [name for name, (target, _) in strategies.items() if target.group == family]
        lines += [f"## {family.capitalize()}", "", f"{about}.", ""]
        lines += ["| strategy | what it is | cost |", "| --- | --- | --- |"]
        lines += [_row(name, strategies[name][0]) for name in members]
        lines.append("")
    lines += ["```{toctree}", ":hidden:", "", *(f"strategy/{name}" for name in strategies), "```"]
    (folder / "strategies.md").write_text("\n".join([*lines, ""]))


def _row(name: str, target: type) -> str:
    return f"| [`{name}`](strategy/{name}.md) | {html.escape(summary(target))} | {target.cost} |"


def _page(name: str, target: type, parameters: list[str], evidence: list[str]) -> list[str]:
    lines = [f"# `{name}`", "", html.escape(summary(target)), "", "## What it does", ""]
    text = documentation(target)
    lines += ["```text", text.partition("\n")[2].strip() or text, "```", ""]
    module = inspect.getdoc(inspect.getmodule(target)) or ""
    if len(module.splitlines()) > 1:
        lines += ["```text", module, "```", ""]
    lines += [*parameters, "## What it needs", ""]
    if any(p.default is p.empty for p in parameters_of(target)):
        lines.append("- what the strategy inside needs")
    else:
        needed = sorted(target().requires())
        said = {**SERVED, **ORACLE}
        lines += [f"- `{key}`: {html.escape(said[key])}" for key in needed] or ["- nothing"]
    lines += ["", "## What it costs", "", target.cost, ""]
    if "O(" in target.cost:
        lines += [SYMBOLS, ""]
    if paper(target) and paper(target) != "ours":
        lines += ["## Paper", "", paper(target), ""]
    return [*lines, "## Where it helps and fails", "", *(f"- {said}" for said in evidence), ""]
