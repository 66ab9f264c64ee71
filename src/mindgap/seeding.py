"""Counter-based random streams, each keyed by names; there is no global generator.

Two streams with the same key give the same numbers, whatever else has run; two with different
keys are independent. Whoever needs random numbers names what they are for, for example
`stream("batches", family, learner, seed, member, round)`.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np


def stream(*key: str | int) -> np.random.Generator:
    """Return the Philox generator (Salmon et al. 2011) that belongs to `key`."""
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))
