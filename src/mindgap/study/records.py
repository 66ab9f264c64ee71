"""What the store keeps of a round and of a failure, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mindgap.study.journal import Record
from mindgap.study.plan import Run

if TYPE_CHECKING:
    from mindgap.metrics import Measurement
    from mindgap.strategies import Selection
    from mindgap.study.state import State


def round_record(state: State, measurements: Sequence[Measurement], selection: Selection) -> Record:
    """A finished round: what was measured with how many labels, what was chosen, how long it took.

    Args:
        state: before the chosen rows are added.
    """
    run, pool = state.run, state.environment.pool
    chosen, trace = selection.rows, selection.trace
    observed = [
        "+".join(name for name, seen in zip(pool.names, mask, strict=True) if seen)
        for mask in pool.observed[chosen].tolist()
    ]
    ids = pool.ids[chosen.numpy()].tolist()
    return {
        "kind": "round",
        **_described(run),
        "group": run.group,
        "family": run.family,
        "round": state.round,
        "labels": len(state.labelled) + len(state.validation.rows),
        "metrics": [m._asdict() for m in measurements],
        **({"asked": list(run.metrics)} if run.metrics else {}),
        "selected": [
            {"id": str(name), "score": score, "observed": pattern}
            for name, score, pattern in zip(ids, selection.scores.tolist(), observed, strict=True)
        ],
        **({} if trace is None else {"trace": trace.tolist()}),
        "seconds": dict(state.seconds),
    }


def failure(run: Run, round_: int, error: str, trace: str) -> Record:
    """A run that stopped in a round, with the traceback."""
    return {
        "kind": "failure",
        **_described(run),
        "round": round_,
        "error": error,
        "traceback": trace,
    }


def _described(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "task": run.task,
        "learner": run.learner,
        "strategy": run.strategy,
        "seed": run.seed,
        "sources": [{"what": what, "version": v} for what, v in sorted(run.sources.items())],
    }
