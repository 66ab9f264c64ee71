"""A training step, recorded once and repeated: the same kernels, with nothing in between.

For networks as small as a fleet's, autograd and the Python of a step take as long as its products.
A recorded step calls kernel after kernel and writes most results where it wrote them the first
time, in as little memory as it can, so that they stay in the cache.
`tests/learners/test_recorded.py` shows that its bits are those of a step that is called. That
holds for the networks of this package. What a module of one's own does may be hidden from PyTorch,
or change from call to call, so it is called in every step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from types import BuiltinFunctionType
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from mindgap.errors import MindgapError
from mindgap.learners.reuse import reuse

T = TypeVar("T")

#: They copy, and would be slow in their own variants that write into a given tensor.
COPIES = (torch.ops.aten.clone.default, torch.ops.aten._to_copy.default)

#: They make the same tensor every time, which has to be made again only if it is written into.
CONSTANT = frozenset(
    f"aten::{name}{like}" for name in ("zeros", "ones", "full", "empty") for like in ("", "_like")
) | {"aten::new_zeros", "aten::new_ones", "aten::new_full", "aten::new_empty", "aten::arange"}


class NotRepeatable(MindgapError):
    """An operation that can't be called again as it was."""

    def __init__(self, operation: OpOverload) -> None:
        super().__init__(
            f"a training step calls {operation}, which can't be repeated as it was: let the "
            "network say recordable = False"
        )


class Recorded(Generic[T]):
    """Calls `function` the first time, and repeats from then on what PyTorch did in this call.

    What it returns is computed anew, in the same tensors, from what the tensors that it read hold
    by then. So it may read tensors that change in place, but it must do the same operations every
    time, whatever they hold.

    Raises:
        NotRepeatable: in the first call, if `function` draws random numbers, takes a number out of
            a tensor, or writes into a tensor that it hasn't computed itself.
    """

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._calls: list[Callable[[], object]] | None = None

    def __call__(self) -> T:
        if self._calls is None:
            with _Recorder() as recorder:
                self._result = self._function()
            self._calls = recorder.calls(self._result)
        else:
            with torch.inference_mode():
                for call in self._calls:
                    call()
        return self._result


class _Call(NamedTuple):
    func: OpOverload
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    result: Any


class _Recorder(TorchDispatchMode):
    """Notes every operation, also autograd's, with its very tensors, which it keeps."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._noted: list[_Call] = []
        self._made: set[int] = set()
        self._written: set[int] = set()
        self._sharing: dict[int, dict[int, Tensor]] = defaultdict(dict)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # or PyTorch's compiler would be loaded, which takes a second

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        given, made = self._places((args, kwargs)), self._places(result)
        if not made or torch.Tag.nondeterministic_seeded in func.tags:
            raise NotRepeatable(func)
        if func._schema.is_mutable:
            if not made <= given & self._made:
                raise NotRepeatable(func)
            self._written |= made
        elif made <= given:  # a view, and stays one
            return result
        self._made |= made
        self._noted.append(_Call(func, args, kwargs, result))
        return result

    def _places(self, values: Any) -> set[int]:
        """Note where the tensors among these lie in memory."""
        found = set()
        for x in tree_leaves(values):
            if isinstance(x, Tensor):
                place = x.untyped_storage()._cdata
                self._sharing[place][x._cdata] = x
                found.add(place)
        return found

    def calls(self, answer: Any) -> list[Callable[[], object]]:
        """What does the same again, with `answer` where it is."""
        needed = [
            call
            for call in self._noted
            if call.func._schema.name not in CONSTANT or self._places(call.result) & self._written
        ]
        self._move(needed, self._places(answer))
        return [self._again(*call) for call in needed]

    def _move(self, calls: Sequence[_Call], staying: set[int]) -> None:
        """Let results share memory, and whatever views them with them."""
        touched = [self._places((call.args, call.kwargs, call.result)) for call in calls]
        made = [None if (place := _made(call)) in staying else place for call in calls]
        storages = {
            place: next(iter(self._sharing[place].values())).untyped_storage()
            for place in made
            if place is not None
        }
        sizes = {place: storage.nbytes() for place, storage in storages.items()}
        with torch.inference_mode():
            for place, other in reuse(touched, made, sizes).items():
                for x in self._sharing[place].values():
                    x.set_(storages[other], x.storage_offset(), x.shape, x.stride())

    def _again(
        self, func: OpOverload, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any
    ) -> Callable[[], object]:
        """The call, with as little Python around an operation as there is."""
        if func._schema.is_mutable:
            return partial(_quickest(func), *args, **kwargs)
        if func in COPIES:
            return partial(result.copy_, args[0])
        results = _several(result)
        if found := _into(func):
            into, names = found
            given = dict(zip(names, results, strict=True))
            return partial(_quickest(into), *args, **kwargs, **given)
        taking = [None if one is None else self._taking(one) for one in results]

        def call() -> None:
            again = _several(func._op(*args, **kwargs))
            for take, new in zip(taking, again, strict=True):
                if take is not None:
                    take(new)

        return call

    def _taking(self, x: Tensor) -> Any:
        """How x takes what was computed anew: with its memory, unless a view of x has the old."""
        alone = len(self._sharing[x.untyped_storage()._cdata]) == 1
        return x.set_ if alone else x.copy_


def _made(call: _Call) -> int | None:
    """The memory of a result that can be written into other memory as well."""
    if isinstance(call.result, Tensor) and (call.func in COPIES or _into(call.func)):
        place: int = call.result.untyped_storage()._cdata
        return place
    return None


def _quickest(func: OpOverload) -> Callable[..., Any]:
    """The function of this name in `torch`, where it takes the same arguments; else `_op`."""
    named = getattr(torch, func._schema.name.removeprefix("aten::"), None)
    results = [given.name for given in func._schema.arguments if given.is_out]
    if isinstance(named, BuiltinFunctionType) and results in ([], ["out"]):
        return named
    return func._op


def _several(result: Any) -> Sequence[Any]:
    return result if isinstance(result, tuple | list) else (result,)


@cache
def _into(func: OpOverload) -> tuple[OpOverload, list[str]] | None:
    """The variant that writes into given tensors, and what it calls them.

    Not one that PyTorch made out of `func` and a copy.
    """
    wanted = [(given.name, str(given.type)) for given in func._schema.arguments]
    for name in func.overloadpacket.overloads():
        other = getattr(func.overloadpacket, name)
        given = other._schema.arguments
        into = [one.name for one in given if one.is_out]
        same = [(one.name, str(one.type)) for one in given if not one.is_out] == wanted
        if into and same and torch.Tag.generated not in other.tags:
            return other, into
    return None
