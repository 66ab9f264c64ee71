"""Subsets of the modalities: all of them, their names, and Shapley values over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial
from typing import Any, TypeVar

Subset = frozenset[str]

#: A number, or a tensor of them.
Value = TypeVar("Value", bound=Any)


def subsets(names: Sequence[str]) -> list[Subset]:
    """All 2^M subsets, small ones first."""
    return [frozenset(s) for size in range(len(names) + 1) for s in combinations(names, size)]


def joined(names: Sequence[str], inside: Subset) -> str:
    """A subset as text, in the data's order: "audio+image"."""
    return "+".join(name for name in names if name in inside)


def shapley(value: Mapping[Subset, Value], names: Sequence[str]) -> dict[str, Value]:
    """Shapley value of every modality, given the value of every subset (Shapley 1953).

    phi_m = sum over S without m of |S|! (M - |S| - 1)! / M! (v(S + m) - v(S)); over modalities
    they sum to v(all) - v(none). For tensors it is taken element by element.
    """
    players = len(names)
    found = {}
    for name in names:
        without = [subset for subset in subsets(names) if name not in subset]
        found[name] = sum(
            factorial(len(subset))
            * factorial(players - len(subset) - 1)
            / factorial(players)
            * (value[subset | {name}] - value[subset])
            for subset in without
        )
    return found
