"""What each modality's own branch has learned: its head, and its encoder under a linear probe."""

from __future__ import annotations

from collections.abc import Mapping
from math import log

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mindgap.metrics.measurement import Measurement

#: Of the probe, on standardised features.
RIDGE = 1.0


def ogm_ratio(
    unimodal: Mapping[str, Float[Tensor, "n C"]], labels: Int[Tensor, " n"]
) -> list[Measurement]:
    """ogm_ratio of every modality: log of its head's mean p(label) over that of the other heads.

    The discrepancy ratio of OGM-GE (Peng et al. 2022, 2203.15332), which its training evens out,
    as a logarithm: of two modalities the values are opposite. 0 is equal, above 0 the modality
    leads. Any real number. It takes no account of how much a modality could tell, so the right
    value isn't 0 where they differ in that; and the head is one of its own here, trained on the
    encoder's features, so it says what is in them rather than what the fusion takes. Left out
    where there are no two heads.

    Args:
        unimodal: class probabilities of each modality's head, all samples complete.
    """
    if len(unimodal) < 2:
        return []
    scores = {
        name: float(p.double().gather(1, labels[:, None]).mean()) for name, p in unimodal.items()
    }
    if min(scores.values()) <= 0:
        return []
    total = sum(scores.values())
    others = len(scores) - 1
    return [
        Measurement("ogm_ratio", name, log(score * others / (total - score)))
        for name, score in scores.items()
    ]


def probe_gap(
    own: Mapping[str, Float[Tensor, "n _D"]],
    apart: Mapping[str, Float[Tensor, "n _E"]],
    labels: Int[Tensor, " n"],
    n_classes: int,
) -> list[Measurement]:
    """How much worse a modality's encoder is than one that was trained alone on the same labels.

    - probe_accuracy of a modality, in [0, 1]: of a linear classifier on the model's embedding;
    - probe_accuracy_ume: the same on the embedding of an encoder trained alone;
    - probe_gap: the latter less the former, in [-1, 1]. Above 0 joint training has held the
      encoder back, below 0 it has helped it.

    The probe is a ridge regression on standardised features (one column a class), fitted on every
    second sample and tested on the others: samples that no network learned from. Untrained
    encoders of easy inputs probe well too, hence the gap rather than the accuracy; and what only
    modalities together tell is at chance in any class probe by construction.

    Args:
        own: modality -> embeddings by the model.
        apart: modality -> embeddings by its own network; modalities without are left out.
    """
    found = []
    for name in own.keys() & apart.keys():
        joint, alone = (probe(z[name], labels, n_classes) for z in (own, apart))
        found += [
            Measurement("probe_accuracy", name, joint),
            Measurement("probe_accuracy_ume", name, alone),
            Measurement("probe_gap", name, alone - joint),
        ]
    return sorted(found, key=lambda m: list(own).index(m.subject))


def latent_gap(
    own: Mapping[str, Float[Tensor, "n _D"]],
    apart: Mapping[str, Float[Tensor, "n _E"]],
    values: Mapping[str, Mapping[str, Int[Tensor, " n"]]],
) -> list[Measurement]:
    """What a modality's encoder knows of each value that the generator hid in it, whatever the
    fusion makes of it.

    - latent_probe of "modality:bit", in [0, 1]: accuracy of a linear classifier of that value on
      the model's embedding, 0.5 by guessing;
    - latent_probe_ume: the same on the embedding of an encoder trained alone;
    - latent_gap: the latter less the former, in [-1, 1]. Above 0 joint training has held the
      encoder back from this value, below 0 it has helped.

    It tells what `probe_gap` can't: of a bit that is the exclusive or of two values, neither
    modality says anything about the class by itself, so a class probe is at chance however well
    the encoder knows its own value. For the same reason an encoder trained alone is never taught
    that value; of such a bit, read latent_probe itself, and the gap only as what joint training
    adds. Values that are linear in the input are found in untrained encoders as well. A modality
    that holds noise in some samples can't be right about those. Only of scenarios.

    The probe is that of `probe_gap`: fitted on every second sample, tested on the others.

    Args:
        own: modality -> embeddings by the model.
        apart: modality -> embeddings by its own network; modalities without are left out.
        values: modality -> bit -> the value that the modality carries of it, 0 or 1.
    """
    found = []
    for name in own:
        for bit, value in values.get(name, {}).items() if name in apart else ():
            joint, alone = (probe(z[name], value, 2) for z in (own, apart))
            subject = f"{name}:{bit}"
            found += [
                Measurement("latent_probe", subject, joint),
                Measurement("latent_probe_ume", subject, alone),
                Measurement("latent_gap", subject, alone - joint),
            ]
    return found


def probe(features: Float[Tensor, "n D"], labels: Int[Tensor, " n"], n_classes: int) -> float:
    """Accuracy of a linear classifier, fitted on even rows, on odd ones; 0 where there is none."""
    z = features.double()
    mean, deviation = z[::2].mean(dim=0), z[::2].std(dim=0, correction=0)
    z = (z - mean) / torch.where(deviation > 0, deviation, 1.0)
    targets = torch.nn.functional.one_hot(labels, n_classes).double()
    level = targets[::2].mean(dim=0)
    gram = z[::2].T @ z[::2] + RIDGE * torch.eye(z.shape[1], dtype=z.dtype)
    weights = torch.linalg.solve(gram, z[::2].T @ (targets[::2] - level))
    right = (z[1::2] @ weights + level).argmax(dim=1) == labels[1::2]
    return float(right.double().mean()) if len(right) else 0.0
