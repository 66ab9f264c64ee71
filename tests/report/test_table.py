"""The table in a terminal: narrow, plain, and the same numbers as the page."""

import io

import pytest
from analysis.planted_results import card, plant, run, study
from rich.console import Console

from mindgap.report import table


def printed(results, width=100, **more):
    console = Console(file=io.StringIO(), width=width, **more)
    console.print(table(results))
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 100])
def test_fits_and_is_plain(realistic, width):
    text = printed(realistic, width)
    assert text.isascii()
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    # a row a strategy, none folded
    rows = [line.split() for line in text.splitlines() if line.startswith("coreset")]
    assert len(rows) == 5
    assert "diff_nonlin_red: 50 to 450 labels, Bayes 0.910" in text
    assert "x2 0.1" in text


def test_numbers(tmp_path):
    levels = {"random": [0.5, 0.7, 0.6], "a": [0.6, 0.7, 0.8]}
    records = [
        r
        for n, starts in levels.items()
        for s, low in enumerate(starts)
        for r in run(n, s, [low, 0.8])
    ]
    text = printed(plant(tmp_path, records, study(seeds=4, rounds=1), [card("t")]))
    # halves of +0.1, 0 and +0.2: mean 0.05, t interval 4.303 x 0.05 / sqrt(3), p = 0.225
    row = next(line for line in text.splitlines() if line.startswith("a "))
    assert row.split() == ["a", "3", "0.750", "+0.050", "[-0.074,", "+0.174]", "0.225", "0.800"]
    assert "Not compared or missing: 2 gaps" in text


def test_names_are_no_markup(tmp_path):
    names = ["random", "[red]a[/]", "b\x1b[31m", "c" * 60]
    records = [r for n in names for s in range(2) for r in run(n, s, [0.5, 0.6])]
    text = printed(plant(tmp_path, records))
    assert "[red]a[/]" in text
    assert "\x1b" not in text
    assert "".join(text.split()).count("c" * 26) == 2
    assert max(map(len, text.splitlines())) <= 100


def test_nothing_measured(tmp_path):
    assert "AUBC" in printed(plant(tmp_path, []))
