"""Three modalities, and five, with what some of them tell only together."""

from __future__ import annotations

from pydantic import PositiveInt

from mindgap.tasks.description import Bit, Description
from mindgap.tasks.scenario import Ladder, Scenario, scenario
from mindgap.tasks.scenarios.parts import POOL, SMALL, TEST, Noise, bit, plain_scenario

THREE, FIVE = ("x1", "x2", "x3"), ("x1", "x2", "x3", "x4", "x5")

#: Accuracy of the synergistic bit; its values then allow 2 Phi(2.5) - 1 each.
SYNERGISTIC = 0.98766

SYNERGY_OF_THREE = Ladder(
    "groups of carriers whose values the synergistic bit is the XOR of",
    (("x2+x3", "x3"), ("x2", "x3"), ("x1", "x2", "x3"), ("x1", "x2", "x3", "x1")),
)
SYNERGY_OF_FIVE = Ladder(
    "groups of carriers whose values the synergistic bit is the XOR of",
    (("x2+x3", "x3"), ("x2", "x3"), ("x2", "x3", "x4"), FIVE),
)


@scenario("many modalities")
def three_mod_ctl(
    pool: PositiveInt = POOL, test: PositiveInt = TEST, noise: Noise = "standard"
) -> Scenario:
    """Three modalities that all carry the same three label bits."""
    return plain_scenario(_redundant(THREE, noise, 0.975, 0.975, SYNERGISTIC), pool, test)


@scenario("many modalities")
def three_mod(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 2,
) -> Scenario:
    """Three label bits: in all three modalities, only in x1, the XOR of values in x2 and x3."""
    bits = (
        bit("R", "+".join(THREE), noise=noise),
        bit("U1", "x1", noise=noise),
        _synergistic(SYNERGY_OF_THREE.at(severity), noise),
    )
    return three_mod_ctl(pool, test, noise).with_pitfall(
        "what counts is a pair of modalities: scores of single ones, and of leaving one out, "
        "disagree about which matter",
        ladder=SYNERGY_OF_THREE,
        severity=severity,
        bits=bits,
    )


@scenario("many modalities")
def five_mod_ctl(
    pool: PositiveInt = POOL, test: PositiveInt = TEST, noise: Noise = "standard"
) -> Scenario:
    """Five modalities that all carry the same four label bits."""
    return plain_scenario(_redundant(FIVE, noise, 0.975, 0.975, SYNERGISTIC, 0.975), pool, test)


@scenario("many modalities")
def five_mod(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 2,
) -> Scenario:
    """Four label bits: in all five modalities, only in x1, the XOR of x2 and x3, in x4 and x5."""
    bits = (
        bit("R", "+".join(FIVE), noise=noise),
        bit("U1", "x1", noise=noise),
        _synergistic(SYNERGY_OF_FIVE.at(severity), noise),
        bit("R45", "x4+x5", noise=noise),
    )
    return five_mod_ctl(pool, test, noise).with_pitfall(
        "each of five modalities has a part of its own in the class, beside what all know: there "
        "are 32 subsets, and most are never seen to matter",
        ladder=SYNERGY_OF_FIVE,
        severity=severity,
        bits=bits,
    )


def _redundant(names: tuple[str, ...], noise: Noise, *accuracies: float) -> Description:
    bits = tuple(
        bit(f"R{j}", "+".join(names), noise=noise, accuracy=q) for j, q in enumerate(accuracies, 1)
    )
    return Description(dict.fromkeys(names, SMALL), bits)


def _synergistic(groups: tuple[str, ...], noise: Noise) -> Bit:
    return bit("S", *groups, noise=noise, accuracy=SYNERGISTIC)
