"""Which modalities a sample has: mechanisms that work on any data, and a pair of them a task."""

from mindgap.tasks.missingness.ampute import ampute
from mindgap.tasks.missingness.dependent import MAR, MNARx, MNARy
from mindgap.tasks.missingness.mechanism import Evidence, Mechanism, Score, overlaid
from mindgap.tasks.missingness.named import named
from mindgap.tasks.missingness.random import Exclusive, Independent
from mindgap.tasks.missingness.splits import Missingness

__all__ = [
    "MAR",
    "Evidence",
    "Exclusive",
    "Independent",
    "MNARx",
    "MNARy",
    "Mechanism",
    "Missingness",
    "Score",
    "ampute",
    "named",
    "overlaid",
]
