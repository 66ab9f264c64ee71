"""What learns: encoders, fusion, missing-modality handling, and the fleet that trains them."""

from mindgap.learners.fleet import Fleet, Row
from mindgap.learners.learner import Concat, ConcatLinear, Learner
from mindgap.learners.network import ConcatNetwork, Network, Output, Parameters
from mindgap.learners.predict import predict
from mindgap.learners.samples import Samples

__all__ = [
    "Concat",
    "ConcatLinear",
    "ConcatNetwork",
    "Fleet",
    "Learner",
    "Network",
    "Output",
    "Parameters",
    "Row",
    "Samples",
    "predict",
]
