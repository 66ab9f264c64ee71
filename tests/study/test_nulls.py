"""The nulls hold for what is trained: nothing is found where there is nothing."""

import numpy as np
import pytest

from mindgap.registry import Registry
from mindgap.study.run import run
from mindgap.study.spec import Study

STRATEGIES = ("random", "margin", "entropy", "coreset")
SEEDS = 20


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Metric, subject, task and strategy -> a value a seed, averaged over rounds."""
    study = Study(
        name="nulls",
        tasks=["null_exchangeable[pool=2000, test=2000]", "null_label_noise[pool=2000, test=2000]"],
        learners=["concat"],
        strategies=list(STRATEGIES),
        budget={"initial": 50, "query": 50, "rounds": 3},
        seeds=SEEDS,
    )
    results = run(study, Registry(), tmp_path_factory.mktemp("nulls"), workers=0)
    assert not results.failures
    rows = results.connect().sql("""
        select metric, subject, task, strategy, seed, avg(value) from metrics
        group by all order by seed
    """)
    found: dict = {}
    for metric, subject, task, strategy, _, value in rows.fetchall():
        found.setdefault((metric, subject, task.partition("[")[0], strategy), []).append(value)
    return {key: np.array(values) for key, values in found.items()}


def standard_errors(differences):
    """The mean difference, and how many standard errors it is from 0."""
    assert len(differences) == SEEDS
    error = differences.std(ddof=1) / np.sqrt(SEEDS)
    return differences.mean(), differences.mean() / error


@pytest.mark.slow
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_exchangeable_modalities_are_used_alike(measured, strategy):
    x1, x2 = (measured["utilisation", name, "null_exchangeable", strategy] for name in ("x1", "x2"))
    mean, errors = standard_errors(x1 - x2)
    print(f"utilisation with {strategy}: x1 - x2 = {mean:+.4f}, {errors:+.1f} standard errors")
    assert abs(errors) <= 3
    assert np.abs(x1 - x2).mean() > 0.005  # each seed has its own preference


@pytest.mark.slow
@pytest.mark.parametrize("strategy", STRATEGIES[1:])
def test_nothing_beats_random_where_labels_are_noise(measured, strategy):
    accuracy = {s: measured["accuracy", "natural", "null_label_noise", s] for s in STRATEGIES}
    mean, errors = standard_errors(accuracy[strategy] - accuracy["random"])
    print(f"{strategy} - random = {mean:+.4f}, {errors:+.1f} standard errors")
    assert errors <= 3
    assert abs(accuracy["random"].mean() - 0.25) < 0.02
