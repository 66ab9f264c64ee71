"""One measured number, by name."""

from __future__ import annotations

from typing import NamedTuple


class Measurement(NamedTuple):
    """`metric` of `subject`: which samples, modality, subset or label bit; "" if there is one."""

    metric: str
    subject: str
    value: float


def joined(names: tuple[str, ...], inside: frozenset[str]) -> str:
    """A subset of the modalities as text, in the data's order: "audio+image"."""
    return "+".join(name for name in names if name in inside)
