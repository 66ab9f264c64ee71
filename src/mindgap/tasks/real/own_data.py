"""Data sets of one's own: prepared once, kept as arrays, named like any other."""

from __future__ import annotations

import hashlib
import json
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import ArrayLike

from mindgap.errors import InvalidData, MindgapError
from mindgap.seeding import stream
from mindgap.sources import Source
from mindgap.tasks.data import MultimodalData
from mindgap.tasks.real.dataset import RealData
from mindgap.tasks.real.fetch import Cache, folder
from mindgap.tasks.real.own import Own, numbered_classes
from mindgap.tasks.real.packaged import apart
from mindgap.tasks.task import TaskShape

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
PREFIX, VERSION = "own-", "2"

#: Shares of the samples where no split is given; of groups less, since groups stay whole.
POOL, GROUPED = 0.7, (0.6, 0.2)


def nameable(name: str) -> None:
    """Refuse a name that no data set of one's own can have.

    Raises:
        MindgapError: it has other characters, or is that of a task that isn't one's own.
    """
    if not NAME.fullmatch(name):
        raise MindgapError(
            f"a data set can't be called {name!r}: use lower-case letters, digits and _, a letter "
            "first"
        )
    from mindgap.registry import Registry

    if name in Registry().names("task") and name not in names():
        raise MindgapError(f"there is a task {name!r} already; choose another name")


def keep(name: str, own: Own) -> Path:
    """Keep samples under a name; another run of it replaces them.

    Raises:
        MindgapError: the name can't be one, the groups can't be split, or the cache can't be
            written.
    """
    nameable(name)
    if own.groups is not None and own.split is None:
        _split_groups(name, own)
    about = {
        "modalities": {m: list(x.shape[1:]) for m, x in own.modalities.items()},
        "classes": list(own.classes),
        "patterns": own.patterns(),
        "gaps": dict(zip(own.modalities, _lacking(own), strict=True)),
        "known": len(own.known),
        "grouped": own.groups is not None,
        "split": None if own.split is None else _counts(own),
        "encoders": dict(own.encoders),
    }
    arrays: dict[str, Any] = {f"x_{m}": x for m, x in own.modalities.items()}
    arrays |= {"observed": own.observed, "labels": own.labels, "ids": own.ids.astype(str)}
    if own.groups is not None:
        arrays["groups"] = own.groups
    if own.split is not None:
        arrays["split"] = own.split.astype(str)
    about["content"] = _digest(about, arrays)
    cache = _cache(name)
    cache.save({"about": np.array(json.dumps(about)), **arrays})
    entry.cache_clear()
    return cache.path


def from_arrays(
    name: str,
    modalities: Mapping[str, ArrayLike],
    labels: Sequence[Any],
    *,
    observed: ArrayLike | None = None,
    ids: Sequence[Any] | None = None,
    groups: Sequence[Any] | None = None,
    split: Sequence[str] | None = None,
) -> Own:
    """Make a data set of arrays and keep it; from then on `name` is a task like any other.

    Args:
        modalities: name -> (N, d), (N, T, c) or (N, c, h, w); a row of NaN is a missing modality.
        labels: N of them, None where unknown.
        observed: (N, M), where a modality is there; by default where its row isn't NaN.
        ids: N different ones; by default their numbers.
        groups: of which none is split.
        split: "pool" or "test", N times.

    Raises:
        InvalidData: lengths that differ, values that aren't finite, and what `Own` refuses.
    """
    n = len(labels)
    if not modalities:
        raise InvalidData("there is no modality; give at least one")
    arrays = {m: _numbers(m, x) for m, x in modalities.items()}
    for m, x in arrays.items():
        if x.ndim < 2 or len(x) != n:
            raise InvalidData(f"modality {m!r} has shape {x.shape}, expected ({n}, ...)")
    rows = {m: x.reshape(n, -1) for m, x in arrays.items()}
    there = np.stack([~np.isnan(x).all(axis=1) for x in rows.values()], axis=1)
    if observed is not None:
        there = np.asarray(observed, dtype=bool)
        if there.shape != (n, len(arrays)):
            raise InvalidData(f"observed has shape {there.shape}, expected {(n, len(arrays))}")
    names = np.array(_texts("ids", range(n) if ids is None else ids, n))
    people = None if groups is None else _texts("groups", groups, n)
    parts = None if split is None else _texts("split", split, n)
    for what, texts in (("id", names), ("group", people), ("split", parts)):
        if texts is not None and "" in texts:
            raise InvalidData(f"sample {list(texts).index('')} has no {what}, but others have")
    if parts is not None and (other := set(parts) - {"pool", "test"}):
        raise InvalidData(f"split should be pool or test of each sample, not {other.pop()!r}")
    for column, (modality, x) in zip(there.T, rows.items(), strict=True):
        bad = column & ~np.isfinite(x).all(axis=1)
        if bad.any():
            raise InvalidData(
                f"sample {str(names[bad][0])!r} has a value in {modality!r} that isn't finite; "
                "mend it, or make the whole row NaN if it is missing"
            )
        whole = arrays[modality]
        shown = column.reshape(-1, *[1] * (whole.ndim - 1))
        arrays[modality] = np.where(shown, whole, 0.0).astype(np.float32)
    numbers, classes = numbered_classes(_texts("labels", labels, n))
    own = Own(
        arrays,
        there,
        numbers,
        classes,
        names,
        None if people is None else np.unique(people, return_inverse=True)[1],
        None if parts is None else np.array(parts),
    )
    keep(name, own)
    return own


