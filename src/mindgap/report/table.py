"""The main table, for a terminal."""

from __future__ import annotations

from collections import defaultdict

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mindgap.analysis import Analysis, Compared, Row, analyse, least_used
from mindgap.report.words import (
    MEANINGS,
    NONE,
    cell_name,
    counted,
    interval,
    number,
    p_value,
    signed,
    told,
    visible,
)
from mindgap.study.results import Results


def table(results: Results) -> Group:
    """A table for each task and learner, a row a strategy, then the symptoms; plain ASCII apart
    from names."""
    analysis = analyse(results)
    parts: list[RenderableType] = [_of(analysis, compared) for compared in analysis.compared]
    notes = [
        "AUBC: mean accuracy over the budget. Differences are paired by seed, with their",
        "t interval; p of the paired t test, after Holm's correction within each table.",
        "Last accuracy: with all labels.",
    ]
    if any(compared.reliance for compared in analysis.compared):
        notes.append("Least used: the modality of lowest utilisation; the truth prescribes 1.")
    if analysis.gaps:
        notes.append(
            f"Not compared or missing: {counted(len(analysis.gaps), 'gap')}, see the report."
        )
    parts.append(Text("\n".join(notes), style="dim"))
    if analysis.symptoms:
        parts.append(
            Text("\nExpected symptoms: scenario minus control, paired by seed [95 %]", "bold")
        )
    parts += [_plain(line) for line in _symptoms(analysis)]
    if analysis.symptoms:
        meanings = "; ".join(f"{verdict}: {meaning}" for verdict, meaning in MEANINGS.items())
        parts.append(Text(f"In the expected direction, {meanings}.", style="dim"))
    return Group(*parts)


def _symptoms(analysis: Analysis) -> list[str]:
    """A line for each task and what is said of it, with all learners that it is said of."""
    learners: dict[tuple[str, str], list[str]] = defaultdict(list)
    for outcome in analysis.symptoms:
        said = f"{outcome.symptom['sentence']} {told(outcome)}"
        learners[outcome.task, said].append(outcome.learner)
    if len({outcome.learner for outcome in analysis.symptoms}) == 1:
        return [f"{task}: {said}" for task, said in learners]
    return [f"{task} ({'; '.join(of)}): {said}" for (task, said), of in learners.items()]


def _of(analysis: Analysis, compared: Compared) -> Table:
    cell = compared.cell
    bayes = (cell.card.get("truth") or {}).get("bayes_natural")
    title = f"{cell_name(analysis, compared)}: {cell.labels[0]} to {cell.labels[-1]} labels"
    if bayes is not None:
        title += f", Bayes {number(bayes)}"
    table = Table(
        title=_plain(title), title_justify="left", title_style="bold", box=None, pad_edge=False
    )
    table.add_column("strategy", overflow="fold", max_width=26)
    table.add_column("seeds", justify="right")
    table.add_column("AUBC", justify="right")
    table.add_column("minus random [95 %]", no_wrap=True)
    table.add_column("p (Holm)", justify="right")
    table.add_column("last acc.", justify="right")
    table.add_column("least used", overflow="fold", max_width=14)
    for row in compared.rows:
        table.add_row(*(_plain(text) for text in _row(compared, row)), style=_style(row))
    return table


def _row(compared: Compared, row: Row) -> list[str]:
    against = row.to_reference
    least = least_used(list(compared.reliance), row.strategy)
    return [
        row.strategy,
        str(row.aubc.n),
        number(row.aubc.value),
        f"{signed(against.mean)} {interval(against.low, against.high)}" if against else "",
        p_value(row.p_holm) if against else "",
        number(row.final.value),
        f"{least[0]} {number(least[1].value, 2)}" if least else "",
    ]


def _style(row: Row) -> str:
    return {1: "green", 0: "", -1: "red"}[row.verdict]


def _plain(text: str) -> Text:
    return Text(visible(text).replace("−", "-").replace(NONE, "-"))
