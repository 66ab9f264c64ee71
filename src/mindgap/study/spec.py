"""The study file: plain words, read with line numbers, every mistake reported at once."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError

from mindgap.errors import InvalidStudy, MindgapError, unknown
from mindgap.registry import Configured, Registry, split_list

Texts = Annotated[list[str], Field(min_length=1)]


class Budget(BaseModel):
    """How many labels, and when.

    Attributes:
        initial: random labels that round 0 is trained on.
        query: labels bought in every round.
        rounds: how often labels are bought, so there are rounds + 1 measurements.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    initial: PositiveInt
    query: PositiveInt
    rounds: NonNegativeInt

    @property
    def total(self) -> int:
        """Labels at the end."""
        return self.initial + self.query * self.rounds


class Study(BaseModel):
    """The grid of runs that a user asks for: tasks x learners x strategies x seeds.

    Attributes:
        name: what the results folder belongs to.
        tasks: scenarios and data sets, as `name[param=value, ...]`.
        learners: likewise.
        strategies: likewise.
        budget: the same for every run.
        seeds: a list, or how many (then 0, 1, ...).
        plugins: Python files with components of your own, relative to the study file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    tasks: Texts
    learners: Texts = ["concat"]
    strategies: Texts
    budget: Budget
    seeds: PositiveInt | Annotated[list[NonNegativeInt], Field(min_length=1)]
    plugins: list[str] = []

    @property
    def seed_list(self) -> list[int]:
        """The seeds, one by one."""
        return list(range(self.seeds)) if isinstance(self.seeds, int) else list(self.seeds)

    def configured(self, kind: str, registry: Registry) -> list[Configured]:
        """The tasks, learners or strategies, checked against the registry."""
        texts = {"task": self.tasks, "learner": self.learners, "strategy": self.strategies}[kind]
        return [registry.configure(kind, text) for text in texts]


def packaged() -> list[str]:
    """Names of the studies that come with mindgap."""
    folder = importlib.resources.files("mindgap.studies")
    return sorted(
        f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")
    )


def read(
    source: str, overrides: Sequence[str] = (), plugins: Iterable[str] = ()
) -> tuple[Study, Registry]:
    """Read a study file or a packaged study, apply `a.b=c` overrides, check everything.

    Args:
        source: a path, or the name of a packaged study.
        overrides: `budget.rounds=4`, `seeds=2`, `strategies=random,margin`.
        plugins: further plug-in files.

    Raises:
        InvalidStudy: every mistake, one a line, each with its place.
    """
    text, origin, folder = _find(source)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{origin}:{mark.line + 1}" if mark else origin
        problem = str(getattr(error, "problem", error)).splitlines()[0]
        hint = ' (a name with brackets needs quotes: "badge[x=1]")' if "'['" in problem else ""
        raise InvalidStudy(f"{place}: this is not YAML: {problem}{hint}") from None
    if not isinstance(content, dict):
        raise InvalidStudy(f"{origin}: a study file is a mapping such as `name: my-study`")
    lines = dict(_lines(node, ()))
    for override in overrides:
        lines = _override(content, override, lines)
    found = content.get("plugins", [])
    if isinstance(found, list):
        absolute = [str(folder / str(p)) for p in found]
        content["plugins"] = [*absolute, *(str(Path(p).resolve()) for p in plugins)]
    try:
        study = Study.model_validate(content)
    except ValidationError as error:
        mistakes = [_told(e, content) for e in error.errors()]
        mistakes += _component_mistakes_in(content)
        raise _invalid(mistakes, lines, origin) from None
    registry = Registry(study.plugins)
    mistakes = check(study, registry)
    if mistakes:
        raise _invalid(mistakes, lines, origin)
    return study, registry


def check(study: Study, registry: Registry) -> list[tuple[tuple[str | int, ...], str]]:
    """Every mistake that only the registry can see, as (place, sentence)."""
    mistakes = _component_mistakes(study.tasks, study.learners, study.strategies, registry)
    for i, seed in enumerate(study.seed_list):
        if seed in study.seed_list[:i]:
            mistakes.append((("seeds", i), f"seed {seed} is listed twice"))
    for i, text in enumerate(study.tasks):
        try:
            pool = registry.configure("task", text).build().pool_size
        except MindgapError as error:
            if not any(place == ("tasks", i) for place, _ in mistakes):
                mistakes.append((("tasks", i), str(error)))
            continue
        if study.budget.total > pool:
            mistakes.append(
                (
                    ("budget",),
                    f"{study.budget.initial} + {study.budget.rounds} x {study.budget.query} = "
                    f"{study.budget.total} labels are more than the pool of {text!r} has ({pool})",
                )
            )
    return mistakes


def _component_mistakes(
    tasks: list[str], learners: list[str], strategies: list[str], registry: Registry
) -> list[tuple[tuple[str | int, ...], str]]:
    mistakes: list[tuple[tuple[str | int, ...], str]] = []
    listed = {"task": tasks, "learner": learners, "strategy": strategies}
    for kind, texts in listed.items():
        key = {"task": "tasks", "learner": "learners", "strategy": "strategies"}[kind]
        seen: set[str] = set()
        for i, text in enumerate(texts):
            try:
                identity = registry.configure(kind, text).identity
            except MindgapError as error:
                mistakes.append(((key, i), str(error)))
                continue
            if identity in seen:
                mistakes.append(((key, i), f"{text!r} is listed twice"))
            seen.add(identity)
    return mistakes


def _component_mistakes_in(content: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """The same for a file that isn't valid as a whole: whatever can be checked, is."""

    def texts(key: str) -> list[str]:
        value = content.get(key)
        return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []

    plugins = [p for p in texts("plugins") if Path(p).is_file()]
    registry = Registry(plugins)
    return _component_mistakes(texts("tasks"), texts("learners"), texts("strategies"), registry)


