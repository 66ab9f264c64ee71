"""Run what is missing: fleets in single-thread worker processes, or in this one."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from mindgap.registry import Registry
from mindgap.study.plan import Plan, Run
from mindgap.study.records import failure
from mindgap.study.store import Store

#: One thread a process, and products whose bits don't depend on how many runs share them.
WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_CBWR": "AUTO,STRICT",
}


@dataclass(frozen=True)
class Event:
    """A finished round or a failure of one run."""

    kind: str
    run: str
    round: int
    error: str = ""


def execute(
    plan: Plan,
    store: Store,
    registry: Registry,
    history: Mapping[str, Sequence[Sequence[str]]],
    tell: Callable[[Event], None],
    workers: int = 1,
    device: str = "cpu",
) -> None:
    """Run the plan's fleets, at most `workers` at a time, each in a process of its own.

    Args:
        history: run id -> ids selected in each finished round.
        tell: called for every finished round and every failure, in this thread.
        workers: 0 runs them one after the other in this process, where components that were
            added to the registry in Python are known; its bits keep their promise only if
            `MKL_CBWR=AUTO,STRICT` was set before torch was loaded.
    """
    if workers == 0:
        _here(plan, store, registry, history, tell, device)
        return
    waiting = list(plan.fleets)
    events: queue.Queue[Event | _Ended] = queue.Queue()
    running: dict[int, subprocess.Popen[str]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                fleet = waiting.pop(0)
                process = _start(fleet, store, registry, history, device)
                running[process.pid] = process
                first = {run.id: len(history.get(run.id, ())) for run in fleet}
                listener = (process, fleet, first, events)
                threading.Thread(target=_listen, args=listener, daemon=True).start()
            event = events.get()
            if isinstance(event, Event):
                tell(event)
                continue
            running.pop(event.pid)
            if event.code != 0:
                _record_crash(event, store, tell)
    finally:
        for process in running.values():
            process.kill()


@dataclass(frozen=True)
class _Ended:
    """A worker that is gone, with what it left undone: each run with the round it was in."""

    pid: int
    code: int
    unfinished: tuple[tuple[Run, int], ...]
    stderr: str


def _record_crash(ended: _Ended, store: Store, tell: Callable[[Event], None]) -> None:
    """What a worker left undone when it died has failed; it couldn't write that down itself."""
    last = (ended.stderr.strip() or "it said nothing").splitlines()[-1]
    error = f"the worker process ended with code {ended.code}: {last}"
    with store.journal(f"crash-{uuid.uuid4().hex[:12]}") as journal:
        for run, round_ in ended.unfinished:
            journal.append(failure(run, round_, error, ended.stderr))
            tell(Event("failure", run.id, round_, error))


def _start(
    fleet: Sequence[Run],
    store: Store,
    registry: Registry,
    history: Mapping[str, Sequence[Sequence[str]]],
    device: str,
) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "mindgap.study.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **WORKER_ENVIRONMENT},
    )
    job = {
        "folder": str(store.folder),
        "attempt": _attempt(fleet),
        "plugins": registry.plugins,
        "runs": [run.as_dict() for run in fleet],
        "history": {run.id: history.get(run.id, []) for run in fleet},
        "device": device,
    }
    assert process.stdin is not None  # noqa: S101  # it is a pipe
    process.stdin.write(json.dumps(job) + "\n")
    process.stdin.flush()  # and left open: the worker ends when it closes
    return process


def _listen(
    process: subprocess.Popen[str],
    fleet: Sequence[Run],
    first: Mapping[str, int],
    events: queue.Queue[Event | _Ended],
) -> None:
    assert process.stdout is not None and process.stderr is not None  # noqa: S101, PT018
    errors: list[str] = []
    reader = threading.Thread(target=_keep_tail, args=(process.stderr, errors), daemon=True)
    reader.start()
    unfinished = {run.id: (run, first[run.id]) for run in fleet}
    for line in process.stdout:
        event = Event(**json.loads(line))
        events.put(event)
        run, _ = unfinished.pop(event.run)
        if event.kind != "failure" and event.round < run.rounds:
            unfinished[run.id] = run, event.round + 1
    code = process.wait()
    reader.join()
    events.put(_Ended(process.pid, code, tuple(unfinished.values()), "".join(errors)))


def _keep_tail(stream: IO[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line)
        del lines[:-50]


def _here(
    plan: Plan,
    store: Store,
    registry: Registry,
    history: Mapping[str, Sequence[Sequence[str]]],
    tell: Callable[[Event], None],
    device: str,
) -> None:
    from mindgap.study.loop import run_fleet

    for fleet in plan.fleets:
        with store.journal(_attempt(fleet)) as journal:

            def write(record: dict[str, Any]) -> None:
                journal.append(record)
                error = record.get("error", "")
                tell(Event(record["kind"], record["run"], record["round"], error))

            run_fleet(fleet, registry, history, write, store.write_card, device)


def _attempt(fleet: Sequence[Run]) -> str:
    return f"{fleet[0].id[:60]}-{uuid.uuid4().hex[:12]}"
