"""What is measured: performance, and how each modality is used."""

from mindgap.metrics.balance import balance
from mindgap.metrics.bits import bits
from mindgap.metrics.measurement import Measurement
from mindgap.metrics.performance import accuracy, performance

__all__ = ["Measurement", "accuracy", "balance", "bits", "performance"]
