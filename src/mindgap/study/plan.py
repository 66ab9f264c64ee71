"""From a study to runs, and from the runs that are missing to fleets."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mindgap.registry import Registry
from mindgap.study.compute import CPU, Compute
from mindgap.study.frozen import taught
from mindgap.study.possible import Learned, Part, cannot, learnable, part, unmeasured
from mindgap.study.spec import Study

#: Raise it when the same run would give other results than before.
RESULT_FORMAT = 3

#: Rows a fleet: a wider one is no faster, and a crash would lose more.
FLEET_ROWS = 32


@dataclass(frozen=True)
class Run:
    """One (task, learner, strategy, seed) through its rounds; a record that describes itself.

    `id` changes with whatever changes the result: the three components with all their
    parameters and sources, the seed, the budget, the device class and precision. It doesn't
    with the number of rounds, other seeds, workers, or metrics asked for. `sources` has the version
    of everything in it that doesn't come with mindgap (see `Configured.sources`).
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
    validation: int = 0
    metrics: Sequence[str] = ()

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
        notes: what to know of the learners before it starts, a sentence each.
    """

    done: list[Run]
    missing: list[Run]
    impossible: list[tuple[Run, str]]
    fleets: list[list[Run]]
    rounds_left: int
    notes: list[str]


def plan(
    study: Study,
    registry: Registry,
    progress: Mapping[str, int],
    workers: int = 1,
    compute: Compute = CPU,
) -> Plan:
    """Compare a study with what the store has.

    Args:
        progress: finished rounds by run id.
        workers: how many processes will share the fleets.
        compute: what of it changes results is part of a run's id.
    """
    done: list[Run] = []
    missing: list[Run] = []
    impossible: list[tuple[Run, str]] = []
    groups: dict[Any, list[Run]] = defaultdict(list)
    tasks, strategies = (
        [part(configured) for configured in study.configured(kind, registry)]
        for kind in ("task", "strategy")
    )
    of_task = taught(study, registry)
    learners = {one.text: part(one) for one in study.configured("learner", registry)}
    for text in set(itertools.chain.from_iterable(of_task.values())) - set(learners):
        learners[text] = part(registry.configure("learner", text))
    learned: dict[Any, Learned] = {}
    pairs = [(task, learners[text]) for task in tasks for text in of_task[task.configured.text]]
    for task, learner in pairs:
        group = learner.configured.identity, shape_of(task)
        if task.cannot is None and group not in learned:
            learned[group] = learnable(task, learner, study.budget.validation)
        refused = task.cannot or learned[group].cannot
        reasons = [
            refused or cannot(task, learner, strategy, study.budget.validation)
            for strategy in strategies
        ]
        for seed in study.seed_list:
            for strategy, why in zip(strategies, reasons, strict=True):
                run = _run(study, task, learner, strategy, seed, compute)
                if progress.get(run.id, 0) > run.rounds:
                    done.append(run)
                elif why is not None:
                    impossible.append((run, why))
                else:
                    missing.append(run)
                    groups[group].append(run)
    left = sum(run.rounds + 1 - progress.get(run.id, 0) for run in missing)
    asking = [pair for pair in pairs if all(part.built is not None for part in pair)]
    notes = list(
        dict.fromkeys(
            [
                *(note for group in groups for note in learned[group].notes),
                *(note for pair in asking for note in unmeasured(*pair, study.metrics)),
            ]
        )
    )
    return Plan(done, missing, impossible, fleets_of(groups, workers), left, notes)


def _run(
    study: Study, task: Part, learner: Part, strategy: Part, seed: int, compute: Compute
) -> Run:
    budget = study.budget
    what = [
        RESULT_FORMAT,
        task.configured.identity,
        task.family,
        learner.configured.identity,
        strategy.configured.identity,
        seed,
        budget.initial,
        budget.query,
        *compute.identity,
        *([f"validation {budget.validation}"] if budget.validation else []),
    ]
    digest = hashlib.blake2b("\n".join(map(str, what)).encode(), digest_size=6).hexdigest()
    words = [*(part.configured.text for part in (task, learner, strategy)), f"s{seed}"]
    slug = "-".join(re.sub(r"[^A-Za-z0-9_]+", "_", word).strip("_")[:40] for word in words)
    return Run(
        id=f"{slug}-{digest}",
        task=task.configured.text,
        family=task.family,
        learner=learner.configured.text,
        strategy=strategy.configured.text,
        group=strategy.group,
        seed=seed,
        initial=budget.initial,
        query=budget.query,
        rounds=budget.rounds,
        sources={
            what: source.version
            for part in (task, learner, strategy)
            for what, source in part.configured.sources.items()
        },
        validation=budget.validation,
        metrics=tuple(study.metrics),
    )


def fleets_of(groups: Mapping[Any, Sequence[Run]], workers: int) -> list[list[Run]]:
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


def shape_of(task: Part) -> Any:
    """What tasks that train together have in common; a task without a shape stands alone."""
    if task.shape is None:
        return task.configured.identity
    return tuple(task.shape.modalities.items()), task.shape.n_classes
