"""C3: multimodal strategies don't consistently beat unimodal ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mindgap.analysis.asked import REFERENCE
from mindgap.analysis.cells import Cell
from mindgap.analysis.claims.base import FEWEST, Claim, Verdict, block_mean, claim, undecided
from mindgap.analysis.comparison import areas
from mindgap.analysis.curves import Measured
from mindgap.analysis.paired import Difference, difference

#: Areas under the curve that differ by less are as good.
AS_GOOD = 0.01


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
            return undecided("C3", cell, f"no {family} strategy was measured")
    everyone = [set(cell.runs[name]) for names in families.values() for name in names]
    seeds = sorted(set.intersection(*everyone))
    chosen_on, judged_on = seeds[1::2], seeds[::2]
    if len(judged_on) < FEWEST:
        fewest = 2 * FEWEST - 1
        why = f"all strategies share {len(seeds)} seeds; {fewest} are needed, half to choose by"
        return undecided("C3", cell, why, n=len(judged_on))
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
    return claim("C3", cell, verdict, effect, why, told)


def over_tasks(
    about: Sequence[Claim], nulls: Mapping[str, str]
) -> tuple[Verdict, Difference | None, str]:
    """Supported as soon as it is in one task, since "consistently" means everywhere: of twenty
    tasks in which they are ahead by a little, chance alone may let one tell otherwise."""
    told = [c for c in about if c.effect is not None and c.scenario not in nulls]
    if len(told) < FEWEST:
        return "undecided", None, f"{len(told)} tasks have both families; {FEWEST} are needed"
    effect = block_mean([c.effect for c in told if c.effect is not None])
    backing = [c for c in told if c.verdict == "supported"]
    if backing:
        return "supported", effect, f"they don't in {len(backing)} of {len(told)} tasks"
    if all(c.verdict == "contradicted" for c in told):
        return "contradicted", effect, "they do in every task"
    return "undecided", effect, "no task decides against them, and not every one for them"


def _areas(measured: Measured, cell: Cell, strategy: str, seeds: Sequence[int]) -> list[float]:
    every = areas(measured, cell, strategy)
    return [every[seed] for seed in seeds]
