"""The scenarios there are: each a function that makes it, found by its name."""

from __future__ import annotations

from pydantic import PositiveInt

from mindgap.registry import component
from mindgap.tasks.generator import Bit, Description
from mindgap.tasks.missingness import Missingness
from mindgap.tasks.scenario import Scenario

POOL, TEST = 5000, 4000
DIMENSIONS = {"x1": 32, "x2": 32}
BOTH = (("x1", "x2"),)


@component("task")
def int_redundant(pool: PositiveInt = POOL, test: PositiveInt = TEST) -> Scenario:
    """Two label bits, each carried by both modalities with equal strength."""
    return Scenario.made_by(
        int_redundant, Description(DIMENSIONS, (Bit("R1", BOTH), Bit("R2", BOTH))), pool, test
    )


@component("task")
def diff_nonlin_red(pool: PositiveInt = POOL, test: PositiveInt = TEST) -> Scenario:
    """Two redundant label bits; x2 tells as much as x1, but only as a parity, harder to learn."""
    return int_redundant(pool, test).with_pitfall(
        diff_nonlin_red,
        pitfall="x2 is harder to learn than x1 (each bit is the XOR of two axes), not less "
        "informative: models that lean on x1 never learn x2",
        parity={"x2": 2},
    )


@component("task")
def miss_base(pool: PositiveInt = POOL, test: PositiveInt = TEST) -> Scenario:
    """Three label bits: one redundant, one only in x1, one only in x2; nothing is missing."""
    bits = (Bit("R", BOTH), Bit("U1", (("x1",),)), Bit("U2", (("x2",),)))
    return Scenario.made_by(miss_base, Description(DIMENSIONS, bits), pool, test)


@component("task")
def miss_mcar_sym(pool: PositiveInt = POOL, test: PositiveInt = TEST) -> Scenario:
    """As miss_base, with a quarter of the samples lacking x1 and another quarter lacking x2."""
    rates = {"x1": 0.25, "x2": 0.25}
    return miss_base(pool, test).with_pitfall(
        miss_mcar_sym,
        pitfall="half of the samples lack a modality, completely at random: what is missing looks "
        "uncertain, so strategies that chase uncertainty buy incomplete samples",
        missing=Missingness(pool=rates, test=rates),
    )
