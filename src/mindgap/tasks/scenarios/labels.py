"""The labels themselves: rare classes and wrong ones."""

from __future__ import annotations

from pydantic import PositiveInt

from mindgap.tasks.scenario import Ladder, Scenario, scenario
from mindgap.tasks.scenarios.interaction import int_unique_balanced
from mindgap.tasks.scenarios.parts import POOL, TEST, Noise

RATIO = Ladder("how often the most frequent class occurs for one of the rarest", (3, 5, 10, 20, 50))
WRONG = Ladder("share of the pool's labels that are wrong", (0.05, 0.1, 0.2, 0.3, 0.4))


def long_tail(n_classes: int, ratio: float) -> tuple[float, ...]:
    """Class probabilities that fall geometrically, by `ratio` from the first to the last."""
    weights = [ratio ** (-k / (n_classes - 1)) for k in range(n_classes)]
    return tuple(w / sum(weights) for w in weights)


@scenario("labels")
def imbalance(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """As int_unique_balanced, with classes that are unequally frequent."""
    return int_unique_balanced(pool, test, noise).with_pitfall(
        "classes are unequally frequent: random labels hardly show the rare ones, and bits are "
        "guessed from their majority",
        ladder=RATIO,
        severity=severity,
        prior=long_tail(4, RATIO.at(severity)),
    )


@scenario("labels")
def label_noise(
    pool: PositiveInt = POOL,
    test: PositiveInt = TEST,
    noise: Noise = "standard",
    severity: int = 3,
) -> Scenario:
    """As int_unique_balanced, with some of the pool's labels wrong; the test set is clean."""
    return int_unique_balanced(pool, test, noise).with_pitfall(
        "some labels that are bought are wrong, and what contradicts the model looks informative",
        ladder=WRONG,
        severity=severity,
        label_noise=WRONG.at(severity),
    )
