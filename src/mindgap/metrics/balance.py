"""How a model uses its modalities: accuracy with every subset shown, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from math import log

from jaxtyping import Float, Int
from torch import Tensor

from mindgap.metrics.measurement import Measurement
from mindgap.tasks.subsets import Subset, joined, shapley

#: A Bayes Shapley value below this prescribes no use of the modality; also the ratio's floor.
NEGLIGIBLE = 0.02


def balance(
    shown: Mapping[Subset, Float[Tensor, "n C"]],
    labels: Int[Tensor, " n"],
    names: tuple[str, ...],
    bayes_shapley: Mapping[str, float] | None,
) -> list[Measurement]:
    """Reliance on each modality, on samples that have all of them.

    What stands for a modality outside the shown subset is the caller's choice and belongs beside
    every number: an untrained stand-in shows the network what it has never seen.

    - accuracy_shown of a subset, in [0, 1]: accuracy with only these modalities;
    - accuracy_only, accuracy_without of a modality: the same for it alone and for all others.
      Redundancy hides use: dropping either of two redundant modalities may cost nothing;
    - shapley of a modality: its Shapley value for the accuracy; over modalities they sum to the
      accuracy less that with nothing shown;
    - utilisation of a modality: shapley / the Bayes classifier's. 1 is what the truth prescribes,
      0 is neglect; it may exceed 1. Only where the truth prescribes at least 0.02;
    - imbalance: log of the largest over the smallest utilisation, each at least 0.02. 0 is
      balanced *as the truth prescribes*, which need not be equal shares.

    Args:
        shown: class probabilities for all 2^M subsets.
        bayes_shapley: modality -> Shapley value of the Bayes classifier, None if not known.
    """
    accuracy = {
        subset: float((p.argmax(dim=1) == labels).double().mean()) for subset, p in shown.items()
    }
    everything = frozenset(names)
    found = [
        Measurement("accuracy_shown", joined(names, subset), value)
        for subset, value in accuracy.items()
    ]
    contributions = shapley(accuracy, names)
    for name in names:
        found += [
            Measurement("accuracy_only", name, accuracy[frozenset({name})]),
            Measurement("accuracy_without", name, accuracy[everything - {name}]),
            Measurement("shapley", name, contributions[name]),
        ]
    used = {
        name: contributions[name] / bayes
        for name, bayes in (bayes_shapley or {}).items()
        if bayes >= NEGLIGIBLE
    }
    found += [Measurement("utilisation", name, value) for name, value in used.items()]
    if len(used) > 1:
        floored = [max(value, NEGLIGIBLE) for value in used.values()]
        found.append(Measurement("imbalance", "", log(max(floored) / min(floored))))
    return found
