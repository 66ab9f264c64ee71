"""What turns files into vectors, and the cache of those vectors, keyed by content and encoder."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from mindgap.errors import MindgapError
from mindgap.tasks.real.fetch import Package, folder
from mindgap.tasks.real.progress import shown


class Encoder(ABC):
    """A fixed network, trained elsewhere; its packages are fetched when the first file needs it."""

    #: What the cache calls it; another name wherever features would differ.
    key: str

    #: How many features it gives.
    size: int

    #: Where its weights are.
    packages: ClassVar[tuple[Package, ...]] = ()

    #: Modules of the extra `encoders` that it runs on.
    modules: ClassVar[tuple[str, ...]]

    @abstractmethod
    def encode(self, content: bytes, name: str) -> Float[np.ndarray, " d"]:
        """The features of one file; `name` is for messages.

        Raises:
            InvalidData: the content can't be decoded.
        """


def features(encoder: Encoder, files: Mapping[str, bytes]) -> Float[np.ndarray, "N d"]:
    """The features of files by name, in that order; what was encoded before isn't again.

    Raises:
        InvalidData: a file can't be decoded.
        MindgapError: the extra isn't installed, or weights can't be fetched or features kept.
    """
    needed(encoder.modules)
    found = np.empty((len(files), encoder.size), dtype=np.float32)
    for i, name in enumerate(shown(f"encoding by {encoder.key}", list(files))):
        found[i] = encoded(encoder, files[name], name)  # read one at a time
    return found


def encoded(encoder: Encoder, content: bytes, name: str) -> Float[np.ndarray, " d"]:
    """The features of one file, kept by its content; `name` is for messages.

    Raises:
        InvalidData: it can't be decoded.
        MindgapError: weights can't be fetched or features kept.
    """
    hashed = hashlib.sha256(content).hexdigest()
    kept = folder() / "features" / encoder.key / hashed[:2] / f"{hashed}.npy"
    row = _kept(kept, encoder.size)
    if row is None:
        row = encoder.encode(content, name)
        _keep(kept, row)
    return row


def needed(modules: tuple[str, ...]) -> list[Any]:
    """These modules of the extra `encoders`, imported.

    Raises:
        MindgapError: one isn't installed.
    """
    try:
        return [importlib.import_module(module) for module in modules]
    except ImportError as error:
        raise MindgapError(
            f"{error.name or modules[0]} is not installed; install the extra that encodes images, "
            "texts and sounds: `pip install 'mindgap[encoders]'`"
        ) from None


def digest(network: nn.Module) -> str:
    """Of all weights of a network, so that the features of other weights are others."""
    found = hashlib.sha256()
    for name, values in network.state_dict().items():
        found.update(name.encode())
        found.update(values.reshape(-1).contiguous().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()[:16]


def _kept(path: Path, size: int) -> Float[np.ndarray, " d"] | None:
    """What is kept, or None where it isn't or is damaged."""
    try:
        row: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    whole = row.shape == (size,) and row.dtype == np.float32 and np.isfinite(row).all()
    return row if whole else None


def _keep(path: Path, row: Float[np.ndarray, " d"]) -> None:
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("xb") as file:
            np.save(file, row.astype(np.float32), allow_pickle=False)
        os.replace(unfinished, path)
    except OSError as error:
        raise MindgapError(
            f"{path} can't be written ({error.strerror}); set MINDGAP_CACHE to a folder that can"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()
