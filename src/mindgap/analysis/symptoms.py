"""Expected symptoms: what a scenario's card says will go wrong, held against its control."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from mindgap.analysis.asked import REFERENCE
from mindgap.analysis.cells import Cell
from mindgap.analysis.comparison import ALPHA
from mindgap.analysis.curves import Measured, Values, aubc
from mindgap.analysis.paired import Difference, Mean, difference, holm, mean

#: Fewer pairs don't decide anything.
FEWEST = 3

CONFIRMED, OPPOSITE, NOT_SEEN, UNDECIDED = VERDICTS = (
    "confirmed",
    "opposite",
    "not seen",
    "undecided",
)

UNKNOWN = Mean(np.nan, np.nan, np.nan, 0)
UNTESTED = Difference(np.nan, np.nan, np.nan, np.nan, 0)


@dataclass(frozen=True)
class Outcome:
    """A symptom of one scenario and learner, measured.

    Attributes:
        symptom: as on the card: sentence, metric, subject, control_subject, strategy, minus, at,
            direction and smallest (the smallest difference worth naming).
        labels: first and last number of labels that it rests on.
        here, control: the mean in the scenario and in its control, on the same seeds.
        to_control: the paired difference of the two.
        p_holm: its p, adjusted for all symptoms of the study; NaN where there is none.
        verdict: one of VERDICTS.
        why: why it is undecided, "" where it isn't.
        shows: the longest stretch of label counts, first and last, at each of which the
            difference has the expected sign and an interval (not adjusted) without 0.
    """

    task: str
    learner: str
    control_name: str
    symptom: Mapping[str, Any]
    labels: tuple[int, int]
    here: Mean = UNKNOWN
    control: Mean = UNKNOWN
    to_control: Difference = UNTESTED
    p_holm: float = np.nan
    verdict: str = UNDECIDED
    why: str = ""
    shows: tuple[int, int] | None = None


class Twins(NamedTuple):
    """A scenario, and its control where the same learner was measured on it."""

    cell: Cell
    control: Cell | None


def symptoms(measured: Measured, twins: Iterable[Twins]) -> list[Outcome]:
    """The outcome of every symptom on a card, in the order given."""
    found = [_measured(measured, *pair) for pair in twins if pair.cell.card.get("symptom")]
    adjusted = holm([outcome.to_control.p for outcome in found])
    return [_judged(outcome, p) for outcome, p in zip(found, adjusted, strict=True)]


def verdict(to_control: Difference, p_holm: float, sign: int, smallest: float) -> tuple[str, str]:
    """Judge a paired difference, and say why where it can't be judged.

    Taken in the expected direction and with its two-sided 95 % t interval [low, high]:

    - confirmed: low >= smallest, so even its least is worth naming, and Holm's p < 0.05;
    - opposite: high <= -smallest and Holm's p < 0.05;
    - not seen: high < smallest, so what is expected is either absent or not worth naming;
    - undecided: everything else, where the interval holds both; and without an interval, or on
      fewer than three pairs.

    Args:
        sign: 1 if more is expected than in the control, -1 if less.
        smallest: the smallest difference worth naming, above 0.
    """
    if to_control.n < FEWEST:
        return UNDECIDED, f"{to_control.n} seeds in common, at least {FEWEST} are needed"
    low, high = sorted((sign * to_control.low, sign * to_control.high))
    if not math.isfinite(low):
        return UNDECIDED, "the difference is the same for every seed, which leaves no interval"
    beyond = CONFIRMED if low >= smallest else OPPOSITE if high <= -smallest else ""
    if beyond and p_holm < ALPHA:
        return beyond, ""
    if beyond:
        return UNDECIDED, "not significant after Holm's correction"
    if high < smallest:
        return NOT_SEEN, ""
    return UNDECIDED, f"an effect above and one below {smallest:g} are both in the interval"


def _measured(measured: Measured, cell: Cell, control: Cell | None) -> Outcome:
    symptom, name = cell.card["symptom"], str(cell.card.get("control") or "")
    unmeasured = Outcome(cell.task, cell.learner, name, symptom, _range(cell, symptom))
    if control is None:
        return replace(unmeasured, why=f"its control {name} was not measured with the same learner")
    if why := _not_comparable(cell, control, symptom):
        return replace(unmeasured, why=why)
    strategies = _strategies(symptom)
    seeds = sorted(set.intersection(*(set(c.runs[s]) for s in strategies for c in (cell, control))))
    here = _curves(measured, cell, symptom, symptom["subject"], seeds)
    there = _curves(measured, control, symptom, symptom["control_subject"], seeds)
    pairs = np.array(
        [[_at(symptom["at"], cell.labels, curve) for curve in curves] for curves in (here, there)]
    )
    for task, values in zip((cell.task, name), pairs, strict=True):
        if seeds and not np.isfinite(values).any():
            return replace(unmeasured, why=f"{symptom['metric']} was not measured on {task}")
    pairs = pairs[:, np.isfinite(pairs).all(axis=0)]
    return replace(
        unmeasured,
        here=mean(pairs[0]),
        control=mean(pairs[1]),
        to_control=difference(*pairs),
        shows=_shows(cell.labels, here, there, _sign(symptom)),
    )


def _not_comparable(cell: Cell, control: Cell, symptom: Mapping[str, Any]) -> str:
    """Why a scenario can't be held against this control, "" if it can."""
    if control.family != cell.family:
        return f"its control {control.task} is of another family, so seeds don't pair"
    if control.labels != cell.labels:
        return f"its control {control.task} was measured at other numbers of labels"
    if isinstance(symptom["at"], int) and symptom["at"] not in cell.labels:
        return f"nothing was measured after {symptom['at']} labels"
    for strategy in _strategies(symptom):
        for name, runs in ((cell.task, cell.runs), (control.task, control.runs)):
            if strategy not in runs:
                return f"{strategy} was not measured on {name}"
    return ""


