"""A page for every scenario, with its figure, and an index grouped by pitfall."""

import html
from pathlib import Path

from mindgap.cli import scenario_figure, scenario_text
from mindgap.tasks.scenario import Scenario

INDEX = """# Scenarios

Synthetic tasks whose exact truth is known. Each has one pitfall, and a control that differs from it
in one field of its description and in nothing else. `mindgap show scenario NAME` prints what stands
here, `--figure FILE` draws it; [](../own.md) says how to make one yourself.

`severity=` takes the pitfall to another rung of its ladder. `noise=low` makes every label bit as
good as certain, so that the pitfall is seen without confounding noise: the Bayes accuracy of
everything shown goes to 1, but for what corruption takes away. Where the test set lacks modalities,
that of its natural mix of patterns can't: what is missing tells nothing, however little noise there
is.
"""


def write(folder: Path, scenarios: list[tuple[Scenario, list[str]]]) -> None:
    """Write the index, and a page with a figure for each scenario.

    Args:
        scenarios: each with the table of its parameters.
    """
    (folder / "scenario").mkdir(exist_ok=True)
    groups: dict[str, list[Scenario]] = {}
    for scenario, parameters in scenarios:
        groups.setdefault(scenario.group, []).append(scenario)
        scenario_figure.save(scenario, folder / "scenario" / f"{scenario.text}.png", dpi=90)
        page = folder / "scenario" / f"{scenario.text}.md"
        page.write_text("\n".join(_page(scenario, parameters)))
    lines = [INDEX]
    for group, members in groups.items():
        lines += [f"## {group.capitalize()}", "", "| scenario | control | what it is |"]
        lines += ["| --- | --- | --- |", *map(_row, members), ""]
    names = [f"scenario/{scenario.text}" for scenario, _ in scenarios]
    lines += ["```{toctree}", ":hidden:", "", *names, "```", ""]
    (folder / "scenarios.md").write_text("\n".join(lines))


def _row(scenario: Scenario) -> str:
    control = f"`{scenario.control.text}`" if scenario.control else ""
    return f"| [`{scenario.text}`](scenario/{scenario.text}.md) | {control} | {scenario.summary} |"


def _page(scenario: Scenario, parameters: list[str]) -> list[str]:
    card = scenario.card()
    truth, there = card["truth"], scenario.control.truth if scenario.control else None
    lines = [f"# `{scenario.text}`", "", html.escape(scenario.summary), ""]
    lines += parameters
    for heading, said in scenario_text.sections(card).items():
        lines += [
            f"## {heading.capitalize()}",
            "",
            *(f"- {html.escape(line)}" for line in said),
            "",
        ]
    lines += ["## Truth", ""]
    names = [bit["name"] for bit in truth["bits"]]
    heads = ["modalities shown", "Bayes accuracy", *(["control"] if there else []), *names, "bits"]
    told = truth["information"]["mutual_information"]
    rows = [
        [
            subset or "none",
            f"{accuracy:.3f}",
            *([f"{there['bayes_accuracy'][subset]:.3f}"] if there else []),
            *(f"{bit['bayes'][subset]:.3f}" for bit in truth["bits"]),
            f"{told[subset]:.3f}",
        ]
        for subset, accuracy in truth["bayes_accuracy"].items()
    ]
    lines += [*_table(heads, rows), "On the test set as it is:", ""]
    lines += _table(*scenario_text.on_test_set(truth, there))
    lines += [f"Computed by {truth['method']}; bits by {truth['information']['method']}.", ""]
    pid = truth["information"]["pid"]
    if pid:
        heads = ["sources", "redundant", "unique to the first", "to the second", "synergistic"]
        rows = [
            [", ".join(p["sources"]), *(f"{v:.3f}" for v in scenario_text.flat(p["observed"]))]
            for p in pid
        ]
        lines += ["PID atoms, in bits:", "", *_table(heads, rows)]
    return [*lines, f"![{scenario.text}, drawn]({scenario.text}.png)", ""]


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    return [
        "",
        *(f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows)),
        "",
    ]
