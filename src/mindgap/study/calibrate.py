"""Fit every model's temperature on its runs' validation labels, and on nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch

from mindgap.learners import Network, Parameters
from mindgap.learners.temperature import TEMPERATURE, fitted
from mindgap.study.measure import answers
from mindgap.study.state import State, clock


def calibrated(
    states: Sequence[State], place: Sequence[int], parameters: Parameters, network: Network
) -> Parameters:
    """The parameters with a `TEMPERATURE` each; 1 for models that no state has.

    Args:
        place: which model is each state's; those that share one share their validation labels.
    """
    one = next(iter(parameters.values()))
    temperatures = torch.ones(len(one), dtype=one.dtype)
    groups: dict[int, list[int]] = defaultdict(list)
    for i, state in enumerate(states):
        groups[state.environment.number].append(i)
    for members in groups.values():
        sharing = [states[i] for i in members]
        held, labels = sharing[0].held_out, sharing[0].validation.labels
        models = sorted({place[i] for i in members})
        for model, logits in answers(sharing, models, parameters, network, held, "logits"):
            with clock(sharing, "calibrate"):
                temperatures[model] = fitted(logits, labels)
    return {**parameters, TEMPERATURE: temperatures.to(one.device)}
