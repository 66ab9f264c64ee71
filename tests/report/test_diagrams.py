"""Figures over tasks: what is drawn where, read back from the figure itself."""

import numpy as np
import pytest
from analysis.test_severity import planted

from mindgap.analysis import analyse
from mindgap.analysis.rankings import ranking
from mindgap.report.diagrams import QUANTITIES, across, critical_difference, severity
from mindgap.report.figures import looks
from mindgap.report.svg import drawing
from mindgap.study.store import Store

NAMES = ("c", "a", "d", "b", "<script>")


def drawn(tasks, names=NAMES, seed=0):
    """Names are best in the order of the alphabet, "<script>" last."""
    rng = np.random.default_rng(seed)
    level = np.array([3 - sorted(names[:-1]).index(n) if n in names[:-1] else -3 for n in names])
    each = [rng.normal(0, 1, (len(names), 4)) + level[:, None] for _ in range(tasks)]
    found = ranking(names, each)
    with drawing():
        return found, critical_difference(found, "ranks", "Mean ranks")


@pytest.mark.parametrize("tasks", [4, 12])
def test_every_label_stands_at_its_own_rank(tasks):
    """Also where the order of names isn't that of ranks; ties, too."""
    found, diagram = drawn(tasks)
    (axes,) = diagram.figure.axes
    places = {line.get_label(): float(line.get_xdata()[0]) for line in axes.lines}
    heights = {line.get_label(): float(line.get_ydata()[-1]) for line in axes.lines}
    texts = [(text.get_text(), text.xy) for text in axes.texts if hasattr(text, "xy")]
    for name, rank in zip(NAMES, found.ranks, strict=True):
        assert places[name] == pytest.approx(rank)
        ((text, at),) = [each for each in texts if name in each[0].split()]
        assert f"{rank:.2f}" in text.split()
        assert at[1] == pytest.approx(heights[name])
    assert len({(at[0], round(at[1], 3)) for _, at in texts}) == len(NAMES)  # none on another


def test_bars_join_what_cannot_be_told_apart():
    found, diagram = drawn(12)
    (axes,) = diagram.figure.axes
    bars = [line.get_xdata() for line in axes.lines if line.get_label() == "clique"]
    ends = [found.ranks[[clique[0], clique[-1]]] + [-0.03, 0.03] for clique in found.cliques]
    assert np.array(bars) == pytest.approx(np.array(ends))
    assert found.cliques
    assert all(high - low - 0.06 <= found.critical for low, high in bars)


def test_tasks_are_counted_and_too_few_are_warned_of():
    few, many = (str(drawn(tasks)[1]) for tasks in (4, 12))
    assert ", 4 tasks" in few
    assert "4 tasks are too few: with 5 strategies" in few
    assert "below 9" in few
    assert ", 12 tasks" in many
    assert "too few" not in many
    assert "<script>" not in few
    assert "&lt;script&gt;" in few


def test_severities_are_drawn_where_they_are(tmp_path):
    planted(tmp_path)
    analysis = analyse(Store(tmp_path).read())
    with drawing():
        found = {each.kind: each for each in across(analysis)}
    assert set(found) == {
        "severity-ahead", "severity-imbalance", "severity-aubc", "overall", "ranks",
    }  # fmt: skip
    (axes,) = found["severity-ahead"].drawing.figure.axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["control", "1", "2", "4"]
    (line,) = [line for line in axes.lines if line.get_label() == "a"]
    assert line.get_ydata() == pytest.approx([0, 0.01, 0.02, 0.04], abs=5e-4)
    (axes,) = found["severity-imbalance"].drawing.figure.axes
    assert {"random", "a"} <= {line.get_label() for line in axes.lines}
    (axes,) = found["overall"].drawing.figure.axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a (4 tasks)"]


def test_what_is_not_known_is_not_drawn(tmp_path):
    planted(tmp_path, unknown=True)
    analysis = analyse(Store(tmp_path).read())
    (curve,) = analysis.severities
    with drawing():
        given = looks(analysis.strategies)
        figures = {q.name: severity(curve, q, given, "s", "t") for q in QUANTITIES}
    assert figures["imbalance"] is None
    assert figures["aubc"] is not None
