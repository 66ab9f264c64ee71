"""What can be compared: the runs of one task and learner, and what is missing from them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mindgap.analysis.asked import REFERENCE, Asked, Gap, never_measured, ordered
from mindgap.analysis.curves import Measured, Run
from mindgap.study.results import Results


@dataclass(frozen=True)
class Cell:
    """Runs of one task and learner that have the same rounds and labels.

    Attributes:
        card: of the task; empty if the folder has none.
        labels: labelled samples at each of the rounds compared.
        runs: strategy -> seed -> run id, the reference first.
    """

    task: str
    learner: str
    family: str
    card: Mapping[str, Any]
    labels: tuple[int, ...]
    runs: Mapping[str, Mapping[int, str]]

    @property
    def rounds(self) -> int:
        """How many measurements each run is compared over."""
        return len(self.labels)

    @property
    def has_reference(self) -> bool:
        """Whether there is anything to compare with."""
        return REFERENCE in self.runs

    def seeds(self, strategy: str) -> list[int]:
        """Seeds of a strategy's numbers: those it shares with the reference, where there is one."""
        own = self.runs[strategy].keys()
        return sorted(own & self.runs[REFERENCE].keys() if self.has_reference else own)

    def of(self, strategy: str) -> list[str]:
        """Run ids of a strategy's numbers, by seed."""
        return [self.runs[strategy][seed] for seed in self.seeds(strategy)]


def cells(results: Results, measured: Measured) -> tuple[list[Cell], list[Gap]]:
    """Every task and learner with a finished round, in the study's order, and every gap."""
    asked = Asked.of(results.study)
    by_cell: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in measured.runs:
        by_cell[run.task, run.learner].append(run)
    tasks = ordered((task for task, _ in by_cell), asked.tasks)
    learners = ordered((learner for _, learner in by_cell), asked.learners)
    found: list[Cell] = []
    gaps = list(never_measured(asked, measured.runs))
    for key in ((task, learner) for task in tasks for learner in learners):
        if key in by_cell:
            cell, lacking = _cell(by_cell[key], asked, results.cards.get(key[0], {}))
            found.append(cell)
            gaps += lacking
    return found, gaps


def _cell(runs: Sequence[Run], asked: Asked, card: Mapping[str, Any]) -> tuple[Cell, list[Gap]]:
    """Sort the runs of one task and learner into comparable ones and gaps."""
    labels = _common_labels(runs)
    comparable: dict[str, dict[int, str]] = defaultdict(dict)
    why: dict[tuple[str, str], set[int]] = defaultdict(set)
    twins = Counter((run.strategy, run.seed) for run in runs)
    for run in runs:
        done = f"{len(run.labels)} of {max(asked.rounds, len(labels))} rounds"
        if twins[run.strategy, run.seed] > 1:
            reason = "several runs of this name (the device changed): none is compared"
        elif len(run.labels) < len(labels):
            reason = f"{done}: not compared"
        elif run.labels[: len(labels)] != labels:
            reason = "labelled in other steps than most runs: not compared"
        else:
            comparable[run.strategy][run.seed] = run.id
            reason = f"{done}: compared over {len(labels)}"
            if len(run.labels) >= asked.rounds:
                continue
        why[run.strategy, reason].add(run.seed)
    strategies = ordered((run.strategy for run in runs), asked.strategies)
    for name in strategies:
        absent = asked.seeds - {run.seed for run in runs if run.strategy == name}
        if absent:
            why[name, "no finished round"] |= absent
    kept = {name: comparable[name] for name in strategies if name in comparable}
    cell = Cell(runs[0].task, runs[0].learner, runs[0].family, card, labels, kept)
    for name in kept:
        if not cell.seeds(name):
            why[name, f"no seed in common with {REFERENCE}: not compared"] |= kept[name].keys()
    gaps = [
        Gap(cell.task, cell.learner, name, tuple(sorted(seeds)), reason)
        for (name, reason), seeds in sorted(why.items(), key=lambda w: strategies.index(w[0][0]))
    ]
    return cell, gaps


def _common_labels(runs: Sequence[Run]) -> tuple[int, ...]:
    """Labels at the rounds that at least half of the runs have finished.

    So a failed run doesn't shorten the others, and a study that was interrupted is compared as
    far as most of it got.
    """
    lengths = sorted((len(run.labels) for run in runs), reverse=True)
    rounds = lengths[(len(lengths) - 1) // 2]
    steps = Counter(run.labels[:rounds] for run in runs if len(run.labels) >= rounds)
    return steps.most_common(1)[0][0]