def _find(source: str) -> tuple[str, str, Path]:
    path = Path(source)
    if path.is_file():
        try:
            return path.read_text("utf-8"), source, path.resolve().parent
        except UnicodeDecodeError:
            raise InvalidStudy(f"{source}: this is not a text file") from None
    if source in packaged():
        packaged_file = importlib.resources.files("mindgap.studies") / f"{source}.yaml"
        return packaged_file.read_text("utf-8"), source, Path.cwd()
    raise InvalidStudy(
        unknown("study", source, packaged(), "; a path to a study file works as well")
    )


def _lines(node: yaml.Node | None, path: tuple[str | int, ...]) -> Iterator[tuple[Any, int]]:
    if node is None:
        return
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*path, key.value))
            yield (*path, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            yield from _lines(value, (*path, i))


def _override(content: dict[str, Any], override: str, lines: dict[Any, int]) -> dict[Any, int]:
    key, equals, raw = override.partition("=")
    if not equals or not key or not raw:
        raise InvalidStudy(f"override {override!r} should read key=value, e.g. budget.rounds=4")
    path = tuple(key.split("."))
    value: Any
    if path in {("tasks",), ("learners",), ("strategies",), ("plugins",)}:
        value = [part.strip() for part in split_list(raw)]
    else:
        try:
            value = yaml.safe_load(raw)
        except yaml.YAMLError:
            raise InvalidStudy(f"override {override!r}: the value is not YAML") from None
    target = content
    for part in path[:-1]:
        target = target.setdefault(part, {})
        if not isinstance(target, dict):
            raise InvalidStudy(f"override {override!r}: {part!r} has no fields")
    target[path[-1]] = value
    return {p: line for p, line in lines.items() if p[: len(path)] != path}


def _told(error: Any, content: dict[str, Any]) -> tuple[tuple[str | int, ...], str]:
    place = tuple(part for part in error["loc"] if not _is_union_branch(part))
    if error["type"] == "extra_forbidden":
        known = Budget.model_fields if place[:-1] == ("budget",) else Study.model_fields
        return place, unknown("key", str(place[-1]), known)
    if error["type"] == "missing":
        return place, "is missing"
    return place, f"{error['msg'][0].lower()}{error['msg'][1:]}, got {error['input']!r}"


def _is_union_branch(part: str | int) -> bool:
    return isinstance(part, str) and (part.startswith(("list[", "constrained-")) or part == "int")


def _invalid(
    mistakes: list[tuple[tuple[str | int, ...], str]], lines: dict[Any, int], origin: str
) -> InvalidStudy:
    told = []
    for place, sentence in dict.fromkeys(mistakes):
        dotted = ".".join(str(part) for part in place)
        line = next(
            (lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), None
        )
        told.append(f"{origin}{f':{line}' if line else ''}: {dotted}: {sentence}")
    return InvalidStudy("\n".join(told))
