"""Scores of synthetic samples: where they lie on the axis of a label bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from mindgap.tasks.description import Description
from mindgap.tasks.missingness import Evidence, Score

#: Points of Gaussian noise; the trapezoid rule is exact to rounding for what is smooth.
NOISE = np.linspace(-9, 9, 2001)
NOISE_WEIGHTS = np.exp(-(NOISE**2) / 2)
NOISE_WEIGHTS /= NOISE_WEIGHTS.sum()


@dataclass(frozen=True)
class LabelAxis:
    """The projection z of a modality onto the axis of a label bit, standardised: (z - mean) / sd.

    Mean and deviation are those of the whole population, known from the description.

    Attributes:
        modality: where the axis is.
        bit: the name of its bit, None for the modality's first axis.
    """

    description: Description
    modality: str
    bit: str | None

    @cached_property
    def column(self) -> int:
        """Which of the modality's axes it is."""
        return self.description.label_axes(self.modality, self.bit)[0]

    @cached_property
    def place(self) -> tuple[int, int]:
        """The bit and group whose value, or a sub-bit of it, lies on the axis."""
        axis = self.description.axes[self.modality][self.column]
        return axis.bit, axis.group

    @cached_property
    def holds_value(self) -> bool:
        """Whether it is the value itself that lies on the axis, not one of several sub-bits."""
        bit = self.description.bits[self.place[0]]
        return self.description.sub_bits(bit, self.modality) == 1

    def score(self, z: Float[np.ndarray, " N"]) -> Score:
        """The score of these projections, and its population."""
        return Score(self._standardised(z), *self._population(self._one))

    def given(self, value: int) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, " K"]]:
        """Scores and their weights among samples in which the axis's group has this value."""
        return self._population(float(value) if self.holds_value else 0.5)

    @cached_property
    def _one(self) -> float:
        """How often the axis is on its positive side, signal or not."""
        j, _ = self.place
        if self.holds_value and len(self.description.bits[j].groups) == 1:
            classes = np.arange(self.description.n_classes)
            return float(self.description.class_prior[(classes >> j) & 1 == 1].sum())
        return 0.5

    @cached_property
    def _moments(self) -> tuple[float, float]:
        z, weights = self._projections(self._one)
        mean = float(weights @ z)
        return mean, float(np.sqrt(weights @ (z - mean) ** 2))

    def _standardised(self, z: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
        mean, deviation = self._moments
        return (z - mean) / deviation

    def _population(self, one: float) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, " K"]]:
        z, weights = self._projections(one)
        return self._standardised(z), weights

    def _projections(self, one: float) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, " K"]]:
        a = self.description.amplitudes(self.modality)[self.column]
        lost = self.description.corruption.get(self.modality, 0.0)
        parts = [(-a, (1 - lost) * (1 - one)), (a, (1 - lost) * one), (0.0, lost)]
        parts = [(centre, weight) for centre, weight in parts if weight > 0]
        return (
            np.concatenate([NOISE + centre for centre, _ in parts]),
            np.concatenate([NOISE_WEIGHTS * weight for _, weight in parts]),
        )


@dataclass(frozen=True)
class LabelEvidence(Evidence):
    """What a mechanism may look at in synthetic samples.

    Attributes:
        classes: the clean labels.
        projections: modality -> the samples along each of its axes, noise included.
    """

    description: Description
    classes: Int[np.ndarray, " N"]
    projections: Mapping[str, Float[np.ndarray, "N _"]]

    def labels(self) -> Int[np.ndarray, " N"]:
        """The clean ones."""
        return self.classes

    def score(self, modality: str, bit: str | None) -> Score:
        """Along the axis of a label bit."""
        axis = LabelAxis(self.description, modality, bit)
        return axis.score(self.projections[modality][:, axis.column])
