"""A probe trained on 50,000 samples: never better than Bayes, and nearly as good if linear."""

from math import sqrt

import pytest
import torch
from sklearn.linear_model import LogisticRegression

from mindgap.registry import Registry

REGISTRY = Registry()
N = 50_000
SCENARIOS = [
    name
    for name in REGISTRY.names("task")
    if name != "own" and REGISTRY.configure("task", name).build().kind == "scenario"
]
#: Nothing missing, every bit one value on one axis of each carrier: linear log odds.
LINEAR = {
    "int_redundant", "int_unique_balanced", "int_unique_one", "int_all16_ctl", "diff_snr",
    "diff_dim", "diff_noise_mod", "diff_corrupt_ctl", "miss_base", "three_mod_ctl",
    "five_mod_ctl", "imbalance", "label_noise",
}  # fmt: skip


def features(data):
    """Everything that is there, zeros for what isn't, and the mask."""
    parts = [
        torch.where(data.observed[:, m, None], x.flatten(1), 0.0)
        for m, x in enumerate(data.modalities.values())
    ]
    return torch.cat([*parts, data.observed.float()], dim=1).numpy()


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_probe_never_beats_bayes(name):
    scenario = REGISTRY.configure("task", f"{name}[pool={N}, test={N}]").build()
    task = scenario.make(0)
    probe = LogisticRegression(C=0.01, max_iter=100, tol=1e-3)
    probe.fit(features(task.pool), task.pool.labels.numpy())
    found = probe.score(features(task.test), task.test.labels.numpy())
    best = scenario.truth["bayes_natural"]
    error = sqrt(best * (1 - best) / N) + scenario.truth["natural_standard_error"]
    assert found <= best + 4 * error
    if name in LINEAR:
        assert found >= best - 0.02


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(LINEAR - {"diff_dim", "diff_noise_mod"}))
def test_a_probe_of_one_modality_comes_close_to_what_it_tells(name):
    scenario = REGISTRY.configure("task", f"{name}[pool={N}, test={N}]").build()
    task = scenario.make(1)
    for modality in scenario.description.names[:2]:
        probe = LogisticRegression(C=0.01, max_iter=100, tol=1e-3)
        probe.fit(task.pool.modalities[modality].numpy(), task.pool.labels.numpy())
        found = probe.score(task.test.modalities[modality].numpy(), task.test.labels.numpy())
        best = scenario.truth["bayes_accuracy"][modality]
        assert best - 0.02 <= found <= best + 4 * sqrt(best * (1 - best) / N)


@pytest.mark.slow
def test_a_probe_of_products_finds_the_synergy():
    """With the products of the axes, an XOR is linear too."""
    from mindgap.tasks.generator import generate
    from mindgap.tasks.rendering import rotation

    d = REGISTRY.configure("task", "int_synergy").build().description
    pool, test = (generate(d, "probe", 0, split, N) for split in ("pool", "test"))

    def products(data):
        z = [
            torch.from_numpy(x.numpy() @ rotation("probe", 0, name, 8, 2))
            for name, x in data.modalities.items()
        ]
        return torch.tanh(3 * z[0] * z[1]).numpy()

    probe = LogisticRegression().fit(products(pool), pool.labels.numpy())
    found = probe.score(products(test), test.labels.numpy())
    assert 0.93 < found <= 0.9506 + 4 * sqrt(0.05 * 0.95 / N)
