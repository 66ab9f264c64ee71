"""MM-IMDb from a local copy: films of one genre, from poster and plot (Arevalo et al. 2017)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from mindgap.errors import InvalidData
from mindgap.tasks.real.copies.copied import Copied, EncodedCopy, inside, known_classes
from mindgap.tasks.real.copies.local import expected
from mindgap.tasks.real.copies.tables import json_object
from mindgap.tasks.real.encoded import Kind, WithImages, WithTexts
from mindgap.tasks.real.packaged import Facts

#: Part -> how many films of any number of genres it has.
SPLITS = {"train": 15_552, "dev": 2_608, "test": 7_799}

#: Genres that fewer films of the pool have alone are left out.
FEWEST = 20

#: The 23 that are usually predicted.
GENRES = """
    Action Adventure Animation Biography Comedy Crime Documentary Drama Family Fantasy Film-Noir
    History Horror Music Musical Mystery Romance Sci-Fi Short Sport Thriller War Western
"""


@dataclass(frozen=True, kw_only=True)
class MmImdb(WithImages, WithTexts, EncodedCopy):
    """The genre of a film from its poster and its plot (MM-IMDb, films of one genre only).

    The set has several labels a film, mindgap one. No reduction to one label is usual, so ours is
    the one that invents no label: films of exactly one genre stay, all others are left out, and so
    are genres that fewer than 20 films of the pool have alone. Official split; train and dev are
    the pool. Poster and longest plot are encoded by EfficientNet-Lite0 and MiniLM, unless told
    otherwise. Until a copy is read, sizes and genres are those of the whole set, of which much is
    left out.
    """

    kinds: ClassVar[dict[str, Kind]] = {"image": "image", "text": "text"}
    layout: ClassVar[str] = (
        "split.json (train, dev and test: lists of IDs), dataset/ID.json (genres, plot) and "
        "dataset/ID.jpeg"
    )

    @property
    def family(self) -> str:
        return "mm_imdb"

    @property
    def facts(self) -> Facts:
        return Facts(
            **self.measured(SPLITS["train"] + SPLITS["dev"], SPLITS["test"]),
            classes=known_classes(self.cache, GENRES.split()),
            description=(
                "Films of one genre, with a poster and the longest of their plots on IMDb. Those "
                "of several genres, most of the set, are left out, so accuracies aren't comparable "
                "with the published F1 scores of several labels."
            ),
            source=(
                "the authors' copy; layout by github.com/facebookresearch/mmbt, scripts/mmimdb.py, "
                "and github.com/johnarevalo/gmu-mmimdb, make_dataset.py"
            ),
            licence="not stated with the copy; posters and plots are their authors'",
            citation="Arevalo et al., Gated multimodal units for information fusion, ICLR-W 2017",
            caveats=(
                "Films of one genre are clearer cases than films are. The plot often names the "
                "genre. Sequels and films of one series are on both sides of the official split. "
                "Genres are uneven."
            ),
        )

    def found_in(self, folder: Path) -> tuple[list[Copied], tuple[str, ...], str]:
        table = expected(folder / "split.json", self)
        parts = json_object(table, dict.fromkeys(SPLITS, list))
        samples: list[Copied] = []
        n_films = 0
        for part in SPLITS:
            for film in parts[part]:
                n_films += 1
                sample = self._film(folder, film, part, f"{table}: the film of {part}")
                samples += [sample] if sample else []
        alone = Counter(s.label for s in samples if not s.is_test)
        classes = tuple(sorted(genre for genre, n in alone.items() if n >= FEWEST))
        kept = [s for s in samples if s.label in classes]
        rare = sorted({s.label for s in samples} - set(classes))
        others = n_films - len(samples)
        told = [f"{others:,} left out: not of exactly one genre"] if others else []
        if rare:
            few = f"of genres of fewer than {FEWEST} films in the pool: {', '.join(rare)}"
            told.append(f"{len(samples) - len(kept):,} left out: {few}")
        return kept, classes, "; ".join(told)

    def _film(self, folder: Path, film: object, part: str, place: str) -> Copied | None:
        """A film of one genre; None: it has another number of them."""
        if not isinstance(film, str):
            raise InvalidData(f"{place} {film!r} should be a text, its ID")
        path = expected(inside(folder, f"dataset/{film}.json", place), self)
        entry = json_object(path, {})
        genres, plots = (_texts(entry.get(field, []), field, path) for field in ("genres", "plot"))
        if len(genres) != 1:
            return None
        plot = max(plots, key=len, default="").strip()
        return Copied(
            film,
            genres[0],
            part == "test",
            {"image": path.with_suffix(".jpeg"), "text": plot.encode()},
        )


def _texts(value: object, field: str, path: Path) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise InvalidData(f"{path}: {field} should be a list of texts")
    return value
