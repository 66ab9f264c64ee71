"""M-VAAL: what a critic of a multimodal VAE's latents calls unlabelled (Khanal et al. 2023).

A VAE (arXiv 2306.12376, section 2, after Sinha et al. 2019) encodes a sample into a Gaussian
N(mu, diag(sigma^2)) and every modality is decoded from a draw z of it. With L and U batches of
labelled and unlabelled samples, the VAE lowers

    sum over both of [reconstruction + beta KL(N(mu, sigma^2) || N(0, 1))]
        + adversary (mean_L D(mu) - mean_U D(mu))

and a critic D, in turn, with a gradient penalty at random points v between mu_L and mu_U,

    mean_U D(mu) - mean_L D(mu) + mean (|grad D(v)| - 1)^2.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor

from mindgap.strategies import auxiliary
from mindgap.strategies.base import Pool, Selection, Strategy, best
from mindgap.tasks import TaskShape

#: Steps of the VAE to each of the critic.
VAE_STEPS = 2


@dataclass(frozen=True)
class MVaal(Strategy):
    """Least like the labelled samples to a critic of a multimodal VAE (Khanal et al. 2023).

    VAE and critic are trained on labelled and unlabelled samples (see the module); those with the
    smallest D(mu) are chosen. The scores are by how much it is below the labelled samples' mean.

    The paper works on images, of which it encodes one modality, its primary one, and decodes all.
    Here they are the learner's unimodal embeddings, each modality centred and scaled to a mean
    square of one, encoder, decoders and critic have one or two hidden layers, and all modalities
    are encoded unless one is named: none is primary in a task whose network fuses them. A missing
    modality is neither read nor reconstructed: the encoder gets zeros and a sign that it is
    missing. Without labels chance decides.

    Other departures, all from the authors' code. Its reconstruction error is a mean over features,
    its KL a sum over latents and batch, under which hardly anything is encoded; here both belong to
    one likelihood, D/2 times the mean squared error, mean over the modalities that a sample has,
    and KL summed over latents. Its critic ends in a sigmoid and normalises batches, which the
    critic of a Wasserstein distance can't have.

    Attributes:
        primary: the modality that is encoded, as in the paper; all if null.
        steps: of the critic; the VAE takes two for each.
        batch: labelled samples in a step, and as many unlabelled ones.
        latent: width of the latents.
        width: hidden features.
        beta: weight of the KL divergence.
        adversary: weight of the critic in the VAE's loss.
        rate: learning rate of both.
    """

    name = "m_vaal"
    group = "multimodal"
    cost = "O(T B D W + N D W) for T steps of B samples, width W"

    primary: str | None = None
    steps: PositiveInt = 300
    batch: PositiveInt = 64
    latent: PositiveInt = 64
    width: PositiveInt = 128
    beta: NonNegativeFloat = 1.0
    adversary: NonNegativeFloat = 1.0
    rate: PositiveFloat = 1e-3

    def requires(self) -> set[str]:
        return {"unimodal_embeddings"}

    def supports(self, shape: TaskShape, capabilities: Set[str]) -> str | None:
        if self.primary is not None and self.primary not in shape.modalities:
            known = ", ".join(shape.modalities)
            return f"the task has no modality {self.primary!r}; it has {known}"
        return super().supports(shape, capabilities)

    def select(self, pool: Pool, n: int, rng: np.random.Generator) -> Selection:
        same = auxiliary.arranged(pool, self.requires())
        opinion = torch.zeros(len(same.rows), device=same.rows.device)
        if n and len(same.pool.labelled):
            opinion = self.opinion(same.pool, auxiliary.seeded(rng))[same.twin]
        found = best(-opinion[same.pool.candidates], same.pool, n, rng)
        return Selection(same.rows[found.rows], found.scores)

    def opinion(self, pool: Pool, chance: torch.Generator) -> Float[Tensor, " N"]:
        """D(mu) of every sample, after training, less its mean over the labelled ones.

        D is known but for a constant.
        """
        blocks = observed_blocks(pool)
        encoded = [m for m, name in enumerate(pool.names) if self.primary in (None, name)]
        there = pool.observed[:, encoded]
        inputs = torch.cat([*(blocks[m] for m in encoded), there.float()], dim=1)
        widths = [block.shape[1] for block in blocks]
        whole = torch.cat([inputs, *blocks, shares(pool.observed, widths)], dim=1)
        vae = Vae(inputs.shape[1], widths, self, pool.observed, chance)
        critic = auxiliary.Layers([self.latent, self.width, self.width, 1], inputs, chance)
        vae_steps = auxiliary.Adam(vae.weights, self.rate)
        critic_steps = auxiliary.Adam(critic.weights, self.rate)
        sign = torch.ones(2 * self.batch, 1).to(inputs) / self.batch
        sign[self.batch :] *= -1  # times a column, and summed: mean of the labelled - of the others
        for _ in range(self.steps):
            for _ in range(VAE_STEPS):
                known = _drawn(pool.labelled, self.batch, chance)
                rows = torch.cat([known, _drawn(pool.candidates, self.batch, chance)])
                noise = torch.randn(len(rows), self.latent, generator=chance).to(inputs.device)
                vae_steps.step(vae.gradients(whole[rows], noise, critic, self.adversary * sign))
            mean = vae.encode(inputs[rows])
            part = torch.rand(self.batch, 1, generator=chance).to(mean.device)
            between = part * mean[: self.batch] + (1 - part) * mean[self.batch :]
            values = critic.forward(mean)
            apart = critic.gradients(values, critic.slopes(values, -sign))
            rough = penalty(critic, between)
            critic_steps.step([x + y for x, y in zip(apart, rough, strict=True)])
        opinion = critic.forward(vae.encode(inputs))[-1][:, 0]
        unseen = ~there.any(dim=1)  # rounding must not tell them apart
        opinion[unseen] = opinion[unseen][:1]
        return opinion - opinion[pool.labelled].mean()


class Vae:
    """An encoder, and a decoder for each block, with one hidden layer each."""

    def __init__(
        self, inside: int, widths: list[int], of: MVaal, like: Tensor, chance: torch.Generator
    ) -> None:
        self.latent, self.beta, self.widths = of.latent, of.beta, [inside, *widths, len(widths)]
        self.encoder = auxiliary.Layers([inside, of.width, 2 * of.latent], like, chance)
        self.decoders = [auxiliary.Layers([of.latent, of.width, d], like, chance) for d in widths]
        nets = (self.encoder, *self.decoders)
        self.weights = [w for net in nets for w in net.weights]

    def encode(self, inputs: Float[Tensor, "B I"]) -> Float[Tensor, "B Z"]:
        """The means of the latents."""
        return self.encoder.forward(inputs)[-1][:, : self.latent]

    def gradients(
        self,
        samples: Float[Tensor, "B _W"],
        noise: Float[Tensor, "B Z"],
        critic: auxiliary.Layers,
        told: Float[Tensor, "B 1"],
    ) -> list[Tensor]:
        """Of the VAE's loss, on labelled samples and as many others, in `weights`.

        Args:
            samples: what is encoded, every block, and the `shares` of blocks, side by side.
            noise: standard normal.
            critic: D.
            told: the slope of the loss in D(mu).
        """
        inputs, *blocks, share = samples.split(self.widths, dim=1)
        scale = 2 / len(samples)  # means over labelled samples and over others are added
        values = self.encoder.forward(inputs)
        mean, log_variance = values[-1].chunk(2, dim=1)
        deviation = (0.5 * log_variance).exp()
        latents = mean + noise * deviation
        found, down = [], torch.zeros_like(latents)
        for m, (decoder, block) in enumerate(zip(self.decoders, blocks, strict=True)):
            decoded = decoder.forward(latents)
            error = (decoded[-1] - block) * (scale * share[:, m, None])
            slopes = decoder.slopes(decoded, error)
            found += decoder.gradients(decoded, slopes)
            down += slopes[0]
        opinion = critic.forward(mean)
        of_mean = down + scale * self.beta * mean + critic.slopes(opinion, told)[0]
        of_variance = 0.5 * (
            down * noise * deviation + scale * self.beta * (deviation.square() - 1)
        )
        slopes = self.encoder.slopes(values, torch.cat([of_mean, of_variance], dim=1))
        return [*self.encoder.gradients(values, slopes), *found]


def observed_blocks(pool: Pool) -> list[Float[Tensor, "N _D"]]:
    """Each modality centred and scaled to a mean square of one where it is observed, else 0."""
    blocks = []
    for m, name in enumerate(pool.names):
        there = pool.observed[:, m]
        own = pool.unimodal_embeddings[name][there]
        block = torch.zeros_like(pool.unimodal_embeddings[name])
        if len(own):
            centred = own - own.mean(dim=0)
            scale = (centred * centred).mean().sqrt()
            block[there] = centred / torch.where(scale > 0, scale, 1.0)
        blocks.append(block)
    return blocks


def shares(observed: Bool[Tensor, "N M"], widths: list[int]) -> Float[Tensor, "N M"]:
    """What multiplies the squared errors of a block, halved and summed over its features.

    D/2 times the mean squared error of a block, mean over the blocks that a sample has: with D
    features in all and D_m in a block that is one of k, D / (D_m k); 0 if it is missing.
    """
    own = sum(widths) / torch.tensor(widths, device=observed.device)
    return observed * own / observed.sum(dim=1, keepdim=True)


def penalty(critic: auxiliary.Layers, between: Float[Tensor, "B Z"]) -> list[Tensor]:
    """Gradients in the critic of mean (|slope| - 1)^2 at some points (Gulrajani et al. 2017).

    Between two kinks of its ReLUs the slope is a product of weights; a step along the penalty's
    own slope in it, through the same ReLUs, gives the other factor of each weight's gradient.
    """
    values = critic.forward(between)
    slopes = critic.slopes(values, torch.ones_like(values[-1]))
    length = (slopes[0].square().sum(dim=1, keepdim=True) + 1e-12).sqrt()
    step = 2 * (1 - 1 / length) / len(between) * slopes[0]
    found = []
    for i, weight in enumerate(critic.weights[::2]):
        found += [step.T @ slopes[i + 1], torch.zeros_like(critic.weights[2 * i + 1])]
        step = (step @ weight).mul_(values[i + 1].sign())
    return found


def _drawn(rows: Int[Tensor, " n"], count: int, chance: torch.Generator) -> Int[Tensor, " B"]:
    """With replacement."""
    return rows[torch.randint(len(rows), (count,), generator=chance).to(rows.device)]
