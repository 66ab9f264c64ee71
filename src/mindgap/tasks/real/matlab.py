"""Variables of MATLAB files, as far as they are numbers, texts and cells of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mindgap.errors import InvalidData


def variables(path: Path, *names: str) -> dict[str, Any]:
    """These variables of a .mat file; a cell is an array of objects.

    Raises:
        InvalidData: the file is of version 7.3 or damaged, or has no such variable.
    """
    from scipy.io import loadmat, whosmat

    try:
        there = [name for name, *_ in whosmat(path)]
        found: dict[str, Any] = loadmat(path, variable_names=names)
    except NotImplementedError:
        quoted = ", ".join(f"'{name}'" for name in (path.name, "-v7", *names))
        raise InvalidData(
            f"{path} is a MATLAB file of version 7.3, which isn't read; in MATLAB, load it and "
            f"write it again: save({quoted})"
        ) from None
    except Exception as error:  # a damaged file raises anything
        raise InvalidData(f"{path} can't be read as a MATLAB file: {error}") from None
    for name in names:
        if name not in found:
            raise InvalidData(f"{path} should hold {name}, but has {', '.join(there) or 'nothing'}")
    return {name: found[name] for name in names}
