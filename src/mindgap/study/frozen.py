"""A study's learners as `mindgap tune` chose them: per family, the same for all strategies."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
    found: dict[str, list[str]] = {}
    for task, text in _choices(study, registry):
        if isinstance(text, MindgapError):
            raise text
        own = found.setdefault(task, [])
        if text not in own:
            own.append(text)
    return found


def of_tuned(study: Study, registry: Registry) -> Iterator[Mistake]:
    """A file that can't be read, and every task and learner that it has no choice for."""
    try:
        for _, text in _choices(study, registry):
            if isinstance(text, MindgapError):
                yield ("tuned",), str(text)
    except MindgapError as error:
        yield ("tuned",), str(error)


def _choices(study: Study, registry: Registry) -> Iterator[tuple[str, str | MindgapError]]:
    """Each task with the text of each learner, or why there is none."""
    tasks, learners = (
        [one.text for one in study.configured(kind, registry)] for kind in ("task", "learner")
    )
    trained = study.budget.total - study.budget.validation
    searches = None if study.tuned is None else _searches(study.tuned)
    for task in tasks:
        family = None if searches is None else _family(registry, task)
        for learner in learners:
            if searches is None or family is None:
                yield task, learner
                continue
            try:
                chosen = _chosen(searches, family, learner, trained)
                yield task, registry.configure("learner", chosen).text
            except MindgapError as why:
                yield (
                    task,
                    MindgapError(
                        f"{study.tuned} has nothing for the learner {learner} on {task} (family "
                        f"{family}): {why}; add it by mindgap tune {shlex.quote(task)} --learner "
                        f"{shlex.quote(learner)} --out {study.tuned}"
                    ),
                )


def _searches(path: str) -> list[Search]:
    if not Path(path).is_file():
        raise MindgapError(f"{path}: no such file; `mindgap tune TASK... --out FILE` writes one")
    return read(Path(path))


def _family(registry: Registry, task: str) -> str | None:
    """None where the task can't be built, which the plan or a mistake of its own tells."""
    try:
        family = registry.configure("task", task).build().family
    except KeyboardInterrupt:
        raise
    except BaseException:  # a plug-in may raise anything
        return None
    return family if isinstance(family, str) else None


def _chosen(searches: Sequence[Search], family: str, learner: str, labels: int) -> str:
    """The learner's text of the regime whose number of labels is nearest, as a ratio."""
    for one in searches:
        if (one.learner, one.family) == (learner, family):
            nearest = min(one.chosen, key=lambda n: abs(math.log(n / labels)))
            return one.chosen[nearest]
    raise MindgapError("it was not tuned")
