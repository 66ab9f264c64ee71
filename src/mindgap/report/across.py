"""Figures over several tasks: severities of a pitfall, mean ranks, gains over all tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mindgap.analysis import ALPHA, REFERENCE, Analysis, Mean, Overall, SeverityCurve, Step
from mindgap.analysis.rankings import Ranking
from mindgap.report import figures, words
from mindgap.report.figures import Curve, Dot
from mindgap.report.plot import Look, Plot


@dataclass(frozen=True)
class Grown:
    """A pitfall at several severities, with its figures by what they show."""

    curve: SeverityCurve
    number: int
    rungs: Sequence[str]
    figures: Mapping[str, Plot]


@dataclass(frozen=True)
class Ranked:
    """A learner's strategies over tasks, with their figures by what they show.

    Attributes:
        ranking: None where strategies share no task.
    """

    learner: str
    number: int
    ranking: Ranking | None
    overall: Sequence[Overall]
    figures: Mapping[str, Plot]


def severities(analysis: Analysis, looks: Mapping[str, Look]) -> list[Grown]:
    """Every scenario that was measured at two severities or more."""
    return [
        Grown(curve, i, [_rung(rung) for rung in curve.rungs], _severity(curve, i, looks))
        for i, curve in enumerate(analysis.severities)
    ]


def ranked(
    analysis: Analysis, rankings: Mapping[str, Ranking], looks: Mapping[str, Look]
) -> list[Ranked]:
    """Every learner with strategies that can be compared over tasks."""
    learners = dict.fromkeys([*rankings, *(one.learner for one in analysis.overall)])
    return [
        Ranked(
            learner,
            i,
            rankings.get(learner),
            own := [one for one in analysis.overall if one.learner == learner],
            _over_tasks(learner, i, rankings.get(learner), own, looks),
        )
        for i, learner in enumerate(learners)
    ]


def _severity(curve: SeverityCurve, number: int, looks: Mapping[str, Look]) -> dict[str, Plot]:
    names = ["control" if s == 0 else str(s) for s in curve.severities]
    of = f"by severity of {curve.scenario}"
    drawn: dict[str, Plot] = {}

    def draw(kind: str, axis: str, title: str, lines: Sequence[Curve], *also: float) -> None:
        if lines:
            low, high = figures.limits(lines, also)
            drawn[kind] = figures.severity(
                names, lines, 0.0 if also else None, (low, high), axis,
                f"{kind}-grown{number}", f"{title} {of}",
            )  # fmt: skip

    draw("aubc", "AUBC", "AUBC", _lines(curve, looks, lambda step: step.aubc.value))
    ahead = _lines(
        curve,
        looks,
        lambda step: step.to_reference.mean if step.to_reference else np.nan,
        lambda step: (step.drawn.low, step.drawn.high),
    )
    draw("ahead", f"AUBC minus {REFERENCE}", f"AUBC differences to {REFERENCE}", ahead, 0.0)
    if curve.pair:
        uneven = _lines(
            curve,
            looks,
            lambda step: step.imbalance.value,
            lambda step: (step.imbalance.low, step.imbalance.high),
        )
        most, least = curve.pair
        draw("imbalance", f"log use of {most} over {least}", "Imbalance", uneven, 0.0)
    return drawn


def _lines(
    curve: SeverityCurve,
    looks: Mapping[str, Look],
    value: Callable[[Step], float],
    band: Callable[[Step], tuple[float, float]] | None = None,
) -> list[Curve]:
    found = []
    for name, steps in curve.steps.items():
        values = np.array([np.nan if step is None else value(step) for step in steps])
        if not np.isfinite(values).any():
            continue
        edges = None
        if band is not None:
            both = np.array([(np.nan, np.nan) if step is None else band(step) for step in steps])
            edges = (both[:, 0], both[:, 1]) if np.isfinite(both).any() else None
        found.append(Curve(name, looks[name], values, edges))
    return found


def _over_tasks(
    learner: str,
    number: int,
    ranking: Ranking | None,
    own: Sequence[Overall],
    looks: Mapping[str, Look],
) -> dict[str, Plot]:
    drawn = {}
    rows = [
        Dot(
            f"{words.short(one.strategy, 14)} ({words.counted(len(one.tasks), 'task')})",
            looks[one.strategy],
            Mean(found.mean, found.low, found.high, found.n),
            one.p_holm < ALPHA,
        )
        for one in own
        if (found := one.difference).n
    ]
    if rows:
        drawn["overall"] = figures.dots(
            rows, 0.0, figures.spread(rows, 0.0), f"AUBC minus AUBC of {REFERENCE}",
            f"overall{number}", f"AUBC differences to {REFERENCE} over all tasks, {learner}",
        )  # fmt: skip
    if ranking is not None:
        order = np.argsort(ranking.ranks, kind="stable")
        dots = [
            Dot(name, looks[name], Mean(float(ranking.ranks[i]), np.nan, np.nan, ranking.blocks))
            for i, name in ((int(i), ranking.names[i]) for i in order)
        ]
        alike = [
            (float(ranking.ranks[clique[0]]), float(ranking.ranks[clique[-1]]))
            for clique in ranking.cliques
        ]
        said = f"Nemenyi critical difference {words.number(ranking.critical, 2)} at 5 %; "
        said += f"{words.counted(ranking.blocks, 'task')}. "
        said += "Severities and controls are tasks of their own."
        drawn["ranks"] = figures.ranks(
            dots,
            alike,
            f"ranks{number}",
            f"Critical differences, {learner}",
            f"{said} {ranking.warning}." if ranking.warning else said,
        )
    return drawn


def _rung(rung: object) -> str:
    if isinstance(rung, Mapping):
        return ", ".join(f"{name}: {value}" for name, value in rung.items())
    if isinstance(rung, list | tuple):
        return ", ".join(map(str, rung))
    return str(rung)
