"""A scenario: a synthetic task with one pitfall, and its control without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from inspect import signature
from math import prod
from typing import Any, ClassVar, Generic, ParamSpec, TypeVar

import numpy as np
from jaxtyping import Float

from mindgap.errors import MindgapError
from mindgap.registry import Configured, component, summary
from mindgap.tasks import symptoms
from mindgap.tasks.description import Description
from mindgap.tasks.generator import generate
from mindgap.tasks.latent import Latent, latent
from mindgap.tasks.posterior import posterior
from mindgap.tasks.task import Task, TaskShape, TaskSource
from mindgap.tasks.truth_cache import cached_truth, plain
from mindgap.tasks.twins import WHY_UNMATCHED, difference, unmatched
from mindgap.tasks.words import in_words, of_field

#: Field -> why the Bayes accuracy stays below 1 however little noise there is.
WHY_NOISY = {
    "corruption": "what is lost is lost however little noise there is, and the control is as weak "
    "on purpose",
}

#: Samples of a split, and numbers in it: 2 GB in double precision while it is drawn.
MOST_SAMPLES, MOST_NUMBERS = 10_000_000, 250_000_000

P = ParamSpec("P")
Rung = TypeVar("Rung")


@dataclass(frozen=True)
class Ladder(Generic[Rung]):
    """The severities of a pitfall, mild ones first; severity 1 is the first rung.

    Attributes:
        what: what a rung states, for people.
        rungs: at least four.
    """

    what: str
    rungs: tuple[Rung, ...]

    def at(self, severity: int) -> Rung:
        """The rung of this severity.

        Raises:
            MindgapError: there is no such rung; the sentence names those there are.
        """
        if not 1 <= severity <= len(self.rungs):
            told = "; ".join(f"{i} is {plain(rung)}" for i, rung in enumerate(self.rungs, 1))
            raise MindgapError(
                f"severity {severity} is not between 1 and {len(self.rungs)} ({self.what}: {told})"
            )
        return self.rungs[severity - 1]


@dataclass(frozen=True)
class Scenario(TaskSource):
    """A description under a name, with the sizes of its pool and test set.

    Attributes:
        name: as in the registry.
        summary: one sentence.
        description: what is generated.
        pool: samples that can be labelled.
        test: samples that are measured on.
        pitfall: what makes it hard, None for a control that isolates nothing.
        control: the scenario without the pitfall, made by `with_pitfall`.
        text: its name with the parameters that aren't default, as a study names it.
        group: what kind of pitfall it has, or its twin.
        severity: which rung of `ladder` the pitfall is on; None if it has no ladder.
        ladder: the rungs there are.
        why_unmatched: why the information of everything shown isn't the control's, in a scenario of
            one's own also why the Bayes accuracy isn't; None where both are.
        why_noisy: why the Bayes accuracy of everything shown stays below 1 without noise; None
            where it doesn't. That of a natural mix of patterns does wherever the test set has gaps.

    Raises:
        MindgapError: pool or test set wouldn't fit in memory.
    """

    component_kind: ClassVar[str] = "task, by the function that makes it"  # not itself a name
    kind: ClassVar[str] = "scenario"

    name: str
    summary: str
    description: Description
    pool: int
    test: int
    pitfall: str | None = None
    control: Scenario | None = None
    text: str = ""
    group: str | None = None
    severity: int | None = None
    ladder: Ladder[Any] | None = None
    why_unmatched: str | None = None
    why_noisy: str | None = None

    def __post_init__(self) -> None:
        numbers = sum(prod(self.description.shape(name)) for name in self.description.names)
        for split in ("pool", "test"):
            n = getattr(self, split)
            if n > MOST_SAMPLES or n * numbers > MOST_NUMBERS:
                raise MindgapError(
                    f"{split}: {n:,} samples of {numbers:,} numbers are more than memory is meant "
                    f"to hold; at most {MOST_SAMPLES:,} samples and {MOST_NUMBERS:,} numbers in all"
                )

    def with_pitfall(
        self,
        pitfall: str,
        *,
        ladder: Ladder[Any] | None = None,
        severity: int | None = None,
        **change: Any,
    ) -> Scenario:
        """The same scenario with one field of its description changed, this one being its control.

        Raises:
            ValueError: not exactly one field changes.
        """
        description = replace(self.description, **change)
        changed = difference(description, self.description)
        if len(changed) != 1:
            raise ValueError(f"a pitfall of {self.name} must change one field, not {changed}")
        return replace(
            self,
            description=description,
            pitfall=pitfall,
            control=self,
            severity=severity,
            ladder=ladder,
            why_unmatched=WHY_UNMATCHED.get(changed[0]),
            why_noisy=WHY_NOISY.get(changed[0]),
        )

    @property
    def family(self) -> str:
        return self.control.family if self.control else self.name

    @property
    def shape(self) -> TaskShape:
        description = self.description
        shapes = {name: description.shape(name) for name in description.names}
        return TaskShape(shapes, description.n_classes)

    @property
    def pool_size(self) -> int:
        return self.pool

    def make(self, seed: int) -> Task:
        return Task.ready(
            generate(self.description, self.family, seed, "pool", self.pool),
            generate(self.description, self.family, seed, "test", self.test),
        )

    @property
    def capabilities(self) -> frozenset[str]:
        return super().capabilities | {"posterior"}

    def posterior(self, seed: int) -> Float[np.ndarray, "N C"]:
        data = generate(self.description, self.family, seed, "pool", self.pool)
        return posterior(
            self.description, self.family, seed, data, frozenset(self.description.names)
        )

    def latent(self, seed: int, split: str = "pool") -> Latent:
        size = {"pool": self.pool, "test": self.test}[split]
        return latent(self.description, self.family, seed, split, size)

    @cached_property
    def truth(self) -> dict[str, Any]:
        """What a perfect learner reaches; see `mindgap.tasks.truth.truth`.

        Raises:
            MindgapError: it can't be computed; the sentence names the scenario.
        """
        try:
            return cached_truth(self.description)
        except MindgapError as error:
            raise MindgapError(f"{self.text or self.name}: {error}") from None

    def unavailable(self) -> str | None:
        if self.control is None or self.why_unmatched:
            return None
        return unmatched(self.description, self.control.description)

    def _difference(self) -> dict[str, Any] | None:
        """The one field that is another in the control, and what it says here and there."""
        if self.control is None:
            return None
        (field,) = difference(self.description, self.control.description)
        here, there = (of_field(s.description, field) for s in (self, self.control))
        return {
            "field": field,
            "here": [phrase for phrase in here if phrase not in there] or here,
            "control": [phrase for phrase in there if phrase not in here] or there,
        }

    def card(self) -> dict[str, Any]:
        description, missing = self.description, self.description.missing
        shares = {
            split: missing.of(split).shares(description.names, description.class_prior)
            for split in ("pool", "test")
        }
        return {
            "kind": self.kind,
            "family": self.family,
            "group": self.group,
            "summary": self.summary,
            "pitfall": self.pitfall,
            "severity": self.severity,
            "ladder": plain(self.ladder),
            "control": (self.control.text or self.control.name) if self.control else None,
            "differs_in": difference(description, self.control.description) if self.control else [],
            "difference": self._difference(),
            "words": in_words(description),
            "why_unmatched": self.why_unmatched,
            "why_noisy": self.why_noisy,
            **symptoms.entries(self.name, self.text or self.name),
            "modalities": {name: list(description.shape(name)) for name in description.names},
            "classes": [str(k) for k in range(description.n_classes)],
            "pool": self.pool,
            "test": self.test,
            "patterns": shares["pool"],
            "test_patterns": shares["test"],
            "description": {
                **plain(description),
                "amplitudes": {
                    name: description.amplitudes(name).tolist() for name in description.names
                },
            },
            "truth": self.truth,
        }


def scenario(group: str) -> Callable[[Callable[P, Scenario]], Callable[P, Scenario]]:
    """Register a function that makes a scenario, which gets its name, its first line and the text
    that a study selects it by."""

    def mark(make: Callable[P, Scenario]) -> Callable[P, Scenario]:
        @component("task")
        @wraps(make)
        def named(*args: P.args, **kwargs: P.kwargs) -> Scenario:
            bound = signature(make).bind(*args, **kwargs)
            bound.apply_defaults()
            text = Configured("task", make.__name__, bound.arguments, make).text
            try:
                made = make(*args, **kwargs)
            except MindgapError as error:
                raise MindgapError(f"{text}: {error}") from None
            return replace(made, name=make.__name__, summary=summary(make), text=text, group=group)

        return named

    return mark
