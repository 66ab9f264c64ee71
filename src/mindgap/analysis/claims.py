"""What a study says of the paper's three claims: supported, contradicted or undecided, and why.

C1: models use their modalities less evenly than the truth prescribes and than in the control.
C2: no query strategy mends that. C3: multimodal strategies don't consistently beat unimodal ones.
Every decision is a paired t test over seeds within a task, and over tasks for all of them together;
a claim that lacks what would rule out another explanation is undecided, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from scipy import stats

from mindgap.analysis.asked import REFERENCE
from mindgap.analysis.cells import Cell
from mindgap.analysis.comparison import ALPHA, areas
from mindgap.analysis.curves import Measured
from mindgap.analysis.paired import Difference, difference, holm
from mindgap.analysis.study import Analysis
from mindgap.analysis.utilised import imbalance, ratios, utilised

Verdict = Literal["supported", "contradicted", "undecided"]

CLAIMS = {
    "C1": "modalities are used less evenly than the truth prescribes, and than in the control",
    "C2": "no query strategy mends that",
    "C3": "multimodal strategies don't consistently beat unimodal ones",
}

#: Utilisations within a quarter of each other are balanced.
BALANCED = math.log(1.25)
#: C2: a strategy that closes less of the gap to the balanced reference mends nothing.
SHARE = 0.1
#: C3: areas under the curve that differ by less are as good.
AS_GOOD = 0.01
#: The learner that is balanced by construction: unimodal networks, trained apart and averaged.
ENSEMBLE = "ume"
#: The family of strategies that know what nobody can.
ORACLE = "oracle"
#: Fewer seeds or tasks decide nothing.
FEWEST = 3


@dataclass(frozen=True)
class Claim:
    """One claim about one task and learner, or, with scenario "", about all tasks of a learner.

    Attributes:
        effect: C1: log ratio of utilisations; C2: share of the gap to the balanced reference that
            the best strategy closes; C3: best multimodal minus best unimodal AUBC, each the best
            by other seeds.
        low, high: its 95 % t interval.
        n: seeds, or tasks where it is about all of them.
        controls: what was held against it, by name.
    """

    id: str
    scenario: str
    learner: str
    verdict: Verdict
    effect: float | None
    low: float | None
    high: float | None
    n: int
    reason: str
    controls: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the interval as a list, null where there is none."""
        found = asdict(self)
        found["interval"] = [found.pop("low"), found.pop("high")]
        return found


def claims(analysis: Analysis, full: Analysis | None = None) -> list[Claim]:
    """Every claim about every task and learner but the ensemble, then about each learner's tasks.

    Nothing is said of a learner whose tasks have no strategy in common with `random`.

    Args:
        full: the same tasks and learners trained on their whole pool, which tells whether a
            neglect is active learning's or that of training together.
    """
    cells = {(c.cell.task, c.cell.learner): c.cell for c in analysis.compared}
    groups = {row["strategy"]: row["group"] for row in analysis.results.runs()}
    ensembles = {task: cell for (task, name), cell in cells.items() if _is_ensemble(name)}
    found: list[Claim] = []
    learners = dict.fromkeys(cell.learner for cell in cells.values())
    for learner in (name for name in learners if not _is_ensemble(name)):
        own: list[Claim] = []
        for compared in analysis.compared:
            cell = compared.cell
            if cell.learner != learner or not cell.has_reference:
                continue
            ensemble = ensembles.get(cell.task)
            first = uneven(analysis.measured, cell, compared.control, ensembles)
            if full is not None:
                first = beside_full(first, analysis.measured, cell, ensembles, full)
            own += [
                first,
                mended(analysis.measured, cell, ensemble, groups, first),
                beaten(analysis.measured, cell, groups),
            ]
        kinds = {task: cell.card for (task, _), cell in cells.items()}
        found += [overall(own, kinds, learner, number) for number in CLAIMS if own] + own
    return found


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
        return _undecided("C1", cell, why, n=len(used))
    here = ratios(used)
    found = {pair: _mean(list(by_seed.values())) for pair, by_seed in here.items()}
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
        told["minus control"] = _told(beyond)
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
    return _claim("C1", cell, verdict, effect, why, told)


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
    found = {(c.cell.task, c.cell.learner): c.cell for c in full.compared}
    whole = found.get((cell.task, cell.learner))
    if whole is None or REFERENCE not in whole.runs or first.effect is None:
        return first
    apart = {task: own for (task, name), own in found.items() if _is_ensemble(name)}
    here = _imbalances(measured, cell, ensembles.get(cell.task), REFERENCE)
    there = _imbalances(full.measured, whole, apart.get(cell.task), REFERENCE)
    shared = sorted(here.keys() & there.keys())
    if len(shared) < FEWEST:
        return first
    left = difference([there[s] for s in shared], np.zeros(len(shared)))
    told = {**first.controls, "imbalance on the full pool": _told(left)}
    share = left.mean / max(float(np.mean([here[s] for s in shared])), 1e-9)
    why = f"{first.reason}; on the full pool {share:.0%} of the imbalance is left"
    return replace(first, controls=told, reason=why)


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
        return _undecided("C2", cell, f"C1 is {first.verdict} here, so there is nothing to mend")
    if ensemble is None or REFERENCE not in ensemble.runs:
        return _undecided(
            "C2", cell, f"the balanced reference, learner {ENSEMBLE}, was not measured"
        )
    own = _imbalances(measured, cell, ensemble, REFERENCE)
    if cell.card.get("truth"):
        theirs = _imbalances(measured, ensemble, None, REFERENCE)
    else:  # it is its own measure
        theirs = dict.fromkeys(own, 0.0)
    shared = sorted(own.keys() & theirs.keys())
    gap = difference([own[s] for s in shared], [theirs[s] for s in shared])
    told: dict[str, Any] = {"gap to the balanced reference": _told(gap)}
    if not _above(gap):
        why = f"the learner {ENSEMBLE} isn't clearly more balanced, so the gap has no size"
        return _undecided("C2", cell, why, controls=told)
    found: dict[str, Difference] = {}
    for name in cell.runs:
        left = _imbalances(measured, cell, ensemble, name)
        shared = sorted(own.keys() & left.keys())
        if name != REFERENCE and groups.get(name) != ORACLE and len(shared) >= FEWEST:
            closed = [(own[s] - left[s]) / gap.mean for s in shared]
            found[name] = difference(closed, np.zeros(len(shared)))
    if not found:
        return _undecided("C2", cell, "no other strategy was measured", controls=told)
    told["share of the gap closed"] = {name: _told(one) for name, one in found.items()}
    verdict, best, why = _closing(found)
    return _claim("C2", cell, verdict, found[best], why, told)


