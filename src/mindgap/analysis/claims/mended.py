"""C2: no query strategy mends the imbalance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from mindgap.analysis.asked import REFERENCE
from mindgap.analysis.ceiling import ratio
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
    p_above,
    told_of,
    undecided,
)
from mindgap.analysis.comparison import ALPHA
from mindgap.analysis.curves import Measured
from mindgap.analysis.paired import Difference, difference, holm

#: A strategy that closes less of the gap to the balanced reference mends nothing.
SHARE = 0.1

#: The family of strategies that know what nobody can.
ORACLE = "oracle"


def mended(
    measured: Measured,
    cell: Cell,
    ensemble: Cell | None,
    groups: Mapping[str, str],
    first: Claim,
) -> Claim:
    """C2, of all strategies but oracles at the last round, beside random and the ensemble.

    Args:
        groups: strategy -> its family.
        first: C1 about the same task and learner.
    """
    if first.verdict != "supported":
        return undecided("C2", cell, f"C1 is {first.verdict} here, so there is nothing to mend")
    if ensemble is None or REFERENCE not in ensemble.runs:
        return undecided(
            "C2", cell, f"the balanced reference, learner {ENSEMBLE}, was not measured"
        )
    own = imbalances(measured, cell, ensemble, REFERENCE)
    if cell.card.get("truth"):
        theirs = imbalances(measured, ensemble, None, REFERENCE)
    else:  # it is its own measure
        theirs = dict.fromkeys(own, 0.0)
    shared = sorted(own.keys() & theirs.keys())
    gap = difference([own[s] for s in shared], [theirs[s] for s in shared])
    told: dict[str, Any] = {"gap to the balanced reference": told_of(gap)}
    if not above(gap):
        why = f"the learner {ENSEMBLE} isn't clearly more balanced, so the gap has no size"
        return undecided("C2", cell, why, controls=told)
    found: dict[str, Difference] = {}
    p_more: dict[str, float] = {}
    for name in cell.runs:
        left = imbalances(measured, cell, ensemble, name)
        shared = sorted(own.keys() & theirs.keys() & left.keys())
        if name != REFERENCE and groups.get(name) != ORACLE and len(shared) >= FEWEST:
            closed = np.array([own[s] - left[s] for s in shared])
            gaps = np.array([own[s] - theirs[s] for s in shared])
            found[name] = share(closed, gaps)
            p_more[name] = p_of_more(closed, gaps)
    if not found:
        return undecided("C2", cell, "no other strategy was measured", controls=told)
    told["share of the gap closed"] = {name: told_of(one) for name, one in found.items()}
    verdict, best, why = closing(found, p_more)
    return claim("C2", cell, verdict, found[best], why, told)


def share(closed: Float[np.ndarray, " n"], gaps: Float[np.ndarray, " n"]) -> Difference:
    """Mean closed over mean gap, with Fieller's interval: both of them differ from seed to seed."""
    found = ratio(closed, gaps)
    p = difference(closed, np.zeros(len(closed))).p
    return Difference(found.value, found.low, found.high, p, found.n)


def p_of_more(closed: Float[np.ndarray, " n"], gaps: Float[np.ndarray, " n"]) -> float:
    """One-sided p of closing more than `SHARE` of the gap, paired by seed."""
    return p_above(difference(closed, SHARE * gaps), 0)


def over_tasks(
    about: Sequence[Claim], nulls: Mapping[str, str]
) -> tuple[Verdict, Difference | None, str]:
    shares = [claim.controls.get("share of the gap closed", {}) for claim in about]
    tasks = sum(map(bool, shares))
    names = dict.fromkeys(name for share in shares for name in share)
    by_strategy = {
        name: [share[name]["effect"] for share in shares if name in share] for name in names
    }
    found = {name: block_mean(each) for name, each in by_strategy.items() if len(each) >= FEWEST}
    if not found:
        return (
            "undecided",
            None,
            f"of {FEWEST} tasks that are needed, {tasks} have something to mend",
        )
    verdict, best, why = closing(found, {name: p_above(one, SHARE) for name, one in found.items()})
    return verdict, found[best], f"on average over tasks, {why}"


def closing(
    found: Mapping[str, Difference], p_more: Mapping[str, float]
) -> tuple[Verdict, str, str]:
    """Whether any strategy closes more than its `SHARE` of the gap, the one that matters, and why.

    That one does is tested with Holm's correction; that none does is so if each by itself is shown
    to close less (an intersection-union test needs none).

    Args:
        p_more: one-sided p of closing more than `SHARE`.
    """
    adjusted = dict(zip(p_more, holm(list(p_more.values())), strict=True))
    surest = min(adjusted, key=lambda name: adjusted[name])
    if adjusted[surest] < ALPHA:
        return "contradicted", surest, f"{surest} closes more than a tenth of the gap"
    best = max(found, key=lambda name: found[name].mean)
    if all(p > 1 - ALPHA for p in p_more.values()):
        return "supported", best, f"none closes a tenth of the gap; {best} comes nearest"
    return "undecided", best, f"{best} may close a tenth of the gap or more, or nothing"
