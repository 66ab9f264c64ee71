"""What a study says of the paper's three claims: supported, contradicted or undecided, and why.

C1: models use their modalities less evenly than the truth prescribes and than in the control.
C2: no query strategy mends that. C3: multimodal strategies don't consistently beat unimodal ones.
Every decision is a paired t test over seeds within a task, and over tasks for all of them together;
a claim that lacks what would rule out another explanation is undecided, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mindgap.analysis.claims import beaten, mended, uneven
from mindgap.analysis.claims.base import Claim, is_ensemble
from mindgap.analysis.study import Analysis

__all__ = ["CLAIMS", "Claim", "claims", "overall"]

CLAIMS = {
    "C1": "modalities are used less evenly than the truth prescribes, and than in the control",
    "C2": "no query strategy mends that",
    "C3": "multimodal strategies don't consistently beat unimodal ones",
}


def claims(analysis: Analysis) -> list[Claim]:
    """Every claim about every task and learner but the ensemble, then about each learner's tasks.

    Nothing is said of a learner whose tasks have no strategy in common with `random`. Where the
    analysis has models of the full pool, they tell whether a neglect is active learning's or that
    of training together.
    """
    cells = {(c.cell.task, c.cell.learner): c.cell for c in analysis.compared}
    groups = {row["strategy"]: row["group"] for row in analysis.results.runs()}
    ensembles = {task: cell for (task, name), cell in cells.items() if is_ensemble(name)}
    found: list[Claim] = []
    learners = dict.fromkeys(cell.learner for cell in cells.values())
    for learner in (name for name in learners if not is_ensemble(name)):
        own: list[Claim] = []
        for compared in analysis.compared:
            cell = compared.cell
            if cell.learner != learner or not cell.has_reference:
                continue
            ensemble = ensembles.get(cell.task)
            first = uneven.uneven(analysis.measured, cell, compared.control, ensembles)
            if analysis.full is not None:
                first = uneven.beside_full(first, analysis.measured, cell, ensembles, analysis.full)
            own += [
                first,
                mended.mended(analysis.measured, cell, ensemble, groups, first),
                beaten.beaten(analysis.measured, cell, groups),
            ]
        kinds = {task: cell.card for (task, _), cell in cells.items()}
        found += [overall(own, kinds, learner, number) for number in CLAIMS if own] + own
    return found


def overall(
    own: Sequence[Claim], cards: Mapping[str, Mapping[str, Any]], learner: str, number: str
) -> Claim:
    """One claim about all tasks of a learner; a task is one block, whatever its seeds."""
    about = [claim for claim in own if claim.id == number]
    told: dict[str, Any] = {
        verdict: [claim.scenario for claim in about if claim.verdict == verdict]
        for verdict in ("supported", "contradicted", "undecided")
    }
    nulls = {c.scenario: c.verdict for c in about if cards[c.scenario].get("group") == "null"}
    answer = {"C1": uneven, "C2": mended, "C3": beaten}[number]
    verdict, effect, why = answer.over_tasks(about, nulls)
    if number == "C1":
        told["nulls"] = nulls
    if effect is None:
        return Claim(number, "", learner, verdict, None, None, None, 0, why, told)
    return Claim(
        number, "", learner, verdict, effect.mean, effect.low, effect.high, effect.n, why, told
    )
