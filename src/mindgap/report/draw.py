"""A `Plot` as an <svg> element for the page: in its font and colours, small, without a script.

Drawn by hand since matplotlib takes some 70 ms and 20 kB a figure; a page has hundreds of them.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache

from mindgap.report.plot import Bar, Line, Look, Plot, Point, Rule
from mindgap.report.words import short, visible

#: Pixels: across a character, from a tick's label down to its line, from line to line of a note.
LETTER, RISE, LINE = 6.9, 4, 15

#: Room around the plotting area: above, right, and below with and without a name of the axis.
ABOVE, RIGHT, BELOW, BARE = 16, 12, 38, 22

#: Marker -> its outline around (0, 0).
SHAPES = {
    "o": "m-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0z",
    "s": "m-3.3-3.3h6.6v6.6h-6.6z",
    "^": "m0-4.2l4 7.2h-8z",
    "D": "m0-4.4l4.4 4.4l-4.4 4.4l-4.4-4.4z",
    "v": "m0 4.2l4-7.2h-8z",
    "P": "m-1.4-4.2h2.8v2.8h2.8v2.8h-2.8v2.8h-2.8v-2.8h-2.8v-2.8h2.8z",
    "X": "m0-1.9l2.3-2.3l1.9 1.9l-2.3 2.3l2.3 2.3l-1.9 1.9l-2.3-2.3l-2.3 2.3l-1.9-1.9l2.3-2.3"
    "l-2.3-2.3l1.9-1.9z",
    "<": "m-4.2 0l7.2-4v8z",
    ">": "m4.2 0l-7.2-4v8z",
}


def css(looks: Sequence[Look]) -> str:
    """The dashes of lines and the colours of all strategies, as rules for a page."""
    rules = []
    for look in looks:
        colour = "var(--ref)" if look.hue is None else f"var(--c{look.hue})"
        dash = f";--dash:{' '.join(map(str, look.dash))}" if look.dash else ""
        rules.append(f".s{look.number}{{--c:{colour}{dash}}}")
    return "\n".join(rules)


def key(look: Look) -> str:
    """A sample of a strategy's line, for a legend that names it."""
    return (
        f'<svg class="key s{look.number}" viewBox="0 0 30 12" aria-hidden="true">'
        f'<path class="l" d="M1 6H29"/><path class="m" d="M15 6{SHAPES[look.marker]}"/></svg>'
    )


def svg(plot: Plot) -> str:
    """The figure; the same figure gives the same text."""
    width, height = plot.size
    room = [len(short(text)) for text in plot.y.ticks.values()]
    left = 13 + LETTER * max(room, default=0) + (16 if plot.y.name else 0)
    below = (BELOW if plot.x.name else BARE) + LINE * len(plot.notes)
    ids = f"{plot.name}-t {plot.name}-d"
    view = f"0 0 {_n(left + width + RIGHT)} {_n(ABOVE + height + below)}"
    return "".join(
        (
            f'<svg role="img" aria-labelledby="{ids}" viewBox="{view}" '
            f'style="max-width:{_n(1.2 * (left + width + RIGHT))}px">'
            f'<title id="{plot.name}-t">{_text(plot.title)}</title>'
            f'<desc id="{plot.name}-d">{_text(plot.told)}</desc>',
            *_axes(plot, left),
            *_note(plot),
            *(part for mark in plot.marks for part in _mark(plot, mark, left)),
            "</svg>",
        )
    )


