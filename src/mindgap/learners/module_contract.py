"""What a user's module must be, and what its `forward` must return; said by field and shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mindgap.errors import MindgapError
from mindgap.learners.network import Output
from mindgap.tasks import TaskShape

RETURNS = "Output(logits, embedding, unimodal_logits, unimodal_embeddings)"


def built(factory: Callable[[], nn.Module], rng: np.random.Generator) -> nn.Module:
    """A new module, initialised by `rng`: here alone the global generator is used, on a fork."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(rng.integers(2**63)))
        try:
            module: Any = factory()
        except Exception as error:  # it is someone else's, and may raise anything
            raise MindgapError(f"module() raises {type(error).__name__}: {error}") from error
    if not isinstance(module, nn.Module):
        raise MindgapError(f"module() must return an nn.Module, not {type(module).__name__}")
    return module


def trained(module: nn.Module) -> dict[str, Tensor]:
    """What the optimiser changes."""
    return {name: p.detach() for name, p in module.named_parameters() if p.requires_grad}


def kept(module: nn.Module) -> dict[str, Tensor]:
    """All other state: frozen parameters, and buffers such as running means."""
    frozen = {name: p.detach() for name, p in module.named_parameters() if not p.requires_grad}
    return {**frozen, **dict(module.named_buffers())}


def check_module(module: nn.Module, again: nn.Module, batch: int) -> None:
    """Refuse what can't be trained.

    Args:
        again: a second one from the same factory, with the same random numbers.
        batch: samples a training step.
    """
    if module is again:
        raise MindgapError("module() must build a new network at every call, not return one twice")
    for name, p in module.named_parameters():
        if isinstance(p, nn.UninitializedParameter):
            raise MindgapError(f"parameter {name!r} has no shape yet: give its layer all its sizes")
        if p.requires_grad and p.dtype != torch.float32:
            raise MindgapError(f"parameter {name!r} is {p.dtype}: only float32 is trained")
    if not trained(module):
        raise MindgapError("the network has no parameters to train")
    same = [torch.equal(a, b) for a, b in zip(_state(module), _state(again), strict=True)]
    if not all(same):
        raise MindgapError(
            "two networks built with the same seed differ: draw initial values with torch's "
            "generator alone"
        )
    if batch == 1 and has_batch_norm(module):
        raise MindgapError("BatchNorm can't learn from batches of one sample: set batch=2 or more")


def has_batch_norm(module: nn.Module) -> bool:
    """Whether samples of a batch see each other in training."""
    return any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in module.modules())


def check_output(output: Any, shape: TaskShape, samples: int, unimodal_heads: bool) -> None:
    """Refuse an output of `samples` samples that breaks the contract, naming field and shape."""
    if not isinstance(output, Output):
        raise MindgapError(f"forward must return {RETURNS}, not {type(output).__name__}")
    classes, names = shape.n_classes, tuple(shape.modalities)
    _check("logits", output.logits, (samples, classes))
    _check("embedding", output.embedding, (samples, None))
    _check_names("unimodal_logits", output.unimodal_logits, names if unimodal_heads else ())
    for name, logits in output.unimodal_logits.items():
        _check(f"unimodal_logits[{name!r}]", logits, (samples, classes))
    _check_names("unimodal_embeddings", output.unimodal_embeddings, names)
    for name, embedding in output.unimodal_embeddings.items():
        _check(f"unimodal_embeddings[{name!r}]", embedding, (samples, None))


def _check(field: str, value: Any, wanted: tuple[int, int | None]) -> None:
    if not isinstance(value, Tensor):
        raise MindgapError(f"forward returns {field} as {type(value).__name__}, not as a tensor")
    samples, size = wanted
    fits = value.ndim == 2 and value.shape[0] == samples and size in (None, value.shape[1])
    if not fits:
        what = "(samples, features)" if size is None else "(samples, classes)"
        shown = f"({samples}, {'any' if size is None else size})"
        raise MindgapError(
            f"forward returns {field} of shape {tuple(value.shape)}, not {shown}, which is {what}"
        )
    if value.dtype != torch.float32:
        raise MindgapError(f"forward returns {field} as {value.dtype}, not as float32")
    if not value.isfinite().all():
        raise MindgapError(
            f"forward returns {field} that isn't finite; it is asked about samples with some "
            "modalities, and with none of them"
        )


def _check_names(field: str, value: Any, names: tuple[str, ...]) -> None:
    if not isinstance(value, Mapping):
        raise MindgapError(f"forward returns {field} as {type(value).__name__}, not as a mapping")
    if set(value) != set(names):
        wanted = f"the modalities {list(names)}" if names else "nothing, as unimodal_heads = False"
        advice = "; without such heads, set unimodal_heads = False in the class"
        raise MindgapError(
            f"forward returns {field} of {list(value)}, not of {wanted}"
            + (advice if field == "unimodal_logits" and names else "")
        )


def _state(module: nn.Module) -> list[Tensor]:
    return [*trained(module).values(), *kept(module).values()]
