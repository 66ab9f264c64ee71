"""What the scenarios are put together from."""

from __future__ import annotations

from typing import Literal

from mindgap.tasks.description import Bit, Description
from mindgap.tasks.scenario import Scenario

POOL, TEST = 5000, 4000

#: In "low" every bit is as good as certain, so that a pitfall is seen without confounding noise.
#: The Bayes accuracy of everything shown goes to 1; that of a natural mix of patterns can't, since
#: what is missing tells nothing however little noise there is.
Noise = Literal["standard", "low"]
QUIET = 0.9999

#: Dimensions at which an XOR of two modalities is learned from 50 to 500 labels.
SMALL = 8


def two(d: int = 32) -> dict[str, int]:
    """Two modalities of d dimensions."""
    return {"x1": d, "x2": d}


def certainty(noise: Noise, accuracy: float = 0.975) -> float:
    """The accuracy that a bit allows."""
    return QUIET if noise == "low" else accuracy


def bit(name: str, *groups: str, noise: Noise, accuracy: float = 0.975) -> Bit:
    """A bit whose groups are texts: "x1+x2" is redundant, "x1" unique, "x1", "x2" synergistic."""
    carriers = tuple(tuple(group.split("+")) for group in groups)
    return Bit(name, carriers, certainty(noise, accuracy))


def plain_scenario(description: Description, pool: int, test: int) -> Scenario:
    """A scenario without pitfall; the decorator of its function names it."""
    return Scenario("", "", description, pool, test)
