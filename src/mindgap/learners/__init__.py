"""What learns: encoders, fusion, missing-modality handling, and the fleet that trains them."""

from mindgap.learners.composed import Composed, ConcatNetwork
from mindgap.learners.divergence import Diverged
from mindgap.learners.fleet import Fleet, Row
from mindgap.learners.fused import (
    Attention,
    Bottleneck,
    Concat,
    ConcatLinear,
    Fused,
    Gated,
    Late,
    LowRank,
)
from mindgap.learners.half_precision import HalfPrecision
from mindgap.learners.layers import Parameters
from mindgap.learners.learner import Learner
from mindgap.learners.module_learner import ModuleLearner
from mindgap.learners.network import Network, Output
from mindgap.learners.predict import predict
from mindgap.learners.samples import Samples
from mindgap.learners.ume import Ume

__all__ = [
    "Attention",
    "Bottleneck",
    "Composed",
    "Concat",
    "ConcatLinear",
    "ConcatNetwork",
    "Diverged",
    "Fleet",
    "Fused",
    "Gated",
    "HalfPrecision",
    "Late",
    "Learner",
    "LowRank",
    "ModuleLearner",
    "Network",
    "Output",
    "Parameters",
    "Row",
    "Samples",
    "Ume",
    "predict",
]
