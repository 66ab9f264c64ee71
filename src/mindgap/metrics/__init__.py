"""What is measured: performance, and how each modality is used."""

from mindgap.metrics.additive import emap_gap
from mindgap.metrics.balance import against_ensemble, balance
from mindgap.metrics.bits import bits
from mindgap.metrics.branches import ogm_ratio, probe_gap
from mindgap.metrics.confidence import confidence
from mindgap.metrics.measurement import Measurement
from mindgap.metrics.performance import accuracy, performance
from mindgap.metrics.permuted import kept_subsets, mipd, perceptual_score, permuted_accuracy

__all__ = [
    "Measurement",
    "accuracy",
    "against_ensemble",
    "balance",
    "bits",
    "confidence",
    "emap_gap",
    "kept_subsets",
    "mipd",
    "ogm_ratio",
    "perceptual_score",
    "performance",
    "permuted_accuracy",
    "probe_gap",
]
