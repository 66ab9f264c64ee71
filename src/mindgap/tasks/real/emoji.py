"""Emoji without flags: how Noto draws them, and what Unicode calls them."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real.debian import Deb
from mindgap.tasks.real.encoded import Kind, WithImages, WithTexts
from mindgap.tasks.real.encoders import features, needed
from mindgap.tasks.real.fetch import Cache, megabytes
from mindgap.tasks.real.packaged import Facts, numbered

FONT = Deb(
    "fonts-noto-color-emoji",
    "2.042-0+deb12u1",
    "a5ab0f69c7938423862320d9aca5dd187b3fd879d6a9a57dd52e17c3fa8d2751",
    9893872,
)
FONT_MEMBER = "usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
NAMES = Deb(
    "unicode-data",
    "15.0.0-1",
    "5efef23bbb1c6a133ecbdd63a2cfa07159ccacf5466a49e2426101c5ecd691fc",
    7983784,
)
NAMES_MEMBER = "usr/share/unicode/emoji/emoji-test.txt"

#: The one size that the font has, and the canvas that its glyphs fill.
POINTS, CANVAS = 109, (136, 128)
N_SAMPLES, N_POOL, N_TEST = 1601, 1120, 400
CLASSES = (
    "Smileys & Emotion",
    "People & Body",
    "Animals & Nature",
    "Food & Drink",
    "Travel & Places",
    "Activities",
    "Objects",
    "Symbols",
)

_LINE = re.compile(r"([0-9A-F ]+?)\s*; fully-qualified\s*# \S+ E[\d.]+ (.+)")
_SKIN = re.compile(r"\b1F3F[B-F]\b")
_WHO = re.compile(r"\b(?:man|woman|person|men|women|people|and)\b")
_CLOCK = re.compile(r"^[a-z]+(?: o’clock|-thirty)$")


@dataclass(frozen=True)
class Drawn:
    """An emoji: its characters, its name and its class number."""

    text: str
    name: str
    label: int


@dataclass(frozen=True, kw_only=True)
class Emoji(WithImages, WithTexts):
    """Eight groups of emoji from their picture and their name (Unicode 15, Noto).

    1,601 emoji: all that are fully qualified but for flags and skin tones. Picture and name
    are encoded by EfficientNet-Lite0 and MiniLM, unless told otherwise; both are always observed.
    Emoji that differ in gender only, in what follows a colon, or in the time on a clock, stay on
    one side of a split.
    """

    kinds: ClassVar[dict[str, Kind]] = {"image": "image", "text": "text"}

    @property
    def family(self) -> str:
        return "emoji"

    @property
    def facts(self) -> Facts:
        sources = (FONT, NAMES, *self.weights())
        cache = Cache(
            self.prepared().text,
            f"{NAMES.version}-{FONT.version}",
            megabytes(sum(package.size for package in sources)),
        )
        return Facts(
            cache=cache,
            samples=N_SAMPLES,
            pool=N_POOL,
            test=N_TEST,
            shapes={"image": (self.size("image", cache),), "text": (self.size("text", cache),)},
            classes=CLASSES,
            grouped="emoji that differ in gender, in detail or in time only",
            description=(
                "Unicode sorts emoji into groups; a sample is a picture of one, drawn by a font, "
                "and its English name. Each says much of the group alone, and errs elsewhere."
            ),
            source=f"Debian {FONT.pinned} and {NAMES.pinned}, member {NAMES_MEMBER}",
            licence=(
                "font: SIL OFL 1.1; names and groups: Unicode licence; EfficientNet-Lite0: not "
                "stated in its package; MiniLM: MIT"
            ),
            citation="Unicode Technical Standard 51, Unicode Emoji; Noto Emoji by Google",
            caveats=(
                "Both encoders may have seen emoji, and Unicode's groups, in training. Relatives "
                "that no rule names (moons, arrows) are split at random."
            ),
        )

    def read(self) -> dict[str, np.ndarray]:
        encoders = self.encoders()
        found = listed(NAMES.member(NAMES_MEMBER).decode())
        if len(found) != N_SAMPLES:
            raise InvalidData(f"{NAMES_MEMBER} has {len(found)} emoji, expected {N_SAMPLES}")
        pictures = drawn(FONT.member(FONT_MEMBER), found)
        texts = {emoji.name: emoji.name.encode() for emoji in found}
        return {
            "image": features(encoders["image"], pictures),
            "text": features(encoders["text"], texts),
            "labels": np.array([emoji.label for emoji in found]),
            "groups": numbered(kin(emoji.name) for emoji in found),
        }


def listed(table: str) -> list[Drawn]:
    """The emoji of emoji-test.txt, without skin tones, flags and components.

    Raises:
        InvalidData: the table has a group that isn't known, or none.
    """
    found: list[Drawn] = []
    group = ""
    for line in table.splitlines():
        if line.startswith("# group: "):
            group = line.removeprefix("# group: ")
            if group not in (*CLASSES, "Flags", "Component"):
                raise InvalidData(f"{NAMES_MEMBER} has the unknown group {group!r}")
        elif group in CLASSES and (row := _LINE.match(line)) and not _SKIN.search(row[1]):
            text = "".join(chr(int(code, 16)) for code in row[1].split())
            found.append(Drawn(text, row[2], CLASSES.index(group)))
    return found


def kin(name: str) -> str:
    """What a name has in common with those of emoji that look much the same."""
    if _CLOCK.match(name):
        return "clock"
    return " ".join(_WHO.sub(" ", name.partition(":")[0]).split())


def drawn(font: bytes, emoji: list[Drawn]) -> Mapping[str, bytes]:
    """A PNG of each emoji by name.

    Raises:
        MindgapError: Pillow can't lay out what is joined of several characters.
        InvalidData: the font can't be read.
    """
    image, draw, fonts, of = needed(("PIL.Image", "PIL.ImageDraw", "PIL.ImageFont", "PIL.features"))
    if not of.check("raqm"):
        raise MindgapError(
            "Pillow was built without Raqm, so families and the like can't be drawn; install "
            "Pillow as a wheel: `pip install --only-binary :all: pillow`"
        )
    try:
        face = fonts.truetype(io.BytesIO(font), POINTS)
    except OSError as error:
        raise InvalidData(f"{FONT_MEMBER} can't be read as a font: {error}") from None
    pictures = {}
    for one in emoji:
        canvas = image.new("RGBA", CANVAS, (0, 0, 0, 0))
        draw.Draw(canvas).text((0, 0), one.text, font=face, embedded_color=True)
        file = io.BytesIO()
        canvas.save(file, "PNG")
        pictures[one.name] = file.getvalue()
    return pictures
