"""Figures over tasks: what is drawn where, read back from the plots."""

import numpy as np
import pytest
from analysis.test_severity import planted

from mindgap.analysis import analyse
from mindgap.analysis.rankings import ranking, rankings
from mindgap.report.across import ranked, severities
from mindgap.report.draw import svg
from mindgap.report.plot import Bar, Line, Point, Rule, looks
from mindgap.study.store import Store

NAMES = ("c", "a", "d", "b", "<script>")


def drawn(tmp_path, tasks, names=NAMES, seed=0):
    """Names are best in the order of the alphabet, "<script>" last."""
    rng = np.random.default_rng(seed)
    level = np.array([3 - sorted(names[:-1]).index(n) if n in names[:-1] else -3 for n in names])
    each = [rng.normal(0, 1, (len(names), 4)) + level[:, None] for _ in range(tasks)]
    found = ranking(names, each)
    tmp_path.mkdir(exist_ok=True)
    planted(tmp_path)
    analysis = analyse(Store(tmp_path).read())
    (shown,) = ranked(analysis, {"concat": found}, looks(["random", "a", *names]))
    return found, shown.figures["ranks"]


@pytest.mark.parametrize("tasks", [4, 12])
def test_every_label_stands_at_its_own_rank(tmp_path, tasks):
    """Also where the order of names isn't that of ranks; ties, too."""
    found, plot = drawn(tmp_path, tasks)
    points = [mark for mark in plot.marks if isinstance(mark, Point)]
    places = {plot.y.ticks[point.y].split()[0]: point.x for point in points}
    for name, rank in zip(NAMES, found.ranks, strict=True):
        assert places[name] == pytest.approx(rank)
        assert f"{name} {rank:.2f}" in plot.y.ticks.values()
    assert [point.x for point in points] == sorted(point.x for point in points)


def test_bars_join_what_cannot_be_told_apart(tmp_path):
    found, plot = drawn(tmp_path, 12)
    bars = [(bar.low, bar.high) for bar in plot.marks if isinstance(bar, Bar)]
    ends = [tuple(found.ranks[[clique[0], clique[-1]]]) for clique in found.cliques]
    assert np.array(bars) == pytest.approx(np.array(ends))
    assert found.cliques
    assert all(high - low <= found.critical for low, high in bars)
    assert len({bar.y for bar in plot.marks if isinstance(bar, Bar)}) == len(bars)


def test_tasks_are_counted_and_too_few_are_warned_of(tmp_path):
    few, many = (svg(drawn(tmp_path / str(tasks), tasks)[1]) for tasks in (4, 12))
    said = " ".join(few.replace("</text>", " ").split())
    assert "; 4 tasks. Severities and controls are tasks of their own." in few
    assert "4 tasks are too few: with 5 strategies" in few
    assert "below 9" in said
    assert "; 12 tasks." in many
    assert "too few" not in many
    assert "<script>" not in few
    assert "&lt;script&gt;" in few


def test_severities_are_drawn_where_they_are(tmp_path):
    planted(tmp_path)
    analysis = analyse(Store(tmp_path).read())
    given = looks(analysis.strategies)
    (grown,) = severities(analysis, given)
    assert set(grown.figures) == {"aubc", "ahead", "imbalance"}
    ahead = grown.figures["ahead"]
    assert list(ahead.x.ticks.values()) == ["control", "1", "2", "4"]
    (line,) = [mark for mark in ahead.marks if isinstance(mark, Line)]
    assert line.look == given["a"]
    assert line.y == pytest.approx([0, 0.01, 0.02, 0.04], abs=5e-4)
    assert [mark.at for mark in ahead.marks if isinstance(mark, Rule)] == [0]
    uneven = [mark for mark in grown.figures["imbalance"].marks if isinstance(mark, Line)]
    assert {line.look for line in uneven} == {given["random"], given["a"]}
    (shown,) = ranked(analysis, rankings(analysis), given)
    assert list(shown.figures) == ["overall", "ranks"]
    assert list(shown.figures["overall"].y.ticks.values()) == ["a (4 tasks)"]


def test_what_is_not_known_is_not_drawn(tmp_path):
    planted(tmp_path, unknown=True)
    analysis = analyse(Store(tmp_path).read())
    (grown,) = severities(analysis, looks(analysis.strategies))
    assert set(grown.figures) == {"aubc", "ahead"}
