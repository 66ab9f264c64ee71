"""How many samples to ask networks about at once."""

from __future__ import annotations

from collections.abc import Iterator

import torch

#: Samples a chunk: measured fastest between 256 and 1024 for small networks on a CPU.
CHUNK = 512

#: Share of a GPU's free memory that a chunk may take.
SHARE = 0.5


def chunks(count: int, device: torch.device) -> Iterator[slice]:
    """Cut `count` samples into chunks; on a GPU the first one says how large the others may be."""
    if device.type != "cuda":
        yield from _of_size(0, count, CHUNK)
        return
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    yield slice(0, min(CHUNK, count))
    took = torch.cuda.max_memory_allocated(device) - before
    free, _ = torch.cuda.mem_get_info(device)
    yield from _of_size(CHUNK, count, fitting(CHUNK, took, free))


def fitting(tried: int, took: int, free: int) -> int:
    """Samples that fit, a multiple of what was `tried` and at least that; `took`, `free`: bytes."""
    return tried * max(1, int(SHARE * free) // max(1, took))


def _of_size(start: int, count: int, size: int) -> Iterator[slice]:
    for begin in range(start, count, size):
        yield slice(begin, min(begin + size, count))
