"""M-VAAL against PyTorch's own layers, distributions and optimiser, and on two groups."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from mindgap.strategies.m_vaal import MVaal, observed_blocks
from mindgap.testing.asking import CAPABLE, shape


def network(sizes, chance):
    """Linear layers and ReLUs with weights drawn as the strategy draws them."""
    layers = []
    for inside, outside in pairwise(sizes):
        layer = torch.nn.Linear(inside, outside)
        bound = inside**-0.5
        with torch.no_grad():
            drawn = torch.rand(inside, outside, generator=chance)
            layer.weight.copy_((2 * bound * drawn - bound).T)
            layer.bias.copy_(2 * bound * torch.rand(outside, generator=chance) - bound)
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def written_out(pool, inputs, strategy, chance):
    """The critic's opinion after as many steps with what PyTorch has."""
    blocks, latent, width = observed_blocks(pool), strategy.latent, strategy.width
    encoder = network([inputs.shape[1], width, 2 * latent], chance)
    decoders = torch.nn.ModuleList([network([latent, width, b.shape[1]], chance) for b in blocks])
    critic = network([latent, width, width, 1], chance)
    own = torch.optim.Adam([*encoder.parameters(), *decoders.parameters()], lr=strategy.rate)
    other = torch.optim.Adam(critic.parameters(), lr=strategy.rate)

    def draw(rows):
        return rows[torch.randint(len(rows), (strategy.batch,), generator=chance)]

    for _ in range(strategy.steps):
        for _ in range(2):
            sets = [draw(pool.labelled), draw(pool.candidates)]
            noise = torch.randn(2 * strategy.batch, latent, generator=chance).chunk(2)
            loss, means = 0.0, []
            for rows, eps in zip(sets, noise, strict=True):
                mean, log_variance = encoder(inputs[rows]).chunk(2, dim=1)
                latents = Normal(mean, (log_variance / 2).exp())
                z = mean + eps * latents.scale
                there = pool.observed[rows].float()
                errors = torch.stack(
                    [
                        torch.nn.functional.mse_loss(d(z), b[rows], reduction="none").mean(dim=1)
                        for d, b in zip(decoders, blocks, strict=True)
                    ],
                    dim=1,
                )
                features = sum(b.shape[1] for b in blocks)
                likelihood = features / 2 * (errors * there).sum(dim=1) / there.sum(dim=1)
                far = kl_divergence(latents, Normal(0.0, 1.0)).sum(dim=1)
                loss = loss + (likelihood + strategy.beta * far).mean()
                means.append(mean)
            told = critic(means[0]).mean() - critic(means[1]).mean()
            own.zero_grad()
            (loss + strategy.adversary * told).backward()
            own.step()
        known, unknown = (encoder(inputs[rows])[:, :latent].detach() for rows in sets)
        share = torch.rand(strategy.batch, 1, generator=chance)
        between = (share * known + (1 - share) * unknown).requires_grad_()
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        rough = ((slope.norm(dim=1) - 1) ** 2).mean()
        other.zero_grad()
        (critic(unknown).mean() - critic(known).mean() + rough).backward()
        other.step()
    opinion = critic(encoder(inputs)[:, :latent])[:, 0].detach()
    return opinion - opinion[pool.labelled].mean()


@pytest.mark.parametrize("primary", [None, "text"])
def test_the_opinion_is_that_of_networks_of_pytorchs_layers(make_pool, primary):
    pool = make_pool(seed=3, size=60, gaps=0.4, serve={"unimodal_embeddings"})
    strategy = MVaal(
        primary=primary, steps=6, batch=8, latent=3, width=7, rate=0.01, beta=0.5, adversary=2.0
    )
    found = strategy.opinion(pool, torch.Generator().manual_seed(1))
    blocks, there = observed_blocks(pool), pool.observed.float()
    inputs = torch.cat([*blocks, there], dim=1)
    if primary:
        inputs = torch.cat([blocks[1], there[:, 1:2]], dim=1)
    expected = written_out(pool, inputs, strategy, torch.Generator().manual_seed(1))
    assert found.numpy() == pytest.approx(expected.numpy(), abs=1e-4)


def test_what_is_missing_is_not_read_and_what_is_there_counts_alike(make_pool):
    pool = make_pool(seed=5, size=200, gaps=0.4, serve={"unimodal_embeddings"})
    poisoned = {
        name: torch.where(pool.observed[:, m, None], z, torch.nan)
        for m, (name, z) in enumerate(pool.unimodal_embeddings.items())
    }
    other = replace(pool, served={"unimodal_embeddings": poisoned})
    for m, (block, again) in enumerate(
        zip(observed_blocks(pool), observed_blocks(other), strict=True)
    ):
        assert block.equal(again)
        assert (block[~pool.observed[:, m]] == 0).all()
        seen = block[pool.observed[:, m]]
        assert float(seen.square().mean()) == pytest.approx(1, rel=1e-3)
    strategy = MVaal(steps=3)
    chosen = strategy.select(other, 20, np.random.default_rng(0))
    assert chosen.rows.equal(strategy.select(pool, 20, np.random.default_rng(0)).rows)


def test_without_its_primary_modality_samples_are_alike(make_pool):
    pool = make_pool(seed=5, size=90, gaps=0.4, serve={"unimodal_embeddings"})
    opinion = MVaal(primary="sound", steps=3).opinion(pool, torch.Generator().manual_seed(0))
    heard = pool.observed[:, 2]
    assert len(opinion[~heard].unique()) == 1
    assert len(opinion[heard].unique()) == int(heard.sum())


def test_it_chooses_the_group_that_has_no_labels(make_pool, serving):
    """A tenth of the candidates is unlike all that is labelled, in both of two modalities."""
    pool = make_pool(seed=0, modalities=2, gaps=0.2, size=400, labelled=60)
    g = torch.Generator().manual_seed(0)
    new = torch.rand(400, generator=g) < 0.1
    new[pool.labelled] = False
    shift = 3.0 * new[:, None]
    points = {name: torch.randn(400, 5, generator=g) + shift for name in pool.names}
    pool = serving(pool, unimodal_embeddings=points)
    chosen = MVaal(steps=150).select(pool, 15, np.random.default_rng(0)).rows
    assert new[chosen].float().mean() > 0.8


def test_a_primary_modality_that_the_task_lacks_is_refused():
    assert MVaal(primary="text").supports(shape(2, 4), CAPABLE) is None
    why = MVaal(primary="smell").supports(shape(2, 4), CAPABLE)
    assert why == "the task has no modality 'smell'; it has image, text"
