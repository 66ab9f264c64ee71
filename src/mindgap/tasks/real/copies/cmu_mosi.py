"""CMU-MOSI and CMU-MOSEI from local copies: the sentiment of spoken opinions, as MMSA has them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from jaxtyping import Float

from mindgap.errors import InvalidData
from mindgap.tasks.real.copies.local import Local, counted, expected
from mindgap.tasks.real.fetch import Cache
from mindgap.tasks.real.packaged import Facts
from mindgap.tasks.real.unpickle import unpickled

TEXT = 768
STEPS = {
    "aligned": {"text": 50, "audio": 50, "vision": 50},
    "unaligned": {"text": 50, "audio": 500, "vision": 375},
}
CLASSES = {
    "left_out": ("negative", "positive"),
    "class": ("negative", "neutral", "positive"),
    "positive": ("negative", "not negative"),
}

#: Between a video and the number of the clip in an id.
BETWEEN = "$_$"


@dataclass(frozen=True, kw_only=True)
class Opinions(Local):
    """What the two sets have in common.

    Attributes:
        neutral: what becomes of clips of sentiment 0. `left_out`: of neither class, negative or
            positive, as accuracies without zero are computed; `positive`: joined with it;
            `class`: one of its own.
        form: `means` over the steps of a clip, or `sequences` of them.
        alignment: which of the two files is read: `aligned`, in which audio and vision are
            averaged over each word, or `unaligned`, in which they have their own steps.
    """

    layout: ClassVar[str] = (
        "aligned_50.pkl or unaligned_50.pkl, as alignment says, of MMSA: train, valid and test, "
        "each with text, audio, vision, id and regression_labels"
    )
    #: Modality -> features of a step.
    widths: ClassVar[Mapping[str, int]]

    neutral: Literal["left_out", "class", "positive"] = "left_out"
    form: Literal["means", "sequences"] = "means"
    alignment: Literal["aligned", "unaligned"] = "aligned"

    @property
    @abstractmethod
    def published(self) -> tuple[int, int]:
        """How large pool and test set are, neutral clips included."""

    def told(self, **of_the_set: Any) -> Facts:
        """With what is particular to a set."""
        cache = Cache(self.complete().text, "1", "a local copy")
        shapes: dict[str, tuple[int, ...]] = {}
        for modality, width in self.widths.items():
            steps = STEPS[self.alignment][modality]
            usual = (0, width) if self.form == "means" else (0, steps, width)
            shapes[modality] = (cache.shape(modality) or usual)[1:]
        return Facts(
            cache=cache,
            **counted(cache, tuple(self.widths), *self.published),
            shapes=shapes,
            classes=CLASSES[self.neutral],
            source=(
                "the copy distributed with MMSA; layout by github.com/thuiar/MMSA, README.md and "
                "src/MMSA/data_loader.py"
            ),
            licence="not stated with the copy; the videos are their authors'",
            **of_the_set,
        )

    def read_from(self, folder: Path) -> tuple[dict[str, np.ndarray], str]:
        path = expected(folder / f"{self.alignment}_50.pkl", self)
        whole = unpickled(path)
        if not isinstance(whole, dict) or not {"train", "valid", "test"} <= set(whole):
            raise InvalidData(f"{path} should hold train, valid and test")
        counts = {"NaN": 0, "-inf": 0}
        parts = [
            self._part(f"{path}, {split}", whole.pop(split), split == "test", counts)
            for split in ("train", "valid", "test")
        ]
        differ = [m for m in self.widths if len({part[m].shape[1:] for part in parts}) > 1]
        if differ:
            raise InvalidData(f"{path}: train, valid and test differ in the steps of {differ[0]}")
        arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        ids, again = np.unique(arrays["ids"], return_counts=True)
        if (again > 1).any():
            raise InvalidData(f"{path}: clip {ids[again > 1][0]} occurs more than once")
        arrays, told = self._kept(arrays)
        told += [f"{n:,} {what} set to 0, as MMSA does" for what, n in counts.items() if n]
        return arrays, f" ({', '.join(told)})" if told else ""

    def _part(
        self, place: str, part: Any, is_test: bool, counts: dict[str, int]
    ) -> dict[str, np.ndarray]:
        """The arrays of a split, neutral clips included; values that MMSA replaces are counted."""
        wanted = {*self.widths, "id", "regression_labels"}
        if not isinstance(part, dict) or not wanted <= set(part):
            raise InvalidData(f"{place} should hold {', '.join(sorted(wanted))}")
        ids = np.array([str(i) for i in part["id"]])
        scores = _numbers(part["regression_labels"], f"{place}, regression_labels").reshape(-1)
        if len(scores) != len(ids):
            raise InvalidData(f"{place} has {len(ids)} ids and {len(scores)} labels")
        wrong = ~(np.abs(scores) <= 3)
        if wrong.any():
            raise InvalidData(f"{place}: clip {ids[wrong][0]} has a label that isn't in -3 to 3")
        arrays = {"ids": ids, "scores": scores, "is_test": np.full(len(ids), is_test)}
        seen = []
        for modality, width in self.widths.items():
            x = _numbers(part[modality], f"{place}, {modality}")
            free = self.alignment == "unaligned" and x.ndim == 3
            steps = x.shape[1] if free else STEPS[self.alignment][modality]
            if x.shape != (len(ids), steps, width):
                raise InvalidData(
                    f"{place}: {modality} has shape {x.shape}, expected "
                    f"({len(ids)}, {steps}, {width})"
                )
            if modality != "text":
                for what, odd in (("NaN", np.isnan(x)), ("-inf", np.isneginf(x))):
                    if odd.any():
                        counts[what] += int(odd.sum())
                        x = np.where(odd, np.float32(0), x)
            odd = ~np.isfinite(x).all(axis=(1, 2))
            if odd.any():
                raise InvalidData(f"{place}: clip {ids[odd][0]} has {modality} that isn't finite")
            there = (x != 0).any(axis=2)
            seen.append(there.any(axis=1))
            if self.form == "means":
                x = x.sum(axis=1) / np.maximum(there.sum(axis=1), 1)[:, None].astype(np.float32)
            arrays[modality] = x
        arrays["observed"] = np.stack(seen, axis=1)
        if not arrays["observed"].any(axis=1).all():
            clip = ids[~arrays["observed"].any(axis=1)][0]
            raise InvalidData(f"{place}: clip {clip} has zeros only, in every modality")
        return arrays

    def _kept(self, arrays: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[str]]:
        """Without what is left out, labels for scores; what is to be told."""
        told = []
        scores = arrays.pop("scores")
        if self.neutral == "left_out":
            kept = scores != 0
            arrays, scores = {name: x[kept] for name, x in arrays.items()}, scores[kept]
            told = [f"{(~kept).sum():,} neutral left out"] if not kept.all() else []
        if self.neutral == "class":
            arrays["labels"] = np.sign(scores).astype(np.int64) + 1
        else:
            arrays["labels"] = (scores >= 0).astype(np.int64)
        lacking = zip(self.widths, (~arrays["observed"]).sum(axis=0), strict=True)
        told = [f"{n:,} without {modality}" for modality, n in lacking if n] + told
        videos = np.array([str(i).split(BETWEEN)[0] for i in arrays["ids"]])
        both = set(videos[arrays["is_test"]]) & set(videos[~arrays["is_test"]])
        if both:
            told.append(f"{len(both):,} videos have clips in pool and test set")
        return arrays, told


@dataclass(frozen=True, kw_only=True)
class CmuMosi(Opinions):
    """Whether a film is praised or not, from words, voice and face (CMU-MOSI).

    2,199 clips out of 93 videos of people who talk to a camera, split as published; train and
    valid are the pool, since `budget.validation` draws from it. Words are in the features of BERT
    (768), the voice in those of COVAREP (5) and the face in those of Facet (20), of a copy as
    distributed with MMSA. A modality of zeros only is missing; steps of zeros only aren't averaged.
    NaN and -inf in audio and vision are set to 0, as MMSA does, and counted.
    """

    widths: ClassVar[Mapping[str, int]] = {"text": TEXT, "audio": 5, "vision": 20}

    @property
    def family(self) -> str:
        return "cmu_mosi"

    @property
    def published(self) -> tuple[int, int]:
        return 1284 + 229, 686

    @property
    def facts(self) -> Facts:
        return self.told(
            description=(
                "Reviews of films on YouTube, cut into opinions; the mean of five people's ratings "
                "from -3 to 3 says the class by its sign."
            ),
            citation=(
                "Zadeh et al., Multimodal sentiment intensity analysis in videos: facial gestures "
                "and verbal messages, IEEE Intelligent Systems 31, 2016"
            ),
            caveats=(
                "Words say most: expect a dominant modality. Ratings near 0 have a class as sure "
                "as the others. Published splits keep videos apart, which is told if a copy "
                "doesn't; people with several videos may be on both sides."
            ),
        )


@dataclass(frozen=True, kw_only=True)
class CmuMosei(Opinions):
    """Whether what is said is negative or positive, from words, voice and face (CMU-MOSEI).

    22,856 clips of people who talk to a camera, of any topic, split as published; train and valid
    are the pool, since `budget.validation` draws from it. Words are in the features of BERT (768),
    the voice in those of COVAREP (74) and the face in those of Facet (35), of a copy as distributed
    with MMSA. A modality of zeros only is missing; steps of zeros only aren't averaged. NaN and
    -inf in audio and vision are set to 0, as MMSA does, and counted. `form=sequences` keeps
    about 4 GB and needs more than twice that in memory.
    """

    widths: ClassVar[Mapping[str, int]] = {"text": TEXT, "audio": 74, "vision": 35}

    @property
    def family(self) -> str:
        return "cmu_mosei"

    @property
    def published(self) -> tuple[int, int]:
        return 16326 + 1871, 4659

    @property
    def facts(self) -> Facts:
        return self.told(
            description=(
                "Sentences out of monologues on YouTube, of a thousand people; the mean of three "
                "people's ratings from -3 to 3 says the class by its sign."
            ),
            citation=(
                "Zadeh et al., Multimodal language analysis in the wild: CMU-MOSEI dataset and "
                "interpretable dynamic fusion graph, ACL 2018"
            ),
            caveats=(
                "Words say most: expect a dominant modality. Ratings near 0 have a class as sure "
                "as the others. Published splits keep videos apart, which is told if a copy "
                "doesn't; people with several videos may be on both sides."
            ),
        )


def _numbers(given: Any, place: str) -> Float[np.ndarray, ...]:
    """As float32.

    Raises:
        InvalidData: they aren't numbers, or rows differ in length.
    """
    try:
        return np.asarray(given, dtype=np.float32)
    except (ValueError, TypeError) as error:
        raise InvalidData(f"{place} isn't an array of numbers: {error}") from None
