"""How much memory a call takes at its peak, as the operating system counts it."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_bytes(action: Callable[[], object]) -> int | None:
    """Bytes by which the process grew while `action` ran, or None where this can't be known.

    Linux only: nowhere else can a process set its own peak back.
    """
    gc.collect()  # or what is freed on the way would hide what is taken
    try:
        CLEAR.write_text("5")
        before = _peak()
    except OSError:
        return None
    action()
    return _peak() - before


def _peak() -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text())
    if found is None:
        raise OSError("no peak is counted here")
    return int(found[1]) * 1024
