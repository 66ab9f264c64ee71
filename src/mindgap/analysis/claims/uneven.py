"""C1: modalities are used less evenly than the truth prescribes, and than in the control."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mindgap.analysis.asked import REFERENCE
from mindgap.analysis.ceiling import whole
from mindgap.analysis.cells import Cell
from mindgap.analysis.claims.base import (
    ENSEMBLE,
    FEWEST,
    Claim,
    Verdict,
    above,
    block_mean,
    claim,
    imbalances,
    is_ensemble,
    told_of,
    undecided,
)
from mindgap.analysis.comparison import ALPHA
from mindgap.analysis.curves import Measured
from mindgap.analysis.paired import Difference, difference, holm
from mindgap.analysis.study import Analysis
from mindgap.analysis.utilised import imbalance, ratios, utilised

#: Utilisations within a quarter of each other are balanced.
BALANCED = math.log(1.25)


def uneven(
    measured: Measured, cell: Cell, control: Cell | None, ensembles: Mapping[str, Cell]
) -> Claim:
    """C1, of models trained on random labels at the last round compared.

    Every pair of modalities is tested, with Holm's correction where there are several; told is the
    pair whose p is smallest.

    Args:
        ensembles: task -> the unimodal ensemble, the measure where no truth is known.
    """
    used = utilised(measured, cell, ensembles.get(cell.task), REFERENCE)
    if len(used) < FEWEST:
        truth = bool(cell.card.get("truth"))
        lacking = (
            ""
            if truth or cell.task in ensembles
            else f"; add the learner {ENSEMBLE} to measure against"
        )
        why = f"utilisation of two modalities is known of {len(used)} seeds{lacking}"
        return undecided("C1", cell, why, n=len(used))
    here = ratios(used)
    found = {pair: block_mean(list(by_seed.values())) for pair, by_seed in here.items()}
    adjusted = dict(zip(found, holm([one.p for one in found.values()]), strict=True))
    pair = min(found, key=lambda pair: (adjusted[pair], -found[pair].mean))
    effect = found[pair]
    told: dict[str, Any] = {"imbalance": float(np.mean([imbalance(one) for one in used.values()]))}
    wanted = cell.card.get("control")
    beyond = None
    if control is not None and REFERENCE in control.runs:
        there = utilised(measured, control, ensembles.get(control.task), REFERENCE)
        shared = sorted(used.keys() & there.keys())
        most, least = pair
        beyond = difference(
            [here[pair][s] for s in shared], [there[s][most] - there[s][least] for s in shared]
        )
        told["minus control"] = told_of(beyond)
    verdict: Verdict
    if all(one.high < BALANCED for one in found.values()):
        verdict, why = "contradicted", "utilisations are within a quarter of each other"
    elif beyond is not None and beyond.high < 0:
        verdict, why = "contradicted", "they are further apart in the control"
    elif not adjusted[pair] < ALPHA:
        verdict, why = "undecided", "seeds don't agree on which modality is neglected"
    elif not wanted:
        verdict, why = "supported", "one modality is neglected, though the task has no pitfall"
    elif beyond is None:
        verdict, why = "undecided", f"its control {wanted} was not measured"
    elif beyond.mean > 0 and beyond.p * len(found) < ALPHA:
        verdict, why = "supported", "one modality is neglected, more than in the control"
    else:
        verdict, why = "undecided", "one is neglected, but not clearly more than in the control"
    return claim("C1", cell, verdict, effect, why, told)


def beside_full(
    first: Claim,
    measured: Measured,
    cell: Cell,
    ensembles: Mapping[str, Cell],
    full: Analysis,
) -> Claim:
    """C1 with what training on the whole pool does, as a further control; its verdict stays.

    The neglect is not active learning's own if models that have seen everything show it as well.
    """
    trained, lacking = whole(full, cell)
    if first.effect is None:
        return first
    if trained is None:
        return replace(first, reason=f"{first.reason}; {lacking}")
    apart = {c.cell.task: c.cell for c in full.compared if is_ensemble(c.cell.learner)}
    here = imbalances(measured, cell, ensembles.get(cell.task), REFERENCE)
    there = imbalances(full.measured, trained, apart.get(cell.task), REFERENCE)
    shared = sorted(here.keys() & there.keys())
    if len(shared) < FEWEST:
        return first
    left = difference([there[s] for s in shared], np.zeros(len(shared)))
    told = {**first.controls, "imbalance on the full pool": told_of(left)}
    share = left.mean / max(float(np.mean([here[s] for s in shared])), 1e-9)
    if first.verdict != "supported":
        return replace(first, controls=told)
    why = f"{first.reason}; on the full pool {share:.0%} of the imbalance is left"
    return replace(first, controls=told, reason=why)


def over_tasks(
    about: Sequence[Claim], nulls: Mapping[str, str]
) -> tuple[Verdict, Difference | None, str]:
    beyond = [c.controls["minus control"]["effect"] for c in about if "minus control" in c.controls]
    if len(beyond) < FEWEST:
        return "undecided", None, f"{len(beyond)} tasks have a control; {FEWEST} are needed"
    effect = block_mean(beyond)
    for null, verdict in nulls.items():
        if verdict == "supported":
            return "undecided", effect, f"the null {null} shows it too: mistrust the measure"
    if above(effect):
        return "supported", effect, "on average over pitfalls it is more than in their controls"
    if effect.high < BALANCED:
        return "contradicted", effect, "on average over pitfalls it is as in their controls"
    return "undecided", effect, "pitfalls differ too much to tell their average"
