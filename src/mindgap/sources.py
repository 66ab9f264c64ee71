"""Where a component comes from, and in which version: what makes its results its own."""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindgap.errors import MindgapError


@dataclass(frozen=True)
class Source:
    """Where something that doesn't come with mindgap comes from, and in which version.

    Attributes:
        origin: the file, package or class, for people.
        version: changes with the content.
        in_python: added by `Registry.add`, so no other process can import it.
    """

    origin: str
    version: str
    in_python: bool = False

    @staticmethod
    def of_file(path: Path) -> Source:
        """A file, by its bytes."""
        return Source(path.name, _short_hash(path.read_bytes()))

    @staticmethod
    def of_object(target: Callable[..., Any]) -> Source:
        """A function, or a class with its bases up to mindgap's and Python's, by their statements.

        A class's comments and layout don't count, nor does anything used from outside.

        Raises:
            MindgapError: the source can't be read.
        """
        try:
            if inspect.isclass(target):
                version = "\n".join(_statement(base) for base in _written(target))
            else:
                version = inspect.getsource(target)
        except (OSError, TypeError, SyntaxError):
            raise MindgapError(
                f"the source of {target.__qualname__} can't be read, so its results couldn't be "
                "told from those of another version; define it, with its methods, in a file or a "
                "notebook cell"
            ) from None
        origin = f"{target.__qualname__}, added in Python"
        return Source(origin, _short_hash(version.encode()), in_python=True)


def _written(target: type) -> Iterator[type]:
    """The class and its bases, but for those of mindgap and of Python."""
    for base in target.__mro__:
        if base.__module__.partition(".")[0] not in {"mindgap", *sys.stdlib_module_names}:
            yield base


def _statement(target: type) -> str:
    """The class statement that holds the methods: looking it up by name may find a namesake.

    Raises:
        OSError: there is none.
    """
    for method in filter(inspect.isfunction, vars(target).values()):
        if method.__module__ != target.__module__ or method.__code__.co_filename == "<string>":
            continue  # borrowed, or written by `dataclass`
        lines, index = inspect.findsource(method)
        text = "".join(lines)
        around = [
            node
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ClassDef)
            and node.name == target.__name__
            and node.lineno <= index + 1 <= (node.end_lineno or 0)
        ]
        if around:
            return ast.unparse(around[-1])
    raise OSError


def _short_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
