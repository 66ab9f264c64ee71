"""One registry for tasks, learners and strategies: built in, from a file, or from a package.

A component is a class that derives from `Component` (through `TaskSource`, `Learner` or
`Strategy`), or a function marked with `component`, that takes keyword arguments only. Its name is
its own in snake_case. `name[param=value,...]` selects and configures it, in the command line and
in YAML alike; a value may itself be such a text (`stratified[of=badge]`).
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import inspect
import pkgutil
import re
import sys
import traceback
from abc import ABC
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, TypeVar, get_type_hints

import yaml

from mindgap.errors import MindgapError, unknown
from mindgap.sources import Source

KINDS = {"task": "mindgap.tasks", "learner": "mindgap.learners", "strategy": "mindgap.strategies"}
PLURALS = {"task": "tasks", "learner": "learners", "strategy": "strategies"}

#: Modules that make components of another package's, which are called PACKAGE:NAME: `names()` has
#: those that there are, `entry(name)` a class and its source.
ADAPTERS = {"strategy": {"skactiveml": "mindgap.strategies.scikit_activeml"}}

#: Modules that know of components which were made here: `names()` and `entry(name)` as above.
KEPT = {"task": "mindgap.tasks.real.own_data"}

F = TypeVar("F", bound=Callable[..., Any])


class Component(ABC):  # the rooms' base classes add the abstract methods
    """Base of everything that can be named in a study; the constructor only stores keywords."""

    component_kind: ClassVar[str]


def component(kind: str) -> Callable[[F], F]:
    """Mark a function that builds a component, for example a scenario, so that it is found."""

    def mark(function: F) -> F:
        function.component_kind = kind  # type: ignore[attr-defined]
        return function

    return mark


@dataclass(frozen=True)
class Configured:
    """A component with its parameters, not yet built.

    `text` names what differs from the defaults (`badge` or `badge[x=1]`); `identity` states every
    parameter, of a file its content, and the plug-in's source, so it changes whenever the
    component could. `source` is None for what comes with mindgap.
    """

    kind: str
    name: str
    params: dict[str, Any]
    target: Callable[..., Any]
    source: Source | None = None

    def build(self) -> Any:
        """Make the object, nested components included."""
        built = {k: v.build() if isinstance(v, Configured) else v for k, v in self.params.items()}
        return self.target(**built)

    @cached_property
    def text(self) -> str:
        """The shortest text that selects this component."""
        defaults = {p.name: p.default for p in parameters(self.target)}
        changed = {k: v for k, v in self.params.items() if _shown(v) != _shown(defaults[k])}
        return _bracketed(self.name, changed)

    @cached_property
    def identity(self) -> str:
        """All that distinguishes this component's behaviour, as one text."""
        params = {k: _identified(v) for k, v in self.params.items()}
        return _bracketed(self.name, params) + (f"@{self.source.version}" if self.source else "")

    def without(self, parameter: str) -> Configured:
        """What it is whatever that parameter says: good for an identity, not to be built."""
        return replace(self, params={k: v for k, v in self.params.items() if k != parameter})

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Everything in it that doesn't come with mindgap: components by kind and name, files."""
        found = {f"{self.kind} {self.name}": self.source} if self.source else {}
        for value in self.params.values():
            if isinstance(value, Configured):
                found |= value.sources
            elif isinstance(value, Path) and value.is_file():
                found[f"file {value}"] = Source.of_file(value)
        return found


def _identified(value: Any) -> Any:
    if isinstance(value, Configured):
        return value.identity
    is_file = isinstance(value, Path) and value.is_file()
    return Source.of_file(value).version if is_file else value


def _bracketed(name: str, params: dict[str, Any]) -> str:
    inside = ", ".join(f"{k}={_shown(v)}" for k, v in sorted(params.items()))
    return f"{name}[{inside}]" if inside else name


def _shown(value: Any) -> str:
    if isinstance(value, Configured):
        return value.text
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_shown(v) for v in value) + "]"
    return str(value)


def parameters(target: Callable[..., Any]) -> list[inspect.Parameter]:
    """The keyword parameters that configure a component."""
    return [
        p
        for p in inspect.signature(target).parameters.values()
        if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]


def summary(target: Callable[..., Any]) -> str:
    """The first line of a component's docstring."""
    return (inspect.getdoc(target) or "").partition("\n")[0]


def paper(target: Callable[..., Any]) -> str:
    """Who a component is from: what stands in brackets at the end of its first line, or nothing."""
    found = re.search(r"\(([^()]*)\)\.?$", summary(target))
    return found[1] if found else ""


