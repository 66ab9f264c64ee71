"""The figures of the page as `Plot`s; every one is drawn from numbers that the page also lists."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mindgap.analysis import Mean
from mindgap.report.plot import NOTHING, Axis, Bar, Line, Look, Plot, Point, Rule, Values, ticks
from mindgap.report.words import number, short, signed

#: Pixels: across a figure with its labels, of a letter, of a plotting area upwards, of a row of
#: dots, and of one dot.
WIDE, LETTER, HIGH, ROW, DOT = 350, 6.9, 200, 21, 9.5


@dataclass(frozen=True)
class Curve:
    """A mean curve over labels; `band` is (low, high), None with one seed."""

    name: str
    look: Look
    values: Values
    band: tuple[Values, Values] | None = None


@dataclass(frozen=True)
class Dot:
    """One row of a dot plot; `sure` fills the marker."""

    name: str
    look: Look
    mean: Mean
    sure: bool = True


def curves(
    labels: Sequence[int],
    drawn: Sequence[Curve],
    bayes: float | None,
    limits: tuple[float, float],
    name: str,
    title: str,
) -> Plot:
    """Accuracy over labelled samples, with bands, and the Bayes accuracy as a line."""
    ends = {curve.name: float(curve.values[-1]) for curve in drawn}
    told = f"Accuracy after {labels[-1]} labels {_range(ends, number)}."
    if bayes is not None:
        told += f" Bayes accuracy {number(bayes)}."
    x = labels if len(labels) > 1 else [labels[0] - 1, labels[0] + 1]
    return Plot(
        name,
        title,
        told,
        (WIDE - 50, HIGH),
        Axis((x[0], x[-1]), _labels(labels), "labelled samples"),
        Axis(limits, ticks(*limits), "accuracy"),
        [
            *([Rule(bayes, f"Bayes {number(bayes)}")] if bayes is not None else ()),
            *(Line(curve.look, labels, curve.values, curve.band) for curve in drawn),
        ],
    )


def limits(drawn: Sequence[Curve], bayes: Sequence[float] = ()) -> tuple[float, float]:
    """Limits that hold all of these curves, their bands and Bayes lines."""
    found = [*bayes]
    for curve in drawn:
        for values in (curve.values, *(curve.band or ())):
            found += values[np.isfinite(values)].tolist()
    low, high = (min(found), max(found)) if found else (0.0, 1.0)
    margin = max(0.06 * (high - low), 0.005)
    return low - margin, high + margin * (2 if bayes else 1)


def dots(
    rows: Sequence[Dot],
    line: float,
    limits: tuple[float, float],
    axis: str,
    name: str,
    title: str,
    line_name: str = "",
) -> Plot:
    """A row each with its interval; a vertical line to compare with."""
    sure = [row.name for row in rows if row.sure]
    told = f"{axis}: " + "; ".join(f"{row.name} {signed(row.mean.value)}" for row in rows)
    if line or line_name:
        told = f"{axis}: " + "; ".join(f"{row.name} {number(row.mean.value)}" for row in rows)
        told += f"; {line_name or 'line'} {number(line)}"
    elif len(sure) < len(rows):
        told += f". Significant: {', '.join(sure) or 'none'}"
    return Plot(
        name,
        title,
        f"{told}.",
        (_beside([row.name for row in rows], WIDE), ROW * len(rows)),
        Axis(limits, ticks(*limits), axis),
        Axis((len(rows) - 0.5, -0.5), {i: row.name for i, row in enumerate(rows)}, rows=True),
        [Rule(line, line_name, upright=True), *(_point(row, y) for y, row in enumerate(rows))],
    )


def strips(
    rows: Mapping[str, Sequence[Dot]],
    line: float | None,
    limits: tuple[float, float],
    axis: str,
    name: str,
    title: str,
    line_name: str = "truth",
    width: float = WIDE,
    dot: float = DOT,
) -> Plot:
    """A row for each subject, in it a dot for each strategy; a line at the value to compare with.

    Args:
        rows: subject -> dots; "" is drawn without a name.
        dot: pixels from dot to dot.
    """
    most = max(len(row) for row in rows.values())
    told = "; ".join(
        f"{subject or axis} {_range({dot.name: dot.mean.value for dot in row}, number)}"
        for subject, row in rows.items()
    )
    if line is not None:
        told += f"; {line_name or 'the line'} is at {number(line, 2)}"
    marks: list[Rule | Point] = [] if line is None else [Rule(line, line_name, upright=True)]
    for y, row in enumerate(rows.values()):
        marks += [_point(dot, y + 0.8 * ((i + 0.5) / len(row) - 0.5)) for i, dot in enumerate(row)]
    return Plot(
        name,
        title,
        f"{told}.",
        (_beside(list(rows), width), max(ROW, dot * most + 6) * len(rows)),
        Axis(limits, ticks(*limits, 4), axis),
        Axis((len(rows) - 0.5, -0.5), dict(enumerate(rows)), rows=True),
        marks,
        [y - 0.5 for y in range(1, len(rows))],
    )


def severity(
    rungs: Sequence[str],
    drawn: Sequence[Curve],
    line: float | None,
    limits: tuple[float, float],
    axis: str,
    name: str,
    title: str,
) -> Plot:
    """A number of every strategy over the severities of a pitfall, evenly spaced."""
    ends = {curve.name: float(curve.values[-1]) for curve in drawn}
    return Plot(
        name,
        title,
        f"{axis} at severity {rungs[-1]} {_range(ends, number if line is None else signed)}.",
        (WIDE - 70, HIGH * 0.8),
        Axis((-0.25, len(rungs) - 0.75), dict(enumerate(rungs)), "severity"),
        Axis(limits, ticks(*limits), axis),
        [
            *([] if line is None else [Rule(line)]),
            *(Line(curve.look, range(len(rungs)), curve.values, curve.band) for curve in drawn),
        ],
    )


def ranks(
    ordered: Sequence[Dot],
    alike: Sequence[tuple[float, float]],
    name: str,
    title: str,
    note: str,
) -> Plot:
    """Mean ranks, best first, and a stroke over those that the test can't tell apart.

    Args:
        ordered: a row each.
        alike: first and last mean rank of every such group.
    """
    worst = max(2.0, *(dot.mean.value for dot in ordered))
    margin = 0.06 * (worst - 1)
    n, above = len(ordered), len(alike)
    told = "; ".join(f"{dot.name} {number(dot.mean.value, 2)}" for dot in ordered)
    rows = [f"{short(dot.name, 18)} {number(dot.mean.value, 2)}" for dot in ordered]
    strokes = [Bar(low, high, 0.6 * (i - above)) for i, (low, high) in enumerate(alike)]
    limits = 1 - margin, worst + margin
    return Plot(
        name,
        title,
        f"Mean rank, 1 is best: {told}. {note}",
        (_beside(rows, WIDE), ROW * (n + 0.6 * above)),
        Axis(limits, ticks(*limits), "mean rank (1 is best)"),
        Axis((n - 0.5, -0.6 * above - 0.5), dict(enumerate(rows)), rows=True),
        [*strokes, *(_point(dot, y) for y, dot in enumerate(ordered))],
        note=note,
    )


def spread(rows: Sequence[Dot], *also: float) -> tuple[float, float]:
    """Limits that hold all of these dots with their intervals, and some values."""
    ends = [end for dot in rows for end in (dot.mean.low, dot.mean.high, dot.mean.value)]
    found = [end for end in ends if math.isfinite(end)] + list(also)
    if not found:
        return -0.05, 1.05
    span = max(found) - min(found)
    margin = 0.05 * span if span > NOTHING else 0.05
    return min(found) - margin, max(found) + margin


def _beside(names: Sequence[str], whole: float) -> float:
    """What is left of a figure's width beside the names of its rows."""
    return max(0.4 * whole, whole - LETTER * max(len(short(name)) for name in names))


def _point(dot: Dot, y: float) -> Point:
    return Point(dot.look, dot.mean.value, y, dot.mean.low, dot.mean.high, dot.sure)


def _labels(labels: Sequence[int]) -> dict[float, str]:
    """At most six of them, always the first."""
    return {n: f"{n:,}" if n >= 10_000 else str(n) for n in labels[:: math.ceil(len(labels) / 6)]}


def _range(values: Mapping[str, float], said: Callable[[float], str]) -> str:
    """From 0.71 (random) to 0.78 (badge)."""
    finite = {name: value for name, value in values.items() if math.isfinite(value)}
    if not finite:
        return "was not measured"
    low, high = min(finite, key=lambda n: finite[n]), max(finite, key=lambda n: finite[n])
    if low == high:
        return f"{said(finite[low])} ({low})"
    return f"from {said(finite[low])} ({low}) to {said(finite[high])} ({high})"
