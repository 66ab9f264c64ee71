"""Strategies that break the contract, one rule each."""

from dataclasses import dataclass

import torch

from mindgap.strategies import Selection, Strategy


class Faulty(Strategy):
    def requires(self):
        return set()

    def select(self, pool, n, rng):
        rows = self.rows(pool, n)
        return Selection(rows, torch.zeros(len(rows)))


@dataclass(frozen=True)
class Duplicates(Faulty):
    """The same sample n times."""

    def rows(self, pool, n):
        return pool.candidates[:1].repeat(n)


@dataclass(frozen=True)
class Labelled(Faulty):
    """What has a label already."""

    def rows(self, pool, n):
        return pool.labelled[:n]


@dataclass(frozen=True)
class TooFew(Faulty):
    """One less than asked for."""

    def rows(self, pool, n):
        return pool.candidates[: n - 1]


@dataclass(frozen=True)
class OutOfRange(Faulty):
    """Rows that the pool doesn't have."""

    def rows(self, pool, n):
        return len(pool.observed) + torch.arange(n)


@dataclass(frozen=True)
class Raises(Faulty):
    """Stops half-way, in the third round."""

    def rows(self, pool, n):
        if len(pool.labelled) > 20:
            raise ZeroDivisionError("a mistake of the author's")
        return pool.candidates[:n]


@dataclass(frozen=True)
class Vandal(Faulty):
    """Changes what it was only to look at."""

    def rows(self, pool, n):
        chosen = pool.candidates[:n].clone()
        pool.observed[:] = False
        pool.labelled[:] = 0
        pool.labels[:] = 0
        return chosen


@dataclass(frozen=True)
class Unsupported(Faulty):
    """Says why it can't."""

    def supports(self, shape, capabilities):
        return None if "telepathy" in capabilities else "it needs a learner with telepathy"

    def rows(self, pool, n):
        raise AssertionError("must not be asked")
