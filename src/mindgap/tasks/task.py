"""A `Task` is ready for learning: pool, test set, masks and classes, made from a seed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mindgap.errors import InvalidData
from mindgap.registry import Component
from mindgap.tasks.data import MultimodalData
from mindgap.tasks.latent import Latent


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
            return Task(_scaled(pool, _scale(pool)), None)
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
        scale = _scale(pool)
        return Task(_scaled(pool, scale), _scaled(test, scale))

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

    def latent(self, seed: int, split: str = "pool") -> Latent | None:
        """What generated each sample of this seed's "pool" or "test"; None where nobody knows."""
        return None

    def unavailable(self) -> str | None:
        """Why the task can't be made on this machine now, or None."""
        return None

    def prepare(self) -> str:
        """Fetch and cache what the task needs, once; says what it did."""
        return "nothing needs to be prepared"


def _scale(pool: MultimodalData) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and deviation of each modality's observed values; labels are not used."""
    found = {}
    for m, (name, x) in enumerate(pool.modalities.items()):
        observed = pool.observed[:, m]
        seen = x if observed.all() else x[observed]
        if len(seen) == 0:
            raise InvalidData(f"modality {name!r} is observed nowhere in the pool")
        varies = seen.amax(dim=0) > seen.amin(dim=0)  # a deviation may be rounding error
        deviation = torch.where(varies, seen.std(dim=0, correction=0), 1.0)
        found[name] = seen.mean(dim=0), deviation
    return found


def _scaled(data: MultimodalData, scale: Mapping[str, tuple[Tensor, Tensor]]) -> MultimodalData:
    scaled = {}
    for name, x in data.modalities.items():
        mean, deviation = scale[name]
        scaled[name] = (x - mean).div_(deviation)
    return replace(data, modalities=scaled)
