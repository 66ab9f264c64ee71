"""What chooses: a file a strategy; `base` holds the contract."""

from mindgap.strategies.base import (
    ORACLE,
    SERVED,
    Past,
    Pool,
    Selection,
    Strategy,
    Validation,
    argmax,
    best,
)
from mindgap.strategies.checks import checked, required

__all__ = [
    "ORACLE",
    "SERVED",
    "Past",
    "Pool",
    "Selection",
    "Strategy",
    "Validation",
    "argmax",
    "best",
    "checked",
    "required",
]
