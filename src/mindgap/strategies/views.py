"""A pool as a strategy for one modality would see it, for wrappers around such a strategy."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mindgap.strategies.base import Past, Pool, Strategy, Validation

#: What stands for the fused model's answer where one modality is all there is.
ALONE = {
    "probabilities": "unimodal_probabilities",
    "embeddings": "unimodal_embeddings",
    "unimodal_probabilities": "unimodal_probabilities",
    "unimodal_embeddings": "unimodal_embeddings",
}


def needed(keys: Set[str]) -> set[str]:
    """What a pool must serve so that `one_modality` can serve `keys`; others as they are."""
    return {ALONE.get(key, key) for key in keys}


def one_modality(pool: Pool, name: str, keys: Set[str]) -> tuple[Pool, Int[Tensor, " V"]]:
    """The samples that have a modality, with nothing else to be seen, and their rows in `pool`.

    Its own head's probabilities and its embedding stand for the fused model's.
    """
    there = pool.observed[:, pool.names.index(name)]
    rows = there.nonzero().flatten()
    place = there.cumsum(dim=0) - 1
    served = {}
    for key in keys:
        value = getattr(pool, ALONE[key])[name][rows]
        served[key] = {name: value} if key.startswith("unimodal") else value
    seen, known = there[pool.labelled], there[pool.validation.rows]
    view = replace(
        pool,
        names=(name,),
        observed=torch.ones_like(there[rows])[:, None],
        labelled=place[pool.labelled[seen]],
        labels=pool.labels[seen],
        candidates=place[pool.candidates[there[pool.candidates]]],
        validation=Validation(place[pool.validation.rows[known]], pool.validation.labels[known]),
        history=[_seen(past, there, place) for past in pool.history],
        served=served,
    )
    return view, rows


def _seen(past: Past, there: Bool[Tensor, " N"], place: Int[Tensor, " N"]) -> Past:
    """What was chosen among the samples that are there, by their place among them."""
    kept = there[past.rows]
    trace = None if past.trace is None else past.trace[kept]
    return replace(past, rows=place[past.rows[kept]], trace=trace)


def scores_by_modality(
    strategy: Strategy, pool: Pool, rng: np.random.Generator
) -> Float[Tensor, "U M"]:
    """The score of every candidate by every modality alone, NaN where it isn't observed."""
    shape = pool.observed.shape
    everyone = torch.full(shape, torch.nan, device=pool.observed.device)
    for m, name in enumerate(pool.names):
        view, rows = one_modality(pool, name, strategy.requires())
        chosen = strategy.select(view, len(view.candidates), rng)
        everyone[rows[chosen.rows], m] = chosen.scores
    return everyone[pool.candidates]


def unfit(strategy: Strategy) -> str | None:
    """Why its scores on different modalities can't be compared, or None."""
    if not strategy.pointwise:
        return (
            f"{type(strategy).__name__} doesn't score every sample for itself: take margin, "
            "entropy or least_confidence"
        )
    for key in sorted(strategy.requires() - {"probabilities"}):
        return (
            f"{type(strategy).__name__} reads {key}, which one modality alone doesn't have: take "
            "margin, entropy or least_confidence"
        )
    return None
