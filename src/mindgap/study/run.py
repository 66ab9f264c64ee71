"""From a study to a results folder: claim it, do what is missing, seal it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from mindgap.registry import Registry
from mindgap.study.execute import Event, execute
from mindgap.study.plan import Plan, plan
from mindgap.study.results import Results
from mindgap.study.spec import Study
from mindgap.study.store import Store


def run(
    study: Study,
    registry: Registry,
    folder: Path,
    workers: int = 1,
    device: str = "cpu",
    started: Callable[[Plan, Iterable[str]], None] = lambda plan, warnings: None,
    tell: Callable[[Event], None] = lambda event: None,
) -> Results:
    """Do what the folder lacks of a study, and nothing twice.

    Args:
        folder: made if it isn't there.
        workers: processes; 0 for this one (see `execute`).
        started: called once with the plan and with what was found damaged in the folder.
        tell: called for every finished round and every failure.

    Raises:
        MindgapError: the folder belongs to another study, or a second process is at work in it.
    """
    store = Store(folder)
    with store.lock():
        store.claim(study.model_dump(mode="json"))
        damage = store.seal()
        before = store.read()
        todo = plan(study, registry, before.progress(), max(1, workers), device)
        started(todo, [*damage, *before.warnings])
        if todo.fleets:
            try:
                execute(todo, store, registry, before.histories(), tell, workers, device)
            finally:
                store.seal()
        return store.read()
