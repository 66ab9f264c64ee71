"""How sure a model is with some of the modalities withheld, and whether it should be."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mindgap.metrics.measurement import Measurement
from mindgap.metrics.performance import calibration_error, log_loss
from mindgap.tasks.subsets import Subset, joined


def confidence(
    shown: Mapping[Subset, Float[Tensor, "n C"]],
    labels: Int[Tensor, " n"],
    names: tuple[str, ...],
) -> list[Measurement]:
    """Calibration with every subset but the empty one shown, on samples that have all modalities.

    - nll_shown, ece_shown of a subset: `nll` and `ece` with only these modalities;
    - violation of a subset, in [0, 1]: share of (sample, modality of the subset) where the model
      is surer of its prediction once the modality is withheld. A sample may well be an exception,
      as what is withheld may speak against the rest; so the Bayes classifier has some, too, but a
      model that lost what it knew should seldom be surer. After Ma et al. 2023 (CML, 2309.15817),
      who penalise it in training. Only of subsets of two or more; equally sure is no violation.

    The stand-in for what is withheld is the caller's choice, as in `balance`. Of the patterns that
    the test set really has, `performance` tells.
    """
    sure = {subset: p.amax(dim=1) for subset, p in shown.items()}
    found = []
    for subset, p in shown.items():
        if not subset:
            continue
        subject = joined(names, subset)
        right = p.argmax(dim=1) == labels
        found += [
            Measurement("nll_shown", subject, log_loss(p, labels)),
            Measurement("ece_shown", subject, calibration_error(sure[subset], right)),
        ]
        if len(subset) > 1:
            surer = [sure[subset - {name}] > sure[subset] for name in sorted(subset)]
            rate = float(torch.stack(surer).double().mean())
            found.append(Measurement("violation", subject, rate))
    return found
