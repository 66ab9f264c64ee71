"""Run what is missing: fleets in single-thread worker processes, or in this one."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from mindgap.registry import Registry
from mindgap.study.compute import CPU, Compute
from mindgap.study.finished import Finished
from mindgap.study.plan import Plan, Run
from mindgap.study.records import failure
from mindgap.study.replay import Recorded
from mindgap.study.store import Store

#: One thread a process, and products whose bits don't depend on how many runs share them. glibc is
#: to keep what a step has freed: to get megabytes from the system again takes long in every step.
WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_CBWR": "AUTO,STRICT",
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}


@dataclass(frozen=True)
class Event:
    """A finished round ("round"), one measured later ("measured") or a "failure" of one run."""

    kind: str
    run: str
    round: int
    error: str = ""


def execute(
    plan: Plan,
    store: Store,
    registry: Registry,
    history: Mapping[str, Sequence[Finished]],
    tell: Callable[[Event], None],
    workers: int = 1,
    compute: Compute = CPU,
    recorded: Mapping[str, Sequence[Recorded]] | None = None,
) -> None:
    """Run the plan's fleets, at most `workers` at a time, each in a process of its own.

    Args:
        history: run id -> its finished rounds.
        tell: called for every finished round and every failure, in this thread.
        workers: 0 runs them one after the other in this process, where components that were
            added to the registry in Python are known; its bits keep their promise only if
            `MKL_CBWR=AUTO,STRICT` was set before torch was loaded.
        recorded: run id -> all its finished rounds, to replay them instead.
    """
    if workers == 0:
        _here(plan, store, registry, history, tell, compute, recorded)
        return
    waiting = [_Job(fleet, history, recorded) for fleet in plan.fleets]
    events: queue.Queue[Event | _Ended] = queue.Queue()
    running: dict[int, subprocess.Popen[str]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                job = waiting.pop(0)
                process = _start(job, store, registry, compute)
                running[process.pid] = process
                listener = (process, job, events)
                threading.Thread(target=_listen, args=listener, daemon=True).start()
            event = events.get()
            if isinstance(event, Event):
                tell(event)
                continue
            running.pop(event.pid)
            waiting += _after(event, store, tell)
    finally:
        for process in running.values():
            process.kill()


@dataclass(frozen=True)
class _Job:
    """A fleet for one worker.

    Attributes:
        history: run id -> its finished rounds.
        recorded: likewise, where they are replayed.
    """

    fleet: Sequence[Run]
    history: Mapping[str, Sequence[Finished]]
    recorded: Mapping[str, Sequence[Recorded]] | None = None


@dataclass(frozen=True)
class _Ended:
    """A worker that is gone, with the runs that it told no end of."""

    pid: int
    code: int
    unfinished: Sequence[Run]
    stderr: str
    replayed: bool


def _after(ended: _Ended, store: Store, tell: Callable[[Event], None]) -> list[_Job]:
    """What to do about runs that a worker left undone when it died.

    They are run again without each other, first a strategy at a time, then a task at a time, so
    that only those fail with which a worker dies whatever else it does.
    """
    if not ended.unfinished:
        return []
    if ended.replayed:
        for run in ended.unfinished:
            tell(Event("failure", run.id, run.rounds, _ending(ended)))
        return []
    history = store.read().histories()
    undone = [run for run in ended.unfinished if len(history.get(run.id, ())) <= run.rounds]
    for part in ("strategy", "task"):
        groups: dict[str, list[Run]] = defaultdict(list)
        for run in undone:
            groups[getattr(run, part)].append(run)
        if len(groups) > 1:
            return [_Job(fleet, history) for fleet in groups.values()]
    if undone:
        _record_crash(ended, undone, history, store, tell)
    return []


def _record_crash(
    ended: _Ended,
    undone: Sequence[Run],
    history: Mapping[str, Sequence[Finished]],
    store: Store,
    tell: Callable[[Event], None],
) -> None:
    """Runs of one strategy and task have failed; their worker couldn't write that down itself."""
    with store.journal(f"crash-{uuid.uuid4().hex[:12]}") as journal:
        for run in undone:
            error = (
                f"strategy {run.strategy} on task {run.task} with learner {run.learner}: "
                f"{_ending(ended)}"
            )
            round_ = len(history.get(run.id, ()))
            journal.append(failure(run, round_, error, ended.stderr))
            tell(Event("failure", run.id, round_, error))


def _ending(ended: _Ended) -> str:
    last = (ended.stderr.strip() or "it said nothing").splitlines()[-1]
    return f"the worker process ended with code {ended.code}: {last}"


def _start(job: _Job, store: Store, registry: Registry, compute: Compute) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "mindgap.study.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",  # a plug-in may print anything
        env={**os.environ, **WORKER_ENVIRONMENT},
    )
    told = {
        "folder": str(store.folder),
        "attempt": _attempt(job.fleet),
        "plugins": registry.plugins,
        "runs": [run.as_dict() for run in job.fleet],
        "history": {run.id: job.history.get(run.id, []) for run in job.fleet},
        "compute": compute.as_dict(),
        "recorded": job.recorded and {run.id: job.recorded[run.id] for run in job.fleet},
    }
    assert process.stdin is not None  # noqa: S101  # it is a pipe
    with contextlib.suppress(BrokenPipeError):  # it died already; its listener will say so
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()  # and left open: the worker ends when it closes
    return process


def _listen(process: subprocess.Popen[str], job: _Job, events: queue.Queue[Event | _Ended]) -> None:
    assert process.stdout is not None and process.stderr is not None  # noqa: S101, PT018
    errors: list[str] = []
    reader = threading.Thread(target=_keep_tail, args=(process.stderr, errors), daemon=True)
    reader.start()
    unfinished = {run.id: run for run in job.fleet}
    for line in process.stdout:
        try:
            event = Event(**json.loads(line))
            run = unfinished[event.run]
        except (ValueError, TypeError, KeyError):  # cut off by the worker's death
            continue
        events.put(event)
        if event.kind == "failure" or event.round >= run.rounds:
            del unfinished[event.run]
    code = process.wait()
    reader.join(timeout=10)  # a process that a plug-in started may hold the pipe
    events.put(
        _Ended(
            process.pid, code, tuple(unfinished.values()), "".join(errors), job.recorded is not None
        )
    )


def _keep_tail(stream: IO[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line)
        del lines[:-50]


def _here(
    plan: Plan,
    store: Store,
    registry: Registry,
    history: Mapping[str, Sequence[Finished]],
    tell: Callable[[Event], None],
    compute: Compute,
    recorded: Mapping[str, Sequence[Recorded]] | None,
) -> None:
    from mindgap.study.loop import run_fleet
    from mindgap.study.retrain import replay_fleet

    for fleet in plan.fleets:
        with store.journal(_attempt(fleet)) as journal:

            def write(record: dict[str, Any]) -> None:
                if recorded is None or record["kind"] != "failure":
                    journal.append(record)
                error = record.get("error", "")
                tell(Event(record["kind"], record["run"], record["round"], error))

            if recorded is None:
                run_fleet(fleet, registry, history, write, store.write_card, compute)
            else:
                replay_fleet(fleet, registry, history, recorded, write, compute)


def _attempt(fleet: Sequence[Run]) -> str:
    return f"{fleet[0].id[:60]}-{uuid.uuid4().hex[:12]}"
