"""Call a component's code: what it raises is a `Failure` by its name, and torch is as before."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
import torch

P = ParamSpec("P")
T = TypeVar("T")

#: Settings of the process or thread that a component may switch, each as (read, write).
SETTINGS: list[tuple[Callable[[], Any], Callable[[Any], Any]]] = [
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_default_device, lambda device: torch.set_default_device(_unless_cpu(device))),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (np.geterr, lambda handling: np.seterr(**handling)),
]


@dataclass(frozen=True)
class Failure:
    """What went wrong in one run; the others go on.

    Attributes:
        error: one sentence that names the component.
        traceback: for its author.
        place: file and line where it was raised, as " (file, line 1)"; empty if unknown.
    """

    error: str
    traceback: str
    place: str = ""


def guarded(component: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | Failure:
    """What the call returns, or what it raised; `sys.exit()` is a failure as well, Ctrl-C is not.

    Args:
        component: how the failure is to name it, as "strategy badge".
    """
    try:
        with _settings_kept():
            return call(*args, **kwargs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plug-in may raise anything
        frames = traceback.extract_tb(error.__traceback__)
        place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
        told = f"{component}: {_told(error)}"
        return Failure(_storable(told), _storable(traceback.format_exc()), _storable(place))


@contextmanager
def _settings_kept() -> Iterator[None]:
    before = [read() for read, _ in SETTINGS]
    try:
        yield
    finally:
        for value, (read, write) in zip(before, SETTINGS, strict=True):
            if read() != value:
                write(value)


def _unless_cpu(device: torch.device) -> torch.device | None:
    """None takes back the mode that any default device, the CPU included, puts on every call."""
    return None if device.type == "cpu" else device


def _told(error: BaseException) -> str:
    try:
        message = str(error)
    except Exception:
        message = "its message can't be read"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _storable(text: str) -> str:
    """Without lone surrogates, which neither JSON nor Parquet takes."""
    return text.encode("utf-8", "backslashreplace").decode()
