"""BADGE against gradient embeddings that are really there."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from mindgap.strategies import gradient
from mindgap.strategies.badge import Badge


def embeddings_of(pool):
    """(U, C D): the outer product of p - onehot(argmax p) and z, sample by sample, in float64."""
    rows = []
    for i in pool.candidates.tolist():
        delta = pool.probabilities[i].numpy().astype(np.float64)
        delta[delta.argmax()] -= 1
        rows.append(np.outer(delta, pool.embeddings[i].numpy().astype(np.float64)).ravel())
    return np.array(rows)


@pytest.mark.parametrize("modalities", [1, 2, 3])
@pytest.mark.parametrize("gaps", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(4))
def test_same_samples_in_the_same_order_as_with_dense_embeddings(
    make_pool, dense_picks, monkeypatch, seed, gaps, modalities
):
    monkeypatch.setattr(gradient, "BLOCK", 1)  # draws by inversion, as the dense ones
    pool = make_pool(seed=seed, gaps=gaps, modalities=modalities, like_real=False)
    chosen = Badge().select(pool, 30, np.random.default_rng(seed))
    places, squared = dense_picks(embeddings_of(pool), 30, np.random.default_rng(seed))
    assert chosen.rows.tolist() == pool.candidates[places].tolist()
    assert chosen.scores.numpy() == pytest.approx(squared, rel=1e-3, abs=1e-5)


def test_labelled_samples_are_no_centres(make_pool, serving):
    pool = make_pool(seed=9)
    other = {key: pool.served[key].clone() for key in ("probabilities", "embeddings")}
    for value in other.values():
        value[pool.labelled] = value[pool.labelled].flip(0)
    first = Badge().select(pool, 30, np.random.default_rng(0))
    second = Badge().select(serving(pool, **other), 30, np.random.default_rng(0))
    assert first.rows.tolist() == second.rows.tolist()


PEAK = textwrap.dedent(
    """
    import resource
    import numpy as np
    import torch
    from mindgap.strategies import Pool
    from mindgap.strategies.badge import Badge

    g = torch.Generator().manual_seed(0)
    size, classes, width = 20_000, 100, 768
    none = torch.zeros(0, dtype=torch.int64)
    served = {
        "probabilities": torch.randn(size, classes, generator=g).softmax(dim=1),
        "embeddings": torch.randn(size, width, generator=g),
    }
    everything = torch.ones(size, 1, dtype=torch.bool)
    pool = Pool(("image",), classes, everything, none, none, torch.arange(size), served)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    Badge().select(pool, 100, np.random.default_rng(0))
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
    """
)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux only")
def test_a_large_pool_takes_megabytes():
    told = subprocess.run(
        [sys.executable, "-c", PEAK], capture_output=True, text=True, check=True, timeout=300
    )
    # the dense embeddings would take 6.1 GB; two copies of the inputs take 0.12 GB
    assert int(told.stdout) < 250_000_000
