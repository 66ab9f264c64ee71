"""Docstrings for a terminal: as wide as it is, whatever width they were written in."""

from __future__ import annotations

import re
from textwrap import fill

#: How an item begins: a dash, a number, or the name of an attribute.
ITEM = re.compile(r"\s*(- |\d+\. )|\s+\w+: ")


def wrapped(text: str, width: int) -> str:
    """Paragraphs and items filled to `width`; what is indented otherwise, as formulas are, stays.

    Args:
        text: a cleaned docstring.
    """
    return "\n".join(_filled(block, width) for block in _blocks(text))


def _blocks(text: str) -> list[list[str]]:
    """Lines that belong to one paragraph or item; any other line by itself."""
    blocks: list[list[str]] = []
    for line in text.splitlines():
        first = blocks[-1][0] if blocks else ""
        item = ITEM.match(first) is not None
        further = _indent(line) > _indent(first) if item else not (_indent(line) or _indent(first))
        if first.strip() and line.strip() and not ITEM.match(line) and further:
            blocks[-1].append(line)
        else:
            blocks.append([line])
    return blocks


def _filled(block: list[str], width: int) -> str:
    first = block[0]
    item = ITEM.match(first)
    if _indent(first) and not item:
        return first
    further = _indent(block[1] if len(block) > 1 else first) if item else 0
    words = " ".join(" ".join(block).split())
    return fill(
        words,
        width,
        initial_indent=" " * _indent(first),
        subsequent_indent=" " * further,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
