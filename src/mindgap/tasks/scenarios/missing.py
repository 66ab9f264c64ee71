"""Missing modalities: at random or not, in the pool, in the test set or in both."""

from __future__ import annotations

from pydantic import PositiveInt

from mindgap.tasks.description import Description
from mindgap.tasks.missingness import MAR, Exclusive, Missingness, MNARx, MNARy
from mindgap.tasks.scenario import Ladder, Scenario, scenario
from mindgap.tasks.scenarios.interaction import SYNERGY, int_redundant
from mindgap.tasks.scenarios.parts import POOL, SMALL, TEST, Noise, bit, plain_scenario, two

RATE = Ladder("share of the samples that lack x1, and as many x2", (0.05, 0.15, 0.25, 0.35, 0.45))
SKEW = Ladder("share that lacks x2; x1 is missing in the rest of one half", (0.3, 0.35, 0.4, 0.5))
SLOPE = Ladder(
    "slope of the log odds of lacking x2, a deviation of the score", (0.75, 1.5, 3.0, 6.0)
)
CONTRAST = Ladder(
    "share that lacks x2 where a bit is 1; where it is 0, one minus this", (0.6, 0.75, 0.9, 0.97)
)
WITHHELD = Ladder("share of the test set that lacks x1", (0.25, 0.5, 0.75, 0.95))


@scenario("missing")
def miss_base(
    pool: PositiveInt = POOL, test: PositiveInt = TEST, noise: Noise = "standard"
) -> Scenario:
    """Three label bits: one redundant, one only in x1, one only in x2; nothing is missing."""
    bits = (
        bit("R", "x1+x2", noise=noise),
        bit("U1", "x1", noise=noise),
        bit("U2", "x2", noise=noise),
    )
    return plain_scenario(Description(two(), bits), pool, test)


@scenario("missing")
def miss_mcar_sym(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """As miss_base, with some samples lacking x1 and as many lacking x2."""
    return miss_base(pool, test, noise).with_pitfall(
        "many samples lack a modality, completely at random: what is missing looks "
        "uncertain, so strategies that chase uncertainty buy incomplete samples",
        ladder=RATE,
        severity=severity,
        missing=Missingness.same(_equally(RATE.at(severity))),
    )


@scenario("missing")
def miss_mcar_skew(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 4,
) -> Scenario:
    """As miss_base, with half of the samples incomplete, most or all of them lacking x2."""
    without_x2 = SKEW.at(severity)
    rates = {"x1": without_x2, "x2": 0.5 - without_x2}
    return miss_mcar_sym(pool, test, noise).with_pitfall(
        "as many samples are incomplete as in the control, but x2 is what they lack: the rarer "
        "modality is learned from fewer labels",
        ladder=SKEW,
        severity=severity,
        missing=Missingness.same(Exclusive(rates)),
    )


@scenario("missing")
def miss_mar(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """As miss_mcar_skew, with x2 missing where x1 lies high on the axis of its own bit."""
    return miss_mcar_skew(pool, test, noise).with_pitfall(
        "whether x2 is missing depends on x1 (missing at random): complete samples, and those "
        "bought for being so, come from one side of x1",
        ladder=SLOPE,
        severity=severity,
        missing=Missingness.same(MAR("x2", "x1", 0.5, SLOPE.at(severity), "U1")),
    )


@scenario("missing")
def miss_mnar_y(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """As miss_mcar_skew, with x2 missing mostly where the bit that only x2 carries is 1."""
    return miss_mcar_skew(pool, test, noise).with_pitfall(
        "whether x2 is missing depends on the class: the mask itself is a feature, and the classes "
        "that are bought depend on how gaps are treated",
        ladder=CONTRAST,
        severity=severity,
        missing=Missingness.same(_by_class(CONTRAST.at(severity), bit=2)),
    )


@scenario("missing")
def miss_mnar_x(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """As miss_mcar_skew, with x2 missing where it would lie high on the axis of its own bit."""
    return miss_mcar_skew(pool, test, noise).with_pitfall(
        "whether x2 is missing depends on its own content: what is there is a biased part, and "
        "the gap says something of what would be there",
        ladder=SLOPE,
        severity=severity,
        missing=Missingness.same(MNARx("x2", 0.5, SLOPE.at(severity), "U2")),
    )


@scenario("missing")
def miss_syn_ctl(
    pool: PositiveInt = POOL, test: PositiveInt = TEST, noise: Noise = "standard"
) -> Scenario:
    """Two redundant label bits; a quarter of the samples lack x1 and another quarter x2."""
    bits = (bit("R1", "x1+x2", noise=noise), bit("R2", "x1+x2", noise=noise))
    missing = Missingness.same(_equally(0.25))
    return plain_scenario(Description(two(SMALL), bits, missing=missing), pool, test)


@scenario("missing")
def miss_syn(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 2,
) -> Scenario:
    """A redundant and a synergistic label bit; half of the samples lack a modality."""
    groups = SYNERGY.at(severity)
    return miss_syn_ctl(pool, test, noise).with_pitfall(
        "an incomplete sample tells nothing of the synergistic bit, yet looks as uncertain as the "
        "complete ones that would",
        ladder=SYNERGY,
        severity=severity,
        bits=(bit("R1", "x1+x2", noise=noise), bit("S2", *groups, noise=noise)),
    )


@scenario("missing")
def miss_test_only(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 2,
) -> Scenario:
    """As int_redundant, with x1 missing in part of the test set, never in the pool."""
    return int_redundant(pool, test, noise).with_pitfall(
        "a modality is missing only where it counts: the model has never had to do without it",
        ladder=WITHHELD,
        severity=severity,
        missing=Missingness(test=Exclusive({"x2": WITHHELD.at(severity)})),
    )


@scenario("missing")
def miss_pool_only(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """As miss_base, with part of the pool lacking a modality, never the test set."""
    return miss_base(pool, test, noise).with_pitfall(
        "labels are spent on incomplete samples, although only complete ones are asked about",
        ladder=RATE,
        severity=severity,
        missing=Missingness(pool=_equally(RATE.at(severity))),
    )


@scenario("missing")
def miss_shift(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """As miss_mcar_skew, but in the pool, and only there, x2 is missing mostly where U1 is 1."""
    return miss_mcar_skew(pool, test, noise).with_pitfall(
        "in the pool the mask tells of a bit that x1 holds, in the test set it doesn't: a model "
        "that reads the mask learns less of x1, and is misled",
        ladder=CONTRAST,
        severity=severity,
        missing=Missingness(
            _by_class(CONTRAST.at(severity), bit=1), Exclusive({"x1": 0.5, "x2": 0.0})
        ),
    )


def _equally(rate: float) -> Exclusive:
    return Exclusive({"x1": rate, "x2": rate})


def _by_class(rate: float, bit: int) -> MNARy:
    """x2 is missing at this rate in the classes that have this bit, at 1 - rate in the others."""
    return MNARy("x2", tuple(rate if (k >> bit) & 1 else 1 - rate for k in range(8)))
