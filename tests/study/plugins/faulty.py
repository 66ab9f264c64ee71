"""Strategies that break the contract, one rule each."""

import os
import sys
from dataclasses import dataclass

import torch

from mindgap.strategies import SERVED, Selection, Strategy


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

    def requires(self):
        return set(SERVED) - {"mc_probabilities"}

    def rows(self, pool, n):
        chosen = pool.candidates[:n].clone()
        for tensor in (pool.observed, pool.labelled, pool.labels, pool.candidates):
            tensor.zero_()
        for answer in pool.served.values():
            if callable(answer):
                continue  # the head, a function
            for tensor in [answer] if torch.is_tensor(answer) else answer.values():
                tensor.zero_()
        pool.served.clear()
        object.__setattr__(pool, "candidates", pool.labelled)
        return chosen


@dataclass(frozen=True)
class Unsupported(Faulty):
    """Says why it can't."""

    def supports(self, shape, capabilities):
        return None if "telepathy" in capabilities else "it needs a learner with telepathy"

    def rows(self, pool, n):
        raise AssertionError("must not be asked")


@dataclass(frozen=True)
class Misspelt(Faulty):
    """Requires what nobody serves."""

    def requires(self):
        return {"probabilites"}


@dataclass(frozen=True)
class Shy(Faulty):
    """Can't say whether it can."""

    def supports(self, shape, capabilities):
        raise ZeroDivisionError("a mistake in supports")


@dataclass(frozen=True)
class Stillborn(Faulty):
    """Isn't made."""

    def __post_init__(self):
        sys.exit("no more")


@dataclass(frozen=True)
class Fickle(Faulty):
    """Requires something else once it runs than it did while the study was planned."""

    def requires(self):
        return "probabilities" if "mindgap.study.loop" in sys.modules else set()


@dataclass(frozen=True)
class Quits(Faulty):
    """Ends the program, as it believes."""

    def rows(self, pool, n):
        sys.exit(3)


@dataclass(frozen=True)
class Counts(Faulty):
    """Scores that are whole numbers, one of them too large for a float."""

    def select(self, pool, n, rng):
        return Selection(pool.candidates[:n], torch.full((n,), 2**53 + 1))


@dataclass(frozen=True)
class Litters(Faulty):
    """Leaves torch otherwise than it found it."""

    def select(self, pool, n, rng):
        chosen = Selection(pool.candidates[:n], torch.zeros(n))
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        return chosen


@dataclass(frozen=True)
class Deadly(Faulty):
    """Takes the process with it, as a fault in a compiled library would."""

    def rows(self, pool, n):
        sys.stderr.write("last words\n")
        sys.stderr.flush()
        os._exit(0)


@dataclass(frozen=True)
class Forger(Faulty):
    """Writes labelled rows where the guard might look them up."""

    def rows(self, pool, n):
        pool.candidates[:n] = pool.labelled[:n]
        return pool.candidates[:n]
