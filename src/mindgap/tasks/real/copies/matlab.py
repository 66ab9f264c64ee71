"""Variables of MATLAB files, as far as they are numbers, texts and cells of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mindgap.errors import InvalidData


def variables(path: Path, *names: tuple[str, ...]) -> list[Any]:
    """The variables of a .mat file with these names; a cell is an array of objects.

    Args:
        names: of each variable, what it may be called; the first that is there is taken.

    Raises:
        InvalidData: the file is of version 7.3 or damaged, or has no such variable.
    """
    from scipy.io import loadmat, whosmat

    try:
        there = [name for name, *_ in whosmat(path)]
        chosen = [next((name for name in of if name in there), "") for of in names]
        found = loadmat(path, variable_names=chosen)
    except NotImplementedError:
        raise InvalidData(
            f"{path} is a MATLAB file of version 7.3, which isn't read; in MATLAB, load it and "
            f"write it again with save('{path.name}', '-v7')"
        ) from None
    except Exception as error:  # a damaged file raises anything
        raise InvalidData(f"{path} can't be read as a MATLAB file: {error}") from None
    for of, name in zip(names, chosen, strict=True):
        if name not in found:
            raise InvalidData(
                f"{path} should hold {' or '.join(of)}, but has {', '.join(there) or 'nothing'}"
            )
    return [found[name] for name in chosen]
