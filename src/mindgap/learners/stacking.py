"""A function of one run, called for R runs: all at once by `vmap`, or in a loop where that can't.

Parameters come as name -> (R, ...), batches as tensors (R, B, ...) or mappings of such.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from mindgap.learners.convolutions import EachConvolution
from mindgap.learners.layers import Parameters

#: Takes the parameters and the batches of one run; returns tensors (B, ...), or mappings of such.
Call = Callable[..., tuple[Any, ...]]


def at_once(call: Call, parameters: Parameters, *batches: Any) -> tuple[Any, ...]:
    """All runs in one `vmap`; what the call writes into parameters in place is kept.

    A lone run and a lone sample are computed as two, since convolutions and products of one row
    take other routines, with other bits. Attention is decomposed: fused, it has no batching rule.
    """
    runs, samples = _size(batches[0])
    lone_run, lone_sample = runs == 1, samples == 1
    given = parameters
    if lone_sample:
        batches = tuple(_each(_twice, batch, 1) for batch in batches)
    if lone_run:
        batches = tuple(_each(_twice, batch, 0) for batch in batches)
        given = _each(_twice, parameters, 0)
    with sdpa_kernel(SDPBackend.MATH), EachConvolution():
        results = torch.func.vmap(call)(dict(given), *batches)
    # cut also where nothing is too much, so that gradients come back in the same layout
    results = tuple(_each(_first, result, 0, runs) for result in results)
    if lone_run and torch.is_grad_enabled():
        _keep_writing(given, parameters)
    if lone_sample:
        results = tuple(_each(_first, result, 1, 1) for result in results)
    return results


def one_by_one(call: Call, parameters: Parameters, *batches: Any) -> tuple[Any, ...]:
    """The same in a loop over runs."""
    runs = _size(batches[0])[0]
    split = [_each(Tensor.unbind, value, 0) for value in (parameters, *batches)]
    results = [call(*(_each(itemgetter(r), value) for value in split)) for r in range(runs)]
    return tuple(_joined(list(parts)) for parts in zip(*results, strict=True))


def _each(change: Callable[..., Any], value: Any, *arguments: Any) -> Any:
    """`change` one tensor, or every value of a mapping."""
    if isinstance(value, Mapping):
        return {name: change(part, *arguments) for name, part in value.items()}
    return change(value, *arguments)


def _twice(x: Tensor, dim: int) -> Tensor:
    return torch.cat([x, x], dim=dim)


def _first(x: Tensor, dim: int, count: int) -> Tensor:
    return x.narrow(dim, 0, count)


def _size(batch: Any) -> tuple[int, int]:
    """R and B."""
    one = next(iter(batch.values())) if isinstance(batch, Mapping) else batch
    return one.shape[0], one.shape[1]


def _joined(parts: list[Any]) -> Any:
    if isinstance(parts[0], Mapping):
        return {name: torch.stack([part[name] for part in parts]) for name in parts[0]}
    return torch.stack(parts)


def _keep_writing(doubled: Parameters, parameters: Parameters) -> None:
    """Buffers, such as running means, of a lone run."""
    for name, value in parameters.items():
        if not value.requires_grad:
            value.copy_(doubled[name][:1])
