"""Deep ensembles: E networks a run, which differ in every random number of their training.

Parameters of R ensembles are (R, E, ...). Lakshminarayanan et al. 2017, arXiv 1612.01474, without
adversarial training.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from typing import Any

from torch import Tensor

from mindgap.learners.layers import Parameters
from mindgap.learners.network import Network


def members(network: Network, parameters: Parameters) -> int:
    """E, or 1 where parameters are (R, ...)."""
    name, shape = next(iter(network.shapes.items()))
    one = parameters[name]
    return one.shape[1] if one.ndim == len(shape) + 2 else 1


def together(parameters: Parameters, count: int) -> Parameters:
    """(R * E, ...) as (R, E, ...); as it is where E is 1."""
    if count == 1:
        return parameters
    return {name: value.unflatten(0, (-1, count)) for name, value in parameters.items()}


def apart(parameters: Parameters) -> Parameters:
    """(R, E, ...) as (R * E, ...)."""
    return {name: value.flatten(0, 1) for name, value in parameters.items()}


def asked_of_members(want: Set[str]) -> Set[str]:
    """What each member must answer for the ensemble to answer `want`."""
    rest = want - {"mc_probabilities"}
    return rest | {"probabilities"} if "mc_probabilities" in want else rest


def folded(answers: Mapping[str, Any], want: Set[str], count: int) -> dict[str, Any]:
    """What R ensembles say, from what their R * E members say.

    Probabilities are averaged, those of the fused model as logits; embeddings stand side by side
    (squared distances are then sums over the members), and the members' own logits are the draws
    of "mc_probabilities".
    """
    found: dict[str, Any] = {}
    for key in want:
        if key == "mc_probabilities":
            found[key] = answers["probabilities"].unflatten(0, (-1, count))
        elif isinstance(answers[key], Mapping):
            parts = answers[key].items()
            found[key] = {name: _one(part, key, count) for name, part in parts}
        else:
            found[key] = _one(answers[key], key, count)
    return found


def _one(value: Tensor, key: str, count: int) -> Tensor:
    each: Tensor = value.unflatten(0, (-1, count))  # (R, E, N, ...)
    if key.endswith("embeddings"):
        return each.transpose(1, 2).flatten(2)
    if key == "unimodal_probabilities":
        return each.mean(dim=1)
    return each.log_softmax(dim=-1).logsumexp(dim=1) - math.log(count)  # of their mean, exactly
