"""Other tensors in the place of a module's own, for the length of a call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from mindgap.learners.layers import Parameters


class Lending:
    """Knows where a module keeps its parameters and buffers.

    `torch.func.functional_call` does the same, but looks for the places at every call, which takes
    as long as the layers of a small network. Weights that several layers share are lent to all of
    them, under the name that `named_parameters` gives them.
    """

    def __init__(self, module: nn.Module) -> None:
        named = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        names = {id(value): name for name, value in named.items()}
        self.places: list[tuple[str, dict[str, Any], str]] = []
        for part in module.modules():
            for kept in (part._parameters, part._buffers):
                for key, value in kept.items():
                    if value is not None:
                        self.places.append((names[id(value)], kept, key))

    @contextmanager
    def __call__(self, parameters: Parameters) -> Iterator[None]:
        """Lend these, by name; every place gets back what it had."""
        own = [kept[key] for _, kept, key in self.places]
        try:
            for name, kept, key in self.places:
                kept[key] = parameters[name]
            yield
        finally:
            for (_, kept, key), value in zip(self.places, own, strict=True):
                kept[key] = value
