"""For authors of strategies: pools to try them on, and proof that they keep the contract."""

from mindgap.testing.asking import BrokenContract
from mindgap.testing.contract import Finding, check_strategy, examine
from mindgap.testing.pools import make_pool

__all__ = ["BrokenContract", "Finding", "check_strategy", "examine", "make_pool"]
