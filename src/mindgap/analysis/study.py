"""Everything that the table and the page say about a results folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mindgap.analysis.asked import Asked, Gap, ordered, outdated
from mindgap.analysis.cells import Cell, cells
from mindgap.analysis.comparison import Row, compare
from mindgap.analysis.curves import Measured, measured
from mindgap.analysis.reliance import Reliance, reliance
from mindgap.analysis.symptoms import Outcome, Twins, symptoms
from mindgap.study.results import Results
from mindgap.study.versions import newest


@dataclass(frozen=True)
class Compared:
    """One task and learner.

    Attributes:
        control: the same learner on the control scenario, where it was measured.
    """

    cell: Cell
    control: Cell | None
    rows: Sequence[Row]
    reliance: Sequence[Reliance]


@dataclass(frozen=True)
class Analysis:
    """A results folder, analysed.

    Attributes:
        compared: in the study's order.
        results: those of the latest version of every plug-in; what is earlier is among the gaps.
        gaps: what is missing or left out, and why.
        strategies: all that were measured, the reference first.
        complete: runs with as many rounds as the study asks for.
        symptoms: of every scenario whose card expects one.
    """

    results: Results
    measured: Measured
    asked: Asked
    compared: Sequence[Compared]
    gaps: Sequence[Gap]
    strategies: Sequence[str]
    complete: int
    symptoms: Sequence[Outcome]


def analyse(results: Results) -> Analysis:
    """Compare whatever is comparable in a results folder."""
    results, earlier = newest(results)
    curves = measured(results)
    asked = Asked.of(results.study)
    found, gaps = cells(results, curves)
    gaps += [outdated(each) for each in earlier]
    by_name = {(cell.task, cell.learner): cell for cell in found}
    compared = []
    for cell in found:
        control = by_name.get((cell.card.get("control") or "", cell.learner))
        compared.append(
            Compared(cell, control, compare(curves, cell), reliance(curves, cell, control))
        )
    return Analysis(
        results,
        curves,
        asked,
        compared,
        gaps,
        ordered((run.strategy for run in curves.runs), asked.strategies),
        sum(len(run.labels) >= asked.rounds for run in curves.runs),
        symptoms(curves, [Twins(each.cell, each.control) for each in compared]),
    )
