"""Matplotlib figures as SVG for a page: small, self-contained, in the page's theme."""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib
import matplotlib.style
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from mindgap.report.words import visible

#: Colours that stand for the page's own, light or dark; nothing else may be drawn in them.
INK, MUTED, GRID, PAPER = "#111213", "#717273", "#d9dadb", "#fefdfc"
THEME = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", PAPER: "var(--paper)"}

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

_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"


@contextmanager
def drawing() -> Iterator[None]:
    """Draw in our style, whatever matplotlibrc says; restored afterwards."""
    with matplotlib.style.context(["default", STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the browser has others
        yield


class Drawing(str):
    """An <svg> element that remembers the figure it was made of."""

    figure: Figure

    def __new__(cls, text: str, figure: Figure) -> Drawing:
        drawn = super().__new__(cls, text)
        drawn.figure = figure
        return drawn


def svg(figure: Figure, name: str, title: str) -> Drawing:
    """The figure as an <svg> element; the same figure gives the same text.

    Args:
        name: prefix of its ids, unique on the page.
        title: what is read out in its place.
    """
    title = visible(title)
    buffer = io.StringIO()
    FigureCanvasSVG(figure)
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    root = ET.fromstring(text[text.index("<svg") :])  # noqa: S314  # written by matplotlib just now
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{_SVG}metadata" or child.tag == f"{_SVG}style":
                parent.remove(child)
    used = {link for element in root.iter() for link in _links(element)}
    for element in root.iter():
        _tidy(element, name, used)
    width, _ = figure.get_size_inches()
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "role": "img",
        "aria-label": title,
        "style": f"max-width: {width * 1.42:.2f}in",
    }
    heading = ET.Element("title")
    heading.text = title
    root.insert(0, heading)
    return Drawing(ET.tostring(root, encoding="unicode"), figure)


def _links(element: ET.Element) -> Iterator[str]:
    for key, value in element.attrib.items():
        if key == _LINK:
            yield value.removeprefix("#")
        yield from re.findall(r"url\(#([^)]+)\)", value)


def _tidy(element: ET.Element, name: str, used: set[str]) -> None:
    """No namespaces, no ids that nothing refers to, two decimals, the page's font and colours."""
    element.tag = element.tag.removeprefix(_SVG)
    attributes = {}
    for key, value in element.attrib.items():
        if key == "id":
            if value in used:
                attributes["id"] = f"{name}-{value}"
        elif key == _LINK:
            attributes["href"] = f"#{name}-{value.removeprefix('#')}"
        else:
            value = re.sub(r"url\(#", f"url(#{name}-", value)
            value = re.sub(r"(?<=\d\.\d\d)\d+", "", value)
            attributes[key] = _themed(value) if key == "style" else value
    element.attrib = attributes


def _themed(style: str) -> str:
    style = re.sub(r"(font-family:|font: [^;]*?[\d.]+px) [^;]*", r"\1 var(--font)", style)
    for sentinel, variable in THEME.items():
        style = style.replace(sentinel, variable)
    return style
