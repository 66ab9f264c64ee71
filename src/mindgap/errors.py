"""Errors that a user can mend: one sentence that names the field or sample and says what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MindgapError(Exception):
    """A mistake in what the user gave; the command line prints it and exits with 2."""


class InvalidData(MindgapError):
    """A data set that breaks the contract of `mindgap.tasks.MultimodalData`."""


class InvalidStudy(MindgapError):
    """A study that can't be run as written; the message lists every mistake found."""


def unknown(what: str, name: str, known: Iterable[str], hint: str = "") -> str:
    """Say that `name` is not a known `what`, with the nearest names there are."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        advice = "did you mean " + " or ".join(repr(n) for n in near) + "?"
    elif known:
        shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
        advice = f"there are: {shown}"
    else:
        advice = "there are none"
    return f"unknown {what} {name!r}: {advice}{hint}"
