"""Metrics that a study asks for by name, since they cost more than a look at the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from mindgap.learners import Network, Parameters, predict
from mindgap.metrics import (
    Measurement,
    against_ensemble,
    emap_gap,
    kept_subsets,
    latent_gap,
    mipd,
    ogm_ratio,
    perceptual_score,
    permuted_accuracy,
    probe_gap,
)
from mindgap.registry import summary
from mindgap.seeding import stream
from mindgap.study.selected import OF_QUERY
from mindgap.tasks import MultimodalData
from mindgap.tasks.subsets import Subset

if TYPE_CHECKING:
    from mindgap.study.state import Environment

#: Permutations that a metric is averaged over.
PERMUTATIONS = 5

#: Samples that are crossed with each other.
CROSSED = 200


@dataclass(frozen=True)
class Examined:
    """One model, and the test samples with every modality that it is asked about.

    Permutations and crossed samples are the same for all models of a family and seed.

    Attributes:
        network, parameters: the model, (1, ...).
        shown: its probabilities by subset, on the CPU.
        ensemble: of networks trained apart on the same labels, where a metric needs one.
    """

    network: Network
    parameters: Parameters
    environment: Environment
    complete: MultimodalData
    shown: Mapping[Subset, Tensor]
    ensemble: tuple[Network, Parameters] | None
    key: tuple[str | int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return self.complete.names

    @property
    def labels(self) -> Tensor:
        return self.complete.labels

    def says(self, want: str, of: tuple[Network, Parameters] | None = None) -> Any:
        """What the model, or another one, answers about the samples."""
        network, parameters = of or (self.network, self.parameters)
        samples = self.environment.test_samples(self.complete)
        answer = predict(network, parameters, samples, {want})[want]
        if isinstance(answer, Mapping):
            return {name: part[0].cpu() for name, part in answer.items()}
        return answer[0]

    def apart(self, want: str) -> Any:
        """What the ensemble answers."""
        if self.ensemble is None:
            raise ValueError("no ensemble was trained")
        return self.says(want, self.ensemble)

    def recombined(self, rows: Tensor) -> Tensor:
        """Probabilities of samples put together, each modality from a row of its own."""
        found: Tensor = self.says("recombined")(rows.to(self.environment.device)).cpu()
        return found

    @cached_property
    def permuted(self) -> dict[Subset, Tensor]:
        """(D, n, C) with each subset kept and all else from one other sample."""
        n, names = len(self.complete), self.names
        orders = [stream("permuted", *self.key, d).permutation(n) for d in range(PERMUTATIONS)]
        others = torch.stack([torch.from_numpy(order) for order in orders])
        same = torch.arange(n).expand_as(others)
        found = {}
        for kept in kept_subsets(names):
            rows = torch.stack([same if name in kept else others for name in names], dim=2)
            found[kept] = self.recombined(rows.flatten(0, 1)).unflatten(0, (PERMUTATIONS, n))
        return found

    @cached_property
    def crossed(self) -> tuple[dict[str, Tensor], Tensor]:
        """Modality -> [i, k] with it from sample i and all else from k; and the labels."""
        order = stream("crossed", *self.key).permutation(len(self.complete))
        some = torch.from_numpy(order[:CROSSED])
        n = len(some)
        i, k = some[:, None].expand(n, n), some[None, :].expand(n, n)
        found = {}
        for name in self.names:
            rows = torch.stack([i if other == name else k for other in self.names], dim=2)
            found[name] = self.recombined(rows.flatten(0, 1)).unflatten(0, (n, n))
        return found, self.labels[some]

    @property
    def whole(self) -> Tensor:
        """Probabilities with everything shown."""
        return self.shown[frozenset(self.names)]


@dataclass(frozen=True)
class Metric:
    """What a study may ask for beyond what is always measured.

    Attributes:
        function: what says how it is defined.
        measure: it, of a model; None if it is of a query (see `selected.OF_QUERY`).
        needs: a capability of learner or task without which there is nothing to measure, or "".
        ensemble: whether networks are trained for it, a modality each.
    """

    function: Callable[..., list[Measurement]]
    measure: Callable[[Examined], list[Measurement]] | None
    needs: str = ""
    ensemble: bool = False

    @property
    def summary(self) -> str:
        """The first line of its definition."""
        return summary(self.function)


METRICS = {
    "permuted_accuracy": Metric(
        permuted_accuracy, lambda x: permuted_accuracy(x.permuted, x.labels, x.names)
    ),
    "perceptual_score": Metric(
        perceptual_score, lambda x: perceptual_score(x.whole, x.permuted, x.labels, x.names)
    ),
    "mipd": Metric(mipd, lambda x: mipd(x.whole, x.permuted, x.names)),
    "emap_gap": Metric(emap_gap, lambda x: emap_gap(*x.crossed)),
    "ogm_ratio": Metric(
        ogm_ratio,
        lambda x: ogm_ratio(x.says("unimodal_probabilities"), x.labels),
        needs="unimodal_heads",
    ),
    "utilisation_ume": Metric(
        against_ensemble,
        lambda x: against_ensemble(
            x.shown, x.apart("subset_probabilities:token"), x.labels, x.names
        ),
        ensemble=True,
    ),
    "probe_gap": Metric(
        probe_gap,
        lambda x: probe_gap(
            x.says("unimodal_embeddings"),
            x.apart("unimodal_embeddings"),
            x.labels,
            len(x.complete.classes),
        ),
        ensemble=True,
    ),
    "latent_gap": Metric(
        latent_gap,
        lambda x: latent_gap(
            x.says("unimodal_embeddings"),
            x.apart("unimodal_embeddings"),
            x.environment.complete_values,
        ),
        needs="posterior",
        ensemble=True,
    ),
    "epistemic_yield": Metric(OF_QUERY["epistemic_yield"][0], None, needs="posterior"),
    "dominance": Metric(OF_QUERY["dominance"][0], None),
}

#: How it is said that a capability isn't there.
WITHOUT = {
    "unimodal_heads": "the learner has no unimodal heads",
    "posterior": "nobody knows the task's posterior",
}

#: Metrics of every round wherever they can be had.
ALWAYS = (
    *("accuracy", "macro_f1", "nll", "ece", "accuracy_shown", "nll_shown", "ece_shown"),
    *("violation", "accuracy_only", "accuracy_without", "shapley", "utilisation", "imbalance"),
    *("conditional_utilisation", "interaction", "bit_accuracy", "kappa"),
    *("pattern_lift", "incomplete_lift", "pattern_divergence", "class_entropy", "class_shift"),
    *("aleatoric_waste", "corruption_lift", "shortcut_lift", "cell_coverage"),
)

#: What is said beside a name that a study can't ask for.
BESIDES = (
    "; accuracy, F1, log loss and calibration, reliance on each modality, label bits and what was "
    "selected are always measured"
)


def examine(model: Examined, asked: Sequence[str]) -> list[Measurement]:
    """Every metric of a model that is asked for, in this order."""
    measures = [METRICS[name].measure for name in asked if name in METRICS]
    return [found for measure in measures if measure is not None for found in measure(model)]


def lacking(asked: Sequence[str], capabilities: frozenset[str]) -> list[str]:
    """A sentence for each metric that can't be had of such a learner on such a task."""
    return [
        f"{name} is not measured: {WITHOUT[METRICS[name].needs]}"
        for name in asked
        if METRICS[name].needs and METRICS[name].needs not in capabilities
    ]