def beaten(measured: Measured, cell: Cell, groups: Mapping[str, str]) -> Claim:
    """C3: the best of each family by every other seed, compared on the rest.

    Choosing for each seed by all others would use every seed, but the differences then depend on
    one another: of two families of five that are alike, a t test at 5 % told 15 to 21 % apart with
    5 to 10 seeds.

    Args:
        groups: strategy -> its family.
    """
    families = {
        family: [n for n in cell.runs if groups.get(n) == family and n != REFERENCE]
        for family in ("unimodal", "multimodal")
    }
    for family, names in families.items():
        if not names:
            return _undecided("C3", cell, f"no {family} strategy was measured")
    everyone = [set(cell.runs[name]) for names in families.values() for name in names]
    seeds = sorted(set.intersection(*everyone))
    chosen_on, judged_on = seeds[1::2], seeds[::2]
    if len(judged_on) < FEWEST:
        fewest = 2 * FEWEST - 1
        why = f"all strategies share {len(seeds)} seeds; {fewest} are needed, half to choose by"
        return _undecided("C3", cell, why, n=len(judged_on))
    best = {
        family: max(names, key=lambda name: float(np.mean(_areas(measured, cell, name, chosen_on))))
        for family, names in families.items()
    }
    uni, multi = (_areas(measured, cell, best[family], judged_on) for family in families)
    effect = difference(multi, uni)
    verdict: Verdict
    told = {f"best {family}": name for family, name in best.items()}
    if effect.low > 0:
        verdict, why = "contradicted", f"{best['multimodal']} beats {best['unimodal']}"
    elif effect.high < 0:
        verdict, why = "supported", f"{best['unimodal']} beats {best['multimodal']}"
    elif effect.high < AS_GOOD:
        pair = f"{best['multimodal']} over {best['unimodal']}"
        verdict, why = "supported", f"{pair} gains less than {AS_GOOD:g}, if anything"
    else:
        verdict, why = "undecided", f"it may gain {AS_GOOD:g} in AUBC or more, or nothing"
    return _claim("C3", cell, verdict, effect, why, told)


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
    answer = {"C1": _all_uneven, "C2": _all_mended, "C3": _all_beaten}[number]
    verdict, effect, why = answer(about, nulls)
    if number == "C1":
        told["nulls"] = nulls
    if effect is None:
        return Claim(number, "", learner, verdict, None, None, None, 0, why, told)
    return Claim(
        number, "", learner, verdict, effect.mean, effect.low, effect.high, effect.n, why, told
    )


Answer = tuple[Verdict, Difference | None, str]


