"""Every figure of the page as SVG and PDF, every table as CSV and LaTeX, for papers."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindgap.analysis import Analysis, analyse, claims, seconds
from mindgap.analysis.rankings import rankings
from mindgap.errors import MindgapError
from mindgap.report.page import Panel, panels
from mindgap.report.svg import Drawing, drawing
from mindgap.report.words import number, visible
from mindgap.study.results import Results

#: What LaTeX would take for a command.
LATEX = {
    **{character: "\\" + character for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


@dataclass(frozen=True)
class Table:
    """Numbers with headings; the first `texts` columns are words."""

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]
    texts: int


def export(folder: Path, results: Results) -> list[Path]:
    """Write figures and tables into a folder, over what is there of the same names.

    Raises:
        MindgapError: it can't be written to.
    """
    analysis = analyse(results)
    written: list[Path] = []
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        (folder / "tables").mkdir(parents=True, exist_ok=True)
        with drawing():
            for panel in panels(analysis):
                written += _figures(folder / "figures", panel)
        for table in tables(analysis):
            for ending, text in ((".csv", None), (".tex", latex(table))):
                path = folder / "tables" / f"{table.name}{ending}"
                if text is None:
                    _csv(path, table)
                else:
                    path.write_text(text, "utf-8")
                written.append(path)
    except OSError as error:
        raise MindgapError(f"{folder} can't be written to: {error.strerror}") from None
    return written


def tables(analysis: Analysis) -> Iterator[Table]:
    """What the page lists."""
    yield Table(
        "strategies",
        ["task", "learner", "strategy", "seeds", "AUBC", "minus random", "low", "high", "p (Holm)"],
        [
            (c.cell.task, c.cell.learner, row.strategy, row.aubc.n, row.aubc.value)
            + ((d.mean, d.low, d.high, row.p_holm) if (d := row.to_reference) else (None,) * 4)
            for c in analysis.compared
            for row in c.rows
        ],
        3,
    )
    yield Table(
        "claims",
        ["claim", "task", "learner", "verdict", "because", "effect", "low", "high", "n"],
        [
            (c.id, c.scenario, c.learner, c.verdict, c.reason, c.effect, c.low, c.high, c.n)
            for c in claims(analysis)
        ],
        5,
    )
    yield Table(
        "symptoms",
        ["task", "learner", "symptom", "verdict", "minus control", "low", "high", "p (Holm)"],
        [
            (o.task, o.learner, o.symptom["sentence"], o.verdict, d.mean, d.low, d.high, o.p_holm)
            for o in analysis.symptoms
            for d in [o.to_control]
        ],
        4,
    )
    yield Table(
        "ranking",
        ["learner", "strategy", "tasks", "mean rank", "IQM", "Friedman p", "critical difference"],
        [
            (learner, name, r.blocks, float(r.ranks[i]), float(r.iqm[i]), r.friedman, r.critical)
            for learner, r in rankings(analysis).items()
            for i, name in enumerate(r.names)
        ],
        2,
    )
    found = [((c.cell.task, c.cell.learner), e) for c in analysis.compared for e in c.reliance]
    yield Table(
        "reliance",
        ["task", "learner", "metric", "of", "strategy", "truth", "mean", "low", "high", "seeds"],
        [
            (*where, e.metric, e.subject, strategy, e.prescribed, m.value, m.low, m.high, m.n)
            for where, e in found
            for strategy, m in e.measured.items()
        ],
        5,
    )
    yield Table(
        "seconds",
        ["task", "learner", "strategy", "phase", "seconds a round"],
        [
            (entry.task, entry.learner, entry.strategy, phase, spent)
            for entry in seconds(analysis.results)
            for phase, spent in entry.phases.items()
        ],
        4,
    )


def latex(table: Table) -> str:
    """A `tabular` with rules as `booktabs` has them."""
    columns = "l" * table.texts + "r" * (len(table.heads) - table.texts)
    lines = [
        f"\\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(map(_escaped, table.heads)) + r" \\",
        r"\midrule",
        *(" & ".join(_cell(value) for value in row) + r" \\" for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "% needs the package booktabs\n" + "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "--"
    if isinstance(value, float):
        return f"${number(value).replace('−', '-')}$"
    return _escaped(str(value))


def _escaped(text: str) -> str:
    return "".join(LATEX.get(character, character) for character in visible(text))


def _csv(path: Path, table: Table) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.heads)
        writer.writerows([_plain(value) for value in row] for row in table.rows)


def _plain(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets a quote before it."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


def _figures(folder: Path, panel: Panel) -> Iterator[Path]:
    cell = panel.compared.cell
    stem = re.sub(r"\W+", "_", f"{cell.task}-{cell.learner}")[:80].strip("_")
    drawn: Mapping[str, str] = panel.figures
    for kind, figure in drawn.items():
        if isinstance(figure, Drawing):
            for ending in ("svg", "pdf"):
                path = folder / f"{panel.number:03d}-{stem}-{kind}.{ending}"
                dated = "Date" if ending == "svg" else "CreationDate"
                figure.figure.savefig(path, format=ending, metadata={dated: None})
                yield path
