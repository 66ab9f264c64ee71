"""Cut a fleet's models into blocks whose predictions fit in memory."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any, TypeVar

from torch import Tensor

from mindgap.learners import Network, Parameters, Samples, predict
from mindgap.study.state import of_models

#: Bytes that the predictions of a block may take.
MEMORY = 1_000_000_000

T = TypeVar("T")


def blocks(
    members: Sequence[T],
    parameters: Parameters,
    network: Network,
    samples: Samples,
    want: Set[str],
) -> list[Sequence[T]]:
    """Cut `members`, each with a model of its own to ask for `want` about `samples`, in order.

    One model is asked about one sample to learn the size of an answer.
    """
    one = of_models(parameters, [0])
    answers = predict(network, one, samples.slice(0, 1), want, [("size of an answer",)])
    size = max(1, MEMORY // max(1, _bytes(answers) * len(samples)))
    return [members[start : start + size] for start in range(0, len(members), size)]


def _bytes(value: Any) -> int:
    if isinstance(value, Tensor):
        return value.nbytes
    if isinstance(value, list):  # functions of each run, which read the parameters there are
        return 0
    return sum(_bytes(part) for part in value.values())
