"""What a search found, as a file: every score, and the choice that a study freezes."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from mindgap.errors import MindgapError

if TYPE_CHECKING:
    from mindgap.study.question import Question
    from mindgap.study.tune import Scores

Score = Literal["accuracy", "nll"]

HEAD = "# Written by `mindgap tune`; a study takes it as `tuned: {name}`.\n"

#: Digits after the point that are kept of a score.
DIGITS = 4


class Tried(BaseModel):
    """A setting and its scores on held-out samples.

    Attributes:
        learner: the setting.
        mean: over seeds, of the score that is chosen by; null where training diverged.
        se: its standard error; null also where there is one seed.
        accuracy: with each seed; empty where training diverged with any.
        nll: likewise, in nats.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    learner: str
    mean: float | None
    se: float | None
    accuracy: list[float]
    nll: list[float]

    @staticmethod
    def of(learner: str, accuracy: np.ndarray, nll: np.ndarray, score: Score) -> Tried:
        """From the scores of each seed, NaN where training diverged."""
        values = nll if score == "nll" else accuracy
        if not (len(values) and np.isfinite(values).all()):
            return Tried(learner=learner, mean=None, se=None, accuracy=[], nll=[])
        mean, se = mean_and_error(values)
        return Tried(
            learner=learner,
            mean=round(mean, DIGITS),
            se=None if se is None else round(se, DIGITS),
            accuracy=accuracy.round(DIGITS).tolist(),
            nll=nll.round(DIGITS).tolist(),
        )

    def worth(self, score: Score) -> np.ndarray:
        """With each seed, more is better."""
        return -np.array(self.nll) if score == "nll" else np.array(self.accuracy)


