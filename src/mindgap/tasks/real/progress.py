"""A bar for whoever sits at a terminal, on standard error; nothing for anybody else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

T = TypeVar("T")


def shown(what: str, items: Sequence[T]) -> Iterator[T]:
    """The items, one by one."""
    console = Console(stderr=True)
    hidden = not console.is_terminal
    yield from track(items, what, console=console, disable=hidden, transient=True)
