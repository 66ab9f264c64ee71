"""Figures for papers, by matplotlib: SVG, PDF, whatever it can write, in one style."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mindgap.report.plot import COLOURS, GREY, Bar, Line, Look, Plot, Point, Rule
from mindgap.report.words import short, visible

INK, MUTED, GRID, PAPER = "#111213", "#717273", "#d9dadb", "#ffffff"

STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.5,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9.5,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "svg.fonttype": "none",
    "svg.hashsalt": "mindgap",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 9,
}

#: CSS pixels an inch; what of a figure lies around the plotting area, and a
#: line of its note, in inches.
PIXELS, ABOVE, BELOW, RIGHT, LINE = 80.0, 0.24, 0.5, 0.12, 0.17


@contextmanager
def drawing() -> Iterator[None]:
    """Draw in our style, whatever matplotlibrc says; restored afterwards."""
    with matplotlib.style.context(["default", STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a viewer has others
        yield


def figure(plot: Plot) -> Figure:
    """The same as on the page; to be called within `drawing`."""
    width, height = (side / PIXELS for side in plot.size)
    room = max((len(short(text)) for text in plot.y.ticks.values()), default=0)
    left = 0.1 + 0.078 * room + (0.22 if plot.y.name else 0)
    notes = LINE * len(plot.notes)
    across, up = left + width + RIGHT, notes + BELOW + height + ABOVE
    drawn = Figure(figsize=(across, up))
    axes = drawn.add_axes((left / across, (notes + BELOW) / up, width / across, height / up))
    for axis, limit in ((plot.x, axes.set_xlim), (plot.y, axes.set_ylim)):
        limit(*axis.limits)
    axes.set_xticks([*plot.x.ticks], [*plot.x.ticks.values()])
    axes.set_yticks([*plot.y.ticks], [short(text) for text in plot.y.ticks.values()])
    axes.set_xlabel(visible(plot.x.name))
    axes.set_ylabel(visible(plot.y.name))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=not plot.y.rows, axis="y")
    drawn.text(0.02, 0.02, "\n".join(plot.notes), fontsize=8.5, va="bottom")
    for y in plot.parts:
        axes.axhline(y, color=GRID, linewidth=0.8)
    for mark in plot.marks:
        _draw(axes, mark)
    return drawn


def _draw(axes: Axes, mark: Line | Point | Rule | Bar) -> None:
    match mark:
        case Line(look, x, y, band):
            if band:
                axes.fill_between(x, *band, color=_colour(look), alpha=0.13, linewidth=0)
            axes.plot(x, y, markersize=4, linewidth=1.4, **_drawn(look))
        case Point(look, x, y, low, high, sure):
            if math.isfinite(low):
                axes.plot([low, high], [y, y], color=_colour(look), linewidth=1.3, zorder=2)
            face = _colour(look) if sure else PAPER
            axes.plot([x], [y], markersize=5, markerfacecolor=face, zorder=3, **_drawn(look))
        case Rule(at, name, upright=True):
            axes.axvline(at, color=INK, linewidth=1.1, zorder=1)
            axes.annotate(
                name, (at, 1), (0, 2), xycoords=("data", "axes fraction"), va="bottom", ha="center",
                textcoords="offset points", fontsize=9,
            )  # fmt: skip
        case Rule(at, name):
            axes.axhline(at, color=INK, linewidth=1.1, dashes=(1, 1.5))
            axes.annotate(
                name, (0.005, at), (0, 2.5), xycoords=("axes fraction", "data"), va="bottom",
                ha="left", textcoords="offset points", fontsize=9,
            )  # fmt: skip
        case Bar(low, high, y):
            axes.plot([low, high], [y, y], color=INK, linewidth=3.5, solid_capstyle="butt")


def _colour(look: Look) -> str:
    return GREY if look.hue is None else COLOURS[look.hue]


def _drawn(look: Look) -> dict[str, Any]:
    dashes = {"dashes": look.dash} if look.dash else {}
    return {"color": _colour(look), "marker": look.marker, **dashes}