def _strategies(symptom: Mapping[str, Any]) -> list[str]:
    """Whose runs are needed."""
    return [symptom["strategy"], *([REFERENCE] if symptom["minus"] == REFERENCE else [])]


def _judged(outcome: Outcome, p_holm: float) -> Outcome:
    if outcome.why:
        return outcome
    smallest = outcome.symptom["smallest"]
    word, why = verdict(outcome.to_control, p_holm, _sign(outcome.symptom), smallest)
    return replace(outcome, p_holm=p_holm, verdict=word, why=why)


def _sign(symptom: Mapping[str, Any]) -> int:
    return {"lower": -1, "higher": 1}[symptom["direction"]]


def _range(cell: Cell, symptom: Mapping[str, Any]) -> tuple[int, int]:
    at = symptom["at"]
    if isinstance(at, int):
        return at, at
    return (cell.labels[-1] if at == "last" else cell.labels[0]), cell.labels[-1]


def _curves(
    measured: Measured, cell: Cell, symptom: Mapping[str, Any], subject: str, seeds: list[int]
) -> Values:
    """What the symptom is about, by seed and label count, [n, T]."""

    def of(strategy: str, seed: int) -> Values:
        run = cell.runs[strategy][seed]
        if symptom["metric"] == "incomplete":
            return _incomplete(measured, cell, run)
        return measured.curve(symptom["metric"], subject, run, cell.rounds)

    curves = [of(symptom["strategy"], seed) for seed in seeds]
    if symptom["minus"] == "bayes":
        curves = [curve - float(cell.card["truth"]["bayes_natural"]) for curve in curves]
    elif symptom["minus"]:
        less = (of(symptom["minus"], seed) for seed in seeds)
        curves = [curve - other for curve, other in zip(curves, less, strict=True)]
    return np.array(curves).reshape(len(seeds), cell.rounds)


def _incomplete(measured: Measured, cell: Cell, run: str) -> Values:
    """Share of each query's samples that lack a modality, [T]."""
    everything = "+".join(cell.card["modalities"])
    total, lacking = np.zeros(cell.rounds), np.zeros(cell.rounds)
    for chosen in measured.chosen.get(run, ()):
        if chosen.round < cell.rounds:
            total[chosen.round] += chosen.samples
            lacking[chosen.round] += chosen.samples * (chosen.observed != everything)
    shares: Values = np.divide(lacking, total, out=np.full(cell.rounds, np.nan), where=total > 0)
    return shares


def _at(at: int | str, labels: tuple[int, ...], curve: Values) -> float:
    if isinstance(at, int):
        return float(curve[labels.index(at)])
    if at == "last":
        return float(curve[-1])
    if at == "queries":
        return float(curve[np.isfinite(curve)].mean()) if np.isfinite(curve).any() else np.nan
    return aubc(labels, curve)


def _shows(
    labels: tuple[int, ...], here: Values, control: Values, sign: int
) -> tuple[int, int] | None:
    """The longest stretch of label counts at which the expected sign is sure, the first if tied."""
    sure = []
    for t in range(len(labels)):
        found = difference(here[:, t], control[:, t])
        sure.append(min(sign * found.low, sign * found.high) > 0)
    stretches = [
        [t for t, _ in group]
        for shown, group in groupby(enumerate(sure), key=lambda pair: pair[1])
        if shown
    ]
    longest = max(stretches, key=len, default=None)
    return (labels[longest[0]], labels[longest[-1]]) if longest else None
