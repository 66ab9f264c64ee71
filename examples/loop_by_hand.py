"""Active learning from top to bottom without the study machinery: one run, a few rounds.

    python examples/loop_by_hand.py --task diff_nonlin_red --strategy badge --rounds 4

Prints the accuracy with all modalities and with each alone, after every round. Random numbers
have the names that a study gives them, so `mindgap run` with the same task, learner, strategy, seed
and budget picks the same samples (`MKL_CBWR=AUTO,STRICT` set, as its worker processes have it).
There are no validation labels, hence no calibration.
"""

import argparse

import torch

from mindgap.learners import Fleet, Row, Samples, predict
from mindgap.registry import Registry
from mindgap.seeding import stream
from mindgap.strategies import Past, Pool, checked

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--task", default="int_redundant")
parser.add_argument("--learner", default="concat")
parser.add_argument("--strategy", default="margin")
parser.add_argument("--initial", type=int, default=50)
parser.add_argument("--query", type=int, default=50)
parser.add_argument("--rounds", type=int, default=4)
parser.add_argument("--seed", type=int, default=0)
asked = parser.parse_args()

torch.set_num_threads(1)  # faster for small networks
registry = Registry()
chosen = registry.configure("task", asked.task)
trained = registry.configure("learner", asked.learner)
asking = registry.configure("strategy", asked.strategy)
source, learner, strategy = chosen.build(), trained.build(), asking.build()

# The data of this seed, scaled. What is missing becomes zero here, and nothing reads it.
task = source.make(asked.seed)
pool, test = Samples.of(task.pool), Samples.of(task.test)
network = learner.network(task.shape)
fleet = Fleet(learner, network, [pool])  # of one run

# The initial set is random; every random number is named by what it is for.
shuffled = stream("initial", source.family, asked.seed).permutation(len(task.pool))
labelled = torch.from_numpy(shuffled[: asked.initial])
history = []

learned = trained.without("calibration").identity  # which comes after training
for round_ in range(asked.rounds + 1):
    # train: a fresh network, a fixed number of steps
    key = (source.family, learned, asked.seed, 0, round_)
    parameters = fleet.fit([Row(key, 0, labelled, task.pool.labels[labelled])])

    # measure: with every subset of the modalities shown
    shown = predict(network, parameters, test, {"subset_probabilities:token"})
    print(f"{len(labelled):5} labels", end="")
    for subset, probabilities in shown["subset_probabilities:token"].items():
        accuracy = (probabilities[0].argmax(dim=1) == task.test.labels).double().mean()
        print(f"   {'+'.join(sorted(subset)) or 'none'} {accuracy:.3f}", end="")
    print()

    # select: the strategy sees what it requires, and only samples without a label are candidates
    free = torch.ones(len(task.pool), dtype=torch.bool)
    free[labelled] = False
    served = predict(network, parameters, pool, strategy.requires(), [key])
    served = {
        what: {k: v[0] for k, v in value.items()} if isinstance(value, dict) else value[0]
        for what, value in served.items()
    }
    view = Pool(
        names=task.pool.names,
        n_classes=len(task.pool.classes),
        observed=task.pool.observed,
        labelled=labelled,
        labels=task.pool.labels[labelled],
        candidates=free.nonzero().flatten(),
        served=served,
        history=tuple(history),
    )
    rng = stream("query", chosen.text, learned, asking.identity, asked.seed, round_)
    n = min(asked.query, len(view.candidates))
    selection = checked(strategy.select(view, n, rng), view, n)

    # label
    labelled = torch.cat([labelled, selection.rows])
    history.append(Past(round_, selection.rows, trace=selection.trace))