def documentation(target: Callable[..., Any]) -> str:
    """A component's docstring, with the parameters that its bases describe at the end."""
    told = inspect.getdoc(target) or ""
    if not inspect.isclass(target):
        return told
    names = {p.name for p in parameters(target)}
    for base in target.__mro__[1:]:
        text = inspect.cleandoc(vars(base).get("__doc__") or "")
        entries = re.findall(
            r"^    \w+: .*(?:\n {5,}.*)*", text.partition("Attributes:\n")[2], re.M
        )
        new = [e for e in entries if e.strip().partition(":")[0] in names]
        if new and "Attributes:\n" not in told:
            told += "\n\nAttributes:"
        told = "\n".join([told, *new])
    return told


_Entry = tuple[Callable[..., Any], Source | None]


class Registry:
    """Every component there is; plug-in files are given as paths.

    Raises:
        MindgapError: a plug-in file that is missing or doesn't import, with the reason, or that
            holds a name which is already another component's.
    """

    def __init__(self, plugins: Iterable[str | Path] = ()) -> None:
        self.plugins = tuple(dict.fromkeys(str(Path(p).resolve()) for p in plugins))
        self._found: dict[str, dict[str, _Entry]] = {k: {} for k in KINDS}
        self._failed: dict[str, str] = {}
        self._clashing: dict[tuple[str, str], str] = {}
        for package in KINDS.values():
            for module in _walk(package):
                self._add(module, None)
        self._add_entry_points()
        for path in self.plugins:
            self._add(_load(Path(path)), Source.of_file(Path(path)))

    def names(self, kind: str) -> list[str]:
        """All names of a kind, sorted, but for those of other packages' components."""
        kept = importlib.import_module(KEPT[kind]).names() if kind in KEPT else []
        return sorted({*self._found[kind], *kept})

    def adapted(self, kind: str) -> list[str]:
        """Names of other packages' components, as PACKAGE:NAME, if the packages are there."""
        return [
            f"{package}:{name}"
            for package, module in ADAPTERS.get(kind, {}).items()
            for name in importlib.import_module(module).names()
        ]

    def target(self, kind: str, name: str) -> Callable[..., Any]:
        """The class or function behind a name.

        Raises:
            MindgapError: an unknown name, with near matches and what failed to import.
        """
        return self._entry(kind, name)[0]

    def add(self, target: type[Component]) -> None:
        """Add a component that was defined in Python, by its own name; again after a change.

        Its identity holds its own source, but nothing that it uses from outside.

        Raises:
            MindgapError: the name is that of a component from elsewhere, or the source can't be
                read.
        """
        self._put(target.component_kind, component_name(target), target, Source.of_object(target))

    def configure(self, kind: str, text: str) -> Configured:
        """Read `name[param=value,...]` and check every parameter, without building anything.

        Raises:
            MindgapError: an unknown name or parameter (near match named), a value of another
                type, or a text that can't be read.
        """
        from pydantic import ConfigDict, TypeAdapter, ValidationError

        name, given = parse(text)
        target, source = self._entry(kind, name)
        # of a dataclass the class itself, whose inherited fields are read where they are written
        whole = inspect.isfunction(target) or is_dataclass(target)
        described: Any = target if whole else target.__init__
        hints = get_type_hints(described, include_extras=True)
        known = {p.name: p for p in parameters(target)}
        params: dict[str, Any] = {}
        for key, raw in given.items():
            if key not in known:
                raise MindgapError(unknown(f"parameter of {name}", key, known))
            hint = hints.get(key, Any)
            if inspect.isclass(hint) and issubclass(hint, Component):
                params[key] = self.configure(hint.component_kind, raw)
                continue
            try:
                value = yaml.safe_load(raw)
                adapter = TypeAdapter(hint, config=ConfigDict(strict=False))
                params[key] = adapter.validate_python(value)
            except (ValidationError, yaml.YAMLError) as error:
                why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "no YAML"
                raise MindgapError(f"{name}[{key}={raw}]: {why}") from None
        for key, parameter in known.items():
            if key in params:
                continue
            if parameter.default is parameter.empty:
                raise MindgapError(f"{name} needs a value for {key!r}: write {name}[{key}=…]")
            params[key] = parameter.default
        return Configured(kind, name, {k: params[k] for k in known}, target, source)

    def _entry(self, kind: str, name: str) -> _Entry:
        if (kind, name) in self._clashing:
            raise MindgapError(self._clashing[kind, name])
        package, _, theirs = name.partition(":")
        if theirs and package in ADAPTERS.get(kind, {}):
            adapter = importlib.import_module(ADAPTERS[kind][package])
            adapted: _Entry = adapter.entry(theirs)
            return adapted
        if name in self._found[kind]:
            return self._found[kind][name]
        if name in self.names(kind):
            made: _Entry = importlib.import_module(KEPT[kind]).entry(name)
            return made
        hint = "".join(f"; {what} failed to import: {why}" for what, why in self._failed.items())
        raise MindgapError(unknown(kind, name, self.names(kind), hint))

    def _add(self, module: ModuleType, source: Source | None) -> None:
        for target in vars(module).values():
            kind = getattr(target, "component_kind", None)
            if kind in KINDS and _is_final(target) and target.__module__ == module.__name__:
                self._put(kind, component_name(target), target, source)

    def _put(self, kind: str, name: str, target: Callable[..., Any], source: Source | None) -> None:
        held, whose = self._found[kind].get(name, (target, source))
        redefined = source and source.in_python and whose and whose.in_python
        if held is not target and not redefined:
            raise MindgapError(
                f"{_place(target, source)}: there is a {kind} {name!r} already, from "
                f"{_place(held, whose)}; rename {target.__qualname__}"
            )
        self._found[kind][name] = (target, source)

    def _add_entry_points(self) -> None:
        for kind, plural in PLURALS.items():
            for entry in importlib.metadata.entry_points(group=f"mindgap.{plural}"):
                try:
                    version = entry.dist.version if entry.dist else ""
                    target = entry.load()
                except Exception as error:  # a broken package must not take the others with it
                    self._failed[entry.name] = f"{type(error).__name__}: {error}"
                    continue
                try:
                    source = Source(f"package {entry.value}", f"{entry.value} {version}")
                    self._put(kind, entry.name, target, source)
                except MindgapError as clash:
                    self._clashing[kind, entry.name] = str(clash)


