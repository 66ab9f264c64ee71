"""A figure as data: what is drawn, in numbers. `svg` draws it for the page, `paper` for papers."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mindgap.analysis import REFERENCE
from mindgap.report.words import visible

Values = NDArray[np.float64]

#: By a search for the largest least difference (CIELAB) between any two under normal sight and
#: three kinds of colour blindness (Machado et al. 2009), each at least 3:1 on its background.
COLOURS = ("#3d1a8b", "#bf801e", "#29975e", "#a25cc8", "#6e0b28", "#744c0e")
DARK_COLOURS = ("#924db8", "#e9e64a", "#2dcd7f", "#f295fb", "#b76b1c", "#31724d")
GREY, DARK_GREY = "#646b76", "#9aa2ad"

#: Colour is never alone: markers and dashes tell strategies apart as well.
MARKERS = ("s", "^", "D", "v", "P", "X", "<", ">")
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.5), (1.5, 1.5), (5, 1.5, 1.5, 1.5))


@dataclass(frozen=True)
class Look:
    """How one strategy is drawn, everywhere.

    Attributes:
        number: of the strategy on the page; 0 is the reference.
        hue: which of COLOURS; None is grey.
    """

    number: int
    hue: int | None
    marker: str
    dash: tuple[float, ...]


def looks(strategies: Sequence[str]) -> dict[str, Look]:
    """The reference grey with a circle, the others in turn."""
    others = [name for name in strategies if name != REFERENCE]
    found = {
        name: Look(
            i + 1,
            i % len(COLOURS),
            MARKERS[i % len(MARKERS)],
            DASHES[i // len(COLOURS) % len(DASHES)],
        )
        for i, name in enumerate(others)
    }
    return {REFERENCE: Look(0, None, "o", (4, 2)), **found}


@dataclass(frozen=True)
class Line:
    """A mean with its markers over x; `band` is (low, high), None where there is none."""

    look: Look
    x: Sequence[float]
    y: Values
    band: tuple[Values, Values] | None = None


@dataclass(frozen=True)
class Point:
    """A marker at (x, y) with an interval along x, NaN where there is none; `sure` fills it."""

    look: Look
    x: float
    y: float
    low: float = math.nan
    high: float = math.nan
    sure: bool = True


@dataclass(frozen=True)
class Rule:
    """A line across the figure to compare with, and its name; upright at x, or level at y."""

    at: float
    name: str = ""
    upright: bool = False


@dataclass(frozen=True)
class Bar:
    """A level stroke from one x to another at y: what it spans isn't told apart."""

    low: float
    high: float
    y: float


@dataclass(frozen=True)
class Axis:
    """Limits, ticks with their labels, and a name; `rows` has texts of the page's own as ticks."""

    limits: tuple[float, float]
    ticks: Mapping[float, str]
    name: str = ""
    rows: bool = False


@dataclass(frozen=True)
class Plot:
    """One figure.

    Attributes:
        name: prefix of ids, unique on the page.
        title: what it is, in a few words.
        told: what it shows, in a sentence or two, for those who don't see it.
        size: width and height of the plotting area, in CSS pixels.
        parts: y where a thin line parts rows.
        note: what must be read with it, wherever it goes; stands below.
    """

    name: str
    title: str
    told: str
    size: tuple[float, float]
    x: Axis
    y: Axis
    marks: Sequence[Line | Point | Rule | Bar]
    parts: Sequence[float] = ()
    note: str = ""

    @property
    def notes(self) -> list[str]:
        """The note in lines that fit below."""
        return textwrap.wrap(visible(self.note), 56)


#: A span that is nothing but rounding.
NOTHING = 1e-9


def ticks(low: float, high: float, most: int = 5) -> dict[float, str]:
    """Round numbers within limits, at most so many, with as many decimals as they need."""
    span = high - low
    if not (math.isfinite(span) and span > NOTHING):
        return {}
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * m for m in (1, 2, 2.5, 5, 10, 20) if span / (power * m) <= most)
    digits = next(d for d in range(15) if abs(round(step, d) - step) < 1e-6 * step)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return {i * step: f"{i * step:.{digits}f}".replace("-", "−") for i in range(first, last + 1)}
