"""G-Blend: losses are weighed by how much they generalise for how much they overfit (Wang et al.
2020, "What Makes Training Multi-Modal Classification Networks Hard?").

The loss is sum_k w_k L_k, k being the modalities and the fused prediction. With L^T and L^V the
losses on samples that train and on samples that don't, before (0) and after (N) training,

    w_k = (G_k / O_k^2) / Z,   G = L^V_0 - L^V_N,   O = (L^V_N - L^T_N) - (L^V_0 - L^T_0),

and Z lets the weights sum to 1. This is the offline variant: one estimate, for all steps.

Which labels: the run's own labelled set, and no others. A fifth of it, drawn at random, plays V; on
the rest a multimodal network and a unimodal one for each modality are trained apart, from the
same start and for as many steps as the learner has. Then the network itself is trained on the
whole labelled set with the weights found. So training costs three times as much, and with few
labels the estimate is a guess: of 50 labels, 10 say what generalises.

Departures. Where the held-out loss has grown (G < 0) the weight is 0, while the theory would have a
negative one; a fused prediction of weight 0 stays untrained, which happens with few labels. If all
have grown, all weights are the same. O is at least 0.01 in size, since a
hundredth of a nat is within the error of any estimate here. What a missing-modality handler adds
is weighed as the fused loss is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.learners.balance.base import Balance, Descent, Losses
from mindgap.learners.buffer import Buffer
from mindgap.learners.layers import Parameters
from mindgap.seeding import stream

if TYPE_CHECKING:
    from mindgap.learners.fleet import Fleet, Row

#: Share of the labelled set that plays the unseen samples.
HELD_OUT = 0.2

#: The smallest overfitting, in nats.
LEAST = 0.01

#: Samples that are measured at once, always as many, so that no run's bits depend on another's.
CHUNK = 256


class GBlend(Balance):
    """Fixed weights of all losses, estimated on a split of each run's labelled set."""

    attached = True

    def refuses(self, labelled: int) -> str | None:
        if labelled < 2:
            return (
                f"balance=gblend splits the samples that train, but there is only {labelled}: "
                "label more, or take another way of balancing"
            )
        return None

    def descent(self, fleet: Fleet, rows: Sequence[Row]) -> Descent:
        return weighed(self.weights(fleet, rows))

    def weights(self, fleet: Fleet, rows: Sequence[Row]) -> Float[Tensor, "R M_plus_1"]:
        """Of every run: one a modality, then the fused prediction's."""
        parts = [_split(fleet, row) for row in rows]
        seen, unseen = [part[0] for part in parts], [part[1] for part in parts]
        modalities = len(fleet.network.encoder_parameters)
        chosen = torch.zeros(2 * len(rows), modalities + 1, device=fleet.device)
        chosen[: len(rows), -1] = 1  # the first half learns from the fused prediction alone,
        chosen[len(rows) :, :-1] = 1  # the other one from unimodal predictions, that is apart
        start = fleet.start([*seen, *seen])
        end = fleet.descend([*seen, *seen], weighed(chosen))
        losses = {}
        for name, samples in (("T", seen), ("V", unseen)):
            for when, parameters in (("0", start), ("N", end)):
                found = measured(fleet, parameters, [*samples, *samples])
                both = torch.cat([found[len(rows) :, :-1], found[: len(rows), -1:]], dim=1)
                losses[f"{name}{when}"] = both
        return blend(losses["T0"], losses["V0"], losses["TN"], losses["VN"])


def blend(
    t0: Float[Tensor, "R K"],
    v0: Float[Tensor, "R K"],
    tn: Float[Tensor, "R K"],
    vn: Float[Tensor, "R K"],
) -> Float[Tensor, "R K"]:
    """Weights from the losses before and after training, on seen and unseen samples."""
    generalised = (v0 - vn).clamp(min=0)
    overfitted = ((vn - tn) - (v0 - t0)).abs().clamp(min=LEAST)
    worth = generalised / overfitted**2
    total = worth.sum(dim=1, keepdim=True)
    return torch.where(total > 0, worth / total, 1 / worth.shape[1])


def weighed(weights: Float[Tensor, "R M_plus_1"]) -> Descent:
    """Go down the weighed sum of all losses."""

    def gradient(buffer: Buffer, losses: Losses, noise: None) -> Tensor:
        each = [*losses.unimodal_means(), losses.multimodal]
        return buffer.gradient([loss * weights[:, k] for k, loss in enumerate(each)])

    return Descent(gradient)


def _split(fleet: Fleet, row: Row) -> tuple[Row, Row]:
    """The samples that train, and those held out: at least one of each."""
    used = fleet.used(row)
    order = torch.from_numpy(stream("held out", *row.key).permutation(len(used)))
    held = max(1, round(HELD_OUT * len(used)))
    seen, unseen = used[order[held:]], used[order[:held]]
    return (
        replace(row, labelled=row.labelled[seen], labels=row.labels[seen]),
        replace(row, labelled=row.labelled[unseen], labels=row.labels[unseen]),
    )


@torch.no_grad()
def measured(
    fleet: Fleet, parameters: Parameters, rows: Sequence[Row]
) -> Float[Tensor, "R M_plus_1"]:
    """Mean losses on the samples of every row, without dropout: modalities, then fused."""
    chunks = -(-max(len(row.labelled) for row in rows) // CHUNK)
    places = torch.zeros(len(rows), chunks * CHUNK, dtype=torch.int64)
    labels, real = places.clone(), torch.zeros(places.shape)
    for r, row in enumerate(rows):
        n = len(row.labelled)
        places[r, :n] = row.labelled + fleet.offsets[row.samples]
        labels[r, :n], real[r, :n] = row.labels, 1
    device = fleet.device
    kinds = len(fleet.network.encoder_parameters) + 1
    sums = torch.zeros(len(rows), kinds, device=device)
    counts = torch.zeros_like(sums)
    for chunk in range(chunks):
        part = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
        losses = fleet.losses(parameters, places[:, part].to(device), labels[:, part].to(device))
        each = torch.stack([*losses.unimodal.values(), losses.fused], dim=2)
        there = real[:, part, None].to(device).expand_as(each)
        if losses.observed is not None:
            fused = torch.ones_like(losses.observed[:, :, :1])
            there = there * torch.cat([losses.observed, fused], dim=2)
        sums = sums + (each * there).sum(dim=1)
        counts = counts + there.sum(dim=1)
    return sums / counts.clamp(min=1)
