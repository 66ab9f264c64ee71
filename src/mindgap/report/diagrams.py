"""Figures over several tasks: severity curves, all tasks together, and who ranks where."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from mindgap.analysis import REFERENCE, Analysis, Mean, Overall, SeverityCurve, Step
from mindgap.analysis.comparison import ALPHA
from mindgap.analysis.rankings import Ranking, rankings
from mindgap.report.figures import WIDTH, Dot, Look, dots, looks, spread
from mindgap.report.svg import INK, MUTED, Drawing, svg
from mindgap.report.words import counted, number, short

#: Inches from one strategy's label to the next.
ROW = 0.22


@dataclass(frozen=True)
class Quantity:
    """What a severity figure has on its y axis; `line` is where nothing has happened."""

    name: str
    axis: str
    line: float | None
    of: Callable[[Step], Mean | None]


def _ahead(step: Step) -> Mean | None:
    found = step.to_reference
    return None if found is None else Mean(found.mean, found.low, found.high, found.n)


#: What of the y axes a curve has is drawn.
QUANTITIES = (
    Quantity("ahead", f"AUBC minus AUBC of {REFERENCE}", 0.0, _ahead),
    Quantity("imbalance", "log ratio of utilisations", 0.0, lambda step: step.imbalance),
    Quantity("aubc", "AUBC", None, lambda step: step.aubc),
)


@dataclass(frozen=True)
class Across:
    """A figure that isn't of one task alone.

    Attributes:
        kind: "severity-ahead", "severity-imbalance", "severity-aubc", "overall" or "ranks".
        learner: whose it is.
        scenario: whose severities they are; "" over all tasks.
        title: what it shows, in words.
    """

    kind: str
    learner: str
    scenario: str
    title: str
    drawing: Drawing


def across(analysis: Analysis) -> Iterator[Across]:
    """Every one that there is something to draw for; to be called within `svg.drawing`."""
    drawn = looks(analysis.strategies)
    for i, curve in enumerate(analysis.severities):
        for quantity in QUANTITIES:
            title = f"{quantity.axis} of {curve.scenario} by severity, {curve.learner}"
            figure = severity(curve, quantity, drawn, f"severity{i}-{quantity.name}", title)
            if figure is not None:
                kind = f"severity-{quantity.name}"
                yield Across(kind, curve.learner, curve.scenario, title, figure)
    learners = dict.fromkeys(one.learner for one in analysis.overall)
    for i, learner in enumerate(learners):
        own = [one for one in analysis.overall if one.learner == learner]
        title = f"AUBC differences to {REFERENCE} over all tasks, {learner}"
        yield Across("overall", learner, "", title, over_all(own, drawn, f"overall{i}", title))
    for i, (learner, ranking) in enumerate(rankings(analysis).items()):
        title = f"Mean ranks over tasks, {learner}"
        figure = critical_difference(ranking, f"ranks{i}", title)
        yield Across("ranks", learner, "", title, figure)


def severity(
    curve: SeverityCurve, quantity: Quantity, looks: Mapping[str, Look], name: str, title: str
) -> Drawing | None:
    """One line a strategy over the severities, side by side, with t intervals over seeds."""
    lines: dict[str, list[tuple[int, Mean]]] = {}
    for strategy, steps in curve.steps.items():
        found = [(x, quantity.of(step)) for x, step in enumerate(steps) if step is not None]
        points = [(x, mean) for x, mean in found if mean is not None and mean.n]
        if points:
            lines[strategy] = points
    if not lines:
        return None
    figure = Figure(figsize=(WIDTH, 3.0))
    figure.patch.set_alpha(0)
    axes = figure.add_axes((0.155, 0.165, 0.825, 0.805))
    axes.patch.set_alpha(0)
    if quantity.line is not None:
        axes.axhline(quantity.line, color=INK, linewidth=1.1, zorder=1)
    for i, (strategy, points) in enumerate(lines.items()):
        look = looks[strategy]
        aside = 0.5 * ((i + 0.5) / len(lines) - 0.5)
        x = [at + aside for at, _ in points]
        (line,) = axes.plot(
            x, [mean.value for _, mean in points], color=look.colour, marker=look.marker,
            markersize=4.5, linewidth=1.3, label=strategy,
        )  # fmt: skip
        if look.dash:
            line.set_dashes(look.dash)
        for at, (_, mean) in zip(x, points, strict=True):
            if math.isfinite(mean.low):
                axes.plot([at, at], [mean.low, mean.high], color=look.colour, linewidth=1.1)
    axes.set_xticks(
        range(len(curve.severities)), [str(s) if s else "control" for s in curve.severities]
    )
    axes.set_xlim(-0.4, len(curve.severities) - 0.6)
    axes.grid(visible=False, axis="x")
    axes.set_xlabel(f"severity: {short(curve.ladder, 44)}" if curve.ladder else "severity")
    axes.set_ylabel(quantity.axis)
    return svg(figure, name, title)


def over_all(rows: list[Overall], looks: Mapping[str, Look], name: str, title: str) -> Drawing:
    """Mean difference to random over tasks, with the bootstrap interval over tasks and seeds; a
    filled dot is significant by the paired t test over tasks, after Holm's correction."""
    drawn = [
        Dot(
            f"{short(one.strategy, 18)} ({counted(len(one.tasks), 'task')})",
            looks[one.strategy],
            Mean(one.difference.mean, one.drawn.low, one.drawn.high, one.difference.n),
            one.p_holm < ALPHA,
        )
        for one in rows
    ]
    limits = spread(drawn, 0.0)
    return dots(drawn, 0.0, limits, f"mean AUBC minus AUBC of {REFERENCE}", name, title)


