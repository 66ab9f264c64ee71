"""What every real data set is: a split of its samples, from which modalities can be withheld."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from mindgap.errors import MindgapError, unknown
from mindgap.registry import Configured, component_name
from mindgap.seeding import stream
from mindgap.tasks.data import MultimodalData
from mindgap.tasks.missingness import Mechanism, ampute, named, overlaid
from mindgap.tasks.real.harder import coarser
from mindgap.tasks.task import Task, TaskSource

#: `where` -> the splits that it names.
SPLITS = {"both": ("pool", "test"), "pool": ("pool",), "test": ("test",)}

#: Split -> where the card has its patterns.
PATTERNS = {"pool": "patterns", "test": "test_patterns"}


@dataclass(frozen=True, kw_only=True)
class RealData(TaskSource):
    """A data set from files.

    With `missing`, `noisy` or `downsampled` it is its own pitfall: samples, splits and initial sets
    stay those of the set without it, its control. Natural gaps stay too, and no sample loses its
    last modality.

    Attributes:
        missing: what withholds modalities beyond the natural gaps: `patterns` (a sample keeps one
            only), `mcar` (each for itself), `mar` (the last, by the first one's principal
            component), `mnar_x` (the last, by its own), `mnar_y` (the last, by class); null: none.
        rate: of `patterns` the share of samples with one modality only, else the share that lacks
            a modality.
        where: the splits that it is withheld in: `both`, `pool` or `test`.
        noisy: a modality that gets harder: noise is added to each of its numbers, in pool and test
            set alike, with the pool's own spread of that number for a measure; null: none.
        noise_snr: how much louder than the noise the modality is, in decibels; 0 is as loud.
        raw: whether it is white noise on the sound itself, before it is encoded, with the mean
            power of each recording for a measure; of sets of recordings, and cached by itself.
        downsampled: a modality of images that get coarser, in pool and test set alike: they are
            averaged over squares and stretched again, of files before they are encoded (224 pixels
            a side), and cached by itself; null: none.
        factor: pixels a side of such a square.
    """

    kind: ClassVar[str] = "data set"

    missing: str | None = None
    rate: Annotated[float, Field(gt=0, lt=1)] = 0.4
    where: Literal["both", "pool", "test"] = "both"
    noisy: str | None = None
    noise_snr: Annotated[float, Field(ge=-60, le=60)] = 0.0
    raw: bool = False
    downsampled: str | None = None
    factor: Annotated[int, Field(ge=2, le=112)] = 4

    def __post_init__(self) -> None:
        """Refuse what no data could be given.

        Raises:
            MindgapError: an unknown mechanism, split or modality, a rate that can't be with these
                modalities, a parameter of nothing, or two pitfalls at once.
        """
        if self.where not in SPLITS:
            raise MindgapError(unknown("split for where", self.where, SPLITS))
        if self.missing is not None and len(self.shape.modalities) < 2:
            raise MindgapError(f"{self.text}: {self.family} has one modality, which has to stay")
        if self.missing is not None:
            self._mechanism(None)
        elif self._given("rate", "where"):
            raise MindgapError(
                f"{self.text}: rate and where say nothing without missing; add missing=mcar, or "
                "leave them out"
            )
        if self.noisy is None and self._given("noise_snr", "raw"):
            raise MindgapError(f"{self.text}: noise_snr and raw say nothing without noisy")
        if self.downsampled is None and self._given("factor"):
            raise MindgapError(f"{self.text}: factor says nothing without downsampled")
        if self.noisy is not None:
            can = self.recordings if self.raw else frozenset(self.shape.modalities)
            self._among("noisy", self.noisy, can, "recordings, so leave raw out")
        if self.downsampled is not None:
            self._among("downsampled", self.downsampled, self.images, "images")
        pitfalls = [n for n in ("missing", "noisy", "downsampled") if getattr(self, n) is not None]
        if len(pitfalls) > 1:
            raise MindgapError(
                f"{self.text}: {' and '.join(pitfalls)} are two pitfalls, and a difference to the "
                "control would be neither's: take one"
            )

    @abstractmethod
    def split(self, seed: int) -> tuple[MultimodalData, MultimodalData | None]:
        """Pool and test set of this seed with their natural gaps, not scaled."""

    @abstractmethod
    def natural_card(self) -> dict[str, Any]:
        """The card of the set with its natural gaps; `patterns`, and `test_patterns` where those
        of the test set differ, are the shares of what is observed."""

    @property
    def text(self) -> str:
        """Its name with the parameters that aren't default, as a study names it."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return Configured("task", component_name(type(self)), given, type(self)).text

    def complete(self) -> Self:
        """The set with its natural gaps only."""
        default: Any = {field.name: field.default for field in fields(RealData)}
        return replace(self, **default)

    def prepared(self) -> Self:
        """The set as it is cached: with what is done to files before they are encoded."""
        return self.complete()

    @property
    def images(self) -> frozenset[str]:
        """Modalities of images; those of a channel, rows and columns, unless a set knows better."""
        return frozenset(m for m, shape in self.shape.modalities.items() if len(shape) == 3)

    @property
    def recordings(self) -> frozenset[str]:
        """Modalities of sounds that are encoded here."""
        return frozenset()

    def make(self, seed: int) -> Task:
        """The split of this seed, with what is withheld, scaled by what the pool has left.

        Raises:
            MindgapError: the data set is not cached, or its cache is damaged.
            InvalidData: what decides on a gap, a class or a modality, isn't known of every sample.
        """
        pool, test = self.split(seed)
        here = self.complete() == self.prepared()  # and not already before files were encoded
        if self.downsampled is not None and here:
            pool, test = self._coarser(pool), test and self._coarser(test)
        if self.noisy is not None and here:
            spread = _spread(pool, self.noisy)
            pool = self._louder(pool, spread, "pool", seed)
            test = test and self._louder(test, spread, "test", seed)
        if self.missing is None:
            return Task.ready(pool, test)
        if test is None and self.where == "test":
            raise MindgapError(f"{self.text}: there is no test set to withhold anything in")
        counts = torch.bincount(pool.labels[pool.labels >= 0], minlength=len(pool.classes)).double()
        mechanism = self._mechanism((counts / counts.sum()).numpy() if counts.any() else None)

        def withheld(data: MultimodalData, split: str) -> MultimodalData:
            if split not in SPLITS[self.where]:
                return data
            return ampute(data, mechanism, "mask", self.family, seed, split, reference=pool)

        return Task.ready(withheld(pool, "pool"), test and withheld(test, "test"))

    def _louder(
        self, data: MultimodalData, spread: Float[Tensor, ...], split: str, seed: int
    ) -> MultimodalData:
        """With noise; values that aren't observed stay what they are."""
        name = str(self.noisy)
        x = data.modalities[name]
        drawn = stream("noise", self.family, seed, split).standard_normal(x.shape, np.float32)
        noise = torch.from_numpy(drawn) * spread * 10 ** (-self.noise_snr / 20)
        return replace(data, modalities={**data.modalities, name: x + noise})

    def _coarser(self, data: MultimodalData) -> MultimodalData:
        name = str(self.downsampled)
        seen = coarser(data.modalities[name], self.factor)
        return replace(data, modalities={**data.modalities, name: seen})

    def _among(self, parameter: str, modality: str, can: frozenset[str], what: str) -> None:
        if not can:
            raise MindgapError(f"{self.text}: {self.family} has no {what}")
        if modality not in can:
            raise MindgapError(unknown(f"modality for {parameter}", modality, can))

    def _given(self, *names: str) -> bool:
        """Whether one of these parameters isn't its default."""
        return any(getattr(self, f.name) != f.default for f in fields(RealData) if f.name in names)

    def card(self) -> dict[str, Any]:
        card = self.natural_card()
        shares = {split: card.get(key, card["patterns"]) for split, key in PATTERNS.items()}
        card |= {PATTERNS[split]: of_split for split, of_split in shares.items()}
        if self.downsampled is not None:
            pitfall = f"{self.downsampled} down-sampled, {self.factor} times fewer pixels a side"
            return {**card, "pitfall": pitfall, "control": self.complete().text}
        if self.noisy is not None:
            where = "recordings of " if self.raw else ""
            pitfall = f"noise on {where}{self.noisy}, {self.noise_snr:g} dB below it"
            return {**card, "pitfall": pitfall, "control": self.complete().text}
        if self.missing is None:
            return card
        names = tuple(self.shape.modalities)
        more = self._mechanism(None).shares(names, self._even)
        for split in SPLITS[self.where]:
            card[PATTERNS[split]] = overlaid(names, shares[split], more)
        where = " and ".join(f"the {split}" for split in SPLITS[self.where])
        return {
            **card,
            "pitfall": f"{self.missing}, rate {self.rate:g}: modalities are withheld in {where}",
            "control": self.complete().text,
        }

    @property
    def _even(self) -> Float[np.ndarray, " C"]:
        return np.full(self.shape.n_classes, 1 / self.shape.n_classes)

    def _mechanism(self, prior: Float[np.ndarray, " C"] | None) -> Mechanism:
        """With these class probabilities, or with even ones: the rate is the same."""
        names = tuple(self.shape.modalities)
        return named(self.missing or "", names, self.rate, self._even if prior is None else prior)


def _spread(data: MultimodalData, name: str) -> Float[Tensor, ...]:
    """Of each number of a modality, its deviation over the samples that have it."""
    there = data.observed[:, data.names.index(name)]
    return data.modalities[name][there].std(dim=0, correction=0)
