"""Docstrings as a terminal shows them."""

from mindgap.cli.prose import wrapped

TEXT = """A summary.

The first line of a paragraph, which is rather
long.

- one: an item that goes
  on
2. another
    x = a b     (1)

    y = c       (2)

Attributes:
    power: of the exponent, or
        so.
    other: one."""

WIDE = """A summary.

The first line of a paragraph, which is rather long.

- one: an item that goes on
2. another x = a b (1)

    y = c       (2)

Attributes:
    power: of the exponent, or so.
    other: one."""


def test_paragraphs_and_items_are_filled_and_formulas_stay():
    text = TEXT.replace("2. another\n", "2. another\n\n")
    expected = WIDE.replace("2. another x = a b (1)", "2. another\n\n    x = a b     (1)")
    assert wrapped(text, 80) == expected


def test_items_keep_their_indentation_when_wrapped():
    narrow = wrapped(TEXT, 20).splitlines()
    assert "- one: an item that" in narrow
    assert "  goes on" in narrow
    assert "    power: of the" in narrow
    assert "        exponent, or" in narrow
    assert max(map(len, narrow)) <= 20
    assert wrapped(TEXT, 20).split() == TEXT.split()


def test_what_cannot_be_broken_is_kept_whole():
    assert wrapped("see https://example.org/a-long-address", 10).splitlines() == [
        "see",
        "https://example.org/a-long-address",
    ]
