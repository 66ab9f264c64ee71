"""Nulls: scenarios in which nothing must be found, as a check of whoever finds something."""

from __future__ import annotations

from pydantic import PositiveInt

from mindgap.tasks.description import Description
from mindgap.tasks.scenario import Scenario, scenario
from mindgap.tasks.scenarios.parts import POOL, SMALL, TEST, Noise, bit, plain_scenario, two


@scenario("null")
def null_exchangeable(
    pool: PositiveInt = POOL, test: PositiveInt = TEST, noise: Noise = "standard"
) -> Scenario:
    """Two modalities of one and the same law: no strategy or learner may prefer one on average."""
    bits = (bit("R", "x1+x2", noise=noise), bit("S", "x1", "x2", noise=noise))
    return plain_scenario(Description(two(SMALL), bits), pool, test)


@scenario("null")
def null_label_noise(
    pool: PositiveInt = POOL, test: PositiveInt = TEST, noise: Noise = "standard"
) -> Scenario:
    """The pool's labels are drawn at random: nothing can be learned, so nothing beats random.

    The Bayes accuracies are those of the clean labels, which no amount of the pool's shows.
    """
    bits = (bit("R1", "x1+x2", noise=noise), bit("R2", "x1+x2", noise=noise))
    return plain_scenario(Description(two(), bits, label_noise=0.75), pool, test)
