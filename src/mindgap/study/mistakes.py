"""Mistakes that only the registry can see, and how each mistake of a study is told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mindgap.errors import MindgapError, unknown
from mindgap.registry import PLURALS, Configured, Registry
from mindgap.strict_yaml import Place

if TYPE_CHECKING:
    from mindgap.study.spec import Budget

#: Where, and what is wrong there.
Mistake = tuple[Place, str]

#: Characters of a wrong value that are shown.
SHOWN = 60


def usable(plugins: Sequence[Any]) -> tuple[Registry, list[Mistake]]:
    """The registry with every plug-in file that loads, and why others don't."""
    paths = [path for path in plugins if isinstance(path, str)]
    try:
        return Registry(paths), []
    except MindgapError:
        pass
    good: list[str] = []
    mistakes: list[Mistake] = []
    for i, path in enumerate(plugins):
        if not isinstance(path, str):
            continue
        try:
            Registry([path])
        except MindgapError as error:
            mistakes.append((("plugins", i), _line(str(error))))
        else:
            good.append(path)
    return Registry(good), mistakes


def of_components(
    asked: Mapping[str, Sequence[Any]], registry: Registry, budget: Budget | None
) -> Iterator[Mistake]:
    """Components that can't be built, are listed twice, or have fewer samples than labels.

    Args:
        asked: "tasks", "learners", "strategies" -> what is listed; what is no text is passed over.
        budget: None where it isn't one.
    """
    for kind, key in PLURALS.items():
        seen: set[str] = set()
        for i, text in enumerate(asked[key]):
            if not isinstance(text, str):
                continue
            try:
                found = registry.configure(kind, text)
                _refuse_infinite(found)
                built = found.build()
                pool = built.pool_size if kind == "task" else None
            except MindgapError as error:
                yield (key, i), _line(str(error))
                continue
            except KeyboardInterrupt:
                raise
            except BaseException:  # noqa: S112 (a plug-in's; the plan says which runs it costs)
                continue
            if found.identity in seen:
                yield (key, i), f"{text!r} is listed twice"
            seen.add(found.identity)
            if pool is not None and budget is not None and budget.total > pool:
                yield (
                    ("budget",),
                    f"{budget.sum} are more than the pool of {text!r} has ({pool})",
                )


def of_seeds(seeds: Any) -> Iterator[Mistake]:
    """Seeds that are listed twice."""
    if not isinstance(seeds, list):
        return
    seen: set[int] = set()
    for i, seed in enumerate(seeds):
        if not isinstance(seed, int):
            continue
        if seed in seen:
            yield ("seeds", i), f"seed {seed} is listed twice"
        seen.add(seed)


def of_metrics(asked: Sequence[Any]) -> Iterator[Mistake]:
    """Metrics that there aren't, or that are listed twice."""
    if not asked:
        return
    from mindgap.study.examine import BESIDES, METRICS  # needs torch, which a study's text doesn't

    for i, name in enumerate(asked):
        if isinstance(name, str) and name not in METRICS:
            yield ("metrics", i), unknown("metric", name, METRICS, BESIDES)
        elif name in asked[:i]:
            yield ("metrics", i), f"{name!r} is listed twice"


def of_schema(error: Any, known: Sequence[str]) -> Mistake:
    """An error of pydantic's in our words.

    Args:
        known: keys that are possible at its place.
    """
    place: Place = error["loc"]
    if place[0] == "seeds":
        place = (*place[:1], *place[2:])  # without "count" or "list"
    if error["type"] == "extra_forbidden":
        return place, unknown("key", str(place[-1]), known)
    if error["type"] == "missing":
        return place, "is missing"
    got = repr(error["input"])
    got = got if len(got) <= SHOWN else f"{got[:SHOWN]}…"
    return place, f"{error['msg'][0].lower()}{error['msg'][1:]}, got {got}"


def _refuse_infinite(found: Configured) -> None:
    for key, value in found.params.items():
        if isinstance(value, Configured):
            _refuse_infinite(value)
        for number in value if isinstance(value, list | tuple) else [value]:
            if isinstance(number, float) and not math.isfinite(number):
                raise MindgapError(f"{found.name}[{key}={number}]: give a finite number")


def _line(text: str) -> str:
    return " ".join(text.split())
