"""From a study to a results folder: claim it, do what is missing, seal it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import torch

from mindgap.errors import MindgapError
from mindgap.registry import Registry
from mindgap.study.documents import warnings
from mindgap.study.execute import Event, execute
from mindgap.study.plan import Plan, plan
from mindgap.study.results import Results
from mindgap.study.spec import Study
from mindgap.study.store import Store


def opened(study: Study, folder: Path, device: str = "cpu") -> Store:
    """The results folder, if it can take this study from this device; changes nothing.

    Raises:
        MindgapError: it belongs to another study, can't be written to, or there is no such device.
    """
    kind, colon, number = device.partition(":")
    if kind not in ("cpu", "cuda") or (colon and not number.isdecimal()):
        raise MindgapError(f"unknown device {device!r}: choose cpu or cuda")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise MindgapError(f"there is no device {device!r} on this machine; leave --device out")
    store = Store(folder)
    store.check(study.model_dump(mode="json"))
    return store


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
        MindgapError: as `opened`, or a second process is at work in the folder.
    """
    store = opened(study, folder, device)
    with store.lock():
        store.claim(study.model_dump(mode="json"))
        damage = store.seal()
        before = store.read()
        todo = plan(study, registry, before.progress(), max(1, workers), device)
        _mend_cards(todo, store, registry, before)
        started(todo, [*damage, *warnings(before)])
        if todo.fleets:
            try:
                execute(todo, store, registry, before.histories(), tell, workers, device)
            finally:
                store.seal()
        return store.read()


def _mend_cards(todo: Plan, store: Store, registry: Registry, before: Results) -> None:
    """Write the cards that are lost and that no run to come would write."""
    tasks = {run.task for run in todo.done} - {run.task for run in todo.missing}
    for task in sorted(tasks - set(before.cards)):
        card = registry.configure("task", task).build().card()
        store.write_card(task, {**card, "task": task})
