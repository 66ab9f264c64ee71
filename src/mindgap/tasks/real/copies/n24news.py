"""N24News from a local copy: articles of the New York Times by section (Wang et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from mindgap.errors import InvalidData, MindgapError, unknown
from mindgap.tasks.real.copies.copied import Copied, EncodedCopy, inside
from mindgap.tasks.real.copies.local import expected
from mindgap.tasks.real.copies.tables import Fields, json_list
from mindgap.tasks.real.encoded import Kind, WithImages, WithTexts
from mindgap.tasks.real.packaged import Facts

CLASSES = (
    "Art & Design",
    "Automobiles",
    "Books",
    "Dance",
    "Economy",
    "Education",
    "Fashion & Style",
    "Food",
    "Global Business",
    "Health",
    "Media",
    "Movies",
    "Music",
    "Opinion",
    "Real Estate",
    "Science",
    "Sports",
    "Style",
    "Technology",
    "Television",
    "Theater",
    "Travel",
    "Well",
    "Your Money",
)

PASSAGES = ("headline", "abstract", "caption", "body")

FIELDS: Fields = {"section": str, "image_id": str}

#: About how large the parts are, from memory: 8:1:1 of 61,000.
SIZES = {"train": 48_800, "dev": 6_100, "test": 6_100}


@dataclass(frozen=True, kw_only=True)
class N24News(WithImages, WithTexts, EncodedCopy):
    """The section of a news article from its picture and a text of it (N24News).

    Published split; train and dev are the pool. Picture and text are encoded by
    EfficientNet-Lite0 and MiniLM, unless told otherwise. A picture that isn't there and a text
    that is empty are missing. Sizes are those of the copy.

    Attributes:
        passage: which text: `headline`, `abstract`, `caption` (of the picture) or `body`, the
            article, of which the encoder reads the beginning.
    """

    name: ClassVar[str] = "n24news"
    passage: Literal["headline", "abstract", "caption", "body"] = "headline"

    kinds: ClassVar[dict[str, Kind]] = {"image": "image", "text": "text"}
    layout: ClassVar[str] = (
        "news/nytimes_train.json, nytimes_dev.json and nytimes_test.json (lists with section, "
        "image_id, headline, abstract, caption, and body or article) and imgs/IMAGE_ID.jpg"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.passage not in PASSAGES:
            raise MindgapError(unknown("passage", self.passage, PASSAGES))

    @property
    def family(self) -> str:
        return "n24news"

    @property
    def facts(self) -> Facts:
        return Facts(
            **self.measured(SIZES["train"] + SIZES["dev"], SIZES["test"]),
            classes=CLASSES,
            description=(
                "Articles of the New York Times with one picture each; the label is the section "
                "that the paper put them in."
            ),
            source=(
                "the authors' copy; layout by github.com/Vincent-ZHQ/UniS-MMC, data/dataloader.py, "
                "and github.com/billywzh717/N24News, build_fully_dataset.py"
            ),
            licence="not stated with the copy; articles and pictures are the newspaper's",
            citation="Wang et al., N24News: a new dataset for multimodal news, LREC 2022",
            caveats=(
                "Sections overlap (Style, Fashion & Style; Health, Well), and regular columns, "
                "authors and events are on both sides of the published split. The caption names "
                "what the picture shows. Sizes before a copy is read are unverified, from memory."
            ),
        )

    def found_in(self, folder: Path) -> tuple[list[Copied], tuple[str, ...], str]:
        pictures = expected(folder / "imgs", self)
        samples = []
        for part in SIZES:
            table = expected(folder / "news" / f"nytimes_{part}.json", self)
            for i, (place, article) in enumerate(json_list(table, FIELDS), start=1):
                if article["section"] not in CLASSES:
                    raise InvalidData(f"{place} has the unknown section {article['section']!r}")
                picture = inside(pictures, f"{article['image_id']}.jpg", f"{place}: the picture")
                text = self._text(article, place)
                samples.append(
                    Copied(
                        f"{part}-{i}",
                        article["section"],
                        part == "test",
                        {"image": picture, "text": text},
                    )
                )
        return samples, CLASSES, ""

    def _text(self, article: dict[str, Any], place: str) -> bytes:
        """The passage; copies have the body under one of two names."""
        field = "article" if self.passage == "body" and "body" not in article else self.passage
        text = article.get(field)
        if not isinstance(text, str):
            raise InvalidData(f"{place}: {field} should be a text")
        return text.strip().encode()