def parse(text: str) -> tuple[str, dict[str, str]]:
    """Split `name[a=1, of=badge[b=2]]` into its name and raw parameters.

    Raises:
        MindgapError: brackets or equals signs that don't pair up.
    """
    match = re.fullmatch(r"\s*([A-Za-z_][\w:.-]*)\s*(?:\[(.*)\])?\s*", text, flags=re.DOTALL)
    if not match:
        raise MindgapError(f"{text!r} can't be read; write name or name[param=value, ...]")
    name, inside = match.group(1), match.group(2)
    params: dict[str, str] = {}
    for part in split_list(inside or ""):
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise MindgapError(f"{text!r}: {part.strip()!r} should read param=value")
        if key.strip() in params:
            raise MindgapError(f"{text!r} gives {key.strip()!r} twice")
        params[key.strip()] = value.strip()
    return name, params


def split_list(text: str) -> list[str]:
    """Split at the commas that stand outside brackets.

    Raises:
        MindgapError: brackets that don't pair up.
    """
    parts, depth = [""], 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if depth < 0:
            break
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    if depth != 0:
        raise MindgapError(f"{text!r}: the brackets don't pair up")
    return [part for part in parts if part.strip()]


def component_name(target: Callable[..., Any]) -> str:
    """BadgeLite -> badge_lite; a class may choose another with a `name` of its own."""
    name = getattr(target, "name", None)
    if isinstance(name, str):
        return name
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", target.__name__).lower()


def _place(target: Callable[..., Any], source: Source | None) -> str:
    if source is None:
        return "mindgap itself"
    file = getattr(sys.modules.get(target.__module__), "__file__", None)
    return file or source.origin


def _is_final(target: Any) -> bool:
    return inspect.isfunction(target) or (
        inspect.isclass(target) and not inspect.isabstract(target)
    )


def _walk(package: str) -> Iterator[ModuleType]:
    root = importlib.import_module(package)
    yield root
    for info in pkgutil.walk_packages(root.__path__, package + "."):
        yield importlib.import_module(info.name)


def _load(path: Path) -> ModuleType:
    if not path.is_file():
        raise MindgapError(f"plug-in {path} is not a file")
    name = f"mindgap_plugin_{path.stem}_{Source.of_file(path).version}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise MindgapError(f"plug-in {path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() included
        raise MindgapError(f"plug-in {path} failed to import: {_told(error, path)}") from error
    return module


def _told(error: BaseException, path: Path) -> str:
    """An error, and the last line of the file that had a part in it."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg} (line {error.lineno})"
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return f"{error!r}" + (f" (line {lines[-1]})" if lines else "")
