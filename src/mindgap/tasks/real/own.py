"""Samples of one's own, checked, and what to look at before anything is run."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Int64

from mindgap.errors import InvalidData
from mindgap.tasks.names import name_problem

#: Characters that the name of a class may have.
LONGEST = 200

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

#: What programs write where nothing is.
NOTHING = ("nan", "null", "<na>", "n/a", "#n/a")


@dataclass(frozen=True)
class Own:
    """Samples of one's own, checked.

    Attributes:
        modalities: name -> (N, ...) float32; where one isn't observed, its values are zero.
        observed: (N, M).
        labels: (N,) numbers of `classes`, -1 where unknown.
        ids: (N,) texts, all different.
        groups: (N,) numbers; samples of one group are never on both sides of a split.
        split: (N,) "pool" or "test", or None: drawn with every seed.
        encoders: of modalities that were files or texts, what encoded them.
    """

    modalities: Mapping[str, np.ndarray]
    observed: Bool[np.ndarray, "N M"]
    labels: Int64[np.ndarray, " N"]
    classes: tuple[str, ...]
    ids: np.ndarray
    groups: Int64[np.ndarray, " N"] | None = None
    split: np.ndarray | None = None
    encoders: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what couldn't be learned from.

        Raises:
            InvalidData: says which sample, class or modality, and what to do.
        """
        for name in self.modalities:
            if problem := name_problem(name):
                raise InvalidData(problem)
        unique, counts = np.unique(self.ids, return_counts=True)
        if (counts > 1).any():
            raise InvalidData(f"id {str(unique[counts > 1][0])!r} occurs more than once")
        if not self.observed.any(axis=1).all():
            empty = str(self.ids[~self.observed.any(axis=1)][0])
            raise InvalidData(f"sample {empty!r} has no modality at all; leave it out")
        for m, name in enumerate(self.modalities):
            if not self.observed[:, m].any():
                raise InvalidData(f"no sample has the modality {name!r}; leave it out")
        labelled = np.bincount(self.labels[self.labels >= 0], minlength=len(self.classes))
        if not self.classes:
            raise InvalidData("no sample has a label; a study has to know some, to answer queries")
        if len(self.classes) < 2:
            raise InvalidData(
                f"all labels are {self.classes[0]!r}; at least two classes are needed"
            )
        for number, count in enumerate(labelled):
            if count < 2:
                seen = "once" if count else "never"
                raise InvalidData(
                    f"label {self.classes[number]!r} is seen {seen}; a class needs at least two "
                    "samples, one to learn from and one to be tested on: leave it out, or merge it"
                )
        if self.split is not None:
            for part, why in (("pool", "to learn from"), ("test", "to be tested on")):
                there = self.split == part
                if part == "pool" and not there.any():
                    raise InvalidData("no sample is in the pool; say which split is, with --pool")
                if there.any() and not (there & (self.labels >= 0)).any():
                    raise InvalidData(
                        f"no sample of the {part} has a label, and so there is none {why}; name "
                        "another split with --pool or --test, or leave it out"
                    )
        learned = (self.labels >= 0) & (True if self.split is None else self.split == "pool")
        for m, name in enumerate(self.modalities):
            if not self.observed[learned, m].any():
                raise InvalidData(
                    f"no sample {'' if self.split is None else 'of the pool '}with a label has the "
                    f"modality {name!r}, so nothing can be learned from it; leave it out"
                )

    @property
    def known(self) -> Int64[np.ndarray, " n"]:
        """Rows that have a label: a study simulates the answers, so it can use no others."""
        return np.flatnonzero(self.labels >= 0)

    def patterns(self) -> dict[str, float]:
        """Share of every set of modalities, the most frequent first."""
        found, counts = np.unique(self.observed[self.known], axis=0, return_counts=True)
        names = list(self.modalities)
        shares = counts / counts.sum()
        return {"+".join(np.array(names)[found[i]]): float(shares[i]) for i in np.argsort(-shares)}

    def summary(self) -> list[str]:
        """What to look at before anything is run."""
        n, known = len(self.labels), self.known
        counts = np.bincount(self.labels[known], minlength=len(self.classes))
        order = np.argsort(-counts, kind="stable")
        each = ", ".join(f"{self.classes[c]} {counts[c]:,}" for c in order[:12])
        more = f" and {len(order) - 12} more" if len(order) > 12 else ""
        shapes = (
            f"{name} ({' x '.join(map(str, x.shape[1:]))}{self._by(name)})"
            for name, x in self.modalities.items()
        )
        gaps = ", ".join(
            f"{name} {share:.1%}" for name, share in list(self.patterns().items())[:12]
        )
        told = [
            f"{n:,} samples, {len(known):,} with a label",
            f"modalities: {', '.join(shapes)}",
            f"observed: {gaps}",
            f"{len(self.classes)} classes: {each}{more}",
        ]
        if self.groups is not None:
            told.append(f"{len(np.unique(self.groups)):,} groups, which no split takes apart")
        if self.split is not None:
            tests = int((self.split[known] == "test").sum())
            told.append(f"split as given: {len(known) - tests:,} pool, {tests:,} test")
            learned = np.unique(self.labels[known][self.split[known] == "pool"])
            unseen = [name for c, name in enumerate(self.classes) if c not in learned]
            if unseen:
                told.append(f"in the test set alone, so nobody can learn them: {', '.join(unseen)}")
        if len(known) < n:
            told.append(f"{n - len(known):,} without a label stay out of simulated studies")
        return told

    def _by(self, name: str) -> str:
        return f" by {self.encoders[name]}" if name in self.encoders else ""


def numbered_classes(labels: Sequence[str]) -> tuple[Int64[np.ndarray, " N"], tuple[str, ...]]:
    """Of labels as texts, "" where unknown: numbers, -1 where unknown, and names of the classes.

    Raises:
        InvalidData: a label says that there is none, is a measurement, or no name.
    """
    classes = tuple(sorted({label for label in labels if label}))
    same: dict[float, str] = {}
    for label in classes:
        if len(label) > LONGEST or _CONTROL.search(label):
            what = f"{len(label):,} characters" if len(label) > LONGEST else "a control character"
            raise InvalidData(
                f"the label {label[:40]!r} has {what}; a class needs a name of one line, at most "
                f"{LONGEST} characters: is this the column of labels?"
            )
        if label.lower() in NOTHING:
            raise InvalidData(
                f"there is a label {label!r}, which means that there is none; leave it empty where "
                "it is unknown (in Python: None)"
            )
        with contextlib.suppress(ValueError):
            other = same.setdefault(float(label), label)
            if other != label:
                raise InvalidData(f"labels {other!r} and {label!r} are one number; write one")
    if len(same) == len(classes) and any(not number.is_integer() for number in same):
        measured = next(text for number, text in same.items() if not number.is_integer())
        raise InvalidData(
            f"labels are numbers such as {measured}, but a label is a class; cut them into classes "
            "and give these names"
        )
    number = {label: i for i, label in enumerate(classes)}
    return np.array([number.get(label, -1) for label in labels], dtype=np.int64), classes
