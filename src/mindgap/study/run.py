"""From a study to a results folder: claim it, do what is missing, seal it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

from mindgap.errors import InvalidStudy, MindgapError
from mindgap.registry import PLURALS, Registry
from mindgap.sources import Source
from mindgap.study.compute import CPU, Compute
from mindgap.study.documents import warnings
from mindgap.study.execute import Event, execute
from mindgap.study.frozen import taught
from mindgap.study.plan import Plan, plan
from mindgap.study.replay import lacking
from mindgap.study.results import Results
from mindgap.study.spec import Study, check
from mindgap.study.store import Store


def opened(study: Study, folder: Path, compute: Compute = CPU) -> Store:
    """The results folder, if it can take this study from this device; changes nothing.

    Raises:
        MindgapError: it belongs to another study, can't be written to, or there is no such device.
    """
    compute.check()
    store = Store(folder)
    store.check(study.model_dump(mode="json"))
    return store


def run(
    study: Study,
    registry: Registry,
    folder: Path,
    workers: int = 1,
    compute: Compute = CPU,
    started: Callable[[Plan, Iterable[str]], None] = lambda plan, warnings: None,
    tell: Callable[[Event], None] = lambda event: None,
) -> Results:
    """Do what the folder lacks of a study, and nothing twice.

    Args:
        folder: made if it isn't there.
        workers: processes; 0 for this one (see `execute`), the only one that knows components
            that were added in Python.
        started: called once with the plan and with what was found damaged in the folder.
        tell: called for every finished round and every failure.

    Raises:
        InvalidStudy: what the registry shows to be wrong with the study.
        MindgapError: as `opened`; a second process is at work in the folder; or worker processes
            are asked for where they can't import a component.
    """
    if mistakes := check(study, registry):
        told = (f"{'.'.join(map(str, place))}: {sentence}" for place, sentence in mistakes)
        raise InvalidStudy("\n".join(told))
    request = _request(study, registry, workers)
    store = opened(study, folder, compute)
    with store.lock():
        store.claim(request)
        damage = store.seal()
        before = store.read()
        todo = plan(study, registry, before.progress(), max(1, workers), compute)
        _mend_cards(todo, store, registry, before)
        started(todo, [*damage, *warnings(before), *_not_asked(before, study, folder)])
        if todo.fleets:
            try:
                execute(todo, store, registry, before.histories(), tell, workers, compute)
            finally:
                store.seal()
        return store.read()


def _request(study: Study, registry: Registry, workers: int) -> dict[str, Any]:
    """What the folder keeps: the study in the names that its runs bear, and what it was made with.

    Raises:
        MindgapError: workers are asked for that can't import a component.
    """
    request = study.model_dump(mode="json")
    sources: dict[str, Source] = {}
    for kind, plural in PLURALS.items():
        components = study.configured(kind, registry)
        request[plural] = [component.text for component in components]
        for component in components:
            sources |= component.sources
    if study.tuned is not None:
        request["taught"] = taught(study, registry)
        request["learners"] = list(dict.fromkeys(chain.from_iterable(request["taught"].values())))
    local = [what for what, source in sources.items() if source.in_python]
    if workers and local:
        raise MindgapError(
            f"{local[0]} was added in Python, where worker processes can't import it: use "
            "workers=0, or put it into a file and name that under plugins"
        )
    request["sources"] = {
        what: {"origin": source.origin, "version": source.version}
        for what, source in sources.items()
    }
    return request


def _not_asked(before: Results, study: Study, folder: Path) -> list[str]:
    """A sentence for each metric that finished rounds were not asked for."""
    counted = {
        name: sum(len(rounds) for rounds in lacking(before, [name]).values())
        for name in study.metrics
    }
    return [
        f"{n} rounds were finished before {name} was asked for: `mindgap replay {folder} --metric "
        f"{name}` measures it there, too"
        for name, n in counted.items()
        if n
    ]


def _mend_cards(todo: Plan, store: Store, registry: Registry, before: Results) -> None:
    """Write the cards that are lost and that no run to come would write."""
    tasks = {run.task for run in todo.done} - {run.task for run in todo.missing}
    for task in sorted(tasks - set(before.cards)):
        card = registry.configure("task", task).build().card()
        store.write_card(task, {**card, "task": task})
