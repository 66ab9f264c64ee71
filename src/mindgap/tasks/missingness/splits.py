"""The missingness of a task: a mechanism for the pool, another for the test set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mindgap.tasks.missingness.mechanism import Mechanism
from mindgap.tasks.missingness.random import Exclusive


@dataclass(frozen=True)
class Missingness:
    """Mechanisms of pool and test set; rates by pattern stand for `Exclusive`.

    Validation labels are drawn from the pool, so validation samples have the pool's mask.

    Attributes:
        pool: what makes the pool's mask.
        test: the same for the test set, with a random stream of its own.
    """

    pool: Mechanism | Mapping[str, float] = field(default_factory=Exclusive)
    test: Mechanism | Mapping[str, float] = field(default_factory=Exclusive)

    @staticmethod
    def same(mechanism: Mechanism | Mapping[str, float]) -> Missingness:
        """The same mechanism for both."""
        return Missingness(mechanism, mechanism)

    def __post_init__(self) -> None:
        for split in ("pool", "test"):
            given = getattr(self, split)
            if not isinstance(given, Mechanism):
                object.__setattr__(self, split, Exclusive(given))

    def of(self, split: str) -> Mechanism:
        """The mechanism of "pool" or "test"."""
        given = {"pool": self.pool, "test": self.test}[split]
        return given if isinstance(given, Mechanism) else Exclusive(given)
