"""What an observation tells of one bit: symmetric channels, and how they combine.

A symmetric channel is a mixture of guesses at the bit that are each wrong with a probability of
their own, whatever the bit's value. Two rules make all that `mindgap.tasks.generator` can
describe: independent observations of the same bit come `together`, and observations of several
bits say something of their `parity` (density evolution: Richardson and Urbanke 2008, chapter 4).

Continuous channels, and products of large ones, are merged into at most `BINS` guesses. Merging
forgets, so every information that follows is a lower bound; it costs at most `LOSS` bits a time.
"""

from __future__ import annotations

from math import log, pi
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr

from mindgap.errors import MindgapError

#: Guesses that a channel is merged into, evenly spaced in arctan sqrt(wrong / right).
BINS = 800

#: A guess wrong with probability (1 - sin t) / 2 tells f bits, and f'' = 1 / ln 2 in the metric dt.
#: Within a bin t varies by at most pi / (2 BINS), so merging costs at most width^2 / (8 ln 2).
LOSS = (pi / (2 * BINS)) ** 2 / (8 * log(2))


class Channel(NamedTuple):
    """A symmetric channel whose input is one bit.

    Attributes:
        right: probability of each guess together with its being right.
        wrong: the same with its being wrong, at most `right`; the two sum to 1 over all guesses.
    """

    right: Float[np.ndarray, " n"]
    wrong: Float[np.ndarray, " n"]

    def table(self, one: float = 0.5) -> Float[np.ndarray, "2 m"]:
        """P(bit, observation) when the bit is 1 with probability `one`; first the guesses "0"."""
        zero = (1 - one) * np.concatenate([self.right, self.wrong])
        return np.stack([zero, one * np.concatenate([self.wrong, self.right])])


#: Tells nothing.
SILENT = Channel(np.array([0.5]), np.array([0.5]))


def flip(right: float) -> Channel:
    """The bit itself, right with this probability, at least 1/2."""
    if not 0.5 <= right <= 1:
        raise MindgapError(f"a bit is seen right with a probability in [0.5, 1], not {right}")
    return Channel(np.array([right]), np.array([1 - right]))


def gaussian(amplitude: float, lost: float = 0.0) -> Channel:
    """+-amplitude plus Gaussian noise of deviation 1.

    Args:
        amplitude: distance of the two values from zero.
        lost: share of the samples, not flagged, that are noise alone.
    """
    if not (amplitude >= 0 and 0 <= lost < 1):
        raise MindgapError(f"needs amplitude >= 0 and lost in [0, 1), not {amplitude} and {lost}")
    edges = np.linspace(0, amplitude + 9, 40 * BINS + 1)

    def between(mean: float) -> Float[np.ndarray, " n"]:
        beyond = np.append(ndtr(mean - edges), 0.0)
        mass: Float[np.ndarray, " n"] = beyond[:-1] - beyond[1:]
        return mass

    noise = lost * between(0.0)
    right = (1 - lost) * between(amplitude) + noise
    wrong = (1 - lost) * between(-amplitude) + noise
    return merged(right, wrong)


def together(first: Channel, second: Channel) -> Channel:
    """Two observations of one bit, independent given the bit."""
    right = [np.outer(first.right, second.right), np.outer(first.right, second.wrong)]
    wrong = [np.outer(first.wrong, second.wrong), np.outer(first.wrong, second.right)]
    return merged(np.ravel(right), np.ravel(wrong))


def parity(first: Channel, second: Channel) -> Channel:
    """One observation of each of two independent bits, about their XOR."""
    right = np.outer(first.right, second.right) + np.outer(first.wrong, second.wrong)
    wrong = np.outer(first.right, second.wrong) + np.outer(first.wrong, second.right)
    return merged(right.ravel(), wrong.ravel())


def merged(right: Float[np.ndarray, " n"], wrong: Float[np.ndarray, " n"]) -> Channel:
    """Guesses that are about equally sure become one (Tal and Vardy 2013)."""
    right, wrong = np.maximum(right, wrong), np.minimum(right, wrong)
    sure = np.arctan2(np.sqrt(wrong), np.sqrt(right)) / (pi / 4)
    bins = np.minimum(sure * BINS, BINS - 1).astype(int)
    right, wrong = (np.bincount(bins, mass, minlength=BINS) for mass in (right, wrong))
    total = right.sum() + wrong.sum()
    kept = right > 0
    return Channel(right[kept] / total, wrong[kept] / total)
