"""Take modalities away from data that have them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Bool, Float

from mindgap.errors import InvalidData
from mindgap.seeding import stream
from mindgap.tasks.data import MultimodalData
from mindgap.tasks.missingness.dependent import MAR
from mindgap.tasks.missingness.mechanism import Mechanism, drawn
from mindgap.tasks.missingness.score import DataEvidence


def ampute(
    data: MultimodalData,
    mechanism: Mechanism,
    *key: str | int,
    reference: MultimodalData | None = None,
) -> MultimodalData:
    """The data with further modalities missing; their values become NaN.

    What is missing already stays so. A pattern that would leave a sample nothing isn't drawn for
    it: the others' chances are raised in proportion.

    Args:
        key: of the random stream, for example ("mask", family, seed, "pool").
        reference: the pool, whose values settle what the mechanism's score means; the data
            themselves if None.

    Raises:
        InvalidData: the mechanism doesn't fit these modalities or classes, depends on labels or
            values that aren't known, or would leave a sample without any modality.
    """
    names = data.names
    labels = data.labels[data.labels >= 0]
    prior = torch.bincount(labels, minlength=len(data.classes)).double().numpy()
    for problem in mechanism.problems(names, prior / max(prior.sum(), 1)):
        raise InvalidData(f"missing: {problem}")
    _require_given(data, mechanism)
    chances = mechanism.chances(names, DataEvidence(data, reference or data))
    possible = _possible(data, {p: np.broadcast_to(c, len(data)) for p, c in chances.items()})
    mask = drawn(names, possible, stream(*key).random(len(data)))
    observed = data.observed & torch.from_numpy(mask)
    modalities = {}
    for m, (name, x) in enumerate(data.modalities.items()):
        gone = ~observed[:, m].reshape(-1, *[1] * (x.ndim - 1))
        modalities[name] = torch.where(gone, torch.nan, x)
    return replace(data, modalities=modalities, observed=observed)


def _require_given(data: MultimodalData, mechanism: Mechanism) -> None:
    if not isinstance(mechanism, MAR):
        return
    given = mechanism.given
    unseen = ~data.observed[:, data.names.index(given)]
    if unseen.any():
        raise InvalidData(
            f"missing: {data.first(unseen)} lacks {given}, but what decides must always be observed"
        )


def _possible(
    data: MultimodalData, chances: dict[str, Float[np.ndarray, " N"]]
) -> dict[str, Float[np.ndarray, " N"]]:
    """Chances with every pattern ruled out that has nothing in common with what is there."""
    observed: Bool[np.ndarray, "N M"] = data.observed.numpy()
    left = {}
    for pattern, chance in chances.items():
        inside = np.array([name in pattern.split("+") for name in data.names])
        left[pattern] = np.where((observed & inside).any(axis=1), chance, 0.0)
    total = np.sum(list(left.values()), axis=0)
    if (total <= 0).any():
        told = data.first(torch.from_numpy(total <= 0))
        raise InvalidData(f"missing: {told} would be left without any modality")
    return {pattern: chance / total for pattern, chance in left.items()}
