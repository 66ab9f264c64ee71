"""CoreGCN against a dense matrix S, PyTorch's own layers and optimiser, and a literal k-centre."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mindgap.strategies import auxiliary
from mindgap.strategies.core_gcn import CoreGcn, Graph, _drop, nodes


def dense(points):
    """Cosine similarities of others, columns that sum to one, and the sample itself."""
    similarity = points @ points.T
    similarity.fill_diagonal_(0)
    total = similarity.sum(dim=0)
    return similarity @ torch.diag(torch.where(total > 0, 1 / total, 0)) + torch.eye(len(points))


def trained(points, labelled, others, strategy, rng):
    """Features after as many steps, written with what PyTorch has, in double precision."""
    mix = dense(points.double())
    chance = auxiliary.seeded(rng)
    width, inputs = strategy.width, points.shape[1]
    first, second = torch.nn.Linear(inputs, width).double(), torch.nn.Linear(width, 1).double()
    with torch.no_grad():
        both = (2 * torch.rand(inputs + 1, width, generator=chance) - 1) / width**0.5
        first.weight.copy_(both[:-1].T)
        first.bias.copy_(both[-1])
        second.weight.copy_(2 * torch.rand(1, width, generator=chance) - 1)
        second.bias.copy_(2 * torch.rand(1, generator=chance) - 1)
    parameters = [*first.parameters(), *second.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=strategy.rate, weight_decay=strategy.decay)

    def forward(scale):
        hidden = torch.relu(mix @ points.double() @ first.weight.T + first.bias) * scale
        return hidden, mix @ hidden @ second.weight.T + second.bias

    for _ in range(strategy.steps):
        kept = torch.ones(len(points), width, dtype=torch.float64)
        f = torch.sigmoid(forward(kept * _drop(kept, strategy.dropout, rng))[1])
        loss = -f[labelled].log().mean() - strategy.weight * (1 - f[others]).log().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return torch.cat(forward(1.0), dim=1).detach()


@pytest.mark.parametrize("like_real", [False, True])
def test_features_are_those_of_a_network_on_the_dense_graph(make_pool, like_real):
    pool = make_pool(seed=1, size=50, like_real=like_real, serve={"unimodal_embeddings"})
    strategy = CoreGcn(steps=30, width=16, rate=0.01)
    found = strategy.features(nodes(pool), pool, np.random.default_rng(3))
    expected = trained(
        nodes(pool), pool.labelled, pool.candidates, strategy, np.random.default_rng(3)
    )
    assert found.numpy() == pytest.approx(expected.numpy(), rel=1e-3, abs=1e-3)


def test_the_asked_share_of_features_is_dropped():
    kept = torch.ones(999, 101)
    assert _drop(kept, 0.3, np.random.default_rng(0)) == pytest.approx(1 / 0.7)
    assert set(kept.unique().tolist()) == {0.0, 1.0}
    # binomial: five standard deviations
    assert kept.mean(dim=0).numpy() == pytest.approx(np.full(101, 0.7), abs=5 * 0.0145)
    assert float(kept.mean()) == pytest.approx(0.7, abs=5 * 0.00144)


def test_products_are_those_of_the_dense_matrix_also_of_nodes_like_no_other():
    points = torch.nn.functional.normalize(torch.rand(40, 6, dtype=torch.float64))
    points = torch.cat([points, torch.zeros(2, 6)])  # without any length
    points = torch.block_diag(points, torch.ones(1, 1)).double()  # at right angles to all
    values = torch.randn(43, 5, dtype=torch.float64)
    graph, matrix = Graph(points), dense(points)
    assert graph.mix(values).numpy() == pytest.approx((matrix @ values).numpy())
    assert graph.mix_back(values).numpy() == pytest.approx((matrix.T @ values).numpy())


def test_similarities_are_never_negative_and_modalities_count_alike(make_pool):
    points = nodes(make_pool(seed=2, size=80, serve={"unimodal_embeddings"}))
    assert (points >= 0).all()
    assert points.norm(dim=1).numpy() == pytest.approx(np.ones(80), rel=1e-5)
    pool = make_pool(seed=2, size=80, serve={"unimodal_embeddings"})
    scaled = {name: 7 * z if name == "text" else z for name, z in pool.unimodal_embeddings.items()}
    again = nodes(replace(pool, served={"unimodal_embeddings": scaled}))
    assert again.numpy() == pytest.approx(points.numpy(), abs=1e-6)


def test_it_chooses_the_farthest_among_the_features_again_and_again(make_pool):
    pool = make_pool(seed=5, size=60, serve={"unimodal_embeddings"})
    strategy = CoreGcn(steps=10, width=8)
    chosen = strategy.select(pool, 8, np.random.default_rng(2))
    same = auxiliary.arranged(pool, strategy.requires())
    features = torch.empty(60, 9)
    learned = strategy.features(nodes(same.pool), same.pool, np.random.default_rng(2))
    features[same.rows] = learned
    centres = pool.labelled.tolist()
    for row, score in zip(chosen.rows.tolist(), chosen.scores.tolist(), strict=True):
        apart = torch.cdist(features.double(), features[centres].double()).amin(dim=1)
        assert apart[row] == pytest.approx(float(apart[pool.candidates].max()), rel=1e-4)
        assert score == pytest.approx(float(apart[row]), rel=1e-4)
        centres.append(row)


def test_the_network_learns_what_is_labelled(make_pool, serving):
    """Labels on one side only: the logit tells the sides apart, and the other side is chosen."""
    pool = make_pool(seed=0, modalities=1, gaps=0.0, size=120, labelled=20)
    side = torch.rand(120, generator=torch.Generator().manual_seed(0)) < 0.5
    side[pool.labelled] = True
    noise = torch.rand(120, 6, generator=torch.Generator().manual_seed(1))
    points = torch.where(side[:, None], torch.eye(6)[0], torch.eye(6)[1]) + 0.3 * noise
    pool = serving(pool, unimodal_embeddings={"image": points})
    logit = CoreGcn(rate=0.01).features(nodes(pool), pool, np.random.default_rng(0))[:, -1]
    assert logit[side].mean() > logit[~side].mean() + 0.5
    first = CoreGcn(rate=0.01).select(pool, 1, np.random.default_rng(0)).rows
    assert not side[first].any()
