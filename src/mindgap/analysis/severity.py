"""What grows with a pitfall: scenarios that differ in nothing but their severity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mindgap.analysis.asked import REFERENCE
from mindgap.analysis.bootstrap import Drawn, over_seeds
from mindgap.analysis.cells import Cell
from mindgap.analysis.comparison import areas
from mindgap.analysis.curves import Measured
from mindgap.analysis.paired import Difference, Mean, difference, mean
from mindgap.analysis.utilised import NEGLIGIBLE, ratios, utilised


@dataclass(frozen=True)
class Step:
    """One strategy at one severity, all on the same seeds; n = 0 where something can't be told.

    Attributes:
        aubc: normalised area under the budget curve.
        to_reference: that less random's, paired by seed; None for random and where there is none.
        drawn: bootstrap interval of its mean over seeds, for drawing only.
        imbalance: C1's effect, the log ratio of the utilisations of `SeverityCurve.pair`: 0 is
            balanced as the truth prescribes. Signed, so that chance averages to 0.
    """

    aubc: Mean
    to_reference: Difference | None
    drawn: Drawn
    imbalance: Mean


@dataclass(frozen=True)
class Growth:
    """What one strategy's numbers gain from the mildest severity to the most severe, by seed.

    Severities of one family share data and weights by seed, so the pairs are pairs indeed.

    Attributes:
        to_reference: of the AUBC difference to random; None for random.
        imbalance: of the log ratio.
    """

    to_reference: Difference | None
    imbalance: Difference


@dataclass(frozen=True)
class SeverityCurve:
    """One scenario and learner at two severities or more, all after the same labels.

    Attributes:
        scenario: as a study writes it, without the severity.
        pitfall: what grows.
        ladder: what a rung states.
        severities: ascending; 0 is the control, where all have the same and it was measured.
        tasks, rungs: of each severity; what it states is "control" at 0.
        labels: at the last round compared.
        pair: modalities that `Step.imbalance` compares, the one that random's models use more at
            the most severe first; of several pairs the one furthest apart there, so that a value
            above 0 is nothing new there, but is elsewhere. () where utilisation isn't known.
        steps: strategy -> one a severity; None where the strategy wasn't measured.
        growth: strategy -> from the first to the last severity, where it was measured at both.
    """

    scenario: str
    learner: str
    pitfall: str
    ladder: str
    severities: tuple[int, ...]
    tasks: tuple[str, ...]
    rungs: tuple[Any, ...]
    labels: int
    pair: tuple[str, ...]
    steps: Mapping[str, Sequence[Step | None]]
    growth: Mapping[str, Growth]


def severity_curves(measured: Measured, cells: Sequence[Cell]) -> list[SeverityCurve]:
    """Of every scenario that was measured at two severities or more; its control is one of them."""
    groups: dict[tuple[str, str, tuple[int, ...]], dict[int, Cell]] = defaultdict(dict)
    for cell in cells:
        severity = cell.card.get("severity")
        if severity is not None:
            groups[without_severity(cell.task), cell.learner, cell.labels][severity] = cell
    by_name = {(cell.task, cell.learner, cell.labels): cell for cell in cells}
    found = []
    for (scenario, learner, labels), members in groups.items():
        controls = {cell.card.get("control") for cell in members.values()}
        control = (
            by_name.get((controls.pop() or "", learner, labels)) if len(controls) == 1 else None
        )
        if control is not None:
            members[0] = control
        if len(members) > 1:
            found.append(_curve(measured, scenario, {s: members[s] for s in sorted(members)}))
    return found


def without_severity(task: str) -> str:
    """`diff_snr[noise=low, severity=4]` is `diff_snr[noise=low]`."""
    name, bracket, inside = task.partition("[")
    parts = inside.removesuffix("]").split(", ") if bracket else []
    kept = ", ".join(part for part in parts if not part.startswith("severity="))
    return f"{name}[{kept}]" if kept else name


def _curve(measured: Measured, scenario: str, members: Mapping[int, Cell]) -> SeverityCurve:
    cells = list(members.values())
    pair = _pair(measured, cells)
    worst = cells[-1]
    ladder = worst.card.get("ladder") or {}
    stated = ladder.get("rungs", ())
    values = {
        name: [
            _Values.of(measured, cell, name, pair) if name in cell.runs else None for cell in cells
        ]
        for name in dict.fromkeys(name for cell in cells for name in cell.runs)
    }
    return SeverityCurve(
        scenario,
        worst.learner,
        worst.card.get("pitfall") or "",
        ladder.get("what", ""),
        tuple(members),
        tuple(cell.task for cell in cells),
        tuple(stated[s - 1] if 0 < s <= len(stated) else "control" for s in members),
        worst.labels[-1],
        pair,
        {name: [v.step() if v else None for v in each] for name, each in values.items()},
        {
            name: _growth(first, last)
            for name, (first, *_, last) in values.items()
            if first is not None and last is not None
        },
    )


@dataclass(frozen=True)
class _Values:
    """Numbers of one strategy in one cell, by seed; `ahead` is None for random."""

    key: tuple[str, str, str]
    aubc: Mapping[int, float]
    ahead: Mapping[int, float] | None
    imbalance: Mapping[int, float]

    @staticmethod
    def of(measured: Measured, cell: Cell, strategy: str, pair: tuple[str, ...]) -> _Values:
        every = areas(measured, cell, strategy)
        seeds = cell.seeds(strategy)
        ahead = None
        if strategy != REFERENCE and cell.has_reference:
            theirs = areas(measured, cell, REFERENCE)
            ahead = {seed: every[seed] - theirs[seed] for seed in seeds}
        imbalance = {}
        for seed in seeds if pair else ():
            run = cell.runs[strategy][seed]
            used = [measured.curve("utilisation", m, run, cell.rounds)[-1] for m in pair]
            most, least = np.log(np.maximum(used, NEGLIGIBLE))
            imbalance[seed] = float(most - least)
        key = (cell.task, cell.learner, strategy)
        return _Values(key, {seed: every[seed] for seed in seeds}, ahead, imbalance)

    def step(self) -> Step:
        ahead = None if self.ahead is None else list(self.ahead.values())
        return Step(
            mean(list(self.aubc.values())),
            None if ahead is None else difference(ahead, np.zeros(len(ahead))),
            over_seeds(ahead or [], *self.key),
            mean(list(self.imbalance.values())),
        )


def _growth(first: _Values, last: _Values) -> Growth:
    return Growth(
        None if first.ahead is None or last.ahead is None else _paired(first.ahead, last.ahead),
        _paired(first.imbalance, last.imbalance),
    )


def _paired(first: Mapping[int, float], last: Mapping[int, float]) -> Difference:
    shared = sorted(first.keys() & last.keys())
    return difference([last[seed] for seed in shared], [first[seed] for seed in shared])


def _pair(measured: Measured, cells: Sequence[Cell]) -> tuple[str, ...]:
    """The modalities furthest apart, on average over random's models, at the most severe one that
    has utilisations of two."""
    for cell in reversed(cells):
        if not cell.card.get("truth") or not cell.has_reference:
            continue
        names = measured.subjects("utilisation", set(cell.runs[REFERENCE].values()))
        apart = ratios(utilised(measured, cell, None, REFERENCE))
        if apart:
            most, least = max(apart, key=lambda pair: float(np.mean(list(apart[pair].values()))))
            return names[most], names[least]
    return ()
