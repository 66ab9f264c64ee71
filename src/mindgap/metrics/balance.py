"""How a model uses its modalities: accuracy with every subset shown, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
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
    - shapley of a modality, in [-1, 1]: its Shapley value for the accuracy; over modalities they
      sum to the accuracy less that with nothing shown. Below 0 is a modality that misleads. Unequal
      values are no imbalance by themselves: modalities tell unequally much;
    - utilisation of a modality: shapley / the Bayes classifier's. 1 is what the truth prescribes,
      0 is neglect, below 0 it misleads; it may exceed 1. Few labels lower all of them. Only where
      the truth prescribes at least 0.02;
    - imbalance: log of the largest over the smallest utilisation, each at least 0.02. 0 is
      balanced *as the truth prescribes*, which need not be equal shares;
    - conditional_utilisation of a modality: (A - A without it) / A, at most 1: how much of the
      accuracy goes with it (Wu et al. 2022, 2202.05306). 0 for both of two redundant modalities,
      so that it can't tell which is used; says little where A is near chance;
    - interaction of two modalities: v(ab) - v(a) - v(b) + v(none), v being the accuracy, in
      [-2, 2], as a rule in [-1, 1]: above 0 they tell together what neither tells alone, below 0
      each tells what the other does, at 0 they add up. What chance gives with nothing shown is in
      it, so two independent bits of four classes have 0.25, not 0.

    Args:
        shown: class probabilities for all 2^M subsets.
        bayes_shapley: modality -> Shapley value of the Bayes classifier, None if not known.
    """
    accuracy = _accuracies(shown, labels)
    everything = frozenset(names)
    found = [
        Measurement("accuracy_shown", joined(names, subset), value)
        for subset, value in accuracy.items()
    ]
    contributions = shapley(accuracy, names)
    whole = accuracy[everything]
    for name in names:
        found += [
            Measurement("accuracy_only", name, accuracy[frozenset({name})]),
            Measurement("accuracy_without", name, accuracy[everything - {name}]),
            Measurement("shapley", name, contributions[name]),
        ]
        if whole > 0:
            lost = (whole - accuracy[everything - {name}]) / whole
            found.append(Measurement("conditional_utilisation", name, lost))
    for one, other in combinations(names, 2):
        alone = accuracy[frozenset({one})] + accuracy[frozenset({other})]
        pair = frozenset({one, other})
        gained = accuracy[pair] - alone + accuracy[frozenset()]
        found.append(Measurement("interaction", joined(names, pair), gained))
    return found + utilisation(contributions, bayes_shapley or {})


def utilisation(
    contributions: Mapping[str, float], prescribed: Mapping[str, float], suffix: str = ""
) -> list[Measurement]:
    """What a model makes of each modality, in units of what another one does; see `balance`.

    Args:
        contributions: modality -> the model's Shapley value.
        prescribed: the other's; a modality in which it is below 0.02 is left out.
        suffix: of the metrics' names, for whatever prescribes that isn't the truth.
    """
    used = {
        name: contributions[name] / value
        for name, value in prescribed.items()
        if value >= NEGLIGIBLE
    }
    found = [Measurement(f"utilisation{suffix}", name, value) for name, value in used.items()]
    if len(used) > 1:
        floored = [max(value, NEGLIGIBLE) for value in used.values()]
        found.append(Measurement(f"imbalance{suffix}", "", log(max(floored) / min(floored))))
    return found


def against_ensemble(
    shown: Mapping[Subset, Float[Tensor, "n C"]],
    ensemble: Mapping[Subset, Float[Tensor, "n C"]],
    labels: Int[Tensor, " n"],
    names: tuple[str, ...],
) -> list[Measurement]:
    """Utilisation where no truth is known: the unimodal ensemble stands for it.

    - shapley_ume of a modality: the ensemble's Shapley value for its own accuracy;
    - utilisation_ume of a modality: the model's Shapley value / the ensemble's. 1 is the use that
      networks make of it that nothing kept from learning, 0 is neglect; it may exceed 1, and does
      where only several modalities together tell something, which an ensemble can't learn. Only
      where the ensemble's value is at least 0.02;
    - imbalance_ume: as `imbalance`, of these.

    Both have learned from the same labels, so few labels lower both.

    Args:
        ensemble: what separately trained networks say, averaged; all 2^M subsets, as `shown`.
    """
    own = shapley(_accuracies(shown, labels), names)
    apart = shapley(_accuracies(ensemble, labels), names)
    found = [Measurement("shapley_ume", name, apart[name]) for name in names]
    return found + utilisation(own, apart, "_ume")


def _accuracies(
    shown: Mapping[Subset, Float[Tensor, "n C"]], labels: Int[Tensor, " n"]
) -> dict[Subset, float]:
    return {
        subset: float((p.argmax(dim=1) == labels).double().mean()) for subset, p in shown.items()
    }
