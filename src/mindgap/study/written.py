"""A study as it was written: YAML with the place of every value, and overrides on top of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from mindgap.errors import InvalidStudy, MindgapError
from mindgap.registry import split_list

#: Keys and indices from the root to a value.
Place = tuple[str | int, ...]

#: Values of a file, each alias counted as often as it is used.
MOST_VALUES = 100_000

LISTS = ("tasks", "learners", "strategies", "plugins")


@dataclass(frozen=True)
class Written:
    """The content of a study file, not yet checked.

    Attributes:
        content: the root mapping.
        origins: place -> where it was written, as `study.yaml:3` or `override seeds=2`.
        mistakes: what can be told of the text alone, a sentence each.
    """

    content: dict[str, Any]
    origins: dict[Place, str]
    mistakes: list[str]

    def origin(self, place: Place) -> str:
        """Where the value was written, or the nearest one that holds it."""
        return next(
            self.origins[place[:n]] for n in range(len(place), -1, -1) if place[:n] in self.origins
        )

    def override(self, text: str) -> None:
        """Set a value by `a.b=c`; one that can't be read is added to the mistakes."""
        key, equals, raw = text.partition("=")
        if not equals or not key or not raw:
            self.mistakes.append(f"override {text!r} should read key=value, e.g. budget.rounds=4")
            return
        *above, last = path = tuple(key.split("."))
        try:
            value = _listed(raw) if key in LISTS else _value(key, raw)
        except (yaml.YAMLError, ValueError, RecursionError):
            self.mistakes.append(f"override {text!r}: the value is not YAML")
            return
        except MindgapError as error:
            self.mistakes.append(f"override {text!r}: {error}")
            return
        target: Any = self.content
        for part in above:
            target = target.setdefault(part, {})
            if not isinstance(target, dict):
                self.mistakes.append(f"override {text!r}: {part!r} has no fields")
                return
        target[last] = value
        for place in [p for p in self.origins if p[: len(path)] == path]:
            del self.origins[place]
        for n in range(1, len(path)):
            self.origins.setdefault(path[:n], f"override {text}")
        self.origins[path] = f"override {text}"


def parse(text: str, origin: str) -> Written:
    """Read the text of a study file.

    Args:
        origin: what mistakes call it.

    Raises:
        InvalidStudy: it isn't YAML, or not a mapping.
    """
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        found = Written({}, {(): origin}, [])
        if root is not None:
            _locate(root, origin, found)
        content = None if root is None else loader.construct_document(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{origin}:{mark.line + 1}" if mark else origin
        problem = str(getattr(error, "problem", error)).splitlines()[0]
        hint = ' (a name with brackets needs quotes: "badge[x=1]")' if "'['" in problem else ""
        raise InvalidStudy(f"{place}: this is not YAML: {problem}{hint}") from None
    except RecursionError:
        raise InvalidStudy(f"{origin}: this is nested too deeply for a study file") from None
    except ValueError as error:  # a date or a number that can't be
        raise InvalidStudy(f"{origin}: a value can't be read: {error}") from None
    if not isinstance(content, dict):
        raise InvalidStudy(f"{origin}: a study file is a mapping such as `name: my-study`")
    found.content.update(content)
    return found


def _locate(root: yaml.Node, origin: str, found: Written) -> None:
    """Note every value's line and every key that is written twice."""
    waiting: list[tuple[yaml.Node, Place, tuple[yaml.Node, ...]]] = [(root, (), ())]
    while waiting:
        node, path, above = waiting.pop()
        line = f"{origin}:{node.start_mark.line + 1}"
        found.origins.setdefault(path, line)
        if node in above:
            raise InvalidStudy(f"{line}: an alias stands for something that contains it")
        if len(found.origins) > MOST_VALUES:
            raise InvalidStudy(
                f"{origin}: with its aliases written out, it has more than {MOST_VALUES:,} values"
            )
        children: list[tuple[str | int, yaml.Node]] = []
        if isinstance(node, yaml.SequenceNode):
            children = list(enumerate(node.value))
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    continue
                here = f"{origin}:{key.start_mark.line + 1}"
                if (*path, key.value) in found.origins:
                    dotted = ".".join(map(str, (*path, key.value)))
                    first = found.origins[*path, key.value]
                    found.mistakes.append(
                        f"{here}: {dotted}: this key is there already ({first}); keep one of them"
                    )
                found.origins[*path, key.value] = here
                children.append((key.value, value))
        waiting += [(child, (*path, part), (*above, node)) for part, child in reversed(children)]


def _listed(raw: str) -> list[str]:
    """`random,badge[x=1]`, with or without brackets and quotes around it."""
    raw = raw.strip()
    if raw.startswith("[") and raw.endswith("]"):
        raw = raw[1:-1]
    return [_unquoted(part.strip()) for part in split_list(raw)]


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


def _value(key: str, raw: str) -> Any:
    bare_list = key == "seeds" and "," in raw and not raw.strip().startswith("[")
    return yaml.safe_load(f"[{raw}]" if bare_list else raw)
