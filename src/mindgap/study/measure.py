"""Measure the models of a round on the test set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from torch import Tensor

from mindgap.learners import Network, Parameters, predict
from mindgap.metrics import Measurement, balance, bits, performance
from mindgap.study.state import Environment, State, clock, of_models, of_run
from mindgap.tasks import MultimodalData
from mindgap.tasks.subsets import Subset

#: Stands for a modality that is withheld from a complete test sample: the learner's own token.
ABSENT = "subset_probabilities:token"


def measure(
    states: Sequence[State], place: Sequence[int], parameters: Parameters, network: Network
) -> list[list[Measurement]]:
    """Test every distinct model once; `place` says which model is each state's."""
    groups: dict[int, list[int]] = defaultdict(list)
    for i, state in enumerate(states):
        groups[state.environment.number].append(i)
    results: dict[int, list[Measurement]] = {}
    for members in groups.values():
        sharing = [states[i] for i in members]
        environment = sharing[0].environment
        if environment.test is None:
            continue
        models = sorted({place[i] for i in members})
        part = of_models(parameters, models)
        complete = environment.complete_test
        with clock(sharing, "predict"):
            shown = None
            if complete is not None:
                shown = predict(network, part, environment.test_samples(complete), {ABSENT})[ABSENT]
            if shown is not None and environment.test.observed.all():
                natural = shown[frozenset(environment.test.names)]
            else:
                samples = environment.test_samples(environment.test)
                natural = predict(network, part, samples, {"probabilities"})["probabilities"]
        with clock(sharing, "measure"):
            for r, model in enumerate(models):
                found = _natural(environment.test, natural[r])
                if complete is not None:
                    found += _shown(environment, complete, of_run(shown, r))
                results[model] = found
    return [results.get(model, []) for model in place]


def _natural(test: MultimodalData, probabilities: Tensor) -> list[Measurement]:
    """On the test set as it is, gaps included."""
    return performance(probabilities.cpu(), test.labels, test.observed, test.names)


def _shown(
    environment: Environment, complete: MultimodalData, shown: Mapping[Subset, Tensor]
) -> list[Measurement]:
    """On complete samples, with every subset of the modalities shown."""
    names, truth = complete.names, environment.card.get("truth")
    shown = {subset: probabilities.cpu() for subset, probabilities in shown.items()}
    found = balance(shown, complete.labels, names, truth["shapley"] if truth else None)
    if truth:
        predicted = shown[frozenset(names)].argmax(dim=1)
        found += bits(predicted, complete.labels, truth["bits"], names)
    return found
