"""What is drawn is what was measured, read back from the SVG."""

import itertools
import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from mindgap.analysis import Mean
from mindgap.report import figures, paper, plot
from mindgap.report.draw import SHAPES, key, svg
from mindgap.report.plot import looks, ticks

LOOK = looks(["random", "a"])["a"]
OTHER = looks(["random", "a", "b"])["b"]


def drawn(figure):
    """Texts with their places, and the places of the markers of each strategy."""
    root = ET.fromstring(svg(figure))  # noqa: S314  # our own
    texts = {t.text: (float(t.get("x")), float(t.get("y"))) for t in root.iter("text")}
    markers = {}
    for group in root.iter("g"):
        for path in group.iter("path"):
            if path.get("class") in ("m", "m o"):
                places = re.findall(r"M([\d.]+) ([\d.]+)", path.get("d"))
                markers.setdefault(group.get("class"), []).extend(
                    (float(x), float(y)) for x, y in places
                )
    return texts, markers


def scale(texts, axis):
    """From a coordinate on the page to a number, by the labels of the ticks."""
    found = {}
    for text, place in texts.items():
        if re.fullmatch(r"[−\d.]+", text):
            found[float(text.replace("−", "-"))] = place
    across = [place[1 - axis] for place in found.values()]
    common = max(across, key=across.count)
    rows = [(place[axis], n) for n, place in found.items() if place[1 - axis] == common]
    return np.polyfit(*zip(*rows, strict=True), 1)


def test_curves_and_the_bayes_line():
    labels, values = [50, 100, 200, 400], np.array([0.52, 0.61, 0.7, 0.74])
    figure = figures.curves(
        labels, [figures.Curve("a", LOOK, values)], 0.9, (0.4, 1.0), "n", "Title"
    )
    texts, markers = drawn(figure)
    slope, start = scale(texts, 0)
    assert slope > 0  # more labels to the right
    assert [slope * x + start for x, _ in markers["s1"]] == pytest.approx(labels, abs=1)
    height = (texts["0.4"][1] - texts["1.0"][1]) / 0.6
    assert height > 0  # more accuracy further up
    rises = np.diff([y for _, y in markers["s1"]])
    assert rises / -height == pytest.approx(np.diff(values), abs=2e-3)
    assert "Bayes 0.900" in texts
    assert figure.told == "Accuracy after 400 labels 0.740 (a). Bayes accuracy 0.900."


def test_what_was_not_measured_is_not_drawn():
    values = np.array([0.5, np.nan, 0.7])
    line = figures.Curve("a", LOOK, values, (values - 0.1, values + 0.1))
    _, markers = drawn(figures.curves([1, 2, 3], [line], None, (0, 1), "n", "T"))
    assert len(markers["s1"]) == 2
    assert "nan" not in svg(figures.curves([1, 2, 3], [line], None, (0, 1), "n", "T"))


def test_dots_intervals_and_the_line():
    rows = [
        figures.Dot("a", LOOK, Mean(0.02, 0.01, 0.03, 5)),
        figures.Dot("b", OTHER, Mean(-0.01, np.nan, np.nan, 1), sure=False),
    ]
    figure = figures.dots(rows, 0.0, (-0.04, 0.04), "difference", "n", "Title")
    texts, markers = drawn(figure)
    slope, start = scale(texts, 0)
    assert slope > 0
    (first,), (second,) = markers["s1"], markers["s2"]
    assert [slope * x + start for x in (first[0], second[0])] == pytest.approx(
        [0.02, -0.01], abs=4e-4
    )
    assert first[1] < second[1]
    assert texts["a"][1] < texts["b"][1]
    assert 'class="m o"' in svg(figure)
    assert figure.told == "difference: a +0.020; b −0.010. Significant: a."
    (interval,) = re.findall(r'class="i" d="M([\d.]+) [\d.]+H([\d.]+)"', svg(figure))
    assert [slope * float(x) + start for x in interval] == pytest.approx([0.01, 0.03], abs=4e-4)


def test_strips_have_a_dot_for_every_subject_and_strategy():
    rows = {
        "x1": [figures.Dot("a", LOOK, Mean(1.2, 1.1, 1.3, 5))],
        "x2": [figures.Dot("a", LOOK, Mean(0.1, 0.0, 0.2, 5))],
    }
    texts, markers = drawn(figures.strips(rows, 1.0, (-0.1, 1.4), "utilisation", "n", "Title"))
    slope, start = scale(texts, 0)
    assert [slope * x + start for x, _ in markers["s1"]] == pytest.approx([1.2, 0.1], abs=6e-3)
    assert slope * texts["truth"][0] + start == pytest.approx(1, abs=6e-3)


