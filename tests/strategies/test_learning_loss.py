"""Learning Loss against PyTorch's own layers, loss and optimiser, and scikit-learn's heads."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from torch.nn.functional import one_hot

from mindgap.strategies.learning_loss import (
    HEAD_DECAY,
    LearningLoss,
    levels,
    out_of_fold,
    ranking,
)


def test_slopes_are_those_of_equation_2():
    g = torch.Generator().manual_seed(0)
    predicted, losses = torch.randn(12, generator=g), torch.rand(12, generator=g)
    losses[6] = losses[0]  # equal counts as smaller
    predicted.requires_grad_()
    loss = torch.zeros(())
    for i in range(6):
        sign = 1 if losses[i] > losses[i + 6] else -1
        loss = loss + torch.relu(-sign * (predicted[i] - predicted[i + 6]) + 0.7) / 6
    (expected,) = torch.autograd.grad(loss, predicted)
    assert 0 < int((expected == 0).sum()) < 12
    assert ranking(predicted.detach(), losses, 0.7).numpy() == pytest.approx(expected.numpy())


def test_losses_are_those_of_heads_fitted_to_the_other_folds():
    g = torch.Generator().manual_seed(1)
    labels = torch.randint(3, (90,), generator=g)
    inputs = 5 + torch.randn(90, 4, generator=g) + one_hot(labels, 4)
    fold = torch.arange(90) % 5
    found = out_of_fold(inputs, one_hot(labels, 3).float(), fold)
    points = ((inputs - inputs.mean(dim=0)) / inputs.std(dim=0, correction=0)).numpy()
    points = np.concatenate([points, np.ones((90, 1))], axis=1)
    expected = np.empty(90)
    for k in range(5):
        out = (fold == k).numpy()
        head = LogisticRegression(C=1 / (HEAD_DECAY * (~out).sum()), fit_intercept=False, tol=1e-8)
        p = head.fit(points[~out], labels[~out]).predict_proba(points[out])
        expected[out] = -np.log(p[np.arange(out.sum()), labels[out]])
    assert found.numpy() == pytest.approx(expected, rel=0.02, abs=0.005)


def test_predictions_are_those_of_a_module_of_pytorchs_layers(make_pool):
    pool = make_pool(seed=1, size=60, labelled=21)
    strategy = LearningLoss(steps=40, batch=10, width=7, rate=0.01)
    losses = torch.rand(21, generator=torch.Generator().manual_seed(2))
    chance, again = (torch.Generator().manual_seed(3) for _ in range(2))
    features = levels(pool)
    found = strategy.predictions(features, pool.labelled, losses, chance)

    layers = [torch.nn.Linear(level.shape[1], 7) for level in features]
    layers.append(torch.nn.Linear(7 * len(features), 1))
    with torch.no_grad():
        for layer in layers:
            bound = layer.in_features**-0.5
            drawn = torch.rand(layer.in_features, layer.out_features, generator=again)
            layer.weight.copy_((2 * bound * drawn - bound).T)
            drawn = torch.rand(layer.out_features, generator=again)
            layer.bias.copy_(2 * bound * drawn - bound)
    module = torch.nn.ModuleList(layers)
    optimiser = torch.optim.Adam(module.parameters(), lr=0.01, weight_decay=strategy.decay)

    def predict(rows):
        hidden = [
            layer(level[rows]).relu() for layer, level in zip(layers[:-1], features, strict=True)
        ]
        return layers[-1](torch.cat(hidden, dim=1))[:, 0]

    for _ in range(40):
        drawn = torch.randperm(21, generator=again)[:10]
        first, second = predict(pool.labelled[drawn]).chunk(2)
        target = torch.sign(losses[drawn[:5]] - losses[drawn[5:]])
        loss = torch.nn.functional.margin_ranking_loss(first, second, target, margin=1.0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert found.numpy() == pytest.approx(predict(slice(None)).detach().numpy(), abs=1e-3)


def test_levels_count_alike_whatever_their_scale(make_pool):
    for level in levels(make_pool(seed=1, size=200)):
        assert level.mean(dim=0).numpy() == pytest.approx(0, abs=1e-3)
        assert float((level * level).sum(dim=1).mean()) == pytest.approx(1, rel=1e-3)


def noisy(make_pool, serving, labelled):
    """Three classes that are told apart by three features; at random where a fourth is above 0."""
    pool = make_pool(seed=0, modalities=1, gaps=0.0, size=600, labelled=labelled, classes=3)
    g = torch.Generator().manual_seed(4)
    truth = torch.randint(3, (600,), generator=g)
    points = torch.cat([4 * one_hot(truth, 3), torch.randn(600, 1, generator=g)], dim=1)
    hard = points[:, 3] > 0
    labels = torch.where(hard, torch.randint(3, (600,), generator=g), truth)[pool.labelled]
    fitted = torch.full((600, 3), 0.005)
    fitted[torch.arange(600), truth] = 0.99
    fitted[pool.labelled] = 0.005 + 0.985 * one_hot(labels, 3)  # its own labels by heart
    return (
        serving(
            pool, embeddings=points, unimodal_embeddings={"image": points}, probabilities=fitted
        ),
        labels,
        hard,
    )


def test_it_chooses_what_is_hard_although_the_network_knows_its_labels_by_heart(make_pool, serving):
    pool, labels, hard = noisy(make_pool, serving, 200)
    pool.labels.copy_(labels)
    chosen = LearningLoss().select(pool, 50, np.random.default_rng(0))
    assert hard[chosen.rows].float().mean() > 0.9
    by_heart = LearningLoss(folds=1)
    assert float(by_heart.losses(pool, torch.Generator()).std()) < 1e-3  # nothing to learn from


def test_own_losses_are_cross_entropies(make_pool):
    pool = make_pool(seed=1, size=60, labelled=12)
    found = LearningLoss(folds=1).losses(pool, torch.Generator())
    rows, labels = pool.labelled.tolist(), pool.labels.tolist()
    expected = [-np.log(float(pool.probabilities[r, c])) for r, c in zip(rows, labels, strict=True)]
    assert found.numpy() == pytest.approx(expected, rel=1e-5)


def test_one_label_teaches_nothing_and_chance_decides(make_pool):
    pool = make_pool(seed=1, size=12, labelled=1)
    chosen = [LearningLoss().select(pool, 1, np.random.default_rng(s)) for s in range(100)]
    assert {int(c.rows[0]) for c in chosen} == set(pool.candidates.tolist())
    assert {float(c.scores[0]) for c in chosen} == {0.0}


def test_losses_that_follow_a_feature_are_learned_in_their_order(make_pool):
    pool = make_pool(seed=3, size=400, labelled=100, gaps=0.0)
    truth = levels(pool)[0] @ torch.linspace(-1, 1, 6)
    found = LearningLoss().predictions(
        levels(pool), pool.labelled, truth[pool.labelled], torch.Generator().manual_seed(0)
    )
    assert spearmanr(found[pool.candidates], truth[pool.candidates]).statistic > 0.9
