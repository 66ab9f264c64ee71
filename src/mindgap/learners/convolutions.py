"""Convolutions of many runs in a `vmap`, one run after the other: company changes no bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import is_batchedtensor
from torch.overrides import TorchFunctionMode

CONVOLUTIONS = (
    torch.conv1d,
    torch.conv2d,
    torch.conv3d,
    torch.conv_transpose1d,
    torch.conv_transpose2d,
    torch.conv_transpose3d,
)


class EachConvolution(TorchFunctionMode):
    """Makes convolutions in a `vmap` loop over runs, on CPUs.

    PyTorch's own rule makes groups of them, one a run, and by how many groups there are oneDNN
    takes one kernel or another, with other last bits. Tiny ones would be faster that way, and so
    would all on GPUs, where no bits are promised.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func in CONVOLUTIONS:
            return _convolved(func, *args, **kwargs)
        return func(*args, **kwargs)


def _convolved(
    func: Callable[..., Tensor],
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *args: Any,
    **kwargs: Any,
) -> Any:
    of_a_run = any(is_batchedtensor(x) for x in (input, weight, bias) if x is not None)
    if not of_a_run or input.device.type != "cpu":
        return func(input, weight, bias, *args, **kwargs)
    return _OneByOne.apply(lambda *of_one: func(*of_one, *args, **kwargs), input, weight, bias)  # type: ignore[no-untyped-call]


class _OneByOne(torch.autograd.Function):
    """A function of one run's tensors, in a loop; gradients are those of what the loop does."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        pass

    @staticmethod
    def vmap(
        info: Any,
        in_dims: Sequence[int | None],
        func: Callable[..., Tensor],
        *tensors: Tensor | None,
    ) -> tuple[Tensor, int]:
        runs = [
            [x] * info.batch_size if x is None or dim is None else x.unbind(dim)
            for x, dim in zip(tensors, in_dims[1:], strict=True)
        ]
        return torch.stack([func(*of_one) for of_one in zip(*runs, strict=True)]), 0
