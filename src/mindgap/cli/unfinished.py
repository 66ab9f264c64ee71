"""Why a class in a plug-in file isn't listed."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

from mindgap.registry import Component, Registry


def unfinished(registry: Registry) -> Iterator[str]:
    """A sentence for each class of the registry's plug-in files that is still abstract."""
    for cls in _below(Component):
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        if file in registry.plugins and inspect.isabstract(cls):
            lacks = " and ".join(sorted(cls.__abstractmethods__))
            yield f"{file}: {cls.__name__} isn't listed, since it lacks {lacks}; define that in it"


def _below(cls: type[Any]) -> Iterator[type[Any]]:
    for child in cls.__subclasses__():
        yield child
        yield from _below(child)
