"""A reader for old files that hold a pickle: numpy arrays and plain containers, nothing else."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np

from mindgap.errors import InvalidData

# Where numpy arrays are made from their bytes; numpy 2 has moved it, files have the old name.
_ARRAYS = {
    ("numpy.core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
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
