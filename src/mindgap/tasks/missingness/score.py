"""Scores of any data: the first principal component of what the pool has observed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from mindgap.errors import InvalidData
from mindgap.tasks.data import MultimodalData
from mindgap.tasks.missingness.mechanism import Evidence, Score


@dataclass(frozen=True)
class DataEvidence(Evidence):
    """What a mechanism may look at in data whose making isn't known.

    Attributes:
        data: the samples.
        reference: the pool; its observed values settle direction, mean and deviation of a score.
    """

    data: MultimodalData
    reference: MultimodalData

    def labels(self) -> Int[np.ndarray, " N"]:
        """The classes.

        Raises:
            InvalidData: one is unknown.
        """
        unknown = self.data.labels < 0
        if unknown.any():
            raise InvalidData(
                f"{self.data.first(unknown)} has no label, but the mechanism depends on the class"
            )
        return self.data.labels.numpy()

    def score(self, modality: str, bit: str | None) -> Score:
        """Along the first principal component of the standardised features; 0 where the modality
        isn't observed.

        Raises:
            InvalidData: a label bit's axis is asked for, or the pool's values are all the same.
        """
        if bit is not None:
            raise InvalidData(f"these data have no axis of bit {bit!r}; leave it out")
        mean, deviation, direction = _principal(self.reference, modality)
        seen = self.data.observed[:, self.data.names.index(modality)].numpy()
        values = np.zeros(len(self.data))
        values[seen] = ((_seen(self.data, modality) - mean) / deviation) @ direction
        within = values[seen] if seen.any() else values
        return Score(values, within, np.full(len(within), 1 / len(within)))


def _principal(
    data: MultimodalData, modality: str
) -> tuple[Float[np.ndarray, " D"], Float[np.ndarray, " D"], Float[np.ndarray, " D"]]:
    from sklearn.decomposition import PCA  # takes a second to import

    x = _seen(data, modality)
    varies = np.ptp(x, axis=0) > 0 if len(x) else np.zeros(x.shape[1], dtype=bool)
    if not varies.any():
        raise InvalidData(f"modality {modality!r} has the same value everywhere in the pool")
    mean, deviation = x.mean(axis=0), np.where(varies, x.std(axis=0), 1.0)
    x = (x - mean) / deviation
    direction = PCA(1, svd_solver="randomized", random_state=0).fit(x).components_[0]
    return mean, deviation, direction / (x @ direction).std()


def _seen(data: MultimodalData, modality: str) -> Float[np.ndarray, "n D"]:
    """The observed values, as rows of numbers."""
    seen = data.observed[:, data.names.index(modality)]
    return data.modalities[modality][seen].flatten(1).double().numpy()