def _all_uneven(about: Sequence[Claim], nulls: Mapping[str, str]) -> Answer:
    beyond = [c.controls["minus control"]["effect"] for c in about if "minus control" in c.controls]
    if len(beyond) < FEWEST:
        return "undecided", None, f"{len(beyond)} tasks have a control; {FEWEST} are needed"
    effect = _mean(beyond)
    for null, verdict in nulls.items():
        if verdict == "supported":
            return "undecided", effect, f"the null {null} shows it too: mistrust the measure"
    if _above(effect):
        return "supported", effect, "on average over pitfalls it is more than in their controls"
    if effect.high < BALANCED:
        return "contradicted", effect, "on average over pitfalls it is as in their controls"
    return "undecided", effect, "pitfalls differ too much to tell their average"


def _all_mended(about: Sequence[Claim], nulls: Mapping[str, str]) -> Answer:
    shares = [claim.controls.get("share of the gap closed", {}) for claim in about]
    tasks = sum(map(bool, shares))
    names = dict.fromkeys(name for share in shares for name in share)
    by_strategy = {
        name: [share[name]["effect"] for share in shares if name in share] for name in names
    }
    found = {name: _mean(each) for name, each in by_strategy.items() if len(each) >= FEWEST}
    if not found:
        return "undecided", None, f"{tasks} tasks have something to mend; {FEWEST} are needed"
    verdict, best, why = _closing(found)
    return verdict, found[best], f"on average over tasks, {why}"


def _all_beaten(about: Sequence[Claim], nulls: Mapping[str, str]) -> Answer:
    told = [c for c in about if c.effect is not None and c.scenario not in nulls]
    if len(told) < FEWEST:
        return "undecided", None, f"{len(told)} tasks have both families; {FEWEST} are needed"
    effect = _mean([c.effect for c in told if c.effect is not None])
    backing = [c for c in told if c.verdict == "supported"]
    if backing:
        return "supported", effect, f"they don't in {len(backing)} of {len(told)} tasks"
    if all(c.verdict == "contradicted" for c in told):
        return "contradicted", effect, "they do in every task"
    return "undecided", effect, "no task decides against them, and not every one for them"


def _mean(blocks: Sequence[float]) -> Difference:
    return difference(blocks, np.zeros(len(blocks)))


def _closing(found: Mapping[str, Difference]) -> tuple[Verdict, str, str]:
    """Whether any strategy closes more than its `SHARE` of the gap, the one that matters, and why.

    That one does is tested with Holm's correction; that none does is so if each by itself is shown
    to close less (an intersection-union test needs none).
    """
    above = {name: _p_above(one, SHARE) for name, one in found.items()}
    adjusted = dict(zip(above, holm(list(above.values())), strict=True))
    surest = min(adjusted, key=lambda name: adjusted[name])
    if adjusted[surest] < ALPHA:
        return "contradicted", surest, f"{surest} closes more than a tenth of the gap"
    best = max(found, key=lambda name: found[name].mean)
    if all(p > 1 - ALPHA for p in above.values()):
        return "supported", best, f"none closes a tenth of the gap; {best} comes nearest"
    return "undecided", best, f"{best} may close a tenth of the gap or more, or nothing"


def _imbalances(
    measured: Measured, cell: Cell, ensemble: Cell | None, strategy: str
) -> dict[int, float]:
    used = utilised(measured, cell, ensemble, strategy)
    return {seed: imbalance(one) for seed, one in used.items()}


def _areas(measured: Measured, cell: Cell, strategy: str, seeds: Sequence[int]) -> list[float]:
    every = areas(measured, cell, strategy)
    return [every[seed] for seed in seeds]


def _is_ensemble(learner: str) -> bool:
    return learner.partition("[")[0] == ENSEMBLE


def _above(found: Difference) -> bool:
    return found.n >= FEWEST and found.low > 0


def _p_above(found: Difference, bound: float) -> float:
    """One-sided p of a mean above the bound."""
    if not found.high > found.low:  # no chance in it
        return 0.0 if found.mean > bound else 1.0
    half = stats.t.ppf(0.975, found.n - 1)
    error = (found.high - found.low) / (2 * half)
    return float(stats.t.sf((found.mean - bound) / error, found.n - 1))


def _told(found: Difference) -> dict[str, Any]:
    return {"effect": found.mean, "interval": [found.low, found.high], "n": found.n}


def _claim(
    number: str, cell: Cell, verdict: Verdict, effect: Difference, why: str, told: dict[str, Any]
) -> Claim:
    return Claim(
        number,
        cell.task,
        cell.learner,
        verdict,
        effect.mean,
        effect.low,
        effect.high,
        effect.n,
        why,
        told,
    )


def _undecided(
    number: str, cell: Cell, why: str, n: int = 0, controls: dict[str, Any] | None = None
) -> Claim:
    none = None
    return Claim(
        number, cell.task, cell.learner, "undecided", none, none, none, n, why, controls or {}
    )
