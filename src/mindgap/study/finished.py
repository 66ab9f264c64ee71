"""What a run that goes on must know of its finished rounds; crosses to workers as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

#: Of the model of a round, on the budget's validation labels.
VALIDATION_ACCURACY = "validation_accuracy"


class Finished(NamedTuple):
    """One finished round.

    Attributes:
        selected: ids of what was chosen at its end, best first.
        validation_accuracy: of its model; None without validation labels.
        trace: K numbers for each of them that the strategy left, or None.
    """

    selected: Sequence[str]
    validation_accuracy: float | None = None
    trace: Sequence[Sequence[float]] | None = None
