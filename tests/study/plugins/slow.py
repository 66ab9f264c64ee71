"""A strategy that can be caught in the act of selecting."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from mindgap.strategies import Strategy, best


@dataclass(frozen=True)
class Slow(Strategy):
    """Margin, which waits where the environment says so; it says `here` in that file first."""

    def requires(self):
        return {"probabilities"}

    def select(self, pool, n, rng):
        wait = os.environ.get("WAIT_IN_SELECT")
        if wait and len(pool.labelled) >= 22:
            Path(wait).write_text("here")
            time.sleep(60)
        top = pool.probabilities[pool.candidates].topk(2, dim=1).values
        return best(top[:, 1] - top[:, 0], pool, n, rng)
