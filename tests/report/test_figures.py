"""What is drawn is what was measured, read back from the SVG."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from mindgap.analysis import Mean
from mindgap.report import figures, svg

LOOK = figures.looks(["random", "a"])["a"]


def drawn(text):
    """Texts with their places, and the places of the markers of each kind."""
    root = ET.fromstring(text)  # noqa: S314  # our own
    texts = {t.text: (float(t.get("x")), float(t.get("y"))) for t in root.iter("text")}
    markers = {}
    for use in root.iter("use"):
        place = float(use.get("x")), float(use.get("y"))
        markers.setdefault(use.get("href"), []).append(place)
    return texts, markers


def scale(texts, axis):
    """From a coordinate on the page to a number, by the labels of the ticks."""
    ticks = {}
    for text, place in texts.items():
        if re.fullmatch(r"[−\d.]+", text):
            ticks[float(text.replace("−", "-"))] = place
    across = [place[1 - axis] for place in ticks.values()]
    common = max(across, key=across.count)
    rows = [(place[axis], n) for n, place in ticks.items() if place[1 - axis] == common]
    return np.polyfit(*zip(*rows, strict=True), 1)


def test_curves_and_the_bayes_line():
    labels, values = [50, 100, 200, 400], np.array([0.52, 0.61, 0.7, 0.74])
    with svg.drawing():
        text = figures.curves(
            labels, [figures.Curve(LOOK, values, None)], 0.9, (0.4, 1.0), "n", "Title"
        )
    texts, markers = drawn(text)
    (points,) = (
        places for places in markers.values() if len(places) == 4 and places[0][1] != places[1][1]
    )
    slope_x, start_x = scale(texts, 0)
    assert [slope_x * x + start_x for x, _ in points] == pytest.approx(labels, abs=1)
    ys = [y for _, y in points]
    height = (texts["0.4"][1] - texts["1.0"][1]) / 0.6
    assert np.diff(ys) / -height == pytest.approx(np.diff(values), abs=1e-3)
    assert "Bayes 0.900" in texts


def test_dots_intervals_and_the_line():
    rows = [
        figures.Dot("a", LOOK, Mean(0.02, 0.01, 0.03, 5)),
        figures.Dot("b", LOOK, Mean(-0.01, np.nan, np.nan, 1), sure=False),
    ]
    with svg.drawing():
        text = figures.dots(rows, 0.0, (-0.04, 0.04), "difference", "n", "Title")
    texts, markers = drawn(text)
    slope, start = scale(texts, 0)
    dots = [places[0] for places in markers.values() if len(places) == 1][-2:]
    assert [slope * x + start for x, _ in dots] == pytest.approx([0.02, -0.01], abs=2e-4)
    assert dots[0][1] < dots[1][1]
    assert texts["a"][1] < texts["b"][1]


def test_reliance_has_a_dot_for_every_modality_and_strategy():
    rows = {
        "x1": [figures.Dot("a", LOOK, Mean(1.2, 1.1, 1.3, 5))],
        "x2": [figures.Dot("a", LOOK, Mean(0.1, 0.0, 0.2, 5))],
    }
    with svg.drawing():
        text = figures.reliance(rows, 1.0, (-0.1, 1.4), "utilisation", "n", "Title")
    texts, markers = drawn(text)
    slope, start = scale(texts, 0)
    (dots,) = (
        places for places in markers.values() if len(places) == 2 and places[0][0] != places[1][0]
    )
    assert [slope * x + start for x, _ in dots] == pytest.approx([1.2, 0.1], abs=5e-3)
    assert slope * texts["truth"][0] + start == pytest.approx(1, abs=5e-3)


def test_every_strategy_keeps_one_look_of_its_own():
    names = ["random", *(f"s{i}" for i in range(20))]
    found = figures.looks(names)
    assert len(set(found.values())) == len(names)
    assert found["s0"].colour == found["s6"].colour
    assert found["s0"].dash != found["s6"].dash
    assert figures.looks(names[:7]) == {name: found[name] for name in names[:7]}


def test_limits_hold_everything_drawn():
    values = np.array([0.5, np.nan, 0.7])
    curve = figures.Curve(LOOK, values, (values - 0.1, values + 0.1))
    low, high = figures.limits([curve], [0.95])
    assert low < 0.4
    assert high > 0.95
    assert figures.limits([], []) == (-0.06, 1.06)


def test_nothing_of_the_theme_is_left_as_a_colour():
    with svg.drawing():
        text = figures.curves(
            [50, 100], [figures.Curve(LOOK, np.array([0.1, 0.2]), None)], None, (0, 1), "n", "T"
        )
    assert "var(--ink)" in text
    assert not [colour for colour in svg.THEME if colour in text]
    assert "DejaVu" not in text
