"""The study file: plain words, read with line numbers, every mistake reported at once."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    NonNegativeInt,
    PositiveInt,
    Tag,
    ValidationError,
)

from mindgap.errors import InvalidStudy, unknown
from mindgap.registry import PLURALS, Configured, Registry
from mindgap.study.frozen import of_tuned
from mindgap.study.mistakes import Mistake, of_components, of_metrics, of_schema, of_seeds, usable
from mindgap.study.written import override, parse

Texts = Annotated[list[str], Field(min_length=1)]

#: Beyond it a seed could change on its way through JSON.
Seed = Annotated[int, Field(ge=0, lt=2**53)]
MOST_SEEDS = 10_000
Seeds = Annotated[
    Annotated[int, Field(ge=1, le=MOST_SEEDS), Tag("count")]
    | Annotated[list[Seed], Field(min_length=1, max_length=MOST_SEEDS), Tag("list")],
    Discriminator(lambda seeds: "list" if isinstance(seeds, list) else "count"),
]


class Budget(BaseModel):
    """How many labels, and when.

    Attributes:
        initial: random labels that round 0 is trained on.
        query: labels bought in every round.
        rounds: how often labels are bought, so there are rounds + 1 measurements.
        validation: random labels that are never trained on, but counted like all others: for
            calibration, and for strategies that learn from what their choices bring.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    initial: PositiveInt
    query: PositiveInt
    rounds: NonNegativeInt
    validation: NonNegativeInt = 0

    @property
    def total(self) -> int:
        """Labels at the end."""
        return self.initial + self.validation + self.query * self.rounds

    @property
    def sum(self) -> str:
        """What they are for, in words."""
        validation = f"{self.validation} for validation + " if self.validation else ""
        bought = f"{self.rounds} x {self.query}"
        return f"{self.initial} + {validation}{bought} = {self.total} labels"


class Study(BaseModel):
    """The grid of runs that a user asks for: tasks x learners x strategies x seeds.

    Attributes:
        name: what the results folder belongs to.
        tasks: scenarios and data sets, as `name[param=value, ...]`.
        learners: likewise.
        strategies: likewise.
        budget: the same for every run.
        seeds: a list, or how many (then 0, 1, ...).
        metrics: what to measure beyond what always is (`mindgap ls metrics`); not part of a run.
        plugins: Python files with components of your own, relative to the study file.
        tuned: what `mindgap tune` wrote, relative to the study file; it chooses the parameters of
            every learner for each task's family and the number of labels at the end.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    tasks: Texts
    learners: Texts = ["concat"]
    strategies: Texts
    budget: Budget
    seeds: Seeds
    metrics: list[str] = []
    plugins: list[str] = []
    tuned: str | None = None

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
        overrides: `budget.rounds=4`, `seeds=0,1`, `strategies=random,margin`.
        plugins: further plug-in files.

    Raises:
        InvalidStudy: every mistake, one a line, each with its place.
    """
    text, folder = _find(source)
    written = parse(text, source)
    for text in overrides:
        override(written, text)
    content = written.content
    listed = content.get("plugins", [])
    if isinstance(listed, list):
        absolute = [str(folder / p) if isinstance(p, str) else p for p in listed]
        given = list(plugins)
        content["plugins"] = [*absolute, *(str(Path(p).resolve()) for p in given)]
        for i, path in enumerate(given, len(absolute)):
            written.origins["plugins", i] = f"--plugin {path}"
    if isinstance(tuned := content.get("tuned"), str):
        content["tuned"] = str(folder / tuned)
    mistakes: list[Mistake] = []
    try:
        study = Study.model_validate(content)
    except ValidationError as error:
        mistakes += [_of_schema(e) for e in error.errors()]
    registry, unusable = usable(_listed(content, "plugins"))
    mistakes += unusable
    asked = {key: _listed(content, key) for key in PLURALS.values()}
    mistakes += of_components(asked, registry, _budget(content.get("budget")))
    mistakes += of_seeds(content.get("seeds"))
    mistakes += of_metrics(_listed(content, "metrics"))
    if not mistakes:
        mistakes += of_tuned(study, registry)
    if mistakes or written.mistakes:
        told = [
            f"{written.origin(place)}: {'.'.join(map(str, place))}: {sentence}"
            for place, sentence in dict.fromkeys(mistakes)
        ]
        raise InvalidStudy("\n".join([*written.mistakes, *told]))
    return study, registry


def check(study: Study, registry: Registry) -> list[Mistake]:
    """Every mistake of a study made in Python that only the registry can see."""
    asked = {key: getattr(study, key) for key in PLURALS.values()}
    mistakes = [*of_components(asked, registry, study.budget), *of_seeds(study.seeds)]
    mistakes += of_metrics(study.metrics)
    return mistakes or list(of_tuned(study, registry))


def _find(source: str) -> tuple[str, Path]:
    """The text of a study, and the folder that its plug-ins are relative to."""
    path = Path(source)
    try:
        if source in packaged() and not path.is_file():
            file = importlib.resources.files("mindgap.studies") / f"{source}.yaml"
            return file.read_text("utf-8"), Path.cwd()
        return path.read_text("utf-8"), path.resolve().parent
    except UnicodeDecodeError:
        raise InvalidStudy(f"{source}: this is not a text file") from None
    except FileNotFoundError:
        if path.name != source or path.suffix in (".yaml", ".yml"):
            raise InvalidStudy(f"{source}: no such file") from None
        hint = "; a path to a study file works as well"
        raise InvalidStudy(unknown("study", source, packaged(), hint)) from None
    except OSError as error:
        raise InvalidStudy(f"{source} can't be read as a study: {error.strerror}") from None


def _listed(content: Mapping[str, Any], key: str) -> list[Any]:
    found = content.get(key, [])
    return found if isinstance(found, list) else []


def _budget(found: Any) -> Budget | None:
    try:
        return Budget.model_validate(found)
    except ValidationError:
        return None


def _of_schema(error: Any) -> Mistake:
    of_budget = error["loc"][:-1] == ("budget",)
    return of_schema(error, list((Budget if of_budget else Study).model_fields))
