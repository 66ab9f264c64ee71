"""Pages for scenarios, data sets, strategies and learners, written from the registry."""

import inspect
import json
from pathlib import Path

from mindgap.registry import Registry, documentation, parameters
from mindgap.strategies import SERVED

HEADS = {
    "scenarios": "Synthetic tasks whose exact truth is known; `mindgap show scenario NAME` prints "
    "the same.",
    "datasets": "Real data. `mindgap prepare NAME` fetches one and caches it in the folder that "
    "`MINDGAP_CACHE` names, by default `~/.cache/mindgap`.",
    "strategies": "What chooses the next samples to label.",
    "learners": "What is trained in every round.",
}


def write(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    registry = Registry()
    served = [f"| `{what}` | {shape} |" for what, shape in SERVED.items()]
    (folder / "served.md").write_text("\n".join(["| key | value |", "| --- | --- |", *served, ""]))
    pages: dict[str, list[str]] = {kind: [] for kind in HEADS}
    for name in registry.names("task"):
        target = registry.target("task", name)
        source = registry.configure("task", name).build()
        body = _described(name, target) + _card(source.card())
        pages["scenarios" if source.kind == "scenario" else "datasets"].append(body)
    for kind, plural in (("strategy", "strategies"), ("learner", "learners")):
        for name in registry.names(kind):
            pages[plural].append(_described(name, registry.target(kind, name)))
    for kind, sections in pages.items():
        title = {"datasets": "Data sets"}.get(kind, kind.capitalize())
        (folder / f"{kind}.md").write_text(f"# {title}\n\n{HEADS[kind]}\n\n" + "\n".join(sections))


def _described(name: str, target: object) -> str:
    text = [f"## `{name}`", "", "```text", documentation(target), "```", ""]
    if inspect.isclass(target):
        module = inspect.getdoc(inspect.getmodule(target)) or ""
        if len(module.splitlines()) > 1:
            text += ["```text", module, "```", ""]
    rows = [f"| `{p.name}` | `{p.default}` |" for p in parameters(target)]
    if rows:
        text += ["| parameter | default |", "| --- | --- |", *rows, ""]
    return "\n".join([*text, ""])


def _card(card: dict) -> str:
    truth = card.get("truth")
    if not truth:
        shown = {k: v for k, v in card.items() if k not in ("truth", "description")}
        return "```json\n" + json.dumps(shown, indent=2, ensure_ascii=False) + "\n```\n"
    rows = [f"| {s or 'nothing'} | {a:.3f} |" for s, a in truth["bayes_accuracy"].items()]
    lines = [
        f"Pitfall: {card['pitfall'] or 'none'}. Control: {card['control'] or 'none'}.",
        "",
        f"| modalities shown | Bayes accuracy ({truth['method']}) |",
        "| --- | --- |",
        *rows,
        "",
        f"On the natural mix of the test set: {truth['bayes_natural']:.3f}.",
        "",
    ]
    return "\n".join(lines)
