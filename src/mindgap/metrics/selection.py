"""What a query chose, beside what there was to choose from; before anything is trained on it."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mindgap.metrics.measurement import Measurement
from mindgap.metrics.permuted import TINY
from mindgap.tasks.subsets import joined


def patterns(
    chosen: Bool[Tensor, "b M"], candidates: Bool[Tensor, "U M"], names: tuple[str, ...]
) -> list[Measurement]:
    """Which missing patterns were chosen; nothing where every candidate has the same one.

    - pattern_lift of a pattern: its share of the chosen / its share of the candidates. 1 is what
      random does on average, 0 none chosen; at most 1 / its share of the candidates, so lifts of
      rare patterns are large and noisy;
    - incomplete_lift: the same of samples that lack anything, where some do and some don't;
    - pattern_divergence: Kullback-Leibler divergence of the chosen patterns from the candidates',
      in nats, >= 0. Small batches make it positive by chance (about (patterns - 1) / 2b for
      random): compare it with random's.
    """
    kinds, which = candidates.unique(dim=0, return_inverse=True)
    if len(kinds) == 1:
        return []
    found, divergence = [], 0.0
    for k, kind in enumerate(kinds):
        share = float((which == k).double().mean())
        of_chosen = float((chosen == kind).all(dim=1).double().mean())
        there = {name for name, seen in zip(names, kind.tolist(), strict=True) if seen}
        subject = joined(names, frozenset(there))
        found.append(Measurement("pattern_lift", subject, of_chosen / share))
        if of_chosen > 0:
            ratio = torch.tensor(of_chosen / share, dtype=torch.float64)
            divergence += of_chosen * float(ratio.log())
    incomplete = ~candidates.all(dim=1)
    found += lift("incomplete_lift", "", ~chosen.all(dim=1), incomplete)
    return [*found, Measurement("pattern_divergence", "", max(divergence, 0.0))]


def lift(
    metric: str, subject: str, chosen: Bool[Tensor, " b"], candidates: Bool[Tensor, " U"]
) -> list[Measurement]:
    """Share of the chosen that are marked / share of the candidates; as `pattern_lift`.

    corruption_lift of a modality marks samples in which it holds noise alone; shortcut_lift those
    in which the shortcut contradicts the truth, the ones that unteach it, so that more than 1 is
    good there. Left out where no candidate is marked, or all are.
    """
    share = float(candidates.double().mean())
    if share in (0.0, 1.0):
        return []
    return [Measurement(metric, subject, float(chosen.double().mean()) / share)]


def classes(
    chosen: Int[Tensor, " b"], candidates: Int[Tensor, " U"], n_classes: int
) -> list[Measurement]:
    """How the labels that were bought are spread.

    - class_entropy: entropy of the batch's classes / log C, in [0, 1]. 1 needs as many of each; a
      batch of b < C can't have more than log b / log C, and random stays a little below 1;
    - class_shift: total variation distance to the candidates' classes, in [0, 1]: 0 is the same
      shares. In an unbalanced pool a high entropy is a shift, and may be a good one.
    """
    shares = torch.bincount(chosen, minlength=n_classes).double() / len(chosen)
    of_pool = torch.bincount(candidates, minlength=n_classes).double() / len(candidates)
    entropy = -torch.special.xlogy(shares, shares).sum()
    level = torch.tensor(float(n_classes), dtype=torch.float64).log()
    return [
        Measurement("class_entropy", "", abs(float(entropy / level))),
        Measurement("class_shift", "", float((shares - of_pool).abs().sum() / 2)),
    ]


def aleatoric_waste(
    chosen: Float[Tensor, "b C"], candidates: Float[Tensor, "U C"]
) -> list[Measurement]:
    """aleatoric_waste: how much more noise was bought than random buys, in nats.

    Mean entropy of the Bayes posterior over the chosen, less that over the candidates, in
    [-ln C, ln C]. Above 0 the query prefers samples that stay uncertain whatever is learned; that
    may still pay where they are also the ones least known (`epistemic_yield`). Only where the
    posterior is known.

    Args:
        chosen, candidates: p(y | what is observed) by a perfect learner.
    """
    waste = float(_entropy(chosen).mean() - _entropy(candidates).mean())
    return [Measurement("aleatoric_waste", "", waste)]


def epistemic_yield(
    posterior: Float[Tensor, "U C"], model: Float[Tensor, "U C"], chosen: Bool[Tensor, " U"]
) -> list[Measurement]:
    """epistemic_yield: how much more there was to learn from the chosen than from all, in nats.

    Mean KL(Bayes posterior || the model's prediction) over the chosen, less that over the
    candidates. Above 0 the query finds samples that the model is wrong about in distribution, 0
    is random. Any real number: single predictions that are sure and wrong weigh much. What is
    learned from a sample isn't only about itself. Only where the posterior is known.

    Args:
        posterior, model: of all candidates.
        chosen: which of them were.
    """
    p, q = posterior.double(), model.double()
    far = torch.special.xlogy(p, p / q.clamp(min=TINY)).sum(dim=1)
    return [Measurement("epistemic_yield", "", float(far[chosen].mean() - far.mean()))]


def cell_coverage(
    level: str, labelled: Int[Tensor, " n"], pool: Int[Tensor, " N"]
) -> list[Measurement]:
    """cell_coverage: share of the pool's latent cells with a label, this query's included.

    In [0, 1], of the level "values" or "sub_bits" (see `mindgap.tasks.latent`): an exclusive or
    can't be learned where a cell stays empty. Many cells need many labels, so compare at equal
    labels.
    """
    share = len(labelled.unique()) / len(pool.unique())
    return [Measurement("cell_coverage", level, share)]


def _entropy(p: Float[Tensor, "n C"]) -> Float[Tensor, " n"]:
    exact = p.double()
    entropy: Tensor = -torch.special.xlogy(exact, exact).sum(dim=1)
    return entropy
