"""One measured number, by name."""

from __future__ import annotations

from typing import NamedTuple


class Measurement(NamedTuple):
    """`metric` of `subject`: which samples, modality, subset or label bit; "" if there is one."""

    metric: str
    subject: str
    value: float
