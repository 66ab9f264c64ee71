"""Which results of a recorded step lie in the same memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet


def reuse(
    touched: Sequence[AbstractSet[int]], made: Sequence[int | None], sizes: Mapping[int, int]
) -> dict[int, int]:
    """Each result takes the memory that was left last, which is likely still in the cache.

    Memory is told by numbers, calls by their place in the sequences.

    Args:
        touched: what each call reads or writes.
        made: what each call's result first lies in and may leave; None where it has to stay.
        sizes: bytes of all in `made`; only memory of the same size is taken.

    Returns:
        For all in `made`, which memory to take: one that no later call touches, or its own.
    """
    last = {place: call for call, places in enumerate(touched) for place in places}
    takes: dict[int, int] = {}
    left: dict[int, list[int]] = defaultdict(list)
    for call, (place, places) in enumerate(zip(made, touched, strict=True)):
        if place is not None:
            found = left[sizes[place]]
            takes[place] = found.pop() if found else place
        for dead in sorted(places & takes.keys()):
            if last[dead] == call:
                left[sizes[dead]].append(takes[dead])
    return takes
