"""A user's module is tried once, on two runs and three samples, before anything is trained."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from mindgap.errors import MindgapError
from mindgap.learners.layers import Parameters
from mindgap.learners.module_contract import check_output
from mindgap.learners.network import Output
from mindgap.learners.stacking import Call, at_once, one_by_one
from mindgap.seeding import stream
from mindgap.tasks import TaskShape

RUNS, SAMPLES = 2, 3

#: vmap and loop may differ by rounding, in the outputs and in the gradients.
RELATIVE, ABSOLUTE = 1e-3, 1e-4


def example(shape: TaskShape) -> tuple[dict[str, Tensor], Tensor]:
    """Inputs (R, B, ...) and `observed` (R, B, M): all modalities, only the first, none."""
    observed = torch.ones(RUNS, SAMPLES, len(shape.modalities), dtype=torch.bool)
    observed[:, 1, 1:] = False
    observed[:, 2] = False
    inputs = {}
    for m, (name, size) in enumerate(shape.modalities.items()):
        drawn = stream("trial", name).standard_normal((RUNS, SAMPLES, *size), "float32")
        inputs[name] = torch.from_numpy(drawn)
        inputs[name][~observed[:, :, m]] = 0.0
    return inputs, observed


def asked(
    module: nn.Module, shape: TaskShape, unimodal_heads: bool, set_mode: Callable[[nn.Module], None]
) -> Output:
    """What the module returns for one run, checked in training and in evaluation mode.

    Raises:
        MindgapError: it raises, draws random numbers, replaces a buffer, writes into its
            parameters or inputs, or breaks the contract.
    """
    for gradients in (True, False):
        inputs, observed = example(shape)
        given = {name: x[0].clone() for name, x in inputs.items()}
        with torch.set_grad_enabled(gradients), torch.random.fork_rng(devices=[]):
            set_mode(module)
            before, buffers = torch.get_rng_state(), dict(module.named_buffers())
            versions = {name: p._version for name, p in module.named_parameters()}
            try:
                output: Output = module(dict(given), observed[0])
            except Exception as error:
                raise MindgapError(f"forward raises {type(error).__name__}: {error}") from error
            if not torch.equal(before, torch.get_rng_state()):
                raise MindgapError(_random(module))
        for name, buffer in module.named_buffers():
            if buffer is not buffers.get(name):
                raise MindgapError(
                    f"forward replaces the buffer {name!r}: write into it, as in "
                    f"self.{name}.copy_(...)"
                )
        for name, p in module.named_parameters():
            if p._version != versions[name]:
                raise MindgapError(
                    f"forward writes into the parameter {name!r}, as clamp_() and max_norm do: "
                    "compute with a changed copy instead"
                )
        for name, x in given.items():
            if not torch.equal(x, inputs[name][0]):
                raise MindgapError(
                    f"forward writes into inputs[{name!r}], which other runs read, too: use no "
                    "inplace=True and no method such as relu_() there"
                )
        check_output(output, shape, SAMPLES, unimodal_heads)
    return output


def check_lent(call: Call, other: Call, parameters: Parameters, shape: TaskShape) -> None:
    """Refuse modules that, with the same state lent to them, aren't the same network.

    Args:
        call: one run of the first module.
        other: of one that the same factory made from other random numbers.

    Raises:
        MindgapError: outputs or gradients differ, so `forward` uses what can't be lent; or
            there are none, or sparse ones.
    """
    try:
        with torch.enable_grad():
            first, second = (
                _answers(one_by_one, of_one, parameters, shape) for of_one in (call, other)
            )
    except MindgapError:
        raise
    except Exception as error:
        raise MindgapError(f"a step of training raises {type(error).__name__}: {error}") from error
    if not _close(first, second):
        raise MindgapError(
            "forward uses what is no parameter or buffer by its name, so runs would share it: read "
            "weights as self.NAME in forward, not from a list, keep random tensors with "
            "self.register_buffer, and don't recompute with torch.utils.checkpoint"
        )


def refused(call: Call, parameters: Parameters, shape: TaskShape) -> str | None:
    """Why `call` can't be made for two runs at once, or None; in training and in evaluation.

    Compared in float64 where the module can do it: in float32, BatchNorm over so few samples makes
    rounding errors larger than any tolerance.
    """
    for gradients in (True, False):
        with torch.set_grad_enabled(gradients):
            dtype = torch.float64
            try:
                looped = _answers(one_by_one, call, parameters, shape, dtype)
            except Exception:  # it makes float32 of its own
                dtype = torch.float32
                looped = _answers(one_by_one, call, parameters, shape, dtype)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # slow is still right
                    stacked = _answers(at_once, call, parameters, shape, dtype)
            except Exception as error:
                return _first_sentence(error)
        if not _close(looped, stacked):
            return "torch.vmap gives other numbers than a loop over runs"
    return None


def _answers(
    over_runs: Callable[..., Any],
    call: Call,
    parameters: Parameters,
    shape: TaskShape,
    dtype: torch.dtype = torch.float32,
) -> list[Tensor]:
    """Outputs, gradients where they are recorded, and what has become of the buffers."""
    own = {
        name: value.detach().clone().to(dtype if value.is_floating_point() else value.dtype)
        for name, value in parameters.items()
    }
    inputs, observed = example(shape)
    inputs = {name: x.to(dtype) for name, x in inputs.items()}
    training = torch.is_grad_enabled()
    trained = {
        name: own[name].requires_grad_()
        for name, value in parameters.items()
        if training and value.requires_grad
    }
    logits, embedding, unimodal_logits, unimodal_embeddings = over_runs(call, own, inputs, observed)
    said = [logits, embedding, *unimodal_logits.values(), *unimodal_embeddings.values()]
    if training:
        loss = torch.stack([value.square().sum() for value in said]).sum()
        gradients = torch.autograd.grad(loss, list(trained.values()), materialize_grads=True)
        for name, gradient in zip(trained, gradients, strict=True):
            if gradient.is_sparse:
                raise MindgapError(f"the gradient of {name!r} is sparse: leave out sparse=True")
        said += gradients
    return [value.detach() for value in (*said, *own.values()) if value.is_floating_point()]


def _close(these: list[Tensor], those: list[Tensor]) -> bool:
    pairs = zip(these, those, strict=True)
    return all(torch.allclose(a, b, RELATIVE, ABSOLUTE) for a, b in pairs)


def _random(module: nn.Module) -> str:
    found = [
        f"self.{name} ({type(part).__name__})"
        for name, part in module.named_modules()
        if isinstance(part, nn.modules.dropout._DropoutNd) and part.p > 0
    ]
    where = f", as {', '.join(found)} does" if found else ""
    instead = "write nn.Identity() or dropout=0.0 there" if found else "leave them out"
    return (
        f"forward draws random numbers{where}, which would depend on other runs: {instead}, and "
        "set the learner's own dropout, which drops what goes into self.head"
    )


def _first_sentence(error: Exception) -> str:
    text = re.split(r"(?<=[.!?])\s|\n", str(error).strip())[0]
    return re.sub(r"^vmap: ", "", text) or type(error).__name__
