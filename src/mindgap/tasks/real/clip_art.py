"""Open Clip Art: drawings with the titles that their authors gave them."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mindgap.errors import InvalidData
from mindgap.tasks.real.debian import Deb
from mindgap.tasks.real.encoded import Kind, WithImages, WithTexts
from mindgap.tasks.real.encoders import features
from mindgap.tasks.real.fetch import Cache, megabytes
from mindgap.tasks.real.packaged import Facts, numbered

PACKAGE = Deb(
    "openclipart-svg",
    "1:0.18+dfsg-19",
    "989712d90d57dfa3230049f553bb43b76c30ee4d4b8c5f6e106e33f7db5cbdc5",
    24919068,
)
FOLDER = "usr/share/openclipart/svg/"

#: Folders that say nothing of what is drawn, or whose drawings are all alike.
LEFT_OUT = ("shapes/stars/", "computer/icons/", "signs_and_symbols/flags/", "special/", "unsorted/")
LARGEST = 400_000

#: Folders of at least 40 drawings.
CLASSES = (
    "animals",
    "buildings",
    "computer",
    "education",
    "electronics",
    "food",
    "geography",
    "office",
    "people",
    "plants",
    "recreation",
    "shapes",
    "signs_and_symbols",
    "tools",
    "transportation",
)
N_SAMPLES, N_POOL, N_TEST, UNTITLED = 3394, 2370, 750, 20

_WORK = re.compile(r"<(?:cc:)?Work\b.*?</(?:cc:)?Work>", re.S)
_TITLE = re.compile(r"<(?:dc:)?title\b[^>]*>(.*?)</(?:dc:)?title>", re.S)
_AUTHOR = re.compile(r"^clip ?art by .*? - ", re.I)


@dataclass(frozen=True, kw_only=True)
class ClipArt(WithImages, WithTexts):
    """Fifteen folders of drawings, from the drawing and its noisy title (Open Clip Art Library).

    3,394 drawings: the picture by EfficientNet-Lite0, the title, without its author, by MiniLM;
    twenty have no title. Many titles name a series rather than a thing, so drawings with one title
    stay on one side of a split.
    """

    kinds: ClassVar[dict[str, Kind]] = {"image": "image", "text": "text"}

    @property
    def family(self) -> str:
        return "clip_art"

    @property
    def facts(self) -> Facts:
        sources = (PACKAGE, *self.weights())
        cache = Cache(
            self.prepared().text,
            PACKAGE.version.replace(":", "_"),
            megabytes(sum(package.size for package in sources)),
        )
        return Facts(
            cache=cache,
            samples=N_SAMPLES,
            pool=N_POOL,
            test=N_TEST,
            shapes={"image": (self.size("image", cache),), "text": (self.size("text", cache),)},
            classes=CLASSES,
            observed={"text": N_SAMPLES - UNTITLED},
            patterns={
                "image+text": (N_SAMPLES - UNTITLED) / N_SAMPLES,
                "image": UNTITLED / N_SAMPLES,
            },
            grouped="drawings with one title",
            largest=40,
            description=(
                "Volunteers drew clip art, titled it as they liked and sorted it into folders, "
                "not always alike. Keywords are left out: they all but name the folder."
            ),
            source=f"Debian {PACKAGE.pinned}, folder {FOLDER}",
            licence=("public domain; EfficientNet-Lite0: not stated in its package; MiniLM: MIT"),
            citation="Open Clip Art Library, release 0.18",
            caveats=(
                "Series and authors' styles go across titles, and a random split would tell "
                "fourteen points more accuracy than one that keeps titles apart. Folders overlap: "
                "a ball may be under recreation or under shapes. The few titles that more than 40 "
                "drawings have (card, 226) are always in the pool."
            ),
        )

    def read(self) -> dict[str, np.ndarray]:
        encoders = self.encoders()
        drawings = listed(dict(PACKAGE.members(FOLDER)))
        if len(drawings) != N_SAMPLES:
            raise InvalidData(
                f"{PACKAGE.pinned} has {len(drawings)} drawings, expected {N_SAMPLES}"
            )
        titles = {path: title(content) for path, content in drawings.items()}
        titled = np.array([bool(text) for text in titles.values()])
        texts = np.zeros((N_SAMPLES, encoders["text"].size), dtype=np.float32)
        texts[titled] = features(encoders["text"], {p: t.encode() for p, t in titles.items() if t})
        return {
            "image": features(encoders["image"], drawings),
            "text": texts,
            "observed": np.stack([np.ones(N_SAMPLES, dtype=bool), titled], axis=1),
            "labels": np.array([CLASSES.index(path.partition("/")[0]) for path in drawings]),
            "groups": numbered(text or path for path, text in titles.items()),
        }


def listed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The drawings of all classes by their path below the folder, sorted."""
    found = {path.removeprefix(FOLDER): content for path, content in sorted(files.items())}
    return {
        path: content
        for path, content in found.items()
        if path.endswith(".svg")
        and "/" in path
        and path.partition("/")[0] in CLASSES
        and not path.startswith(LEFT_OUT)
        and len(content) <= LARGEST
    }


def title(svg: bytes) -> str:
    """What the metadata call the drawing, without its author; empty if nothing."""
    work = _WORK.search(svg.decode("utf-8", "replace"))
    found = work and _TITLE.search(work[0])
    return _AUTHOR.sub("", html.unescape(found[1]).strip()).strip() if found else ""
