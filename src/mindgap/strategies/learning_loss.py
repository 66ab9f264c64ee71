"""Learning Loss: a small module that predicts losses (Yoo & Kweon 2019, arXiv 1905.03677)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from mindgap.strategies import auxiliary
from mindgap.strategies.base import Pool, Selection, Strategy, best

#: Steps, learning rate and weight decay of the heads whose losses are learned from.
HEAD_STEPS, HEAD_RATE, HEAD_DECAY = 100, 0.1, 0.01


@dataclass(frozen=True)
class LearningLoss(Strategy):
    """Largest loss as predicted by a module that learned from labelled ones (Yoo & Kweon 2019).

    Each level of features goes through a layer of its own with a ReLU; together they give a number
    l^ (section 3.2). It is trained to order the losses l of pairs (i, j) of labelled samples by

        max(0, -s (l^_i - l^_j) + margin),   s = 1 if l_i > l_j, else -1   (equation 2),

    on batches of random pairs. The levels are every modality's embedding (a missing one's token)
    and the input of the last layer, each centred and of mean squared length one.

    The paper trains the module along with the network, from the losses of the moment, and lets its
    gradient into the network for most of the training. Here the network is trained already and the
    module learns from what is left of its losses. On the samples that it was trained on these are
    near zero and their order says little of what is new to it. So each fifth of the labelled
    samples gets its losses from a linear head on the layer's input, fitted to the other four. They
    are still too small, for the layers below have seen all labels. With fewer than two labels
    there is nothing to learn and chance decides.

    Attributes:
        folds: parts of the labelled set; 1 takes the network's own losses, with that pitfall.
        steps: of Adam.
        batch: samples in a step, half as many pairs.
        width: features that each level is made into.
        margin: of the loss; the paper takes 1.
        rate: learning rate.
        decay: weight decay.
    """

    cost = "O(T B D W + N D W) for T steps of B samples, width W"

    folds: PositiveInt = 5
    steps: PositiveInt = 500
    batch: PositiveInt = 128
    width: PositiveInt = 128
    margin: PositiveFloat = 1.0
    rate: PositiveFloat = 1e-3
    decay: NonNegativeFloat = 5e-4

    def requires(self) -> set[str]:
        own = {"probabilities"} if self.folds == 1 else set()
        return {"embeddings", "unimodal_embeddings", *own}

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        same = auxiliary.arranged(pool, self.requires())
        predicted = torch.zeros(len(same.rows), device=same.rows.device)
        if n and len(same.pool.labelled) > 1:
            chance = auxiliary.seeded(rng)
            losses = self.losses(same.pool, chance)
            predicted = self.predictions(levels(same.pool), same.pool.labelled, losses, chance)
        found = best(predicted[same.twin][same.pool.candidates], same.pool, n, rng)
        return Selection(same.rows[found.rows], found.scores)

    def losses(self, pool: Pool, chance: torch.Generator) -> Float[Tensor, " n"]:
        """Of the labelled samples: the cross-entropy of a head that didn't learn from them."""
        if self.folds == 1:
            own = pool.probabilities[pool.labelled].gather(1, pool.labels[:, None])[:, 0]
            return -own.clamp(min=torch.finfo(own.dtype).tiny).log()
        inputs = pool.embeddings[pool.labelled]
        fold = torch.randperm(len(inputs), generator=chance).to(inputs.device) % self.folds
        return out_of_fold(inputs, one_hot(pool.labels, pool.n_classes).float(), fold)

    def predictions(
        self,
        levels: list[Float[Tensor, "N _D"]],
        labelled: Int[Tensor, " n"],
        losses: Float[Tensor, " n"],
        chance: torch.Generator,
    ) -> Float[Tensor, " N"]:
        """The loss of every sample as the trained module predicts it, on a scale of its own."""
        layers = [auxiliary.Layers([x.shape[1], self.width], losses, chance) for x in levels]
        last = auxiliary.Layers([len(levels) * self.width, 1], losses, chance)
        weights = [w for each in (*layers, last) for w in each.weights]
        optimiser = auxiliary.Adam(weights, self.rate, self.decay)
        widths = [x.shape[1] for x in levels]
        seen = torch.cat(levels, dim=1)[labelled]
        pairs = min(self.batch, len(losses)) // 2
        for _ in range(self.steps):
            drawn = torch.randperm(len(losses), generator=chance)[: 2 * pairs].to(losses.device)
            inputs = seen[drawn].split(widths, dim=1)
            hidden = _hidden(layers, inputs)
            values = last.forward(hidden)
            down = ranking(values[-1][:, 0], losses[drawn], self.margin)
            slopes = last.slopes(values, down[:, None])
            inner = (slopes[0] * hidden.sign()).split(self.width, dim=1)
            gradients = [
                g
                for layer, x, slope in zip(layers, inputs, inner, strict=True)
                for g in layer.gradients([x, slope], [x, slope])
            ]
            optimiser.step([*gradients, *last.gradients(values, slopes)])
        return last.forward(_hidden(layers, levels))[-1][:, 0]


def _hidden(
    layers: Sequence[auxiliary.Layers], inputs: Sequence[Float[Tensor, "B _D"]]
) -> Float[Tensor, "B W"]:
    """What each level is made into, side by side."""
    outputs = [each.forward(x)[-1] for each, x in zip(layers, inputs, strict=True)]
    return torch.cat(outputs, dim=1).relu_()


def ranking(
    predicted: Float[Tensor, " two_p"], losses: Float[Tensor, " two_p"], margin: float
) -> Float[Tensor, " two_p"]:
    """The slope of equation 2, mean over pairs of one of the first half and one of the second."""
    (first, second), (l_first, l_second) = predicted.chunk(2), losses.chunk(2)
    sign = torch.where(l_first > l_second, 1.0, -1.0)
    slope = -sign * (margin - sign * (first - second) > 0) / len(sign)
    return torch.cat([slope, -slope])


def out_of_fold(
    inputs: Float[Tensor, "n D"], target: Float[Tensor, "n C"], fold: Int[Tensor, " n"]
) -> Float[Tensor, " n"]:
    """The cross-entropy of each sample by a linear head that was fitted to the other folds.

    Inputs are standardised; the heads have equal weights for all classes to start from.
    """
    spread = inputs.std(dim=0, correction=0)
    scaled = (inputs - inputs.mean(dim=0)) / torch.where(spread > 0, spread, 1.0)
    scaled = torch.cat([scaled, torch.ones_like(scaled[:, :1])], dim=1)
    count = int(fold.max()) + 1
    learns = (fold != torch.arange(count, device=fold.device)[:, None]).float()
    shares = learns / learns.sum(dim=1, keepdim=True)
    heads = scaled.new_zeros(count, scaled.shape[1], target.shape[1])
    optimiser = auxiliary.Adam([heads], HEAD_RATE, HEAD_DECAY)
    for _ in range(HEAD_STEPS):
        wrong = (scaled @ heads).softmax(dim=2) - target
        optimiser.step([scaled.T @ (wrong * shares[:, :, None])])
    logits = (scaled @ heads)[fold, torch.arange(len(fold), device=fold.device)]
    return cross_entropy(logits, target, reduction="none")


def levels(pool: Pool) -> list[Float[Tensor, "N _D"]]:
    """Every modality's embedding and the last layer's input, centred and of one scale."""
    found = []
    for level in [*pool.unimodal_embeddings.values(), pool.embeddings]:
        centred = level - level.mean(dim=0)
        scale = (centred * centred).sum(dim=1).mean().sqrt()
        found.append(centred / torch.where(scale > 0, scale, 1.0))
    return found
