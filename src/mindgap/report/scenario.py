"""A scenario's figure, from its card: what lives where, what a perfect learner reaches, what is
missing, and its samples along the axes that carry the label."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from mindgap.errors import MindgapError
from mindgap.report.paper import GRID, INK, MUTED, drawing
from mindgap.report.plot import COLOURS
from mindgap.report.words import short, visible

FORMATS = (".png", ".svg", ".pdf")

#: Bars in a panel, bars of patterns, modalities side by side, characters of a name.
MOST, PATTERNS, ACROSS, LETTERS = 32, 12, 5, 24

#: Smaller dividends aren't drawn, in bits.
NOTHING = 0.005

#: Inches: of the figure, of a bar, around the bars of a panel, of a row of scatters, of a line.
WIDTH, BAR, AROUND, SQUARE, LINE = 10.0, 0.19, 0.95, 2.5, 0.165

#: Of a sample, by the class's bit on the horizontal and that on the vertical axis.
KINDS = {
    (0, 0): (COLOURS[0], "o"),
    (1, 0): (COLOURS[4], "^"),
    (0, 1): (COLOURS[2], "s"),
    (1, 1): (COLOURS[3], "D"),
}


@dataclass(frozen=True)
class Scatter:
    """Samples of one modality along two of its axes.

    Attributes:
        names: what lies on the axes.
        points: where the samples are.
        bits: the class's bit that either axis is of, 0 where it is of none.
    """

    names: tuple[str, str]
    points: Float[np.ndarray, "n 2"]
    bits: Int[np.ndarray, "n 2"]


@dataclass(frozen=True)
class Bar:
    """A value, and marks beside it where there are any."""

    name: str
    value: float
    control: float | None = None
    latent: float | None = None


def writable(path: Path) -> Path:
    """The path, if a figure can be written there.

    Raises:
        MindgapError: another extension, no such folder, or a folder itself.
    """
    if path.suffix.lower() not in FORMATS:
        raise MindgapError(f"figure {path}: the name must end in {', '.join(FORMATS)}")
    if path.is_dir():
        raise MindgapError(f"figure {path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise MindgapError(f"figure {path}: there is no folder {path.parent}; make it first")
    return path


def write(
    path: Path,
    name: str,
    card: Mapping[str, Any],
    control: Mapping[str, Any] | None,
    scatters: Mapping[str, Scatter],
    dpi: int = 150,
) -> None:
    """Draw a scenario beside its control; the path's extension decides the format.

    Args:
        name: the title.
        card: the scenario's.
        control: its control's card, None where it has no control.
        scatters: modality -> its samples.

    Raises:
        MindgapError: nothing can be written there.
    """
    suffix = writable(path).suffix.lower()
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix)
    with drawing(), matplotlib.rc_context({"svg.fonttype": "path"}):
        figure = draw(name, card, control, scatters)
        try:
            figure.savefig(path, dpi=dpi, metadata=undated)
        except OSError as error:
            raise MindgapError(f"figure {path} can't be written: {error.strerror}") from None


def draw(
    name: str,
    card: Mapping[str, Any],
    control: Mapping[str, Any] | None,
    scatters: Mapping[str, Scatter],
) -> Figure:
    """Atoms and Bayes accuracies on top, patterns below, then the modalities."""
    told, bayes = _told(card, control), _bayes(card, control)
    pool, test = _patterns(card["patterns"]), _patterns(card["test_patterns"])
    rows = -(-len(scatters) // ACROSS)
    heights = [
        AROUND + 0.3 + BAR * max(len(told), len(bayes)),
        AROUND + BAR * max(len(pool), len(test)),
        0.7 + SQUARE * rows,
    ]
    heading = _heading(card)
    top = 0.5 + LINE * (heading.count("\n") + 1)
    figure = Figure(figsize=(WIDTH, top + sum(heights)))
    high = figure.get_figheight()
    inside = (0.01, 0.0, 0.98, 1 - top / high)
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=inside, wspace=0.06))
    title = figure.text(0.015, 1 - 0.1 / high, short(name, 80), va="top", size=13, weight="bold")
    words = figure.text(0.015, 1 - 0.4 / high, heading, va="top", size=9, linespacing=1.3)
    for text in (title, words):
        text.set_in_layout(False)
    parts = figure.subfigures(3, 1, height_ratios=heights, squeeze=False)
    above, middle, below = parts[:, 0]
    left, right = above.subplots(1, 2)
    _bars(left, told, _title_of_told(card), None)
    _bars(right, bayes, "(b) Bayes accuracy, these modalities shown", 1.0)
    _legend_of_bars(above, control is not None, any(bar.latent is not None for bar in told))
    left, right = middle.subplots(1, 2)
    _bars(left, pool, "(c) share of the pool that has these", 1.0, MUTED)
    _bars(right, test, "(c) share of the test set that has these", 1.0, MUTED)
    _scatters(below, scatters, rows)
    return figure


def _heading(card: Mapping[str, Any]) -> str:
    sentences = [f"Pitfall: {card['pitfall'] or 'none, it is a control'}."]
    if card["control"]:
        difference = card["difference"]
        here, there = ("; ".join(difference[key]) for key in ("here", "control"))
        sentences.append(f"Here {here}. In the control, {card['control']}, {there}.")
    lines = [line for text in sentences for line in textwrap.wrap(visible(text), 132)]
    return "\n".join([*lines[:7], "…"] if len(lines) > 8 else lines)


def _title_of_told(card: Mapping[str, Any]) -> str:
    if len(card["modalities"]) == 2:
        return "(a) PID atoms of what is told of the class, bits"
    return "(a) what a subset tells beyond its parts, bits"


def _told(card: Mapping[str, Any], control: Mapping[str, Any] | None) -> list[Bar]:
    """PID atoms of two modalities; of more, Moebius dividends of their subsets."""
    here = card["truth"]["information"]
    there = control["truth"]["information"] if control else None
    if len(card["modalities"]) == 2:
        atoms, beside = _atoms(here, "observed"), _atoms(there, "observed") if there else {}
        latent = _atoms(here, "latent")
        return [Bar(name, v, beside.get(name), latent[name]) for name, v in atoms.items()]
    values, beside = here["dividends"], there["dividends"] if there else {}
    bars = [Bar(name, v, beside.get(name)) for name, v in values.items() if name]
    large = sorted(bars, key=lambda bar: -max(abs(bar.value), abs(bar.control or 0)))[:MOST]
    return [
        bar
        for bar in bars
        if bar in large and max(abs(bar.value), abs(bar.control or 0)) >= NOTHING
    ]


def _atoms(information: Mapping[str, Any], level: str) -> dict[str, float]:
    (pid,) = information["pid"]
    atoms, (first, second) = pid[level], pid["sources"]
    return {
        "redundant": atoms["redundant"],
        f"unique to {first}": atoms["unique"][0],
        f"unique to {second}": atoms["unique"][1],
        "synergistic": atoms["synergistic"],
    }


def _bayes(card: Mapping[str, Any], control: Mapping[str, Any] | None) -> list[Bar]:
    values = card["truth"]["bayes_accuracy"]
    beside = control["truth"]["bayes_accuracy"] if control else {}
    names = list(values)
    if len(names) > MOST:  # none, single ones, all but one, all
        sizes = (0, 1, len(card["modalities"]) - 1, len(card["modalities"]))
        names = [name for name in names if (name.count("+") + 1 if name else 0) in sizes]
    return [Bar(name or "none", values[name], beside.get(name)) for name in names]


def _patterns(shares: Mapping[str, float]) -> list[Bar]:
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    bars = [Bar(name, share) for name, share in ordered if share > 0]
    if len(bars) <= PATTERNS:
        return bars
    others = bars[PATTERNS - 1 :]
    rest = Bar(f"{len(others)} others", sum(bar.value for bar in others))
    return [*bars[: PATTERNS - 1], rest]


def _bars(
    axes: Axes, bars: Sequence[Bar], title: str, most: float | None, colour: str = COLOURS[5]
) -> None:
    """Horizontal bars from top to bottom, their numbers on the right."""
    places = np.arange(len(bars))
    axes.barh(places, [bar.value for bar in bars], height=0.68, color=colour)
    for place, bar in enumerate(bars):
        if bar.latent is not None:
            axes.plot([bar.latent] * 2, [place - 0.4, place + 0.4], color=INK, linewidth=1.6)
        if bar.control is not None:
            axes.plot(
                bar.control, place, "D", color=COLOURS[1], markersize=4, fillstyle="none",
                clip_on=False,
            )  # fmt: skip
        axes.text(
            1.02, place, f"{bar.value:.3f}", va="center", size=8.5,
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip
    axes.set_yticks(places, [short(bar.name, LETTERS) for bar in bars])
    axes.set_ylim(max(len(bars), 1) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    if most is not None:
        axes.set_xlim(0, most * 1.02)
    else:
        axes.axvline(0, color=MUTED, linewidth=0.8)
        low, high = axes.get_xlim()
        axes.set_xlim(min(low, 0), max(high, 1.0))
    axes.set_title(title, size=9.5, weight="bold", loc="right")


def _legend_of_bars(part: SubFigure, control: bool, latent: bool) -> None:
    marks = [Line2D([], [], color=COLOURS[5], linewidth=6, label="this scenario")]
    if control:
        marks.append(
            Line2D([], [], color=COLOURS[1], marker="D", markersize=4, fillstyle="none",
                   linestyle="", label="its control")
        )  # fmt: skip
    if latent:
        marks.append(
            Line2D([], [], color=INK, marker="|", markersize=9, markeredgewidth=1.6,
                   linestyle="", label="if there were no noise")
        )  # fmt: skip
    part.legend(handles=marks, loc="outside lower center", ncols=3, frameon=False, fontsize=9)


def _scatters(part: SubFigure, scatters: Mapping[str, Scatter], rows: int) -> None:
    columns = min(len(scatters), ACROSS)
    places = part.subplots(rows, columns, squeeze=False).flatten()
    for axes in places[len(scatters) :]:
        axes.set_visible(False)
    for axes, (modality, scatter) in zip(places, scatters.items(), strict=False):
        for (first, second), (colour, marker) in KINDS.items():
            here = (scatter.bits == (first, second)).all(axis=1)
            axes.scatter(
                *scatter.points[here].T, s=9, color=colour, marker=marker, alpha=0.65, linewidths=0
            )
        axes.set_title(short(modality, 20), size=9.5, weight="bold")
        axes.set_xlabel(short(scatter.names[0], LETTERS))
        axes.set_ylabel(short(scatter.names[1], LETTERS))
        axes.tick_params(labelsize=8)
        axes.axhline(0, color=GRID, linewidth=0.8)
        axes.axvline(0, color=GRID, linewidth=0.8)
    part.suptitle(
        "(d) samples of the test set along axes of the modalities' codes",
        size=9.5, weight="bold", x=0.012, ha="left",
    )  # fmt: skip
    marks = [
        Line2D([], [], color=colour, marker=marker, markersize=4.5, linestyle="",
               label=f"{first}, {second}")
        for (first, second), (colour, marker) in KINDS.items()
    ]  # fmt: skip
    part.legend(
        handles=marks, loc="outside lower center", ncols=4, frameon=False, fontsize=9,
        title="the class's bits of the horizontal and of the vertical axis", title_fontsize=9,
    )  # fmt: skip
