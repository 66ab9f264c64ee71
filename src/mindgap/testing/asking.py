"""Ask a strategy to choose, as the loop does, and say in one sentence what went wrong."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from mindgap.errors import MindgapError
from mindgap.seeding import stream
from mindgap.strategies import Pool, Selection, Strategy, checked
from mindgap.tasks import TaskShape
from mindgap.testing.pools import NAMES, WIDTHS, make_pool

#: What a learner, a task and a budget are that can do everything.
CAPABLE = frozenset(
    {
        "head",
        "linear_head",
        "posterior",
        "stochastic",
        "test_set",
        "unimodal_heads",
        "validation",
        "zero_embeddings",
    }
)

#: Validation labels, and choices of an earlier round, that its pools have.
VALIDATION, PAST = 12, 3


class BrokenContract(AssertionError):
    """A strategy breaks a rule; the message says what to mend.

    Attributes:
        cause: what went wrong in select, without what it was asked for; "" if it went through.
    """

    def __init__(self, message: str, cause: str = "") -> None:
        super().__init__(message)
        self.cause = cause


class NotChecked(Exception):
    """Why a rule says nothing about this strategy."""


def pool_for(strategy: Strategy, seed: int, **settings: Any) -> Pool:
    """A pool that serves what the strategy requires and nothing else; it has a history."""
    known = {"validation": VALIDATION, "past": PAST}
    return make_pool(seed, **{**known, **settings}, serve=set(strategy.requires()))


def shape(modalities: int, classes: int) -> TaskShape:
    """Of a task that the pools of `make_pool` could belong to."""
    sizes = zip(NAMES[:modalities], WIDTHS, strict=False)
    return TaskShape({name: (width,) for name, width in sizes}, classes)


def needs_validation(strategy: Strategy) -> bool:
    """Whether it refuses a budget without validation labels."""
    return strategy.supports(shape(3, 4), CAPABLE - {"validation"}) is not None


def choose(strategy: Strategy, pool: Pool, n: int, seed: int = 0) -> Selection:
    """What it chooses, after the guard of the loop.

    Raises:
        NotChecked: it refuses tasks of such a shape.
        BrokenContract: it raises an error, or returns what the loop would refuse.
    """
    if why := strategy.supports(shape(len(pool.names), pool.n_classes), CAPABLE):
        raise NotChecked(f"it refuses such a task: {why}")
    asked = (
        f"asked for {n} of {len(pool.candidates)} candidates, with {len(pool.names)} modalities "
        f"and {pool.n_classes} classes,"
    )
    try:
        selection = strategy.select(pool, n, stream("check", seed))
    except Exception as error:  # the author's code may raise anything
        cause = f"select raises {told(error)}"
        raise BrokenContract(f"{asked} {cause}", cause) from error
    try:
        return checked(selection, pool, n)
    except MindgapError as error:
        raise BrokenContract(f"{asked} {error}", str(error)) from None


def told(error: Exception) -> str:
    """An error, and the line it comes from."""
    place = ""
    if frames := traceback.extract_tb(error.__traceback__):
        place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})"
    return f"{type(error).__name__}: {error}{place}"
