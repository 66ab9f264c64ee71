"""What a study asks for, and what of it was never measured or isn't compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mindgap.analysis.curves import Run
from mindgap.study.versions import Earlier

#: Every strategy is compared with this one.
REFERENCE = "random"


@dataclass(frozen=True)
class Gap:
    """Something the study asks for that isn't there, or isn't compared; "" and () mean any."""

    task: str
    learner: str
    strategy: str
    seeds: tuple[int, ...]
    why: str


@dataclass(frozen=True)
class Asked:
    """The study as last asked for; all empty where the folder has none.

    Attributes:
        taught: task -> its learners, where not all have the same.
    """

    tasks: Sequence[str]
    learners: Sequence[str]
    strategies: Sequence[str]
    seeds: frozenset[int]
    rounds: int
    taught: Mapping[str, Sequence[str]]

    @staticmethod
    def of(study: Mapping[str, Any]) -> Asked:
        """Read a study as the store keeps it, in the names that its runs bear."""
        seeds = study.get("seeds", ())
        return Asked(
            study.get("tasks", ()),
            study.get("learners", ()),
            study.get("strategies", ()),
            frozenset(range(seeds) if isinstance(seeds, int) else seeds),
            study["budget"]["rounds"] + 1 if "budget" in study else 0,
            study.get("taught", {}),
        )


def ordered(names: Iterable[str], asked: Sequence[str]) -> list[str]:
    """The reference, then the rest as the study lists them, then what it doesn't list, by name."""
    place = {name: i for i, name in enumerate(asked)}
    return sorted(set(names), key=lambda n: (n != REFERENCE, place.get(n, len(place)), n))


def never_measured(asked: Asked, runs: Sequence[Run]) -> Iterator[Gap]:
    """What the study asks for without any finished round, as coarsely as it can be said."""
    nothing = "nothing measured: failed, not possible (see `mindgap plan`), or still to come"
    held = {(run.task, run.learner, run.strategy) for run in runs}
    tasks, learners, strategies = (
        [name for name in names if name in {key[i] for key in held}]
        for i, names in enumerate((asked.tasks, asked.learners, asked.strategies))
    )
    for name in asked.tasks:
        if name not in tasks:
            yield Gap(name, "", "", (), nothing)
    for name in asked.learners:
        if name not in learners:
            yield Gap("", name, "", (), nothing)
    for name in asked.strategies:
        if name not in strategies:
            yield Gap("", "", name, (), nothing)
    for task in tasks:
        for learner in learners:
            if learner not in asked.taught.get(task, learners):
                continue
            absent = [name for name in strategies if (task, learner, name) not in held]
            if len(absent) == len(strategies):
                yield Gap(task, learner, "", (), nothing)
                continue
            for name in absent:
                yield Gap(task, learner, name, (), nothing)


def outdated(earlier: Earlier) -> Gap:
    """Runs that are not compared because something in them has changed since."""
    n, seeds = len(earlier.seeds), tuple(dict.fromkeys(earlier.seeds))
    which = " and ".join(earlier.origins)
    why = f"{n} run{'' if n == 1 else 's'} of an earlier version of {which}: not compared"
    return Gap(earlier.task, earlier.learner, earlier.strategy, seeds, why)
