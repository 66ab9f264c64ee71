"""The figures of the page; every one is drawn from numbers that the page also lists."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import PathPatch
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Affine2D

from mindgap.analysis import REFERENCE, Mean
from mindgap.analysis.curves import Values
from mindgap.report.svg import GRID, INK, MUTED, PAPER, Drawing, svg
from mindgap.report.words import number, short

#: Okabe and Ito's colours, told apart by the colour-blind; markers and dashes tell as well.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = ("s", "^", "D", "v", "P", "X", "<", ">")
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.5), (1.5, 1.5), (5, 1.5, 1.5, 1.5))
WIDTH = 4.6


@dataclass(frozen=True)
class Look:
    """How one strategy is drawn, everywhere."""

    colour: str
    marker: str
    dash: tuple[float, ...]


@dataclass(frozen=True)
class Curve:
    """A mean curve over labels; `band` is (low, high), None with one seed."""

    look: Look
    values: Values
    band: tuple[Values, Values] | None


@dataclass(frozen=True)
class Dot:
    """One row of a dot plot; `sure` fills the marker."""

    name: str
    look: Look
    mean: Mean
    sure: bool = True


def looks(strategies: Sequence[str]) -> dict[str, Look]:
    """The reference grey with a circle, the others in turn."""
    others = [name for name in strategies if name != REFERENCE]
    found = {
        name: Look(
            COLOURS[i % len(COLOURS)],
            MARKERS[i % len(MARKERS)],
            DASHES[i // len(COLOURS) % len(DASHES)],
        )
        for i, name in enumerate(others)
    }
    return {REFERENCE: Look(MUTED, "o", (4, 2)), **found}


def key(look: Look, strategy: str) -> Drawing:
    """A sample of a strategy's line, for a legend; without ids, so that it can be repeated."""
    figure = Figure(figsize=(0.42, 0.16), dpi=72)
    figure.patch.set_alpha(0)
    line = Line2D([0, 1], [0.5, 0.5], color=look.colour, linewidth=1.6)
    if look.dash:
        line.set_dashes(look.dash)
    marker = MarkerStyle(look.marker)
    place = Affine2D().scale(5).translate(figure.bbox.width / 2, figure.bbox.height / 2)
    shape = marker.get_path().transformed(marker.get_transform())
    figure.add_artist(line)
    figure.add_artist(PathPatch(shape, color=look.colour, transform=place))
    return svg(figure, "key", f"line of {short(strategy)}")


def curves(
    labels: Sequence[int],
    drawn: Sequence[Curve],
    bayes: float | None,
    limits: tuple[float, float],
    name: str,
    title: str,
) -> Drawing:
    """Accuracy over labelled samples, with bands, and the Bayes accuracy as a line."""
    figure = Figure(figsize=(WIDTH, 3.0))
    figure.patch.set_alpha(0)
    axes = figure.add_axes((0.125, 0.165, 0.855, 0.805))
    axes.patch.set_alpha(0)
    for curve in drawn:
        look = curve.look
        if curve.band:
            axes.fill_between(labels, *curve.band, color=look.colour, alpha=0.13, linewidth=0)
        (line,) = axes.plot(
            labels, curve.values, color=look.colour, marker=look.marker, markersize=4, linewidth=1.4
        )
        if look.dash:
            line.set_dashes(look.dash)
    if bayes is not None:
        axes.axhline(bayes, color=INK, linewidth=1.1, dashes=(1, 1.5))
        axes.annotate(
            f"Bayes {number(bayes)}", (0.005, bayes), (0, 2.5), va="bottom", ha="left",
            xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=9,
        )  # fmt: skip
    axes.set_ylim(*limits)
    axes.set_xticks(labels[:: math.ceil(len(labels) / 6)])
    axes.set_xlabel("labelled samples")
    axes.set_ylabel("accuracy")
    return svg(figure, name, title)


def limits(drawn: Sequence[Curve], bayes: Sequence[float]) -> tuple[float, float]:
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
) -> Drawing:
    """A row each with its interval; a vertical line to compare with."""
    figure, axes = _rows([row.name for row in rows], 0.26)
    for y, row in enumerate(rows):
        _dot(axes, row, y)
    _line(axes, line, line_name)
    axes.set_xlim(*limits)
    axes.set_xlabel(axis)
    return svg(figure, name, title)


def reliance(
    rows: Mapping[str, Sequence[Dot]],
    line: float | None,
    limits: tuple[float, float],
    axis: str,
    name: str,
    title: str,
) -> Drawing:
    """A row for each modality, in it a dot for each strategy; a line where the truth prescribes."""
    most = max(len(row) for row in rows.values())
    figure, axes = _rows(list(rows), max(0.45, 0.13 * most + 0.16))
    for y, row in enumerate(rows.values()):
        if y:
            axes.axhline(y - 0.5, color=GRID, linewidth=0.8)
        for i, dot in enumerate(row):
            _dot(axes, dot, y + 0.76 * ((i + 0.5) / len(row) - 0.5))
    if line is not None:
        _line(axes, line, "truth")
    axes.set_xlim(*limits)
    axes.set_xlabel(axis)
    return svg(figure, name, title)


def spread(rows: Sequence[Dot], *also: float) -> tuple[float, float]:
    """Limits that hold all of these dots with their intervals, and some values."""
    ends = [end for dot in rows for end in (dot.mean.low, dot.mean.high, dot.mean.value)]
    found = [end for end in ends if math.isfinite(end)] + list(also)
    margin = 0.05 * (max(found) - min(found)) or 0.05
    return min(found) - margin, max(found) + margin


def _rows(names: Sequence[str], height: float) -> tuple[Figure, Axes]:
    inner, below, above = height * len(names), 0.48, 0.22
    total = inner + below + above
    figure = Figure(figsize=(WIDTH, total))
    figure.patch.set_alpha(0)
    texts = [short(name) for name in names]
    left = min(0.5, (0.25 + 0.075 * max(len(text) for text in texts)) / WIDTH)
    axes = figure.add_axes((left, below / total, 0.98 - left, inner / total))
    axes.patch.set_alpha(0)
    axes.set_yticks(range(len(names)), texts)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    return figure, axes


def _line(axes: Axes, x: float, name: str) -> None:
    axes.axvline(x, color=INK, linewidth=1.1, zorder=1)
    axes.annotate(
        name, (x, 1), (0, 2), xycoords=("data", "axes fraction"), va="bottom", ha="center",
        textcoords="offset points", fontsize=9,
    )  # fmt: skip


def _dot(axes: Axes, dot: Dot, y: float) -> None:
    look, mean = dot.look, dot.mean
    if math.isfinite(mean.low):
        axes.plot([mean.low, mean.high], [y, y], color=look.colour, linewidth=1.3, zorder=2)
    axes.plot(
        [mean.value], [y], marker=look.marker, markersize=5, color=look.colour, linestyle="none",
        markerfacecolor=look.colour if dot.sure else PAPER, zorder=3,
    )  # fmt: skip
