"""Every table for papers, as headings and rows; what is written of them is up to `export`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mindgap.analysis import Analysis, Difference, Mean, SeverityCurve, claims, seconds
from mindgap.analysis.budgets import ahead
from mindgap.analysis.rankings import Ranking, rankings
from mindgap.analysis.savings import needed
from mindgap.report.readings import after_training, of_queries

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """Numbers with headings; the first `texts` columns are words."""

    name: str
    heads: Sequence[str]
    rows: Sequence[Row]
    texts: int


def tables(analysis: Analysis) -> Iterator[Table]:
    """What the page lists, then what it has no room for."""
    for name, heads, texts, rows in (
        ("strategies", "task, learner, strategy, seeds, AUBC, minus random, low, high, p (Holm), "
         "bootstrap low, bootstrap high", 3, _strategies),
        ("claims", "claim, task, learner, verdict, because, effect, low, high, n", 5, _claims),
        ("symptoms", "task, learner, symptom, verdict, minus control, low, high, p (Holm)",
         4, _symptoms),
        ("budgets", "task, learner, strategy, labels, accuracy, low, high, minus random, "
         "difference low, difference high, p (Holm)", 3, _budgets),
        ("savings", "task, learner, strategy, random ends with, labels needed, labels saved, "
         "seeds, seeds that get there, median needed, low, high", 3, _savings),
        ("gains", "task, learner, strategy, why none, full pool, minus random's AUBC, gain, low, "
         "high, n", 4, _gains),
        ("overall", "learner, strategy, tasks, minus random, low, high, p (Holm), sign-flip p, "
         "bootstrap low, bootstrap high", 2, _overall),
        ("ranking", "learner, strategy, tasks, mean rank, IQM, penalty, Friedman p, "
         "critical difference", 2, _ranking),
        ("pairs", "learner, strategy, against, tasks, wins, ties, losses, improves, Nemenyi p, "
         "signed-rank p (Holm)", 3, _pairs),
        ("severities", "scenario, learner, severity, strategy, seeds, AUBC, AUBC low, AUBC high, "
         "minus random, low, high, log ratio, ratio low, ratio high", 4, _severities),
        ("reliance", "task, learner, metric, of, strategy, truth, mean, low, high, seeds",
         5, _reliance),
        ("metrics", "task, learner, metric, of, strategy, mean, low, high, seeds", 5, _metrics),
        ("seconds", "task, learner, strategy, phase, seconds a round", 4, _seconds),
    ):  # fmt: skip
        yield Table(name, heads.split(", "), list(rows(analysis)), texts)


def _interval(found: Mean | Difference | None) -> Row:
    """Centre, low, high."""
    if found is None:
        return (None, None, None)
    return (found.mean if isinstance(found, Difference) else found.value, found.low, found.high)


def _strategies(analysis: Analysis) -> Iterator[Row]:
    for c in analysis.compared:
        for row in c.rows:
            p = row.p_holm if row.to_reference else None
            where = (c.cell.task, c.cell.learner, row.strategy)
            drawn = (p, row.drawn.low, row.drawn.high)
            yield (*where, row.aubc.n, row.aubc.value, *_interval(row.to_reference), *drawn)


def _claims(analysis: Analysis) -> Iterator[Row]:
    for c in claims(analysis):
        yield c.id, c.scenario, c.learner, c.verdict, c.reason, c.effect, c.low, c.high, c.n


def _symptoms(analysis: Analysis) -> Iterator[Row]:
    for o in analysis.symptoms:
        told = (o.task, o.learner, o.symptom["sentence"], o.verdict)
        yield (*told, *_interval(o.to_control), o.p_holm)


def _budgets(analysis: Analysis) -> Iterator[Row]:
    for c in analysis.compared:
        for each in c.budgets:
            for name, found in each.accuracy.items():
                where = (c.cell.task, c.cell.learner, name, each.labels)
                p = each.p_holm.get(name)
                yield (*where, *_interval(found), *_interval(ahead(each, name)), p)


def _savings(analysis: Analysis) -> Iterator[Row]:
    """What is censored is `> 500`; what isn't saved then, is left empty."""
    for c in analysis.compared:
        for one in c.savings:
            saved = one.saved if math.isfinite(one.saved) else None
            middle = [needed(value, one.last) for value in (one.median, one.low, one.high)]
            curve = needed(one.curve, one.last)
            where = (c.cell.task, c.cell.learner, one.strategy)
            yield (*where, one.level, curve, saved, one.n, one.reached, *middle)


