"""What batches would really gain: each is labelled, trained on and tested, for oracles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mindgap.errors import MindgapError
from mindgap.learners import Diverged, Fleet, predict
from mindgap.metrics import accuracy
from mindgap.study.state import State


def trial(state: State, fleet: Fleet) -> Callable[[Int64[Tensor, "K n"]], Float[Tensor, " K"]]:
    """A function of K batches of rows: the test accuracy of the run's next model with each.

    All of them are trained as one fleet with the random streams of the next round, so whichever is
    chosen has this very accuracy there. NaN where training diverges.

    Raises:
        MindgapError: the task has no test set.
    """
    environment = state.environment
    test = environment.test
    if test is None:
        raise MindgapError("the task has no test set to try batches on: take one that has")
    samples = environment.test_samples(test)

    def gained(batches: Int64[Tensor, "K n"]) -> Float[Tensor, " K"]:
        rows = []
        for batch in batches.cpu():
            after = replace(state, round=state.round + 1)
            after.add(batch)
            rows.append(after.row())
        diverged: list[int] = []
        try:
            parameters = fleet.fit(rows)
        except Diverged as error:
            parameters, diverged = error.parameters, list(error.reasons)
        answers = predict(fleet.network, parameters, samples, {"probabilities"})["probabilities"]
        each = [accuracy(one.cpu(), test.labels) for one in answers]
        found = torch.tensor(each, dtype=torch.float64)
        found[diverged] = torch.nan
        return found.to(batches.device)

    return gained
