"""A scenario: a synthetic task with one pitfall, and its control without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar

from mindgap.registry import summary
from mindgap.tasks.generator import Description, generate
from mindgap.tasks.task import Task, TaskShape, TaskSource
from mindgap.tasks.truth import truth


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

    @staticmethod
    def made_by(
        function: Callable[..., Scenario], description: Description, pool: int, test: int
    ) -> Scenario:
        """A scenario without pitfall, with the name and first line of its function."""
        return Scenario(function.__name__, summary(function), description, pool, test)

    def with_pitfall(
        self, function: Callable[..., Scenario], pitfall: str, **change: Any
    ) -> Scenario:
        """The same scenario with one field of its description changed, this one being its control.

        Raises:
            ValueError: not exactly one field changes.
        """
        description = replace(self.description, **change)
        changed = difference(description, self.description)
        if len(changed) != 1:
            raise ValueError(
                f"{function.__name__} must differ from {self.name} in one field, not in {changed}"
            )
        return replace(
            self,
            name=function.__name__,
            summary=summary(function),
            description=description,
            pitfall=pitfall,
            control=self,
        )

    @property
    def family(self) -> str:
        return self.control.family if self.control else self.name

    @property
    def shape(self) -> TaskShape:
        sizes = {name: (d,) for name, d in self.description.dimensions.items()}
        return TaskShape(sizes, self.description.n_classes)

    @property
    def pool_size(self) -> int:
        return self.pool

    def make(self, seed: int) -> Task:
        return Task.ready(
            generate(self.description, self.family, seed, "pool", self.pool),
            generate(self.description, self.family, seed, "test", self.test),
        )

    @cached_property
    def truth(self) -> dict[str, Any]:
        """What a perfect learner reaches; see `mindgap.tasks.truth.truth`."""
        return truth(self.description)

    def card(self) -> dict[str, Any]:
        description = self.description
        return {
            "kind": self.kind,
            "family": self.family,
            "summary": self.summary,
            "pitfall": self.pitfall,
            "control": self.control.name if self.control else None,
            "differs_in": difference(description, self.control.description) if self.control else [],
            "modalities": {name: [d] for name, d in description.dimensions.items()},
            "classes": [str(k) for k in range(description.n_classes)],
            "pool": self.pool,
            "test": self.test,
            "patterns": description.missing.shares("pool", description.names),
            "test_patterns": description.missing.shares("test", description.names),
            "description": {
                **asdict(description),
                "amplitudes": {
                    name: description.amplitudes(name).tolist() for name in description.names
                },
            },
            "truth": self.truth,
        }


def difference(first: Description, second: Description) -> list[str]:
    """The fields in which two descriptions differ."""
    return [f.name for f in fields(first) if getattr(first, f.name) != getattr(second, f.name)]
