"""What chooses: a file a strategy; `base` holds the contract."""

from mindgap.strategies.base import SERVED, Pool, Selection, Strategy, best

__all__ = ["SERVED", "Pool", "Selection", "Strategy", "best"]