def _gains(analysis: Analysis) -> Iterator[Row]:
    for c in analysis.compared:
        if (top := c.ceiling) is None:
            continue
        for name in c.cell.runs:
            gain = top.gains.get(name)
            gap = top.gap.mean if top.gap is not None else None
            told = (gain.value, gain.low, gain.high, gain.n) if gain else (None,) * 4
            yield (c.cell.task, c.cell.learner, name, top.why, top.full.value, gap, *told)


def _overall(analysis: Analysis) -> Iterator[Row]:
    for one in analysis.overall:
        tests = (one.p_holm, one.p_sign_flip, one.drawn.low, one.drawn.high)
        yield (one.learner, one.strategy, len(one.tasks), *_interval(one.difference), *tests)


def _ranking(analysis: Analysis) -> Iterator[Row]:
    for learner, r in rankings(analysis).items():
        for i, name in enumerate(r.names):
            numbers = [float(values[i]) for values in (r.ranks, r.iqm, r.penalties)]
            yield (learner, name, r.blocks, *numbers, r.friedman, r.critical)


def _pairs(analysis: Analysis) -> Iterator[Row]:
    for learner, ranking in rankings(analysis).items():
        for i, one in enumerate(ranking.names):
            for j, other in enumerate(ranking.names):
                if i != j:
                    yield (learner, one, other, ranking.blocks, *_pair(ranking, i, j))


def _pair(ranking: Ranking, i: int, j: int) -> Row:
    """Shares of the tasks won, tied and lost by a paired t test over seeds, then what is said of
    all tasks."""
    won, lost = float(ranking.beats[i, j]), float(ranking.beats[j, i])
    signed = ranking.signed[ranking.names[min(i, j)], ranking.names[max(i, j)]]
    chance = float(ranking.improves[i, j])
    return won, 1 - won - lost, lost, chance, float(ranking.nemenyi[i, j]), signed


def _severities(analysis: Analysis) -> Iterator[Row]:
    for curve in analysis.severities:
        for i, severity in enumerate(curve.severities):
            yield from _steps(curve, i, str(severity) if severity else "control")


def _steps(curve: SeverityCurve, i: int, severity: str) -> Iterator[Row]:
    for name, steps in curve.steps.items():
        step = steps[i]
        if step is not None:
            where = (curve.scenario, curve.learner, severity, name, step.aubc.n)
            numbers = (*_interval(step.aubc), *_interval(step.to_reference))
            yield (*where, *numbers, *_interval(step.imbalance))


def _reliance(analysis: Analysis) -> Iterator[Row]:
    for c in analysis.compared:
        for e in c.reliance:
            for name, found in e.measured.items():
                where = (c.cell.task, c.cell.learner, e.metric, e.subject, name)
                yield (*where, e.prescribed, *_interval(found), found.n)


def _metrics(analysis: Analysis) -> Iterator[Row]:
    for c in analysis.compared:
        for find in (after_training, of_queries):
            for shown in find(analysis.measured, c.cell):
                for subject, by_strategy in shown.values.items():
                    for name, found in by_strategy.items():
                        where = (c.cell.task, c.cell.learner, shown.metric, subject, name)
                        yield (*where, *_interval(found), found.n)


def _seconds(analysis: Analysis) -> Iterator[Row]:
    for entry in seconds(analysis.results):
        for phase, spent in entry.phases.items():
            yield entry.task, entry.learner, entry.strategy, phase, spent