@dataclass(frozen=True, kw_only=True)
class OwnData(RealData):
    """A data set of one's own (`mindgap prepare --manifest`).

    Samples without a label stay out. Pool and test set are those of the manifest's column `split`;
    without one, every seed draws 70 % for the pool, class by class, or, where there are groups,
    60 % for the pool and 20 % to test on, with no group on both sides.
    """

    stem: ClassVar[str]
    about: ClassVar[Mapping[str, Any]]

    @property
    @abstractmethod
    def name(self) -> str:
        """As it was prepared; there is one class for each."""

    @property
    def family(self) -> str:
        return self.stem

    @property
    def shape(self) -> TaskShape:
        shapes = {name: tuple(shape) for name, shape in self.about["modalities"].items()}
        return TaskShape(shapes, len(self.about["classes"]))

    @property
    def pool_size(self) -> int:
        return self._sizes[0]

    @property
    def _sizes(self) -> tuple[int, int]:
        about = self.about
        if about["split"]:
            return about["split"]["pool"], about["split"]["test"]
        known = about["known"]
        if about["grouped"]:
            return int(GROUPED[0] * known), int(GROUPED[1] * known)
        pool = sum(_share(n) for n in about["counts"])
        return pool, known - pool

    def split(self, seed: int) -> tuple[MultimodalData, MultimodalData | None]:
        """Split the samples that have a label.

        Raises:
            MindgapError: the data is no longer there, or its groups are too large to be split.
        """
        about = self.about
        more = ["groups"] * about["grouped"] + ["split"] * bool(about["split"])
        keys = [f"x_{name}" for name in about["modalities"]]
        stored = _cache(self.stem).load(*keys, "observed", "labels", "ids", *more)
        known = np.flatnonzero(stored["labels"] >= 0)
        samples = MultimodalData(
            {name: torch.from_numpy(stored[f"x_{name}"]) for name in about["modalities"]},
            torch.from_numpy(stored["observed"]),
            torch.from_numpy(stored["labels"]),
            tuple(about["classes"]),
            stored["ids"],
        )
        rng = stream("split", self.family, seed)
        if about["split"]:
            pool, test = (known[stored["split"][known] == part] for part in ("pool", "test"))
        elif about["grouped"]:
            _, groups = np.unique(stored["groups"][known], return_inverse=True)
            pool, test = (known[rows] for rows in apart(groups, *self._sizes, rng))
        else:
            rows = known[rng.permutation(len(known))]
            labels = stored["labels"][rows]
            parts = [rows[labels == c] for c in range(len(about["classes"]))]
            pool = np.concatenate([part[: _share(len(part))] for part in parts])
            test = np.concatenate([part[_share(len(part)) :] for part in parts])
        taken = samples.take(torch.from_numpy(pool))
        return taken, samples.take(torch.from_numpy(test)) if len(test) else None

    def unavailable(self) -> str | None:
        return None if _cache(self.stem).path.is_file() else "it was removed; prepare it again"

    def prepare(self) -> str:
        return f"kept in {_cache(self.stem).path}"

    def natural_card(self) -> dict[str, Any]:
        about = self.about
        pool, test = self._sizes
        return {
            "kind": self.kind,
            "family": self.family,
            "summary": "A data set of one's own.",
            "description": "Prepared here from a manifest, or from arrays.",
            "pitfall": None,
            "control": None,
            "modalities": about["modalities"],
            "classes": about["classes"],
            "pool": pool,
            "test": test,
            "patterns": about["patterns"],
            "gaps": {name: n for name, n in about["gaps"].items() if n},
            "truth": None,
            "source": str(_cache(self.stem).path),
            "encoders": about["encoders"],
            "grouped": "groups of the manifest" if about["grouped"] else None,
        }


