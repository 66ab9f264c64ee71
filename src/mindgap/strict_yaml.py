"""YAML as a person wrote it: the place of every value, and each key once, as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from mindgap.errors import MindgapError

#: Keys and indices from the root to a value.
Place = tuple[str | int, ...]

#: Values of a file, each alias counted as often as it is used.
MOST_VALUES = 100_000

#: What a key may be: text, or `<<`, which merges another mapping in.
KEYS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")


@dataclass(frozen=True)
class Written:
    """The content of a file, not yet checked.

    Attributes:
        content: the root mapping.
        origins: place -> where it was written, as `study.yaml:3`.
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


def parse(text: str, origin: str, what: str = "a study file") -> Written:
    """Read the text of a file.

    Args:
        origin: what mistakes call it.
        what: it should be.

    Raises:
        MindgapError: it isn't YAML, not a mapping, or a key is no text.
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
        raise MindgapError(f"{place}: this is not YAML: {problem}{hint}") from None
    except RecursionError:
        raise MindgapError(f"{origin}: this is nested too deeply for {what}") from None
    except ValueError as error:  # a date or a number that can't be
        raise MindgapError(f"{origin}: a value can't be read: {error}") from None
    if not isinstance(content, dict):
        raise MindgapError(f"{origin}: {what} is a mapping such as `name: mine`")
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
            raise MindgapError(f"{line}: an alias stands for something that contains it")
        if len(found.origins) > MOST_VALUES:
            raise MindgapError(
                f"{origin}: with its aliases written out, it has more than {MOST_VALUES:,} values"
            )
        children: list[tuple[str | int, yaml.Node]] = []
        if isinstance(node, yaml.SequenceNode):
            children = list(enumerate(node.value))
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                here = f"{origin}:{key.start_mark.line + 1}"
                if key.tag not in KEYS:
                    what = key.value if isinstance(key, yaml.ScalarNode) else "a list or mapping"
                    raise MindgapError(f"{here}: {what}: a key must be text; put it into quotes")
                if (*path, key.value) in found.origins:
                    dotted = ".".join(map(str, (*path, key.value)))
                    first = found.origins[*path, key.value]
                    found.mistakes.append(
                        f"{here}: {dotted}: this key is there already ({first}); keep one of them"
                    )
                found.origins[*path, key.value] = here
                children.append((key.value, value))
        waiting += [(child, (*path, part), (*above, node)) for part, child in reversed(children)]
