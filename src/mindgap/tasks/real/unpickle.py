"""A reader for old files that hold a pickle: numpy arrays and plain containers, nothing else."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from mindgap.errors import InvalidData

# Makers of numpy arrays and numbers from their bytes; numpy 2 has moved some, files may have the
# old name.
_MADE = {
    ("numpy.core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"): ("numpy._core.multiarray", "scalar"),
    ("numpy.core.numeric", "_frombuffer"): ("numpy._core.numeric", "_frombuffer"),
}
_ARRAYS = {
    **_MADE,
    **{new: new for new in _MADE.values()},
    ("numpy", "ndarray"): ("numpy", "ndarray"),
    ("numpy", "dtype"): ("numpy", "dtype"),
    ("_codecs", "encode"): ("_codecs", "encode"),
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ARRAYS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(*_ARRAYS[module, name])


def unpickled_npy(content: bytes, what: str) -> Any:
    """The object in a .npy file of one object; `what` names the file.

    Raises:
        InvalidData: the file asks for anything but arrays and containers, or is damaged.
    """
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f"its format is version {version}")
        np.lib.format.read_array_header_1_0(file)
        return _ArraysOnly(file).load().item()
    except Exception as error:  # a damaged pickle raises anything
        raise InvalidData(f"{what} can't be read safely: {error}") from None


def unpickled(path: Path) -> Any:
    """The object in a file that is one pickle.

    Raises:
        InvalidData: the file asks for anything but arrays and containers, or is damaged.
    """
    try:
        with path.open("rb") as file:
            return _ArraysOnly(file).load()
    except Exception as error:  # a damaged pickle raises anything
        raise InvalidData(f"{path} can't be read safely: {error}") from None
