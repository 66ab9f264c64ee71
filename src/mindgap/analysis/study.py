"""Everything that the table and the page say about a results folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mindgap.analysis.asked import Asked, Gap, ordered, outdated
from mindgap.analysis.budgets import AtBudget, budgets
from mindgap.analysis.ceiling import Ceiling, ceiling
from mindgap.analysis.cells import Cell, cells
from mindgap.analysis.comparison import Row, compare
from mindgap.analysis.curves import Measured, measured
from mindgap.analysis.overall import Overall, overall
from mindgap.analysis.reliance import Reliance, reliance
from mindgap.analysis.savings import Saving, savings
from mindgap.analysis.severity import SeverityCurve, severity_curves
from mindgap.analysis.symptoms import Outcome, Twins, symptoms
from mindgap.study.results import Results
from mindgap.study.versions import newest


@dataclass(frozen=True)
class Compared:
    """One task and learner.

    Attributes:
        control: the same learner on the control scenario, where it was measured.
        budgets: accuracy at every number of labels, and what is ahead of random at some.
        savings: labels that each strategy needs for random's final accuracy; empty without random.
        ceiling: the full-pool model and the normalised gains; None if no such results were given.
    """

    cell: Cell
    control: Cell | None
    rows: Sequence[Row]
    reliance: Sequence[Reliance]
    budgets: Sequence[AtBudget]
    savings: Sequence[Saving]
    ceiling: Ceiling | None


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
        severities: of every scenario that was measured at two or more.
        overall: each strategy against random over all tasks, by learner.
        full: the same tasks and learners trained on their whole pool, where that was given.
    """

    results: Results
    measured: Measured
    asked: Asked
    compared: Sequence[Compared]
    gaps: Sequence[Gap]
    strategies: Sequence[str]
    complete: int
    symptoms: Sequence[Outcome]
    severities: Sequence[SeverityCurve]
    overall: Sequence[Overall]
    full: Analysis | None


def analyse(results: Results, full: Results | None = None) -> Analysis:
    """Compare whatever is comparable in a results folder.

    Args:
        full: of the same tasks and learners, trained on their whole pool with random's runs: the
            ceiling of normalised gains and a control of C1.
    """
    top = None if full is None else analyse(full)
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
            Compared(
                cell,
                control,
                compare(curves, cell),
                reliance(curves, cell, control),
                budgets(curves, cell),
                savings(curves, cell),
                None if top is None else ceiling(curves, cell, top),
            )
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
        severity_curves(curves, found),
        overall(curves, found),
        top,
    )
