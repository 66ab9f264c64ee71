"""Clips of a copy: frames of their videos, their sounds, and the tables that list both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mindgap.errors import InvalidData
from mindgap.tasks.real.copies.copied import Copied, EncodedCopy

#: How many frames of a video are encoded.
FRAMES = 5

PICTURES = (".jpg", ".jpeg", ".png")

#: A file or folder of a clip: the video's name, the second it begins at, if told, and what may
#: follow: its end, and the ending of a file.
NAME = re.compile(r"([\w-]{11})(?:_(\d{1,6}))?(?:_\d+)?(?:\.\w+)?", re.ASCII)

#: How long names of videos are.
VIDEO = 11


@dataclass(frozen=True, slots=True)
class Frames:
    """Pictures of a folder in the order of the numbers in their names.

    Where there are more than `FRAMES`, those at the middles of as many even parts: of ten frames
    the second, fourth, ..., which the active-learning protocol tests on (Shen et al. 2023).
    """

    folder: Path

    def __iter__(self) -> Iterator[Path]:
        try:
            found = [p for p in self.folder.iterdir() if p.suffix.lower() in PICTURES]
        except OSError:  # isn't there, or is a file
            return
        found = sorted((p for p in found if not p.name.startswith(".")), key=_numbers)
        n = min(FRAMES, len(found))
        yield from (found[(2 * k + 1) * len(found) // (2 * n)] for k in range(n))


@dataclass(frozen=True, slots=True)
class Row:
    """A clip as a table lists it; `place` is where."""

    place: str
    id: str
    label: str
    is_test: bool


def gathered(
    of: EncodedCopy,
    folder: Path,
    rows: Iterable[Row],
    videos: Mapping[str, Path],
    sounds: Mapping[str, Path],
) -> tuple[list[Copied], list[str]]:
    """The clips listed of which there is something, and what was left out.

    Args:
        videos: id -> the folder of its frames.
        sounds: id -> its sound.

    Raises:
        InvalidData: a clip is listed twice, differently, or no clip has a modality.
    """
    listed: dict[str, Row] = {}
    samples, again, gone = [], 0, 0
    lacking = {"video", "audio"}
    for row in rows:
        first = listed.setdefault(row.id, row)
        if first is not row:
            if (first.label, first.is_test) != (row.label, row.is_test):
                raise InvalidData(
                    f"{row.place}: {row.id} has another class or split in {first.place}"
                )
            again += 1
            continue
        video = Frames(videos[row.id]) if row.id in videos else None
        sound = sounds.get(row.id)
        there = {"video": next(iter(video or ()), None), "audio": sound and sound.is_file()}
        if not any(there.values()):
            gone += 1
            continue
        lacking -= {modality for modality, found in there.items() if found}
        samples.append(Copied(row.id, row.label, row.is_test, {"video": video, "audio": sound}))
    if lacking:
        raise InvalidData(
            f"{folder}: none of {len(listed):,} clips listed has {' or '.join(sorted(lacking))}; "
            f"a copy of "
            f"{of.family} holds {of.layout}"
        )
    told = [f"{gone:,} of {len(listed):,} listed left out: neither frames nor sound"] * bool(gone)
    told += [f"{again:,} listed twice"] * bool(again)
    return samples, told


def of_youtube(rows: Iterable[Row], paths: Iterable[Path]) -> tuple[dict[str, Path], int]:
    """Id -> the file or folder that is called so, and how many are of no clip listed.

    Raises:
        InvalidData: two are of one clip.
    """
    ids = {row.id for row in rows}
    without_second = {name[:VIDEO]: name for name in ids}
    found: dict[str, Path] = {}
    strange = 0
    for path in sorted(path for path in paths if not path.name.startswith(".")):
        name = NAME.fullmatch(path.name)
        if name is None:
            clip = None
        elif name[2] is None:
            clip = without_second.get(name[1])
        else:
            clip = f"{name[1]}_{int(name[2])}"
        if clip not in ids:
            strange += 1
        elif found.setdefault(clip, path) is not path:
            raise InvalidData(f"{found[clip]} and {path} are of one clip; keep one of them")
    return found, strange


def clip_id(name: str, place: str) -> str:
    """`YTID_SECOND`, as names of files are compared with it.

    Raises:
        InvalidData: it is no name of a clip.
    """
    found = re.fullmatch(r"([\w-]{11})_(\d{1,6})", name, re.ASCII)
    if found is None:
        raise InvalidData(
            f"{place}: {name!r} should be a video's name of 11 letters, _ and a second"
        )
    return f"{found[1]}_{int(found[2])}"


def _numbers(path: Path) -> tuple[list[int], str]:
    return [int(digits) for digits in re.findall(r"\d+", path.stem)], path.name
