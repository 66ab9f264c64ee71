"""Training that diverges: the loss of one run is NaN or infinite, its neighbours' are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.errors import MindgapError
from mindgap.learners.layers import Parameters
from mindgap.learners.learner import Learner


class Diverged(MindgapError):
    """Some rows of a fleet diverged; the others are trained as they would be without them.

    Attributes:
        parameters: of all rows, as `Fleet.fit` returns them.
        reasons: row -> one sentence with its step and learning rate.
    """

    def __init__(self, parameters: Parameters, reasons: Mapping[int, str]) -> None:
        super().__init__("; ".join(f"row {row}: {why}" for row, why in reasons.items()))
        self.parameters, self.reasons = parameters, reasons


def reasons(
    learner: Learner,
    losses: Float[Tensor, "steps R"],
    rates: Sequence[float | None],
    trained: Parameters,
) -> dict[int, str]:
    """Row -> why it diverged; the last step shows in the trained parameters alone.

    Args:
        learner: whose training it was.
        losses: of every step.
        rates: each row's own learning rate, None where it is the learner's.
        trained: (R, ...) each.
    """
    steps = learner.steps
    each = [value.reshape(len(value), -1).sum(dim=1) for value in trained.values()]
    sums = torch.stack(each).sum(dim=0)
    bad = ~torch.cat([losses, sums[None]]).isfinite()
    first = bad.int().argmax(dim=0).tolist()
    found = {}
    for row in bad.any(dim=0).nonzero().flatten().tolist():
        step = first[row]
        if step < steps:
            what, value = "loss", float(losses[step, row])
        else:
            what, value = "sum of its parameters", float(sums[row])
        rate = learner.rate(min(step, steps - 1), rates[row])
        found[row] = (
            f"training diverged: at step {min(step + 1, steps)} of {steps}, with a learning "
            f"rate of {rate:.3g}, the {what} was {value}; take a lower learning_rate"
        )
    return found