def _axes(plot: Plot, left: float) -> Iterator[str]:
    width, height = plot.size
    bottom = ABOVE + height
    grid = [f"M{_n(_x(plot, v, left))} {ABOVE}V{_n(bottom)}" for v in plot.x.ticks]
    if not plot.y.rows:
        grid += [f"M{_n(left)} {_n(_y(plot, v))}h{_n(width)}" for v in plot.y.ticks]
    grid += [f"M{_n(left)} {_n(_y(plot, v))}h{_n(width)}" for v in plot.parts]
    yield f'<path class="g" d="{"".join(grid)}"/>'
    yield f'<path class="a" d="M{_n(left)} {_n(bottom)}h{_n(width)}"/>'
    for value, text in plot.x.ticks.items():
        yield f'<text class="x" x="{_n(_x(plot, value, left))}" y="{_n(bottom + 14)}">{text}</text>'
    for value, text in plot.y.ticks.items():
        y = _n(_y(plot, value) + RISE)
        yield f'<text class="y" x="{_n(left - 6)}" y="{y}">{_text(short(text))}</text>'
    if plot.x.name:
        x = _n(left + width / 2)
        yield f'<text class="x" x="{x}" y="{_n(bottom + 31)}">{_text(plot.x.name)}</text>'
    if plot.y.name:
        y = _n(ABOVE + height / 2)
        turned = f'transform="rotate(-90 11 {y})"'
        yield f'<text class="x" x="11" y="{y}" {turned}>{_text(plot.y.name)}</text>'


def _note(plot: Plot) -> Iterator[str]:
    for i, line in enumerate(plot.notes):
        y = ABOVE + plot.size[1] + BELOW + LINE * (i + 0.6)
        yield f'<text class="n" x="0" y="{_n(y)}">{_text(line)}</text>'


def _mark(plot: Plot, mark: Line | Point | Rule | Bar, left: float) -> Iterator[str]:
    match mark:
        case Line():
            yield from _line(plot, mark, left)
        case Point():
            x, y = _n(_x(plot, mark.x, left)), _n(_y(plot, mark.y))
            yield f'<g class="s{mark.look.number}">'
            if math.isfinite(mark.low):
                ends = (_n(_x(plot, end, left)) for end in (mark.low, mark.high))
                yield '<path class="i" d="M{} {y}H{}"/>'.format(*ends, y=y)
            kind = "m" if mark.sure else "m o"
            yield f'<path class="{kind}" d="M{x} {y}{SHAPES[mark.look.marker]}"/></g>'
        case Rule(at, name, upright=True):
            x = _n(_x(plot, at, left))
            yield f'<path class="r" d="M{x} {ABOVE}V{_n(ABOVE + plot.size[1])}"/>'
            yield f'<text class="x" x="{x}" y="{ABOVE - 4}">{_text(name)}</text>' if name else ""
        case Rule(at, name):
            level = _y(plot, at)
            yield f'<path class="r d" d="M{_n(left)} {_n(level)}h{_n(plot.size[0])}"/>'
            place = f'x="{_n(left + 3)}" y="{_n(level - 4)}"'
            yield f"<text {place}>{_text(name)}</text>" if name else ""
        case Bar(low, high, y):
            ends = (_n(_x(plot, end, left)) for end in (low, high))
            yield '<path class="b" d="M{} {y}H{}"/>'.format(*ends, y=_n(_y(plot, y)))


def _line(plot: Plot, line: Line, left: float) -> Iterator[str]:
    xs = [_n(_x(plot, value, left)) for value in line.x]

    def way(values: Sequence[float]) -> list[str]:
        return [f"{x} {_n(_y(plot, y))}" for x, y in zip(xs, values, strict=True) if y == y]

    points = way(line.y.tolist())
    yield f'<g class="s{line.look.number}">'
    if line.band is not None:
        low, high = (way(edge.tolist()) for edge in line.band)
        yield f'<path class="f" d="M{"L".join(low + high[::-1])}z"/>'
    yield f'<path class="l" d="M{"L".join(points)}"/>'
    outline = _smaller(SHAPES[line.look.marker])
    markers = "".join(f"M{point}{outline}" for point in points)
    yield f'<path class="m" d="{markers}"/></g>'


def _x(plot: Plot, value: float, left: float) -> float:
    low, high = plot.x.limits
    return left + plot.size[0] * (value - low) / (high - low)


def _y(plot: Plot, value: float) -> float:
    low, high = plot.y.limits
    return ABOVE + plot.size[1] * (high - value) / (high - low)


@cache
def _smaller(outline: str) -> str:
    """The same, for the markers of a line; the arcs of a circle keep their flags."""
    if "a" in outline:
        return "m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0z"
    return re.sub(r"[\d.]+", lambda found: _n(0.7 * float(found[0])), outline)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    return html.escape(visible(text))
