"""What chooses: a file a strategy; `base` holds the contract."""

from mindgap.strategies.base import ORACLE, SERVED, Pool, Selection, Strategy, argmax, best
from mindgap.strategies.checks import checked, required

__all__ = [
    "ORACLE",
    "SERVED",
    "Pool",
    "Selection",
    "Strategy",
    "argmax",
    "best",
    "checked",
    "required",
]
