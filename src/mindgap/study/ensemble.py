"""The unimodal ensemble that models are compared with, trained on the labels that they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from mindgap.learners import Diverged, Fleet, Learner, Parameters, Row, Samples, Ume
from mindgap.registry import Configured
from mindgap.study.compute import Compute
from mindgap.study.examine import METRICS
from mindgap.tasks import TaskShape


@dataclass(frozen=True)
class Ensembles:
    """Trains what a run of the learner `ume` would have trained from the same labelled set.

    Attributes:
        fleet: of `Ume` with whatever parameters it has in common with the learner.
        identity: its part of the streams' keys.
    """

    fleet: Fleet
    identity: str

    @staticmethod
    def of(fleet: Fleet, shape: TaskShape, pools: Sequence[Samples], compute: Compute) -> Ensembles:
        """The ensembles beside the models of a fleet."""
        ume = like(fleet.learner)
        given = {field.name: getattr(ume, field.name) for field in fields(ume)}
        identity = Configured("learner", "ume", given, Ume).without("calibration").identity
        network = compute.network(ume.network(shape))
        return Ensembles(Fleet(ume, network, pools, compute.device), identity)

    def fit(self, rows: Sequence[Row]) -> tuple[Parameters, Mapping[int, str]]:
        """One for each row, (R, ...), and which of them diverged, with the reason."""
        keyed = [replace(row, key=(row.key[0], self.identity, *row.key[2:])) for row in rows]
        try:
            return self.fleet.fit(keyed), {}
        except Diverged as error:
            beside = "the unimodal ensemble beside it: "
            return error.parameters, {row: beside + why for row, why in error.reasons.items()}


def like(learner: Learner) -> Ume:
    """A unimodal ensemble with what it has in common with the learner, uncalibrated."""
    shared = {
        field.name: getattr(learner, field.name)
        for field in fields(Ume)
        if hasattr(learner, field.name)
    }
    return Ume(**{**shared, "calibration": "none"})


def wanted(asked: Sequence[str]) -> bool:
    """Whether a metric compares with an ensemble."""
    return any(METRICS[name].ensemble for name in asked if name in METRICS)
