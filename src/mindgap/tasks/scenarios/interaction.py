"""Interaction: which modalities carry a label bit, alone, alike or only together."""

from __future__ import annotations

from pydantic import PositiveInt

from mindgap.tasks.description import Bit, Description
from mindgap.tasks.scenario import Ladder, Scenario, scenario
from mindgap.tasks.scenarios.parts import (
    POOL,
    SMALL,
    TEST,
    Noise,
    bit,
    certainty,
    plain_scenario,
    two,
)

#: 2 is the plain XOR; in 1 the second modality knows both values and is only helped by the first.
SYNERGY = Ladder(
    "groups of carriers whose values a bit is the XOR of",
    (("x1+x2", "x2"), ("x1", "x2"), ("x1", "x2", "x2"), ("x1", "x2", "x1", "x2")),
)

#: Strength of x2 beside x1 on the second bit; 0: only x1 carries it.
LOPSIDED = Ladder("strength of x2, that of x1 being 1, on a bit of both", (1.0, 0.5, 0.25, 0.0))

#: Accuracy of the synergistic bit of int_all16; its values then allow 2 Phi(3) - 1 each.
ALL16 = 0.9973


@scenario("interaction")
def int_redundant(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    d: PositiveInt = 32,
) -> Scenario:
    """Two label bits, each carried by both modalities with equal strength."""
    bits = (bit("R1", "x1+x2", noise=noise), bit("R2", "x1+x2", noise=noise))
    return plain_scenario(Description(two(d), bits), pool, test)


@scenario("interaction")
def int_unique_balanced(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    d: PositiveInt = 32,
) -> Scenario:
    """Two label bits, one only in x1 and one only in x2."""
    bits = (bit("U1", "x1", noise=noise), bit("U2", "x2", noise=noise))
    return plain_scenario(Description(two(d), bits), pool, test)


@scenario("interaction")
def int_unique_one(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 4,
) -> Scenario:
    """Two label bits, both in x1; x2 is noise, or at lower severity knows one of them too."""
    weight = LOPSIDED.at(severity)
    second = Bit(
        "U2",
        (("x1", "x2"),) if weight else (("x1",),),
        certainty(noise),
        {"x2": weight} if weight else {},
    )
    return int_unique_balanced(pool, test, noise).with_pitfall(
        "one modality knows more than the other, or all there is: balance would be a mistake",
        ladder=LOPSIDED,
        severity=severity,
        bits=(bit("U1", "x1", noise=noise), second),
    )


@scenario("interaction")
def int_synergy(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 2,
    d: PositiveInt = SMALL,
) -> Scenario:
    """Two label bits, each the XOR of values in x1 and x2."""
    groups = SYNERGY.at(severity)
    return int_unique_balanced(pool, test, noise, d).with_pitfall(
        "no modality alone tells anything of the class: what scores modalities one by one sees "
        "nothing worth labelling",
        ladder=SYNERGY,
        severity=severity,
        bits=(bit("S1", *groups, noise=noise), bit("S2", *groups, noise=noise)),
    )


@scenario("interaction")
def int_red_syn(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 2,
    d: PositiveInt = SMALL,
) -> Scenario:
    """Two label bits, one in both modalities and one the XOR of values in them."""
    groups = SYNERGY.at(severity)
    return int_redundant(pool, test, noise, d).with_pitfall(
        "what both modalities know is learned first and hides what only their combination tells",
        ladder=SYNERGY,
        severity=severity,
        bits=(bit("R1", "x1+x2", noise=noise), bit("S2", *groups, noise=noise)),
    )


@scenario("interaction")
def int_all16_ctl(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    d: PositiveInt = SMALL,
) -> Scenario:
    """Four label bits: two in both modalities, one only in x1, one only in x2."""
    last = bit("R2", "x1+x2", noise=noise, accuracy=ALL16)
    return plain_scenario(Description(two(d), (*_three(noise), last)), pool, test)


@scenario("interaction")
def int_all16(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 2,
    d: PositiveInt = SMALL,
) -> Scenario:
    """Four label bits: in both modalities, only in x1, only in x2, the XOR of values in both."""
    last = bit("S", *SYNERGY.at(severity), noise=noise, accuracy=ALL16)
    return int_all16_ctl(pool, test, noise, d).with_pitfall(
        "all kinds of interaction at once: the synergistic bit is learned last, if at all",
        ladder=SYNERGY,
        severity=severity,
        bits=(*_three(noise), last),
    )


def _three(noise: Noise) -> tuple[Bit, Bit, Bit]:
    return (
        bit("R", "x1+x2", noise=noise),
        bit("U1", "x1", noise=noise),
        bit("U2", "x2", noise=noise),
    )
