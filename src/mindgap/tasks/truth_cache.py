"""Truths that were computed before, by content: a scenario's description is its own key."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mindgap.tasks.description import Description
from mindgap.tasks.missingness import Mechanism
from mindgap.tasks.real.fetch import folder
from mindgap.tasks.truth import FORMAT, truth


def plain(value: Any) -> Any:
    """A description, or a part of it, as JSON has it; a mechanism tells its kind."""
    if is_dataclass(value):
        told = {f.name: plain(getattr(value, f.name)) for f in fields(value)}
        return {"mechanism": value.kind, **told} if isinstance(value, Mechanism) else told
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


def cached_truth(description: Description) -> dict[str, Any]:
    """`truth(description)`, computed once a machine; a cache that can't be used is passed over."""
    path = folder() / "truth" / f"{_key(description)}.json"
    with contextlib.suppress(OSError, ValueError):
        digest, _, text = path.read_text("utf-8").partition("\n")
        if digest == _digest(text):
            kept: dict[str, Any] = json.loads(text)
            return kept
    text = json.dumps(truth(description))
    _keep(path, f"{_digest(text)}\n{text}")
    found: dict[str, Any] = json.loads(text)
    return found


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