def critical_difference(ranking: Ranking, name: str, title: str) -> Drawing:
    """Mean ranks on a line, best on the left; a bar joins what the Nemenyi test can't tell apart
    (Demsar 2006). The number of tasks is on it, and a warning where they are too few."""
    s = len(ranking.names)
    order = sorted(range(s), key=lambda i: float(ranking.ranks[i]))
    left, right = order[: (s + 1) // 2], order[(s + 1) // 2 :][::-1]
    texts = {i: (short(ranking.names[i], 22), number(float(ranking.ranks[i]), 2)) for i in order}
    sides = [max([len(" ".join(texts[i])) for i in places] or [0]) for places in (left, right)]
    beside = [0.2 + 0.073 * characters for characters in sides]
    bars = 0.13 * len(ranking.cliques)
    above, below = 0.66, 0.12 if ranking.enough else 0.5
    inner = bars + 0.18 + ROW * len(left)
    width, height = WIDTH * 1.45, above + inner + below
    figure = Figure(figsize=(width, height))
    figure.patch.set_alpha(0)
    axes = figure.add_axes(
        (beside[0] / width, below / height, 1 - sum(beside) / width, inner / height)
    )
    axes.patch.set_alpha(0)
    ends = (1 - 0.06 * s, s + 0.06 * s)
    axes.set_xlim(*ends)
    axes.set_ylim(inner, 0)  # inches below the line
    axes.set_axis_off()
    axes.plot([1, s], [0, 0], color=INK, linewidth=1.1, clip_on=False)
    for mark in range(1, s + 1):
        axes.plot([mark, mark], [0, -0.05], color=INK, linewidth=1.1, clip_on=False)
        axes.text(mark, -0.08, str(mark), ha="center", va="bottom", fontsize=9)
    if ranking.critical <= s - 1:
        axes.plot(
            [1, 1 + ranking.critical], [-0.36, -0.36], color=MUTED, linewidth=2, clip_on=False
        )
    told = f"critical difference {number(ranking.critical, 2)}, {counted(ranking.blocks, 'task')}"
    axes.text(1, -0.42, told, ha="left", va="bottom", fontsize=9)
    for row, clique in enumerate(ranking.cliques):
        reach = [ranking.ranks[clique[0]] - 0.03, ranking.ranks[clique[-1]] + 0.03]
        y = 0.09 + 0.13 * row
        axes.plot(reach, [y, y], color=INK, linewidth=3.2, solid_capstyle="round", label="clique")
    for places, edge, side in ((left, ends[0], "right"), (right, ends[1], "left")):
        for row, i in enumerate(places):
            rank, y = float(ranking.ranks[i]), bars + 0.22 + ROW * row
            axes.plot(
                [rank, rank, edge], [0, y, y], color=MUTED, linewidth=0.9, zorder=0,
                label=ranking.names[i],
            )  # fmt: skip
            axes.annotate(
                " ".join(texts[i] if side == "right" else texts[i][::-1]), (edge, y),
                (-3 if side == "right" else 3, 0), textcoords="offset points", ha=side,
                va="center", fontsize=9, annotation_clip=False,
            )  # fmt: skip
    if not ranking.enough:
        figure.text(
            0.5, below / height, _folded(ranking.warning), ha="center", va="top", fontsize=9
        )
    return svg(figure, name, title)


def _folded(text: str, width: int = 74) -> str:
    """Two lines at most, broken at a blank."""
    if len(text) <= width:
        return text
    at = text.rfind(" ", 0, width)
    return f"{text[:at]}\n{text[at + 1 :]}"
