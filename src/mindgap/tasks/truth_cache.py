"""Truths that were computed before, by content: a scenario's description is its own key."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mindgap.errors import MindgapError
from mindgap.tasks.description import Description
from mindgap.tasks.missingness import Mechanism
from mindgap.tasks.real.fetch import folder
from mindgap.tasks.truth import FORMAT, joint, truth


def plain(value: Any) -> Any:
    """A description, or a part of it, as JSON has it; a mechanism tells its kind."""
    if is_dataclass(value):
        told = {f.name: plain(getattr(value, f.name)) for f in fields(value)}
        return {"mechanism": value.kind, **told} if isinstance(value, Mechanism) else told
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


def cached_truth(description: Description) -> dict[str, Any]:
    """`truth(description)`, computed once a machine; a cache that can't be used is passed over.

    Raises:
        MindgapError: it holds a number that isn't finite.
    """
    found: dict[str, Any] = _cached("truth", truth, description)
    return found


def cached_joint(description: Description) -> float:
    """The Bayes accuracy with everything shown, and no more of the truth; likewise."""
    found: float = _cached("joint", joint, description)
    return found


def _cached(what: str, compute: Callable[[Description], Any], description: Description) -> Any:
    path = folder() / what / f"{_key(description)}.json"
    with contextlib.suppress(OSError, ValueError):
        digest, _, text = path.read_text("utf-8").partition("\n")
        if digest == _digest(text):
            return json.loads(text)
    try:
        text = json.dumps(compute(description), allow_nan=False)
    except ValueError:
        raise MindgapError(
            "its truth can't be computed: some number in it is not finite; make what is "
            "extreme in its description less so"
        ) from None
    _keep(path, f"{_digest(text)}\n{text}")
    return json.loads(text)


def _key(description: Description) -> str:
    """Changes with the description, in order too, with the format and with whatever computes."""
    return _digest(json.dumps([FORMAT, _sources(), plain(description)]))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@cache
def _sources() -> str:
    """A hash of this room's own code, so that no change to it leaves an old truth behind."""
    room = Path(__file__).parent
    files = sorted([*room.glob("*.py"), *(room / "missingness").glob("*.py")])
    return hashlib.blake2b(b"\0".join(f.read_bytes() for f in files), digest_size=16).hexdigest()


def _keep(path: Path, content: str) -> None:
    """Write an unfinished file, then rename it; where that can't be, nothing is kept."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_text(content, "utf-8")
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