def names() -> list[str]:
    """Data sets of one's own that are kept here."""
    found = (path.name for path in folder().glob(f"{PREFIX}*-{VERSION}.npz"))
    stems = (name.removeprefix(PREFIX).removesuffix(f"-{VERSION}.npz") for name in found)
    return sorted(stem for stem in stems if NAME.fullmatch(stem))


@cache
def entry(name: str) -> tuple[type[OwnData], Source]:
    """The class of a data set that is kept here, and the version of its content.

    Raises:
        MindgapError: it is damaged.
    """
    kept = _cache(name)
    stored = kept.load("about", "labels")
    about = json.loads(str(stored["about"]))
    labels = stored["labels"]
    about["counts"] = np.bincount(labels[labels >= 0], minlength=len(about["classes"])).tolist()
    members = {"name": name, "stem": name, "about": about, "__doc__": OwnData.__doc__}
    made: type[OwnData] = dataclass(frozen=True, kw_only=True)(type(name, (OwnData,), members))
    return made, Source(f"data set {name}", about["content"])


def _numbers(modality: str, values: ArrayLike) -> np.ndarray:
    try:
        found = np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:  # ragged, or a tensor with gradients
        raise InvalidData(f"modality {modality!r} is no array: {error}") from None
    if found.dtype.kind not in "iufb":
        raise InvalidData(f"modality {modality!r} holds {found.dtype}, expected numbers")
    with np.errstate(over="ignore"):  # infinite then, which is refused
        return found.astype(np.float32)


def _texts(what: str, values: Sequence[Any], n: int) -> list[str]:
    """One for each sample, as texts; "" where it is None."""
    found = np.asarray(values, dtype=object)
    if found.shape != (n,):
        raise InvalidData(f"{what} are of shape {found.shape}, expected ({n},), one a sample")
    return ["" if x is None else str(x) for x in found.tolist()]


def _digest(about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> str:
    """Of all that a study could see; made once, since the arrays may be large."""
    found = hashlib.sha256(json.dumps(about).encode())
    for name, x in sorted(arrays.items()):
        found.update(f"{name} {x.dtype} {x.shape}".encode())
        found.update(np.ascontiguousarray(x).data)
    return found.hexdigest()[:12]


def _cache(name: str) -> Cache:
    return Cache(f"{PREFIX}{name}", VERSION, "your own")


def _share(count: int) -> int:
    """Of a class's samples, how many are in the pool: at least one, and one is left to test on."""
    return min(count - 1, max(1, round(POOL * count)))


def _split_groups(name: str, own: Own) -> None:
    """Refuse groups that are too large for the splits of some seeds."""
    _, groups = np.unique(np.asarray(own.groups)[own.known], return_inverse=True)
    pool, test = (int(share * len(groups)) for share in GROUPED)
    try:
        for seed in range(20):
            apart(groups, pool, test, stream("split", name, seed))
    except MindgapError as error:
        largest = int(np.bincount(groups).max())
        raise InvalidData(
            f"groups are too large to be kept apart: {error}, and the largest group has {largest} "
            f"of {len(groups)}; make them smaller, or give a column split"
        ) from None


def _lacking(own: Own) -> list[int]:
    """Of each modality, how many samples with a label don't have it."""
    lacking: list[int] = (~own.observed[own.known]).sum(axis=0).tolist()
    return lacking


def _counts(own: Own) -> dict[str, int]:
    assert own.split is not None  # noqa: S101
    return {part: int((own.split[own.known] == part).sum()) for part in ("pool", "test")}
