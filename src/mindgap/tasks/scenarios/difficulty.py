"""Difficulty: a modality that is harder to hear, to learn or to trust than the other."""

from __future__ import annotations

from pydantic import PositiveInt
from scipy.special import ndtr, ndtri

from mindgap.tasks.description import Description, Shortcut
from mindgap.tasks.scenario import Ladder, Scenario, scenario
from mindgap.tasks.scenarios.interaction import (
    int_redundant,
    int_unique_balanced,
    int_unique_one,
)
from mindgap.tasks.scenarios.parts import (
    POOL,
    TEST,
    Noise,
    bit,
    certainty,
    plain_scenario,
    two,
)

SNR = Ladder("strength of x2, that of x1 being 1", (0.8, 0.6, 0.43, 0.25, 0.1))

#: The first rung hides one of the two bits, the others both.
NONLINEAR_RED = Ladder("sub-bits whose parity is a value in x2", ({"R1": 2, "R2": 1}, 2, 3, 4))
NONLINEAR_UNIQ = Ladder("sub-bits whose parity is the value in x2", (2, 3, 4, 5))

DIMENSION = Ladder("dimensions of x2, x1 having 32", (128, 256, 512, 1024))

IMAGE = Ladder("x2 as an image: channels, height, width", tuple((1, n, n) for n in (8, 12, 16, 24)))
SEQUENCE = Ladder("x2 as a sequence: steps, channels", tuple((n, 4) for n in (16, 32, 64, 128)))

CORRUPTION = Ladder("share of the samples in which x2 is noise", (0.2, 0.35, 0.5, 0.65, 0.8))

#: What x2 tells of its bit where it isn't corrupted, Phi(3).
UNCORRUPTED = float(ndtr(3))

SHORTCUT = Ladder(
    "how often the shortcut in x1 agrees with bit U1 in the pool; in the test set 0.5",
    (0.7, 0.8, 0.9, 0.95, 0.99),
)


@scenario("difficulty")
def diff_snr(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """Two redundant label bits, which x1 tells louder than x2."""
    return int_redundant(pool, test, noise).with_pitfall(
        "x2 has a lower signal-to-noise ratio than x1, while both together tell as much: the "
        "weaker modality is neglected more than its information deserves",
        ladder=SNR,
        severity=severity,
        strength={"x2": SNR.at(severity)},
    )


@scenario("difficulty")
def diff_nonlin_red(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 2,
) -> Scenario:
    """Two redundant label bits; x2 tells as much as x1, but only as a parity, harder to learn."""
    return int_redundant(pool, test, noise).with_pitfall(
        "x2 is harder to learn than x1 (a bit is the XOR of several axes), not less informative: "
        "models that lean on x1 never learn x2",
        ladder=NONLINEAR_RED,
        severity=severity,
        parity={"x2": NONLINEAR_RED.at(severity)},
    )


@scenario("difficulty")
def diff_nonlin_uniq(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 1,
) -> Scenario:
    """Two label bits, one only in x1 and one only in x2, there as a parity, harder to learn."""
    return int_unique_balanced(pool, test, noise).with_pitfall(
        "the bit that only x2 carries is the XOR of several axes: it is learned late, and looks "
        "like noise until then",
        ladder=NONLINEAR_UNIQ,
        severity=severity,
        parity={"x2": NONLINEAR_UNIQ.at(severity)},
    )


@scenario("difficulty")
def diff_dim(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """Two label bits, one only in x1 and one only in x2, which has far more dimensions."""
    return int_unique_balanced(pool, test, noise).with_pitfall(
        "x2 buries its signal in many dimensions: few labels overfit it",
        ladder=DIMENSION,
        severity=severity,
        dimensions={"x1": 32, "x2": DIMENSION.at(severity)},
    )


@scenario("difficulty")
def diff_image(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """Two label bits, one only in the vector x1 and one only in x2, which is an image."""
    return int_unique_balanced(pool, test, noise).with_pitfall(
        "x2 is a pattern in an image, which another encoder has to find first: what the vector x1 "
        "tells is learned before",
        ladder=IMAGE,
        severity=severity,
        dimensions={"x1": 32, "x2": IMAGE.at(severity)},
    )


@scenario("difficulty")
def diff_sequence(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """Two label bits, one only in the vector x1 and one only in x2, which is a sequence."""
    return int_unique_balanced(pool, test, noise).with_pitfall(
        "x2 is a wave in a sequence of several channels, which another encoder has to find first: "
        "what the vector x1 tells is learned before",
        ladder=SEQUENCE,
        severity=severity,
        dimensions={"x1": 32, "x2": SEQUENCE.at(severity)},
    )


@scenario("difficulty")
def diff_noise_mod(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """Two label bits, both only in x1; x2 is nothing but noise, in many dimensions."""
    return int_unique_one(pool, test, noise).with_pitfall(
        "a large modality without any signal is overfitted, and spreads samples apart that are "
        "alike",
        ladder=DIMENSION,
        severity=severity,
        dimensions={"x1": 32, "x2": DIMENSION.at(severity)},
    )


@scenario("difficulty")
def diff_corrupt_ctl(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """Two label bits, one only in x1 and one only in x2, which is equally weak in every sample."""
    lost = CORRUPTION.at(severity)
    weak = (1 - lost) * certainty(noise, UNCORRUPTED) + lost / 2
    bits = (bit("U1", "x1", noise=noise), bit("U2", "x2", noise="standard", accuracy=weak))
    return plain_scenario(Description(two(), bits), pool, test)


@scenario("difficulty")
def diff_corrupt(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """Two label bits, one only in x1, one only in x2, which in some samples is pure noise."""
    lost = CORRUPTION.at(severity)
    return diff_corrupt_ctl(pool, test, noise, severity).with_pitfall(
        "in some samples, nobody knows which, x2 has lost its signal: they stay uncertain however "
        "many are labelled",
        ladder=CORRUPTION,
        severity=severity,
        corruption={"x2": lost},
    )


@scenario("difficulty")
def diff_shortcut_ctl(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
) -> Scenario:
    """Two label bits, both only in x2; a loud axis of x1 has nothing to do with them."""
    bits = (bit("U1", "x2", noise=noise), bit("U2", "x2", noise=noise))
    description = Description(two(), bits, parity={"x2": {"U1": 2}}, shortcut=_shortcut(noise, 0.5))
    return plain_scenario(description, pool, test)


@scenario("difficulty")
def diff_shortcut(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """Two label bits, both only in x2; in the pool an easy axis of x1 agrees with one of them."""
    return diff_shortcut_ctl(pool, test, noise).with_pitfall(
        "an easy cue in x1 agrees with a harder bit in the pool, not in the test set: models take "
        "the shortcut and leave the bit unlearned",
        ladder=SHORTCUT,
        severity=severity,
        shortcut=_shortcut(noise, SHORTCUT.at(severity)),
    )


def _shortcut(noise: Noise, agreement: float) -> Shortcut:
    loud = 2.5 if noise == "standard" else float(ndtri(certainty(noise)))
    return Shortcut("x1", "U1", loud, pool=agreement, test=0.5)
