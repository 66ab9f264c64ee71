"""Hateful Memes from a local copy: whether a picture with its words is hateful (Kiela 2020)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from mindgap.errors import InvalidData, MindgapError, unknown
from mindgap.tasks.real.copies.copied import Copied, EncodedCopy, inside
from mindgap.tasks.real.copies.local import expected
from mindgap.tasks.real.copies.tables import Fields, json_lines
from mindgap.tasks.real.encoded import Kind, WithImages, WithTexts
from mindgap.tasks.real.packaged import Facts

CLASSES = ("not hateful", "hateful")
FIELDS: Fields = {"id": (int, str), "text": str, "img": str}

#: Part -> how many memes it has; there are 12,140 in all, so the dev parts have 400 in common.
SIZES = {"train": 8500, "dev_seen": 500, "dev_unseen": 540, "test_seen": 1000, "test_unseen": 2000}
IN_BOTH_DEV = 400

TESTS = ("test_seen", "test_unseen", "dev_seen", "dev_unseen")


@dataclass(frozen=True, kw_only=True)
class HatefulMemes(WithImages, WithTexts, EncodedCopy):
    """Whether a meme is hateful, from its picture and the words on it (Hateful Memes).

    The pool is train and what there is of the dev parts, without memes of the test set; a meme in
    two parts counts once, as the first of test set, train and dev has it. Picture and words are
    encoded by EfficientNet-Lite0 and MiniLM, unless told otherwise.

    Attributes:
        test: the part that is the test set: `test_seen`, of the paper, or `test_unseen`, of the
            challenge; many copies have no labels for these, then `dev_seen` or `dev_unseen`.
    """

    test: Literal["test_seen", "test_unseen", "dev_seen", "dev_unseen"] = "test_seen"

    kinds: ClassVar[dict[str, Kind]] = {"image": "image", "text": "text"}
    layout: ClassVar[str] = (
        "train.jsonl and the test set's PART.jsonl (id, img, label, text), further dev_seen.jsonl "
        "and dev_unseen.jsonl where there are any, and img/ID.png"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.test not in TESTS:
            raise MindgapError(unknown("part for test", self.test, TESTS))

    @property
    def family(self) -> str:
        return "hateful_memes"

    @property
    def facts(self) -> Facts:
        labelled = SIZES["train"] + SIZES["dev_seen"] + SIZES["dev_unseen"] - IN_BOTH_DEV
        of_pool = SIZES[self.test] if self.test.startswith("dev") else 0
        return Facts(
            **self.measured(labelled - of_pool, SIZES[self.test]),
            classes=CLASSES,
            description=(
                "Memes made so that neither picture nor words alone tell: for many hateful ones "
                "there is one with the same picture and other words, or the reverse, that isn't."
            ),
            source=(
                "the authors' copy; layout by github.com/sahajps/Labels-or-Input, Data/README.md, "
                "and github.com/facebookresearch/mmf, "
                "mmf/datasets/builders/hateful_memes/dataset.py; parts in common by "
                "github.com/Muennighoff/vilio, utils/pandas_scripts.py"
            ),
            licence="Hateful Memes dataset licence: research only, not to be redistributed",
            citation="Kiela et al., The hateful memes challenge, NeurIPS 2020",
            caveats=(
                "Pictures and words occur several times, with other partners and other labels, "
                "also on both sides of the official split, and most of all in the seen parts. The "
                "words are given, not read off the picture, which shows them, too. Published are "
                "AUROC and accuracy. The memes are offensive."
            ),
        )

    def found_in(self, folder: Path) -> tuple[list[Copied], tuple[str, ...], str]:
        parts = [self.test, "train"]
        parts += [p for p in ("dev_seen", "dev_unseen") if (folder / f"{p}.jsonl").exists()]
        samples: dict[str, Copied] = {}
        again = 0
        for part in dict.fromkeys(parts):
            for place, sample in self._memes(folder, part):
                first = samples.setdefault(sample.id, sample)
                if first.label != sample.label:
                    raise InvalidData(f"{place}: meme {sample.id} is {first.label} elsewhere")
                again += first is not sample
        told = [f"the test set is {self.test}"]
        told += [f"{again:,} left out: in another part, too"] if again else []
        return list(samples.values()), CLASSES, "; ".join(told)

    def _memes(self, folder: Path, part: str) -> Iterator[tuple[str, Copied]]:
        """Each meme of a part, and where it stands."""
        for place, row in json_lines(expected(folder / f"{part}.jsonl", self), FIELDS):
            label = row.get("label")
            if label is None and part == self.test:
                raise InvalidData(
                    f"{place} has no label, so {part} can't be the test set; take "
                    "hateful_memes[test=dev_seen]"
                )
            if label not in (0, 1):
                raise InvalidData(f"{place}: label should be 0 or 1")
            picture = inside(folder, row["img"], f"{place}: the picture")
            yield (
                place,
                Copied(
                    str(row["id"]),
                    CLASSES[int(label)],
                    part == self.test,
                    {"image": picture, "text": row["text"].strip().encode()},
                ),
            )
