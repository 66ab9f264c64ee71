"""Measure the models of a round on the test set and on validation labels, and its queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from mindgap.learners import Network, Parameters, predict
from mindgap.learners.temperature import TEMPERATURE
from mindgap.metrics import Measurement, balance, bits, confidence, performance
from mindgap.strategies import Selection
from mindgap.study.blocks import blocks
from mindgap.study.examine import Examined, examine
from mindgap.study.finished import VALIDATION_ACCURACY
from mindgap.study.guard import Failure, guarded
from mindgap.study.selected import Query, asked_of, selected
from mindgap.study.state import Environment, State, clock, of_models, of_run
from mindgap.tasks import MultimodalData
from mindgap.tasks.subsets import Subset

#: Stands for a modality that is withheld from a complete test sample: the learner's own token.
ABSENT = "subset_probabilities:token"

#: A network, and the parameters of R of it.
Models = tuple[Network, Parameters]

#: On the test set as it is.
NATURAL = "probabilities"


def measure(
    states: Sequence[State],
    place: Sequence[int],
    parameters: Parameters,
    network: Network,
    ensembles: Models | None = None,
) -> list[list[Measurement] | Failure]:
    """Test every distinct model once, in blocks whose predictions fit in memory.

    Args:
        place: which model is each state's.
        ensembles: of networks trained apart, one beside each model, where a metric compares.
    """
    groups: dict[int, list[int]] = defaultdict(list)
    for i, state in enumerate(states):
        groups[state.environment.number].append(i)
    results: dict[int, list[Measurement] | Failure] = {}
    for members in groups.values():
        sharing = [states[i] for i in members]
        models = sorted({place[i] for i in members})
        name = f"learner {sharing[0].run.learner} on task {sharing[0].run.task}"
        found = guarded(name, _measured, sharing, models, parameters, network, ensembles)
        for model in models:
            results[model] = found if isinstance(found, Failure) else found[model]
    return [results[model] for model in place]


def of_queries(
    states: Sequence[State],
    place: Sequence[int],
    parameters: Parameters,
    network: Network,
    measured: Sequence[list[Measurement] | Failure],
    selections: Sequence[Selection | Failure],
) -> list[list[Measurement] | Failure]:
    """What was measured of each state's model, and of its query where both went well."""
    both: list[list[Measurement] | Failure] = []
    for i, (state, found, selection) in enumerate(zip(states, measured, selections, strict=True)):
        if isinstance(found, Failure) or isinstance(selection, Failure):
            both.append(found)
            continue
        query = Query(state, selection, network, of_models(parameters, [place[i]]))
        with clock([state], "measure"):
            more = guarded(f"task {state.run.task}", lambda q: selected(q) + asked_of(q), query)
        both.append(more if isinstance(more, Failure) else [*found, *more])
    return both


def _measured(
    sharing: Sequence[State],
    models: Sequence[int],
    parameters: Parameters,
    network: Network,
    ensembles: Models | None,
) -> dict[int, list[Measurement]]:
    """What was measured of each model; the runs `sharing` them have one environment."""
    environment = sharing[0].environment
    test, complete = environment.test, environment.complete_test
    asked, key = sharing[0].run.metrics, (sharing[0].run.family, sharing[0].run.seed)
    found: dict[int, list[Measurement]] = {model: [] for model in models}
    if TEMPERATURE in parameters:
        for model in models:
            temperature = float(parameters[TEMPERATURE][model])
            found[model].append(Measurement("temperature", "", temperature))
    if len(known := sharing[0].validation.labels):
        held = sharing[0].held_out
        for model, answer in answers(sharing, models, parameters, network, held, NATURAL):
            with clock(sharing, "measure"):
                right = (answer.argmax(dim=1).cpu() == known).double().mean()
                found[model].append(Measurement(VALIDATION_ACCURACY, "", float(right)))
    if test is None:
        return found
    if not test.observed.all():
        for model, answer in answers(sharing, models, parameters, network, test, NATURAL):
            with clock(sharing, "measure"):
                found[model] += _natural(test, answer)
    if complete is not None:
        for model, answer in answers(sharing, models, parameters, network, complete, ABSENT):
            with clock(sharing, "measure"):
                if test.observed.all():
                    found[model] += _natural(test, answer[frozenset(test.names)])
                shown = {subset: probabilities.cpu() for subset, probabilities in answer.items()}
                found[model] += _shown(environment, complete, shown)
                if asked:
                    beside = ensembles and (ensembles[0], of_models(ensembles[1], [model]))
                    own = of_models(parameters, [model])
                    examined = Examined(network, own, environment, complete, shown, beside, key)
                    found[model] += examine(examined, asked)
    return found


def answers(
    sharing: Sequence[State],
    models: Sequence[int],
    parameters: Parameters,
    network: Network,
    data: MultimodalData,
    want: str,
) -> Iterator[tuple[int, Any]]:
    """Each model with its answer, a block of models at a time."""
    samples = sharing[0].environment.test_samples(data)
    for block in blocks(models, parameters, network, samples, {want}):
        with clock(sharing, "predict"):
            part = of_models(parameters, block)
            found = predict(network, part, samples, {want})[want]
        for r, model in enumerate(block):
            yield model, of_run(found, r)


def _natural(test: MultimodalData, probabilities: Tensor) -> list[Measurement]:
    """On the test set as it is, gaps included."""
    return performance(probabilities.cpu(), test.labels, test.observed, test.names)


def _shown(
    environment: Environment, complete: MultimodalData, shown: Mapping[Subset, Tensor]
) -> list[Measurement]:
    """On complete samples, with every subset of the modalities shown."""
    names, truth = complete.names, environment.card.get("truth")
    found = balance(shown, complete.labels, names, truth["shapley"] if truth else None)
    found += confidence(shown, complete.labels, names)
    if truth:
        predicted = shown[frozenset(names)].argmax(dim=1)
        found += bits(predicted, complete.labels, truth["bits"], names)
    return found
