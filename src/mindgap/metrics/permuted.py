"""What is lost when a modality is another sample's: the second way of taking one away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mindgap.metrics.measurement import Measurement
from mindgap.tasks.subsets import Subset

#: Keeps the logarithm of a probability that was rounded to 0 finite.
TINY = 1e-30


def kept_subsets(names: Sequence[str]) -> list[Subset]:
    """What is kept in the metrics of this file: each modality alone, and all others."""
    everything = frozenset(names)
    kept = [frozenset({name}) for name in names]
    return list(dict.fromkeys([*kept, *(everything - one for one in kept)]))


def permuted_accuracy(
    permuted: Mapping[Subset, Float[Tensor, "D n C"]],
    labels: Int[Tensor, " n"],
    names: tuple[str, ...],
) -> list[Measurement]:
    """accuracy_only_permuted and accuracy_without_permuted of every modality, in [0, 1].

    As `accuracy_only` and `accuracy_without`, but what isn't shown is taken from one other sample,
    over several permutations of all of them. Each modality looks as it always does, so no network
    is asked about a stand-in that it has never seen; but what another sample brings misleads it,
    so a model that relies on both of two modalities may fall below chance with one of them.

    Args:
        permuted: class probabilities with these modalities kept, (D, n, C) over D permutations;
            those of `kept_subsets`.
    """
    found = []
    for name in names:
        only, without = _kept(permuted, name, names)
        found += [
            Measurement("accuracy_only_permuted", name, _accuracy(only, labels)),
            Measurement("accuracy_without_permuted", name, _accuracy(without, labels)),
        ]
    return found


def perceptual_score(
    whole: Float[Tensor, "n C"],
    permuted: Mapping[Subset, Float[Tensor, "D n C"]],
    labels: Int[Tensor, " n"],
    names: tuple[str, ...],
) -> list[Measurement]:
    """perceptual_score of every modality: (A - A with it permuted) / A, at most 1.

    The share of the accuracy that needs the modality to be the sample's own (Gat et al. 2021,
    2110.14375, normalised by the model's accuracy). 0 is a modality that the model ignores;
    slightly below 0 is chance. Redundancy doesn't hide use as it does from dropping, since the
    wrong value argues against the right one; the same impossible pairs make it no measure of what
    the modality is worth. Left out of a model that is never right.

    Args:
        whole: class probabilities as they are.
        permuted: as in `permuted_accuracy`.
    """
    accuracy = _accuracy(whole[None], labels)
    if accuracy == 0:
        return []
    lost = {name: accuracy - _accuracy(_kept(permuted, name, names)[1], labels) for name in names}
    return [Measurement("perceptual_score", name, lost[name] / accuracy) for name in names]


def mipd(
    whole: Float[Tensor, "n C"],
    permuted: Mapping[Subset, Float[Tensor, "D n C"]],
    names: tuple[str, ...],
) -> list[Measurement]:
    """mipd of every modality: how far its permutation moves the prediction, in [0, ln 2] nats.

    Mean Jensen-Shannon divergence between p(y | x) and p(y | x with this modality another
    sample's), the mutual information perturbed distance of MCR (2411.07335). 0 is a modality that
    the model ignores, ln 2 one that turns every sure prediction into another. Needs no label, so
    it holds on any pool; it says how much the model listens, not whether it is right to, and
    grows with the model's confidence: compare at equal calibration.

    Args:
        whole, permuted: as in `perceptual_score`.
    """
    found = []
    for name in names:
        moved = _kept(permuted, name, names)[1].double()
        p = whole.double().expand_as(moved)
        middle = (p + moved) / 2
        divergence = (_divergence(p, middle) + _divergence(moved, middle)) / 2
        found.append(Measurement("mipd", name, float(divergence.mean())))
    return found


def _kept(
    permuted: Mapping[Subset, Float[Tensor, "D n C"]], name: str, names: tuple[str, ...]
) -> tuple[Float[Tensor, "D n C"], Float[Tensor, "D n C"]]:
    """With only this modality kept, and with all others."""
    return permuted[frozenset({name})], permuted[frozenset(names) - {name}]


def _accuracy(p: Float[Tensor, "D n C"], labels: Int[Tensor, " n"]) -> float:
    return float((p.argmax(dim=2) == labels).double().mean())


def _divergence(p: Tensor, q: Tensor) -> Tensor:
    """Kullback-Leibler, nats, of the last axis; 0 log 0 is 0."""
    total: Tensor = torch.special.xlogy(p, p / q.clamp(min=TINY)).sum(dim=-1)
    return total
