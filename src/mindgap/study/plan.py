"""From a study to runs, and from the runs that are missing to fleets."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mindgap.learners import Learner
from mindgap.registry import Configured, Registry
from mindgap.strategies import Strategy
from mindgap.study.spec import Study
from mindgap.tasks import TaskSource

#: Raise it when the same run would give other results than before.
RESULT_FORMAT = 1

#: Rows a fleet: a wider one is no faster, and a crash would lose more.
FLEET_ROWS = 32


@dataclass(frozen=True)
class Run:
    """One (task, learner, strategy, seed) through its rounds; a record that describes itself.

    `id` changes with whatever changes the result: the three components with all their
    parameters and sources, the seed, initial labels and query size, the device class. It doesn't
    with the number of rounds, other seeds or workers. `sources` has the version of everything in
    it that doesn't come with mindgap (see `Configured.sources`).
    """

    id: str
    task: str
    family: str
    learner: str
    strategy: str
    group: str
    seed: int
    initial: int
    query: int
    rounds: int
    sources: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """What a study asks for, sorted into what is done, what is missing and what can't be.

    Attributes:
        done: runs with all their rounds in the store.
        missing: runs to start or to continue.
        impossible: runs that can't be, with the reason.
        fleets: the missing runs in groups that train together.
        rounds_left: rounds that the missing runs lack, measurements at the start included.
    """

    done: list[Run]
    missing: list[Run]
    impossible: list[tuple[Run, str]]
    fleets: list[list[Run]]
    rounds_left: int


def plan(
    study: Study,
    registry: Registry,
    progress: Mapping[str, int],
    workers: int = 1,
    device: str = "cpu",
) -> Plan:
    """Compare a study with what the store has.

    Args:
        progress: finished rounds by run id.
        workers: how many processes will share the fleets.
        device: its class is part of a run's id.
    """
    done: list[Run] = []
    missing: list[Run] = []
    impossible: list[tuple[Run, str]] = []
    groups: dict[Any, list[Run]] = defaultdict(list)
    strategies = [(c, c.build()) for c in study.configured("strategy", registry)]
    for task in study.configured("task", registry):
        source: TaskSource = task.build()
        for learner in study.configured("learner", registry):
            built: Learner = learner.build()
            refused = source.unavailable()
            if refused is None and (why := built.supports(source.shape)):
                refused = f"{learner.text}: {why}"
            for seed in study.seed_list:
                for strategy, chooser in strategies:
                    run = _run(study, source.family, task, learner, strategy, chooser, seed, device)
                    cannot = refused
                    if cannot is None and (
                        why := chooser.supports(source.shape, built.capabilities)
                    ):
                        cannot = f"{strategy.text}: {why}"
                    if progress.get(run.id, 0) > run.rounds:
                        done.append(run)
                    elif cannot is not None:
                        impossible.append((run, cannot))
                    else:
                        missing.append(run)
                        groups[learner.identity, _hashable(source.shape)].append(run)
    left = sum(run.rounds + 1 - progress.get(run.id, 0) for run in missing)
    return Plan(done, missing, impossible, _fleets(groups, workers), left)


def _run(
    study: Study,
    family: str,
    task: Configured,
    learner: Configured,
    strategy: Configured,
    chooser: Strategy,
    seed: int,
    device: str,
) -> Run:
    budget = study.budget
    what = [
        RESULT_FORMAT,
        task.identity,
        family,
        learner.identity,
        strategy.identity,
        seed,
        budget.initial,
        budget.query,
        device.partition(":")[0],
    ]
    digest = hashlib.blake2b("\n".join(map(str, what)).encode(), digest_size=6).hexdigest()
    words = [task.text, learner.text, strategy.text, f"s{seed}"]
    slug = "-".join(re.sub(r"[^A-Za-z0-9_]+", "_", word).strip("_")[:40] for word in words)
    return Run(
        id=f"{slug}-{digest}",
        task=task.text,
        family=family,
        learner=learner.text,
        strategy=strategy.text,
        group=chooser.group,
        seed=seed,
        initial=budget.initial,
        query=budget.query,
        rounds=budget.rounds,
        sources={
            what: source.version
            for component in (task, learner, strategy)
            for what, source in component.sources.items()
        },
    )


def _fleets(groups: Mapping[Any, Sequence[Run]], workers: int) -> list[list[Run]]:
    """Cut each group between seeds, so that round 0 is trained once; the largest fleets first."""
    total = sum(len(runs) for runs in groups.values())
    most = min(FLEET_ROWS, max(1, -(-total // workers)))
    fleets: list[list[Run]] = []
    for runs in groups.values():
        bundles: dict[tuple[str, int], list[Run]] = defaultdict(list)
        for run in runs:
            bundles[run.task, run.seed].append(run)
        fleet: list[Run] = []
        for bundle in bundles.values():
            if fleet and len(fleet) + len(bundle) > most:
                fleets.append(fleet)
                fleet = []
            fleet = fleet + bundle
        fleets.append(fleet)
    return sorted(fleets, key=len, reverse=True)


def _hashable(shape: Any) -> tuple[Any, ...]:
    return tuple(shape.modalities.items()), shape.n_classes
