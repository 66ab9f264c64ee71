"""A page of 2,000 runs stays small and is made quickly, whatever was asked for."""

import time

import numpy as np
import pytest
from analysis.planted_results import TRUTH, card, plant, run, study

from mindgap.report import write
from mindgap.study.store import Store

STRATEGIES = (
    "random", "margin", "entropy", "bald", "coreset", "badge", "typiclust", "bmmal",
    "co_testing[variant=naive]", "stratified[of=badge]",
)  # fmt: skip
MODALITIES = ("x1", "x2")
ROUNDS, SEEDS = 11, 10


def tasks():
    """Task -> its control and severity: four controls with four severities each."""
    for family in "abcd":
        yield f"{family}_ctl", None, None
        for severity in (1, 2, 3, 4):
            yield f"{family}_hard[severity={severity}]", f"{family}_ctl", severity


def measurements(accuracy, rng, severity):
    """Some seventy a round: all that is always measured and all that can be asked for."""
    noise = rng.normal(0, 0.05, ROUNDS)
    found = {("macro_f1", "natural"): accuracy - 0.01, ("interaction", "x1+x2"): noise}
    for subject in ("natural", "complete", "pattern:x1", "pattern:x2"):
        for metric in ("accuracy", "nll", "ece"):
            found.setdefault((metric, subject), accuracy + noise)
    for subject in ("x1", "x2", "x1+x2"):
        for metric in ("accuracy_shown", "nll_shown", "ece_shown", "violation", "pattern_lift"):
            found[metric, subject] = 0.3 + noise
    for i, modality in enumerate(MODALITIES):
        found["utilisation", modality] = 1.0 - 0.2 * i * severity + noise
        for metric in (
            "accuracy_only",
            "accuracy_without",
            "shapley",
            "conditional_utilisation",
            "mipd",
            "perceptual_score",
            "ogm_ratio",
            "probe_gap",
            "accuracy_only_permuted",
            "accuracy_without_permuted",
            "dominance",
            "dominance_pool",
            "utilisation_ume",
            "latent_probe",
            "latent_gap",
        ):
            found[metric, modality] = 0.4 + noise
    for metric in (
        "imbalance",
        "imbalance_ume",
        "emap_gap",
        "pattern_divergence",
        "class_entropy",
        "class_shift",
        "aleatoric_waste",
        "epistemic_yield",
        "incomplete_lift",
    ):
        found[metric, ""] = 0.3 + noise
    for bit in ("R1", "U1"):
        found["kappa", bit] = accuracy
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A sealed store, as a finished study leaves it."""
    folder = tmp_path_factory.mktemp("big")
    rng = np.random.default_rng(0)
    rise = 1 - np.exp(-3 * np.linspace(0, 1, ROUNDS))
    records = (
        record
        for task, control, severity in tasks()
        for i, strategy in enumerate(STRATEGIES)
        for seed in range(SEEDS)
        for accuracy in [0.3 + 0.5 * rise + 0.002 * i * rise + rng.normal(0, 0.01, ROUNDS)]
        for record in run(
            strategy, seed, accuracy, task, family=control or task,
            metrics=measurements(accuracy, rng, severity or 0),
            chosen=["x1+x2"] * 30 + ["x1"] * 10 + ["x2"] * 10,
        )
    )  # fmt: skip
    shares = {"x1+x2": 0.5, "x1": 0.25, "x2": 0.25}
    cards = [
        card(
            task, family=control or task, control=control, severity=severity, patterns=shares,
            pitfall="x2 is harder to learn" if control else None, truth=TRUTH,
        )
        for task, control, severity in tasks()
    ]  # fmt: skip
    names = [task for task, *_ in tasks()]
    plant(folder, records, study(names, STRATEGIES, SEEDS, ROUNDS - 1), cards)
    assert Store(folder).seal() == []
    return folder


@pytest.mark.slow
def test_2000_runs_take_under_ten_seconds_and_five_megabytes(folder):
    start = time.process_time()
    results = Store(folder).read()
    page = write(folder, results)
    took, size = time.process_time() - start, page.stat().st_size / 1e6
    print(f"{len(results.runs())} runs: {took:.1f} s of one core, {size:.2f} MB")
    assert len(results.runs()) == 2000
    assert size < 5
    assert took < 10
