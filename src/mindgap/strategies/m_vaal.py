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
from itertools import pairwise

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
        vae = Vae([block.shape[1] for block in blocks], inputs, self.latent, self.width, chance)
        critic = _layers([self.latent, self.width, self.width, 1], inputs, chance)
        vae_steps = auxiliary.Adam(vae.weights, self.rate)
        critic_steps = auxiliary.Adam(critic, self.rate)
        with torch.enable_grad():
            for _ in range(self.steps):
                for _ in range(VAE_STEPS):
                    known = _drawn(pool.labelled, self.batch, chance)
                    rows = torch.cat([known, _drawn(pool.candidates, self.batch, chance)])
                    mean, log_variance = vae.encode(inputs[rows])
                    noise = torch.randn(mean.shape, generator=chance).to(mean.device)
                    decoded = vae.decode(mean + noise * (0.5 * log_variance).exp())
                    error = reconstruction([b[rows] for b in blocks], decoded, pool.observed[rows])
                    loss = 2 * (error + self.beta * divergence(mean, log_variance)).mean()
                    labelled, others = _network(mean, critic).chunk(2)
                    loss = loss + self.adversary * (labelled.mean() - others.mean())
                    vae_steps.descend(loss)
                with torch.no_grad():
                    mean = vae.encode(inputs[rows])[0]
                labelled, others = _network(mean, critic).chunk(2)
                share = torch.rand(self.batch, 1, generator=chance).to(mean.device)
                rough = penalty(
                    critic, share * mean[: self.batch] + (1 - share) * mean[self.batch :]
                )
                critic_steps.descend(others.mean() - labelled.mean() + rough)
        with torch.no_grad():
            opinion = _network(vae.encode(inputs)[0], critic)[:, 0]
        unseen = ~there.any(dim=1)  # rounding must not tell them apart
        opinion[unseen] = opinion[unseen][:1]
        return opinion - opinion[pool.labelled].mean()


class Vae:
    """An encoder and a decoder for each block, with one hidden layer each."""

    def __init__(
        self,
        widths: list[int],
        inputs: Float[Tensor, "N I"],
        latent: int,
        width: int,
        chance: torch.Generator,
    ) -> None:
        self.encoder = _layers([inputs.shape[1], width, 2 * latent], inputs, chance)
        self.decoders = [_layers([latent, width, own], inputs, chance) for own in widths]
        self.weights = [*self.encoder, *(w for decoder in self.decoders for w in decoder)]

    def encode(
        self, inputs: Float[Tensor, "B I"]
    ) -> tuple[Float[Tensor, "B Z"], Float[Tensor, "B Z"]]:
        """Mean and logarithm of the variance of the latents."""
        mean, log_variance = _network(inputs, self.encoder).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, latents: Float[Tensor, "B Z"]) -> list[Float[Tensor, "B _D"]]:
        """Every block."""
        return [_network(latents, decoder) for decoder in self.decoders]


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


def reconstruction(
    blocks: list[Float[Tensor, "B _D"]],
    decoded: list[Float[Tensor, "B _D"]],
    observed: Bool[Tensor, "B M"],
) -> Float[Tensor, " B"]:
    """D/2 times the mean squared error of a block, mean over the blocks that a sample has."""
    pairs = zip(blocks, decoded, strict=True)
    errors = torch.stack([(x - y).square().mean(dim=1) for x, y in pairs], dim=1)
    features = sum(block.shape[1] for block in blocks)
    return features / 2 * (errors * observed).sum(dim=1) / observed.sum(dim=1)


def divergence(
    mean: Float[Tensor, "B Z"], log_variance: Float[Tensor, "B Z"]
) -> Float[Tensor, " B"]:
    """KL(N(mean, variance) || N(0, 1)), in nats."""
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2


def penalty(critic: list[Tensor], between: Float[Tensor, "B Z"]) -> Float[Tensor, ""]:
    """Mean squared difference of the critic's slope there from one (Gulrajani et al. 2017)."""
    points = between.requires_grad_()
    (slope,) = torch.autograd.grad(_network(points, critic).sum(), points, create_graph=True)
    return ((slope.square().sum(dim=1) + 1e-12).sqrt() - 1).square().mean()


def _drawn(rows: Int[Tensor, " n"], count: int, chance: torch.Generator) -> Int[Tensor, " B"]:
    """With replacement."""
    return rows[torch.randint(len(rows), (count,), generator=chance).to(rows.device)]


def _layers(sizes: list[int], like: Tensor, chance: torch.Generator) -> list[Tensor]:
    """Weights and biases of linear layers, one after the other."""
    return [
        auxiliary.uniform(shape, inside**-0.5, chance, like)
        for inside, outside in pairwise(sizes)
        for shape in ((inside, outside), (outside,))
    ]


def _network(x: Float[Tensor, "B I"], weights: list[Tensor]) -> Float[Tensor, "B O"]:
    """Linear layers with a ReLU between any two."""
    for i in range(0, len(weights), 2):
        x = torch.addmm(weights[i + 1], torch.relu(x) if i else x, weights[i])
    return x
