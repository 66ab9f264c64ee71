"""One worker process: reads a job from stdin, trains its fleet, tells of every finished round.

Started by `mindgap.study.execute`; ends by itself when the process that started it is gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, TextIO


def main(stdin: TextIO, stdout: TextIO) -> None:
    """Do the job on the first line of `stdin`; write a line of JSON to `stdout` for each event."""
    job: dict[str, Any] = json.loads(stdin.readline())
    threading.Thread(target=_end_with, args=(stdin,), daemon=True).start()

    import torch

    from mindgap.registry import Registry
    from mindgap.study.compute import Compute
    from mindgap.study.finished import Finished
    from mindgap.study.journal import Record
    from mindgap.study.loop import run_fleet
    from mindgap.study.plan import Run
    from mindgap.study.replay import Recorded
    from mindgap.study.retrain import replay_fleet
    from mindgap.study.store import Store

    torch.set_num_threads(1)
    store = Store(Path(job["folder"]))
    with store.journal(job["attempt"]) as journal:

        def write(record: Record) -> None:
            if job["recorded"] is None or record["kind"] != "failure":
                journal.append(record)
            told = {"kind": record["kind"], "run": record["run"], "round": record["round"]}
            if record["kind"] == "failure":
                told["error"] = record["error"]
            print(json.dumps(told), file=stdout, flush=True)

        compute = Compute(**job["compute"])
        runs, registry = [Run(**run) for run in job["runs"]], Registry(job["plugins"])
        history = {
            run: [Finished(*past) for past in rounds] for run, rounds in job["history"].items()
        }
        if job["recorded"] is None:
            run_fleet(runs, registry, history, write, store.write_card, compute)
        else:
            recorded = {
                run: [Recorded.of(past) for past in rounds]
                for run, rounds in job["recorded"].items()
            }
            replay_fleet(runs, registry, history, recorded, write, compute)


def _end_with(parent: TextIO) -> None:
    """Wait until the other end of the pipe closes, then end at once: the journal is safe."""
    parent.read()
    os._exit(1)


if __name__ == "__main__":
    # Ctrl-C is for the process that started this one; it ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Plug-ins may print; only events belong on the pipe.
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    main(sys.stdin, events)
