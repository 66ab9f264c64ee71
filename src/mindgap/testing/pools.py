"""Pools with numbers in them, as a strategy would see them, made without any training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.strategies import SERVED, Past, Pool, Validation
from mindgap.tasks.subsets import Subset, subsets

NAMES = ("image", "text", "sound", "depth", "touch")
#: Widths, scales and offsets that would let one modality decide alone.
WIDTHS = (6, 11, 3, 1, 8)
SCALES, OFFSETS = (1.0, 30.0, 0.05, 5.0, 1.0), (0.0, 100.0, -1.0, 0.0, 0.5)

#: Draws of the weights in `mc_probabilities`, and their size beside the weights.
PASSES, SPREAD = 10, 0.5

#: Served functions whose only argument are rows of the pool.
OF_ROWS = ("recombined", "mc_recombined", "trial")


def make_pool(
    seed: int,
    modalities: int = 3,
    size: int = 310,
    labelled: int = 10,
    classes: int = 4,
    gaps: float = 0.3,
    widths: Sequence[int] = WIDTHS,
    like_real: bool = True,
    serve: Set[str] = frozenset(SERVED),
    validation: int = 0,
    past: int = 0,
) -> Pool:
    """A linear head on the concatenated embeddings of `size` samples that mean nothing.

    Args:
        seed: of a generator of its own.
        modalities: how many of `NAMES`, at most five.
        labelled: how many have a label to learn from; they lie anywhere.
        gaps: how often a modality is missing; everyone has at least one.
        widths: of the embeddings.
        like_real: embeddings of very different scale and offset; else small numbers only.
        serve: which keys of `SERVED` or `ORACLE` the pool serves.
        validation: how many more samples have a label to validate with.
        past: how many of the labelled ones an earlier round chose, at most all of them.
    """
    size += validation
    g = torch.Generator().manual_seed(seed)
    names = NAMES[:modalities]
    observed = torch.rand(size, modalities, generator=g) >= gaps
    observed[~observed.any(dim=1), 0] = True
    encoded, weights, seen = {}, {}, {}
    for m, (name, width) in enumerate(zip(names, widths, strict=False)):
        scale, offset = (SCALES[m], OFFSETS[m]) if like_real else (1.0, 0.3)
        token = torch.randn(width, generator=g)
        own = torch.randn(size, width, generator=g) * scale + offset
        encoded[name] = own
        seen[name] = torch.where(observed[:, m, None], own, token)
        size_of_input = (scale**2 + offset**2) ** 0.5
        weights[name] = torch.randn(width, classes, generator=g) / size_of_input / width**0.5
    bias = torch.randn(classes, generator=g) * 0.3
    order = torch.randperm(size, generator=g)
    labels = torch.randint(classes, (labelled,), generator=g)
    labelled_rows, validated = order[:labelled], order[labelled : labelled + validation]
    earlier = labelled_rows[max(0, labelled - past) :]

    def fused(
        blocks: Mapping[str, Tensor], weights: Mapping[str, Tensor] = weights
    ) -> Float[Tensor, "N C"]:
        logits: Tensor = sum((blocks[name] @ weights[name] for name in names), bias)
        return logits.softmax(dim=1)

    def shown(subset: Subset, absent: str) -> Float[Tensor, "N C"]:
        blocks = {}
        for m, name in enumerate(names):
            there = observed[:, m, None] & (name in subset)
            missing = seen[name][~observed[:, m]]
            token = missing[:1] if len(missing) else torch.ones_like(seen[name][:1])
            stand_in = torch.zeros_like(token) if absent == "zero" else token
            blocks[name] = torch.where(there, encoded[name], stand_in)
        return fused(blocks)

    def own_heads() -> dict[str, Tensor]:
        heads = {name: (encoded[name] @ weights[name]).softmax(dim=1) for name in names}
        return {
            name: torch.where(observed[:, m, None], p, torch.nan)
            for m, (name, p) in enumerate(heads.items())
        }

    def drawn() -> dict[str, Tensor]:
        return {
            name: w * (1 + SPREAD * torch.randn(w.shape, generator=g))
            for name, w in weights.items()
        }

    def put_together(rows: Tensor) -> dict[str, Tensor]:
        return {name: seen[name][rows[:, m]] for m, name in enumerate(names)}

    gain = torch.arange(size) / size
    draws = [drawn() for _ in range(PASSES)]
    answers: dict[str, Callable[[], Any]] = {
        "probabilities": lambda: fused(seen),
        "unimodal_probabilities": own_heads,
        "embeddings": lambda: torch.cat([seen[name] for name in names], dim=1),
        "unimodal_embeddings": lambda: seen,
        "subset_probabilities:token": lambda: {s: shown(s, "token") for s in subsets(names)},
        "subset_probabilities:zero": lambda: {s: shown(s, "zero") for s in subsets(names)},
        "true_posterior": lambda: torch.randn(size, classes, generator=g).softmax(dim=1),
        "true_labels": lambda: torch.eye(classes)[torch.randint(classes, (size,), generator=g)],
        "head": lambda: (
            lambda inputs, rows: inputs @ torch.cat([weights[name] for name in names]) + bias
        ),
        "mc_probabilities": lambda: torch.stack([fused(seen, draw) for draw in draws]),
        "trial": lambda: lambda batches: gain[batches].mean(dim=-1),
        "recombined": lambda: lambda rows: fused(put_together(rows)),
        "mc_recombined": lambda: (
            lambda rows: torch.stack([fused(put_together(rows), draw) for draw in draws])
        ),
    }
    return Pool(
        names=names,
        n_classes=classes,
        observed=observed,
        labelled=labelled_rows,
        labels=labels,
        candidates=order[labelled + validation :].sort().values,
        validation=Validation(validated, torch.randint(classes, (validation,), generator=g)),
        history=[Past(0, earlier, 1 / classes if validation else None)] if past else [],
        served={key: answer() for key, answer in answers.items() if key in serve},
    )


def alike(pool: Pool) -> Pool:
    """The same pool with all samples equal to its first one."""
    observed = pool.observed[:1].expand_as(pool.observed).clone()
    first = _each(lambda x: x[..., :1, :].expand_as(x).clone(), pool.served)
    served = {**first, **_asked_elsewhere(pool, torch.zeros_like)}
    return replace(pool, observed=observed, served=served)


def certain(pool: Pool) -> Pool:
    """The same pool with probabilities that are exactly 0 or 1."""

    def sharp(p: Tensor) -> Tensor:
        one_hot = torch.eye(p.shape[-1])[p.nan_to_num(0.0).argmax(dim=-1)]
        return torch.where(p.isnan(), p, one_hot)

    served = {
        key: _each(sharp, value) if key.partition(":")[0].endswith("probabilities") else value
        for key, value in pool.served.items()
    }
    return replace(pool, served=served)


def permuted(pool: Pool, seed: int) -> tuple[Pool, Tensor]:
    """The same samples in another order, and where in `pool` each row was."""
    order = torch.randperm(len(pool.observed), generator=torch.Generator().manual_seed(seed))
    place = order.argsort()
    moved = replace(
        pool,
        observed=pool.observed[order],
        labelled=place[pool.labelled],
        candidates=place[pool.candidates].sort().values,
        validation=Validation(place[pool.validation.rows], pool.validation.labels),
        history=[replace(past, rows=place[past.rows]) for past in pool.history],
        served={
            **_each(lambda x: x.index_select(-2, order), pool.served),
            **_asked_elsewhere(pool, lambda rows: order[rows]),
        },
    )
    return moved, order


def _asked_elsewhere(pool: Pool, where: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    """Served functions of rows, for a pool whose rows stand `where` in this one."""

    def asked(function: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
        return lambda rows: function(where(rows))

    return {key: asked(value) for key, value in pool.served.items() if key in OF_ROWS}


def copied(pool: Pool) -> Pool:
    """The same pool in memory of its own."""
    fields = ("observed", "labelled", "labels", "candidates", "served")
    return replace(
        pool,
        **{name: _each(torch.clone, getattr(pool, name)) for name in fields},
        validation=Validation(*map(torch.clone, pool.validation)),
        history=[
            replace(past, rows=past.rows.clone(), trace=_each(torch.clone, past.trace))
            for past in pool.history
        ],
    )


def _each(change: Callable[[Tensor], Tensor], value: Any) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if value is None or callable(value):  # the head, which is the same for all samples
        return value
    return {key: _each(change, part) for key, part in value.items()}
