"""A study's learners as `mindgap tune` chose them: per family, the same for all strategies."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindgap.errors import MindgapError
from mindgap.registry import Registry
from mindgap.study.mistakes import Mistake
from mindgap.study.tuned import Search, read

if TYPE_CHECKING:
    from mindgap.study.spec import Study


def taught(study: Study, registry: Registry) -> dict[str, list[str]]:
    """Task -> its learners: the study's own, or what the file under `tuned` says in their place.

    A task that can't be built keeps the study's own, with which it can't be run either.

    Raises:
        MindgapError: the file can't be read, or has no choice for a task and learner.
    """
    tasks, learners = (
        [one.text for one in study.configured(kind, registry)] for kind in ("task", "learner")
    )
    if study.tuned is None:
        return dict.fromkeys(tasks, learners)
    searches, path = _searches(study.tuned), study.tuned
    found = {}
    for task in tasks:
        family = _family(registry, task)
        chosen = [
            learner
            if family is None
            else _chosen(searches, path, task, family, learner, study.budget.total)
            for learner in learners
        ]
        found[task] = list(dict.fromkeys(chosen))
    return found


def of_tuned(
    path: Any, asked: Mapping[str, Sequence[Any]], registry: Registry, labels: int | None
) -> Iterator[Mistake]:
    """A file that can't be read, and every task and learner it has no choice for.

    Args:
        path: what the study has under `tuned`.
        asked: "tasks", "learners" -> what is listed; what is wrong with these is told elsewhere.
        labels: at the end; None where that can't be told.
    """
    if not isinstance(path, str):
        return
    try:
        searches = _searches(path)
    except MindgapError as error:
        yield ("tuned",), str(error)
        return
    for task in asked["tasks"]:
        family = _family(registry, task)
        for learner in asked["learners"]:
            try:
                text = registry.configure("learner", learner).text
            except (MindgapError, TypeError):
                continue
            if family is None or labels is None:
                continue
            try:
                chosen = _chosen(searches, path, task, family, text, labels)
                registry.configure("learner", chosen)
            except MindgapError as error:
                yield ("tuned",), str(error)


def _searches(path: str) -> list[Search]:
    if not Path(path).is_file():
        raise MindgapError(f"{path}: no such file; `mindgap tune TASK... --out FILE` writes one")
    return read(Path(path))


def _family(registry: Registry, task: Any) -> str | None:
    """None where the task can't be built, which the plan or a mistake of its own tells."""
    try:
        family = registry.configure("task", task).build().family
    except KeyboardInterrupt:
        raise
    except BaseException:  # a plug-in may raise anything
        return None
    return family if isinstance(family, str) else None


def _chosen(
    searches: Sequence[Search], path: str, task: str, family: str, learner: str, labels: int
) -> str:
    """The learner's text of the regime whose number of labels is nearest, as a ratio."""
    for one in searches:
        if (one.learner, one.family) == (learner, family):
            nearest = min(one.chosen, key=lambda n: abs(math.log(n / labels)))
            return one.chosen[nearest]
    raise MindgapError(
        f"{path} has no choice for the learner {learner} on {task} (family {family}): add it by "
        f"mindgap tune '{task}' --learner '{learner}' --out '{path}'"
    )
