"""What is measured: performance, and how each modality is used."""

from mindgap.metrics.additive import emap_gap
from mindgap.metrics.balance import against_ensemble, balance
from mindgap.metrics.bits import bits
from mindgap.metrics.branches import latent_gap, ogm_ratio, probe_gap
from mindgap.metrics.confidence import confidence
from mindgap.metrics.dominance import dominance
from mindgap.metrics.measurement import Measurement
from mindgap.metrics.performance import accuracy, performance
from mindgap.metrics.permuted import kept_subsets, mipd, perceptual_score, permuted_accuracy
from mindgap.metrics.selection import (
    aleatoric_waste,
    cell_coverage,
    classes,
    epistemic_yield,
    lift,
    patterns,
)

__all__ = [
    "Measurement",
    "accuracy",
    "against_ensemble",
    "aleatoric_waste",
    "balance",
    "bits",
    "cell_coverage",
    "classes",
    "confidence",
    "dominance",
    "emap_gap",
    "epistemic_yield",
    "kept_subsets",
    "latent_gap",
    "lift",
    "mipd",
    "ogm_ratio",
    "patterns",
    "perceptual_score",
    "performance",
    "permuted_accuracy",
    "probe_gap",
]
