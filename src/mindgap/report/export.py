"""Every figure of the page as SVG and PDF, every table as CSV and LaTeX, for papers."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from mindgap.analysis import Analysis, analyse
from mindgap.analysis.rankings import rankings
from mindgap.errors import MindgapError
from mindgap.report.across import ranked, severities
from mindgap.report.panels import families
from mindgap.report.paper import drawing, figure
from mindgap.report.plot import Plot, looks
from mindgap.report.tables import Table, tables
from mindgap.report.words import number, visible
from mindgap.study.results import Results

#: The name of a figure's file, and what is drawn there.
Named = tuple[str, Plot]

#: What LaTeX would take for a command.
LATEX = {
    **{character: "\\" + character for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def export(
    folder: Path,
    results: Results,
    full: Results | None = None,
    watched: Callable[[Sequence[Named]], Iterable[Named]] = iter,
) -> list[Path]:
    """Write figures and tables into a folder, over what is there of the same names.

    Args:
        full: of models of the whole pool, for normalised gains.
        watched: goes through the figures as they are drawn, for a progress bar.

    Raises:
        MindgapError: it can't be written to.
    """
    analysis = analyse(results, full)
    written: list[Path] = []
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        (folder / "tables").mkdir(parents=True, exist_ok=True)
        with drawing():
            for name, plot in watched(list(plots(analysis))):
                written += _saved(folder / "figures" / name, plot)
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


def plots(analysis: Analysis) -> Iterator[Named]:
    """Every figure of the page with the name of its file."""
    for family in families(analysis):
        for panel in chain(*family.learners.values()):
            about = f"{panel.compared.cell.task}-{panel.compared.cell.learner}"
            for kind, plot in panel.plots():
                yield f"{panel.number:03d}-{_plainly(about)}-{kind}", plot
    drawn_as = looks(analysis.strategies)
    several = [
        (f"{grown.curve.scenario}-{grown.curve.learner}", f"severity-{kind}", plot)
        for grown in severities(analysis, drawn_as)
        for kind, plot in grown.figures.items()
    ]
    several += [
        (each.learner, kind, plot)
        for each in ranked(analysis, rankings(analysis), drawn_as)
        for kind, plot in each.figures.items()
    ]
    for i, (about, kind, plot) in enumerate(several):
        yield f"across-{i:02d}-{_plainly(about)}-{kind}", plot


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


def _plainly(name: str) -> str:
    """What any file system takes."""
    return re.sub(r"\W+", "_", name)[:80].strip("_")


def _saved(stem: Path, plot: Plot) -> Iterator[Path]:
    drawn = figure(plot)
    for ending in ("svg", "pdf"):
        path = stem.with_name(f"{stem.name}.{ending}")
        dated = "Date" if ending == "svg" else "CreationDate"
        drawn.savefig(path, format=ending, metadata={dated: None})
        yield path
