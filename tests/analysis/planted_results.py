"""Results with known numbers, written through a real store."""

from mindgap.study.store import Store

TRUTH = {
    "bayes_accuracy": {"": 0.25, "x1": 0.84, "x2": 0.8, "x1+x2": 0.95},
    "bayes_natural": 0.9,
    "bits": [
        {"name": "R1", "groups": ["x1+x2"], "majority": 0.5, "bayes": {"x1+x2": 0.97}},
        {"name": "U1", "groups": ["x1"], "majority": 0.5, "bayes": {"x1+x2": 0.97}},
    ],
    "shapley": {"x1": 0.37, "x2": 0.33},
    "method": "closed form",
}


def card(task, **changes):
    """A scenario's card without a pitfall."""
    return {
        "task": task,
        "kind": "scenario",
        "family": task,
        "summary": f"What {task} is.",
        "pitfall": None,
        "control": None,
        "modalities": {"x1": [32], "x2": [32]},
        "classes": ["0", "1", "2", "3"],
        "pool": 5000,
        "test": 4000,
        "patterns": {"x1+x2": 1.0},
        "truth": TRUTH,
        **changes,
    }


def run(strategy, seed, accuracy, task="t", learner="concat", **more):
    """Records of one run: a measurement and a query of 50 labels for each accuracy.

    `metrics` maps (metric, subject) to a value a round, `chosen` is the observed pattern of every
    sample chosen; `family`, `group`, `labels` (at each round) and `id` can be set as well.
    """
    rounds = len(accuracy)
    labels = more.get("labels", [50 * (i + 1) for i in range(rounds)])
    metrics = {("accuracy", "natural"): accuracy, **more.get("metrics", {})}
    return [
        {
            "kind": "round",
            "run": more.get("id", f"{task}-{learner}-{strategy}-s{seed}"),
            "task": task,
            "learner": learner,
            "strategy": strategy,
            "seed": seed,
            "group": more.get("group", "unimodal"),
            "family": more.get("family", task),
            "round": i,
            "labels": labels[i],
            "metrics": [
                {"metric": metric, "subject": subject, "value": float(values[i])}
                for (metric, subject), values in metrics.items()
            ],
            "selected": [
                {"id": f"{i}-{j}", "score": 0.5, "observed": pattern}
                for j, pattern in enumerate(more.get("chosen", ["x1+x2"] * 2))
            ],
            "seconds": {"train": 0.5, "select": 0.25},
        }
        for i in range(rounds)
    ]


def failure(strategy, seed, task="t", learner="concat", round_=0, **more):
    """The record of a run that stopped."""
    return {
        "kind": "failure",
        "run": f"{task}-{learner}-{strategy}-s{seed}",
        "task": task,
        "learner": learner,
        "strategy": strategy,
        "seed": seed,
        "round": round_,
        "error": "strategy s: ValueError: no",
        "traceback": "Traceback (most recent call last):\nValueError: no\n",
        **more,
    }


def study(tasks=("t",), strategies=("random", "a"), seeds=5, rounds=2, learners=("concat",)):
    """A study's JSON."""
    return {
        "name": "planted",
        "tasks": list(tasks),
        "learners": list(learners),
        "strategies": list(strategies),
        "budget": {"initial": 50, "query": 50, "rounds": rounds},
        "seeds": seeds,
        "plugins": [],
    }


def plant(folder, records, asked=None, cards=()):
    """Write everything as a worker would, and read it."""
    store = Store(folder)
    if asked:
        store.claim(asked)
    for each in cards:
        store.write_card(each["task"], each)
    with store.journal("planted") as journal:
        for record in records:
            journal.append(record)
    return store.read()