def test_ranks_have_a_stroke_over_what_is_alike():
    rows = [figures.Dot(n, LOOK, Mean(r, np.nan, np.nan, 4)) for n, r in (("a", 1.5), ("b", 2.5))]
    figure = figures.ranks(rows, [(1.5, 2.5)], "n", "T", "So many.")
    texts, markers = drawn(figure)
    (ends,) = re.findall(r'class="b" d="M([\d.]+) ([\d.]+)H([\d.]+)"', svg(figure))
    assert [float(ends[0]), float(ends[2])] == [x for x, _ in markers["s1"]]
    assert float(ends[1]) < markers["s1"][0][1]
    assert "So many." in texts


def test_every_strategy_keeps_one_look_of_its_own():
    names = ["random", *(f"s{i}" for i in range(20))]
    found = looks(names)
    assert len({(look.hue, look.marker, look.dash) for look in found.values()}) == len(names)
    assert found["s0"].hue == found["s6"].hue
    assert found["s0"].dash != found["s6"].dash
    assert looks(names[:7]) == {name: found[name] for name in names[:7]}
    assert {look.marker for look in found.values()} <= SHAPES.keys()
    assert all(key(look).count("<path") == 2 for look in found.values())


def test_limits_hold_everything_drawn():
    values = np.array([0.5, np.nan, 0.7])
    curve = figures.Curve("a", LOOK, values, (values - 0.1, values + 0.1))
    low, high = figures.limits([curve], [0.95])
    assert low < 0.4
    assert high > 0.95
    assert figures.limits([], []) == (-0.06, 1.06)


def test_what_differs_by_rounding_alone_is_drawn_as_equal():
    dots = [figures.Dot("a", LOOK, Mean(v, math.nan, math.nan, 1)) for v in (0.3, 0.3 + 1e-16)]
    low, high = figures.spread(dots)
    assert (low, high) == pytest.approx((0.25, 0.35))
    assert ticks(low, high)


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (-0.013, 0.021), (0.4, 0.41), (-3, 250), (1, 1 + 1e-6)]
)
def test_ticks_are_round_and_within(low, high):
    found = ticks(low, high)
    assert 2 <= len(found) <= 6
    assert all(low - 1e-9 <= value <= high + 1e-9 for value in found)
    assert [float(t.replace("−", "-")) for t in found.values()] == pytest.approx(list(found))
    assert len(set(found.values())) == len(found)
    assert len({round(b - a, 9) for a, b in itertools.pairwise(found)}) == 1
    assert ticks(1, 1) == ticks(0, math.nan) == ticks(0.3, 0.3 + 1e-16) == ticks(0, 3e-14) == {}


def test_papers_get_the_same_numbers():
    rows = [figures.Dot("a", LOOK, Mean(0.02, 0.01, 0.03, 5))]
    figure = figures.dots(rows, 0.0, (-0.04, 0.04), "difference", "n", "T")
    curve = figures.Curve("a", LOOK, np.array([0.5, 0.7]), (np.array([0.4, 0.6]),) * 2)
    with paper.drawing():
        (axes,) = paper.figure(figure).axes
        lines = {tuple(line.get_xdata()): line for line in axes.get_lines()}
        assert lines[0.02,].get_marker() == LOOK.marker
        assert (0.01, 0.03) in lines
        assert axes.get_xlim() == (-0.04, 0.04)
        (axes,) = paper.figure(figures.curves([1, 2], [curve], 0.9, (0, 1), "n", "T")).axes
        assert [0.5, 0.7] in [list(line.get_ydata()) for line in axes.get_lines()]
        assert len(axes.collections) == 1


def rgb(colour):
    """Linear light of #rrggbb."""
    part = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """Of two colours, by WCAG 2.2."""
    low, high = sorted(float(rgb(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(light):
    to_xyz = [[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]]
    xyz = np.array(to_xyz) @ np.clip(light, 0, 1) / [0.9505, 1, 1.0888]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


#: Machado, Oliveira and Fernandes 2009, severity 1: protanopia, deuteranopia, tritanopia.
BLIND = [
    np.eye(3),
    [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
    [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
    [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
]


@pytest.mark.parametrize(
    ("colours", "background"),
    [
        ((*plot.COLOURS, plot.GREY), "#ffffff"),
        ((*plot.DARK_COLOURS, plot.DARK_GREY), "#15181c"),
    ],
)
def test_colours_are_told_apart_by_everyone(colours, background):
    assert min(contrast(colour, background) for colour in colours) >= 3
    for sight in BLIND:
        seen = [lab(np.array(sight) @ rgb(colour)) for colour in colours]
        apart = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
        assert min(apart) >= 24
