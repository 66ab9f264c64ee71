"""A planted study of realistic size; its page is left where --basetemp says."""

import numpy as np
import pytest
from analysis.planted_results import TRUTH, card, failure, plant, run, study

from mindgap.report import write

STRATEGIES = ["random", "margin", "entropy", "coreset", "badge", "bmmal"]
LABELS = np.arange(50, 451, 50)

#: Task -> family, pitfall, control, highest accuracy, utilisation of the second modality.
TASKS = {
    "int_redundant": ("int_redundant", None, None, 0.95, 0.96),
    "diff_nonlin_red": ("int_redundant", "x2 is harder to learn", "int_redundant", 0.88, 0.12),
    "miss_base": ("miss_base", None, None, 0.92, 0.95),
    "miss_mcar_sym": ("miss_base", "half of the samples lack a modality", "miss_base", 0.66, 0.9),
    "htad": ("htad", None, None, 0.91, None),
}

#: What a strategy adds to the accuracy, and its share of incomplete samples.
EFFECTS = {"margin": (0.01, 0.7), "entropy": (-0.02, 0.88), "coreset": (0.03, 0.1)}


def planted_card(task):
    family, pitfall, control, top, second = TASKS[task]
    changes = {"family": family, "pitfall": pitfall, "control": control}
    if second is None:
        modalities = {"audio": [36], "accelerometer": [16]}
        patterns = {"audio+accelerometer": 1.0}
        return card(
            task, kind="data set", truth=None, modalities=modalities, patterns=patterns, **changes
        )
    if task == "miss_mcar_sym":
        changes["patterns"] = {"x1+x2": 0.5, "x1": 0.25, "x2": 0.25}
    return card(task, truth={**TRUTH, "bayes_natural": top + 0.03}, **changes)


def planted_run(task, strategy, seed):
    """Curves that rise to the task's height, the start shared by all strategies of a seed."""
    family, _, _, top, second = TASKS[task]
    shared = np.random.default_rng([list(TASKS).index(task), seed])
    own = np.random.default_rng([list(TASKS).index(task), seed, STRATEGIES.index(strategy)])
    effect, incomplete = EFFECTS.get(strategy, (0.005 * (strategy != "random"), 0.5))
    rise = 1 - np.exp(-(LABELS - 50) / 120)
    low = top - 0.3 + shared.normal(0, 0.02)
    accuracy = low + (top - low + effect) * rise + own.normal(0, 0.006, 9) * (LABELS > 50)
    metrics = {("macro_f1", "natural"): accuracy - 0.01, ("accuracy", "complete"): accuracy}
    first, other = ("audio", "accelerometer") if second is None else ("x1", "x2")
    for name, use in ((first, 1.1), (other, second or 0.6)):
        noisy = np.clip(use * rise / rise[-1] + own.normal(0, 0.03, 9), 0, None)
        metrics[("accuracy_only", name)] = 0.25 + 0.6 * noisy / 1.2
        metrics[("accuracy_without", name)] = accuracy - 0.2 * noisy
        metrics[("shapley", name)] = 0.35 * noisy
        if second is not None:
            metrics[("utilisation", name)] = noisy
    if second is not None:
        metrics[("imbalance", "")] = np.full(9, np.log(1.1 / second))
        metrics[("kappa", "R1")] = metrics[("kappa", "U1")] = accuracy
    chosen = ["+".join((first, other))] * 20
    if task == "miss_mcar_sym":
        chosen = ["x1" if draw < incomplete else "x1+x2" for draw in own.random(20)]
        for name, there in (("x1", 0.25), ("x2", 0.27), ("x1+x2", 0)):
            metrics[("accuracy", f"pattern:{name}")] = accuracy - there
    more = {"labels": LABELS.tolist(), "metrics": metrics, "chosen": chosen, "family": family}
    return run(strategy, seed, accuracy, task, **more)


@pytest.fixture(scope="session")
def realistic(tmp_path_factory):
    """150 runs of 9 rounds, but one that stopped early and one that failed at once."""
    records = [
        record
        for task in TASKS
        for strategy in STRATEGIES
        for seed in range(5)
        if (task, strategy, seed) != ("htad", "bmmal", 4)
        for record in planted_run(task, strategy, seed)
        if (task, strategy, seed) != ("miss_base", "badge", 2) or record["round"] < 4
    ]
    records += [failure("bmmal", 4, "htad"), failure("badge", 2, "miss_base", round_=4)]
    asked = study(TASKS, STRATEGIES, 5, 8)
    cards = [planted_card(task) for task in TASKS]
    return plant(tmp_path_factory.mktemp("realistic"), records, asked, cards)


@pytest.fixture(scope="session")
def realistic_page(realistic, tmp_path_factory):
    """The path of its page."""
    return write(tmp_path_factory.mktemp("page"), realistic)
