"""A realistic mixture: everything at once, with one factor at a time in question."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import PositiveInt

from mindgap.tasks.description import Description
from mindgap.tasks.missingness import Exclusive, Missingness
from mindgap.tasks.scenario import Ladder, Scenario, scenario
from mindgap.tasks.scenarios.labels import long_tail
from mindgap.tasks.scenarios.parts import POOL, TEST, Noise, bit, plain_scenario, two

Factor = Literal["dimensions", "parity", "prior", "label_noise", "missing"]


class Mixture(NamedTuple):
    """How much of each: dimensions and parity of x2, ratio of the most to the least frequent
    class, share of wrong labels, shares that lack x1 and x2."""

    dimensions: int
    parity: int
    ratio: float
    wrong: float
    without_x1: float
    without_x2: float


MIXTURE = Ladder(
    "dimensions and parity of x2, ratio of class frequencies, wrong labels, lacking x1, lacking x2",
    (
        Mixture(48, 2, 3, 0.02, 0.02, 0.15),
        Mixture(64, 2, 10, 0.05, 0.05, 0.35),
        Mixture(128, 3, 20, 0.1, 0.1, 0.5),
        Mixture(256, 3, 50, 0.2, 0.15, 0.6),
    ),
)


@scenario("mixture")
def mix_without(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 2,
    factor: Factor = "missing",
) -> Scenario:
    """As mix_realistic without one of its factors."""
    mixed = _mixed(MIXTURE.at(severity))
    absent: dict[Factor, Any] = {
        "dimensions": two(),
        "parity": {},
        "prior": None,
        "label_noise": 0.0,
        "missing": Missingness(),
    }
    return plain_scenario(
        Description(bits=_bits(noise), **{**mixed, factor: absent[factor]}), pool, test
    )


@scenario("mixture")
def mix_realistic(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 2,
    factor: Factor = "missing",
) -> Scenario:
    """Unequal dimensions, a parity in x2, rare classes, wrong labels and gaps, all at once.

    The data are the same whatever `factor` is: it says which factor the control is without.
    """
    mixed = _mixed(MIXTURE.at(severity))
    return mix_without(pool, test, noise, severity, factor).with_pitfall(
        f"{factor.replace('_', ' ')}, amid all that goes wrong at once in practice",
        ladder=MIXTURE,
        severity=severity,
        **{factor: mixed[factor]},
    )


def _bits(noise: Noise) -> tuple[Any, ...]:
    return (
        bit("R", "x1+x2", noise=noise),
        bit("U1", "x1", noise=noise),
        bit("U2", "x2", noise=noise),
    )


def _mixed(mixture: Mixture) -> dict[Factor, Any]:
    rates = {"x1": mixture.without_x2, "x2": mixture.without_x1}
    return {
        "dimensions": {"x1": 32, "x2": mixture.dimensions},
        "parity": {"x2": mixture.parity},
        "prior": long_tail(8, mixture.ratio),
        "label_noise": mixture.wrong,
        "missing": Missingness.same(Exclusive(rates)),
    }
