"""Numbers in words."""

import numpy as np
import pytest

from mindgap.report import words


def test_numbers_and_their_absence():
    assert words.number(0.95062) == "0.951"
    assert words.number(-0.5, 2) == "−0.50"
    assert words.signed(0.0123) == "+0.012"
    assert words.signed(-0.0123) == "−0.012"
    assert words.interval(-0.003, 0.027) == "[−0.003, +0.027]"
    assert words.percent(0.5) == "50 %"
    for nothing in (None, np.nan, np.inf):
        assert words.number(nothing) == words.signed(nothing) == words.NONE
    assert words.interval(np.nan, np.nan) == ""


@pytest.mark.parametrize(
    ("p", "short", "long"),
    [
        (0.0123, "0.012", "p = 0.012"),
        (0.0009, "<0.001", "p < 0.001"),
        (0.0, "<0.001", "p < 0.001"),
        (1.0, "1.000", "p = 1.000"),
        (np.nan, "–", "no p value"),
    ],
)
def test_p_is_never_said_to_be_zero(p, short, long):
    assert words.p_value(p) == short
    assert words.p_phrase(p) == long


def test_lists_and_counts():
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.counted(1, "seed") == "1 seed"
    assert words.counted(1200, "run") == "1,200 runs"


def test_long_names_keep_their_ends():
    assert words.short("stratified[of=badge, seed=1]", 16) == "stratifi…seed=1]"
    assert words.short("two\nlines") == "two lines"
    assert words.short("a" * 24) == "a" * 24


def test_what_steers_a_terminal_or_the_reading_direction_is_made_visible():
    assert words.visible("a\x1b[31m\u202e\x00\ud800b\n\tc") == "a\ufffd[31m\ufffd\ufffd\ufffdb\n\tc"
    assert words.visible("文字 🙂 é $_^") == "文字 🙂 é $_^"
