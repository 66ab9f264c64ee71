"""Check a strategy against every rule of its contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mindgap.strategies import Strategy
from mindgap.testing.asking import BrokenContract, NotChecked, told
from mindgap.testing.rules import RULES, Rule


@dataclass(frozen=True)
class Finding:
    """What came of one rule.

    Attributes:
        rule: what must hold.
        outcome: "kept", "broken" or "not checked".
        why: one sentence where it isn't kept.
        cause: what went wrong in select, which may break several rules; "" if it went through.
    """

    rule: str
    outcome: Literal["kept", "broken", "not checked"]
    why: str = ""
    cause: str = ""


def check_strategy(strategy: Strategy) -> None:
    """Prove that a strategy keeps its contract, in seconds and without any training.

    >>> from mindgap.strategies.margin import Margin
    >>> check_strategy(Margin())

    Raises:
        BrokenContract: the first rule that is broken, and what to mend.
    """
    for finding in examine(strategy):
        if finding.outcome == "broken":
            raise BrokenContract(f"{finding.rule}: {finding.why}")


def examine(strategy: Strategy) -> Iterator[Finding]:
    """What comes of every rule, one after the other."""
    for what, check in RULES.items():
        yield _outcome(what, check, strategy)


def _outcome(what: str, check: Rule, strategy: Strategy) -> Finding:
    try:
        check(strategy)
    except BrokenContract as broken:
        return Finding(what, "broken", str(broken), broken.cause)
    except NotChecked as reason:
        return Finding(what, "not checked", str(reason))
    except Exception as error:  # requires() and supports() may raise anything too
        return Finding(what, "broken", told(error))
    return Finding(what, "kept")
