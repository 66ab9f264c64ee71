"""Pages for scenarios, data sets, strategies and learners, written from the registry."""

import inspect
import json
from pathlib import Path

import scenario_pages
import strategy_pages

from mindgap.registry import Registry, documentation, parameters
from mindgap.strategies import ORACLE, SERVED

HEADS = {
    "datasets": "Real data. `mindgap prepare NAME` fetches one and caches it in the folder that "
    "`MINDGAP_CACHE` names, by default `~/.cache/mindgap`. Of each, modalities can be withheld, in "
    "the pool, in the test set or in both: `htad[missing=mcar, rate=0.4]`; the set without "
    "`missing` is then the control, on the same samples. Natural gaps stay, no sample loses its "
    "last modality, and validation samples are drawn from the pool and have its mask. Images, "
    "texts and sounds are encoded, once, by the extra `encoders` (`pip install "
    "'mindgap[encoders]'`). What only its authors distribute is read from a copy: `mindgap prepare "
    "food101 --from FOLDER`.",
    "learners": "What is trained in every round.",
}


def write(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    registry = Registry()
    served = [f"| `{what}` | {shape} |" for what, shape in {**SERVED, **ORACLE}.items()]
    (folder / "served.md").write_text("\n".join(["| key | value |", "| --- | --- |", *served, ""]))
    pages: dict[str, list[str]] = {kind: [] for kind in HEADS}
    scenarios = []
    for name in registry.names("task"):
        target = registry.target("task", name)
        source = registry.configure("task", name).build()
        if source.kind == "scenario":
            scenarios.append((source, _parameters(target)))
        else:
            pages["datasets"].append(_described(name, target) + _card(source.card()))
    scenario_pages.write(folder, scenarios)
    strategies = {name: registry.target("strategy", name) for name in registry.names("strategy")}
    strategy_pages.write(folder, {name: (s, _parameters(s)) for name, s in strategies.items()})
    for name in registry.names("learner"):
        pages["learners"].append(_described(name, registry.target("learner", name)))
    for kind, sections in pages.items():
        title = {"datasets": "Data sets"}.get(kind, kind.capitalize())
        (folder / f"{kind}.md").write_text(f"# {title}\n\n{HEADS[kind]}\n\n" + "\n".join(sections))


def _described(name: str, target: object) -> str:
    text = [f"## `{name}`", "", "```text", documentation(target), "```", ""]
    if inspect.isclass(target):
        module = inspect.getdoc(inspect.getmodule(target)) or ""
        if len(module.splitlines()) > 1:
            text += ["```text", module, "```", ""]
    return "\n".join([*text, *_parameters(target), ""])


def _parameters(target: object) -> list[str]:
    rows = [
        f"| `{p.name}` | {'to be given' if p.default is p.empty else f'`{p.default}`'} |"
        for p in parameters(target)
    ]
    return ["| parameter | default |", "| --- | --- |", *rows, ""] if rows else []


def _card(card: dict) -> str:
    shown = {k: v for k, v in card.items() if k not in ("truth", "description")}
    return "```json\n" + json.dumps(shown, indent=2, ensure_ascii=False) + "\n```\n"
