"""The loop's guard: what a strategy requires exists, and what it returns was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Set

import torch

from mindgap.errors import MindgapError, unknown
from mindgap.strategies.base import ORACLE, SERVED, Pool, Selection, Strategy


def required(strategy: Strategy) -> frozenset[str]:
    """What it requires, or raise with one sentence.

    Raises:
        MindgapError: `requires` returns no set, or a key that is neither in `SERVED` nor in
            `ORACLE` (near match named), or one of `ORACLE` to a strategy that is no oracle.
    """
    keys: object = strategy.requires()
    if not isinstance(keys, Set):
        raise MindgapError(
            f"requires must return a set of keys, such as {{'probabilities'}}, not {keys!r}"
        )
    for key in keys:
        if key not in SERVED.keys() | ORACLE:
            raise MindgapError(unknown("requirement", str(key), SERVED))
        if key in ORACLE and strategy.group != "oracle":
            raise MindgapError(
                f"it reads {key}, which only an oracle may: an oracle has group = 'oracle', and "
                "isn't wrapped in another strategy"
            )
    return frozenset(keys)


def checked(selection: Selection, pool: Pool, n: int) -> Selection:
    """Return the selection, or raise with one sentence that says which rule it breaks.

    Raises:
        MindgapError: rows that are no integers, not `n`, not distinct, out of range or not
            candidates; scores that are no floating-point numbers, of another length, or NaN; a
            trace that isn't a row of finite numbers for each.
    """
    for problem in _problems(selection, pool, n):
        raise MindgapError(f"its selection breaks the contract: {problem}")
    return selection


def _problems(selection: object, pool: Pool, n: int) -> Iterator[str]:
    if not isinstance(selection, Selection):
        yield (
            f"select must return a Selection, not {type(selection).__name__}: end with return "
            "best(scores, pool, n, rng) or return Selection(rows, scores)"
        )
        return
    rows = selection.rows
    if not isinstance(rows, torch.Tensor) or rows.dtype != torch.int64 or rows.ndim != 1:
        yield f"rows must be a one-dimensional int64 tensor, not {_kind(rows)}"
    if len(rows) != n:
        yield f"it was asked for {n} rows and returned {len(rows)}"
    total = len(pool.observed)
    outside = rows[(rows < 0) | (rows >= total)]
    if len(outside):
        yield f"row {int(outside[0])} is not in the pool of {total}"
    values, counts = rows.unique(return_counts=True)
    if (counts > 1).any():
        yield f"row {int(values[counts > 1][0])} is chosen more than once"
    taken = rows[~torch.isin(rows, pool.candidates)]
    if len(taken):
        yield (
            f"row {int(taken[0])} is not a candidate (it has a label already): rows are rows of "
            "the pool, so places among the candidates become rows by pool.candidates[places]"
        )
    scores = selection.scores
    if not isinstance(scores, torch.Tensor) or scores.ndim != 1:
        yield f"scores must be a one-dimensional tensor, not {_kind(scores)}"
        return
    if not scores.is_floating_point():
        yield f"scores must be floating-point numbers, not {scores.dtype}: return scores.float()"
    if len(scores) != n:
        yield f"there are {len(scores)} scores for {n} rows: keep those of the rows that are chosen"
    if scores.isnan().any():
        yield "a score is NaN"
    trace = selection.trace
    if trace is None:
        return
    if not isinstance(trace, torch.Tensor) or trace.ndim != 2 or len(trace) != n:
        yield f"a trace must be a two-dimensional tensor with a row for each of the {n} rows"
    elif not trace.is_floating_point() or not trace.isfinite().all():
        yield "a trace must hold finite floating-point numbers"


def _kind(value: object) -> str:
    if isinstance(value, torch.Tensor):
        return f"one of {value.dtype} and shape {tuple(value.shape)}"
    return type(value).__name__