class Search(BaseModel):
    """One learner, one family: the question, the answer, and how it came about.

    Attributes:
        learner: as a study lists it.
        family: of the tasks it holds for.
        control: the task it was searched on.
        score: what is chosen by.
        command: that asked for it.
        versions: of what it was computed with.
        digest: of all that the scores depend on.
        chosen: labels -> the learner with its parameters.
        tried: labels -> every setting, the learner itself first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    learner: str
    family: str
    control: str
    score: Score
    command: str
    versions: dict[str, str]
    digest: str
    chosen: Annotated[dict[PositiveInt, str], Field(min_length=1)]
    tried: dict[PositiveInt, Annotated[list[Tried], Field(min_length=1)]]

    @staticmethod
    def of(question: Question, found: Scores, score: Score, **about: Any) -> Search:
        """From the scores of every setting.

        Args:
            about: the fields that neither of them tells.

        Raises:
            MindgapError: training diverged with every setting.
        """
        tried = {
            n: [
                Tried.of(setting.text, found.accuracy[s, i], found.nll[s, i], score)
                for s, setting in enumerate(question.settings)
            ]
            for i, n in enumerate(question.labels)
        }
        return Search(
            family=question.source.family,
            control=question.control.text,
            score=score,
            versions=question.versions,
            digest=question.digest,
            chosen=_chosen(tried, score),
            tried=tried,
            **about,
        )

    @property
    def first(self) -> str:
        """The learner as given, in full."""
        return next(iter(self.tried.values()))[0].learner

    def by(self, score: Score) -> Search:
        """The same search with its choices made by another score."""
        tried = {
            n: [Tried.of(r.learner, np.array(r.accuracy), np.array(r.nll), score) for r in rows]
            for n, rows in self.tried.items()
        }
        chosen = _chosen(tried, score)
        return self.model_copy(update={"score": score, "tried": tried, "chosen": chosen})


def _chosen(tried: Mapping[int, Sequence[Tried]], score: Score) -> dict[int, str]:
    return {n: best(rows, score).learner for n, rows in tried.items()}


def best(tried: Sequence[Tried], score: Score, but: int | None = None) -> Tried:
    """The setting with the best mean; of equal ones the first.

    Args:
        but: a seed that doesn't count.

    Raises:
        MindgapError: training diverged with every setting.
    """
    trained = [one for one in tried if one.accuracy]
    if not trained:
        raise MindgapError("training diverged with every setting: try lower learning rates")

    def mean(one: Tried) -> float:
        worth = one.worth(score)
        return float((worth if but is None else np.delete(worth, but)).mean())

    return max(trained, key=mean)


def gain(tried: Sequence[Tried], score: Score) -> tuple[float, float | None] | None:
    """What choosing gains over the first setting, and its standard error; more is better.

    The best of many is flattered by its luck. So for each seed the choice is made by the others.
    None where the first setting diverged or there is one seed.
    """
    own = tried[0].worth(score)
    if len(own) < 2:
        return None
    choices = [best(tried, score, but=seed).worth(score)[seed] for seed in range(len(own))]
    return mean_and_error(np.array(choices) - own)


def everywhere(searches: Sequence[Search], score: Score) -> list[Tried]:
    """The settings tried in every search, with their means over families and labels."""
    tables = [
        {one.learner: one for one in rows} for each in searches for rows in each.tried.values()
    ]
    found = []
    for setting in tables[0]:
        rows = [table[setting] for table in tables if setting in table]
        if len(rows) == len(tables) and len({len(row.accuracy) for row in rows}) == 1:
            accuracy = np.mean([row.accuracy for row in rows], axis=0)
            nll = np.mean([row.nll for row in rows], axis=0)
            found.append(Tried.of(setting, accuracy, nll, score))
    return found


@dataclass(frozen=True)
class Beside:
    """A setting for everything, beside the learner as given; of all families and labels.

    Attributes:
        learner: the setting.
        given: whether it is the learner as given.
        accuracy: mean difference in accuracy, and its standard error over seeds.
        nll: mean log loss.
        better: in how many cells it has the higher accuracy, and in how many the lower log loss.
        cells: how many there are.
        worst: its difference in accuracy in the cell where that is lowest.
    """

    learner: str
    given: bool
    accuracy: tuple[float, float | None]
    nll: float
    better: tuple[int, int]
    cells: int
    worst: float


def beside(searches: Sequence[Search], score: Score) -> list[Beside]:
    """The settings tried in every search, the best first; none where the given one diverged."""
    together = [one for one in everywhere(searches, score) if one.accuracy]
    if not together or together[0].learner != searches[0].first:
        return []
    cells = [{one.learner: one for one in rows} for s in searches for rows in s.tried.values()]
    found = []
    for setting in sorted(together, key=lambda one: -one.worth(score).mean()):
        own, given = ([cell[one.learner] for cell in cells] for one in (setting, together[0]))
        gains = np.array(
            [np.mean(a.accuracy) - np.mean(b.accuracy) for a, b in zip(own, given, strict=True)]
        )
        lower = [np.mean(a.nll) < np.mean(b.nll) for a, b in zip(own, given, strict=True)]
        difference = np.subtract(setting.accuracy, together[0].accuracy)
        found.append(
            Beside(
                setting.learner,
                setting is together[0],
                mean_and_error(difference),
                float(np.mean(setting.nll)),
                (int((gains > 0).sum()), sum(map(bool, lower))),
                len(cells),
                float(gains.min()),
            )
        )
    return found


def mean_and_error(values: np.ndarray) -> tuple[float, float | None]:
    """Mean and standard error of the mean, None of a single value."""
    n = len(values)
    return float(values.mean()), float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else None


def read(path: Path) -> list[Search]:
    """The searches in a file, none where there is no file.

    Raises:
        MindgapError: it can't be read, or `mindgap tune` didn't write it.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
        return [Search.model_validate(one) for one in content["searches"]]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise MindgapError(f"{path} can't be read: {error.strerror}") from None
    except (ValidationError, ValueError, yaml.YAMLError, TypeError, KeyError):
        raise MindgapError(
            f"{path} is not a file that `mindgap tune` of this version wrote: choose another"
        ) from None


def write(path: Path, search: Search) -> None:
    """Put a search into a file, in the place of an earlier one of its learner and family.

    Raises:
        MindgapError: the file can't be read or written.
    """
    kept = [
        one for one in read(path) if (one.learner, one.family) != (search.learner, search.family)
    ]
    content = {"searches": [one.model_dump() for one in [*kept, search]]}
    text = yaml.safe_dump(content, sort_keys=False, width=10_000, default_flow_style=None)
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(HEAD.format(name=path.name) + text, "utf-8")
        os.replace(new, path)
    except OSError as error:
        raise MindgapError(f"{path} can't be written: {error.strerror}") from None
