"""A `Task` is ready for learning: pool, test set, masks and classes, made from a seed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float

from mindgap.errors import InvalidData
from mindgap.registry import Component
from mindgap.tasks.data import MultimodalData


@dataclass(frozen=True)
class TaskShape:
    """What a learner must know before it sees data: each modality's shape, and how many classes."""

    modalities: Mapping[str, tuple[int, ...]]
    n_classes: int


@dataclass(frozen=True)
class Task:
    """Pool and test set of one seed, scaled.

    Attributes:
        pool: what can be labelled; its labels stay with the label source.
        test: what is measured on; None where a practitioner has none.
    """

    pool: MultimodalData
    test: MultimodalData | None

    @staticmethod
    def ready(pool: MultimodalData, test: MultimodalData | None) -> Task:
        """Validate both sets and standardise every feature by the pool's observed values.

        Raises:
            InvalidData: a fault in either set, or two sets that don't fit together.
        """
        pool.validate("pool")
        if test is None:
            return Task(_standardised(pool, pool), None)
        test.validate("test set")
        if (pool.names, pool.classes) != (test.names, test.classes):
            raise InvalidData("pool and test set differ in their modalities or classes")
        for name, x in pool.modalities.items():
            if x.shape[1:] != test.modalities[name].shape[1:]:
                raise InvalidData(
                    f"modality {name!r} has shape {tuple(x.shape[1:])} a sample in the pool and "
                    f"{tuple(test.modalities[name].shape[1:])} in the test set"
                )
        if (test.labels < 0).any():
            raise InvalidData(f"test set: {test.first(test.labels < 0)} has no label")
        return Task(_standardised(pool, pool), _standardised(test, pool))

    @property
    def shape(self) -> TaskShape:
        shapes = {name: tuple(x.shape[1:]) for name, x in self.pool.modalities.items()}
        return TaskShape(shapes, len(self.pool.classes))


class TaskSource(Component):
    """Makes the same task anew for every seed; scenarios and real data sets are its kinds.

    Tasks of one `family` share their random streams (samples, split, initial set), so that a
    scenario and its control are paired.
    """

    component_kind: ClassVar[str] = "task"

    #: "scenario" where the truth is known, "data set" where it isn't.
    kind: ClassVar[str]

    @property
    @abstractmethod
    def family(self) -> str:
        """The name that keys every random stream; twins have the same."""

    @property
    @abstractmethod
    def shape(self) -> TaskShape:
        """The task's shape, known without making it."""

    @property
    @abstractmethod
    def pool_size(self) -> int:
        """How many samples can be labelled."""

    @abstractmethod
    def make(self, seed: int) -> Task:
        """The task of this seed."""

    @abstractmethod
    def card(self) -> dict[str, Any]:
        """What a reader of the results must know, JSON only; of a scenario also its truth."""

    @property
    def capabilities(self) -> frozenset[str]:
        """What strategies may count on: "posterior" where `posterior` isn't None, "test_set"."""
        return frozenset({"test_set"})

    def posterior(self, seed: int) -> Float[np.ndarray, "N C"] | None:
        """p(y | what is observed, mask included) of this seed's pool; None where nobody knows."""
        return None

    def unavailable(self) -> str | None:
        """Why the task can't be made on this machine now, or None."""
        return None

    def prepare(self) -> str:
        """Fetch and cache what the task needs, once; says what it did."""
        return "nothing needs to be prepared"


def _standardised(data: MultimodalData, reference: MultimodalData) -> MultimodalData:
    """Scale by mean and deviation of the reference's observed values; labels are not used."""
    scaled = {}
    for m, (name, x) in enumerate(data.modalities.items()):
        seen = reference.modalities[name][reference.observed[:, m]]
        if len(seen) == 0:
            raise InvalidData(f"modality {name!r} is observed nowhere in the pool")
        mean = seen.mean(dim=0)
        varies = seen.amax(dim=0) > seen.amin(dim=0)  # a deviation may be rounding error
        deviation = torch.where(varies, seen.std(dim=0, correction=0), 1.0)
        scaled[name] = (x - mean) / deviation
    return replace(data, modalities=scaled)
