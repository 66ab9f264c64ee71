"""Ask the components of a study what can be run; one that raises makes its runs impossible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mindgap.errors import MindgapError
from mindgap.registry import Configured
from mindgap.strategies import required
from mindgap.study.examine import lacking
from mindgap.study.guard import Failure, guarded
from mindgap.tasks import TaskShape


@dataclass(frozen=True)
class Part:
    """A component of a study, and what the plan must know of it.

    Attributes:
        built: the component; None if it can't be had.
        cannot: why nothing can be run with it, or None.
        family: of a task.
        shape: of a task.
        group: of a strategy.
        capabilities: of a learner or a task.
    """

    configured: Configured
    built: Any = None
    cannot: str | None = None
    family: str = ""
    shape: TaskShape | None = None
    group: str = ""
    capabilities: frozenset[str] = frozenset()


def _task(configured: Configured) -> Part:
    source = configured.build()
    shape = TaskShape(
        {name: tuple(map(int, size)) for name, size in source.shape.modalities.items()},
        int(source.shape.n_classes),
    )
    return Part(
        configured,
        source,
        family=_text(source.family, "family"),
        shape=shape,
        capabilities=frozenset(source.capabilities),
    )


def _learner(configured: Configured) -> Part:
    learner = configured.build()
    return Part(configured, learner, capabilities=frozenset(learner.capabilities))


def _strategy(configured: Configured) -> Part:
    strategy = configured.build()
    required(strategy)
    return Part(configured, strategy, group=_text(strategy.group, "group"))


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise MindgapError(f"its {what} must be a text, not {value!r}")
    return value


KINDS = {"task": _task, "learner": _learner, "strategy": _strategy}


def part(configured: Configured) -> Part:
    """Build a component and ask it what the plan must know."""
    name = f"{configured.kind} {configured.text}"
    found = guarded(name, KINDS[configured.kind], configured)
    if isinstance(found, Failure):
        return Part(configured, cannot=_where(found))
    if configured.kind != "task":
        return found
    why = guarded(name, found.built.unavailable)
    return replace(found, cannot=_where(why) if isinstance(why, Failure) else why)


@dataclass(frozen=True)
class Learned:
    """Why a learner can't learn tasks of a shape, or else what to know before it does."""

    cannot: str | None
    notes: Sequence[str] = ()


def learnable(task: Part, learner: Part, validation: int) -> Learned:
    """Try a learner on a task's shape; a module of one's own is trained a step for this.

    Args:
        validation: labels of the budget that are there to calibrate with.
    """
    if why := learner.cannot or _supports(learner, task.shape):
        return Learned(why)
    if learner.built.calibration != "none" and not validation:
        return Learned(
            f"{learner.configured.text}: a temperature is fitted on validation labels, and the "
            "budget has none: write budget.validation, for example 100"
        )
    name = learner.configured.text
    notes = guarded(f"learner {name}", lambda: list(learner.built.notes(task.shape)))
    if isinstance(notes, Failure):
        return Learned(_where(notes))
    return Learned(None, [f"{name}: {note}" for note in notes])


def cannot(task: Part, learner: Part, strategy: Part, validation: int) -> str | None:
    """Why a strategy can't choose for such a learner, or with such a budget, or None."""
    of_budget = {"validation"} if validation else set()
    capabilities = learner.capabilities | task.capabilities | of_budget
    return strategy.cannot or _supports(strategy, task.shape, capabilities)


def unmeasured(task: Part, learner: Part, metrics: Sequence[str]) -> list[str]:
    """Which of these metrics can't be measured of a learner on a task, a sentence each."""
    told = lacking(metrics, learner.capabilities | task.capabilities)
    name = f"{learner.configured.text} on {task.configured.text}"
    return [f"{name}: {sentence}" for sentence in told]


def _supports(one: Part, *what: Any) -> str | None:
    configured = one.configured
    why = guarded(f"{configured.kind} {configured.text}", one.built.supports, *what)
    if isinstance(why, Failure):
        return _where(why)
    return f"{configured.text}: {why}" if why else None


def _where(failure: Failure) -> str:
    return failure.error + failure.place
