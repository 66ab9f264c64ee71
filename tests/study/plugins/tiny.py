"""A plug-in with a small task of any size, for studies that take seconds."""

from dataclasses import dataclass

import torch

from mindgap.seeding import stream
from mindgap.tasks import MultimodalData, Task, TaskShape, TaskSource


@dataclass(frozen=True)
class Tiny(TaskSource):
    """Class centres plus noise in two modalities, some of them missing."""

    kind = "data set"

    d: int = 5
    classes: int = 3
    pool: int = 80
    gaps: bool = True
    fault: str = ""

    @property
    def family(self):
        return "tiny"

    @property
    def shape(self):
        promised = self.classes + (self.fault == "shape")
        return TaskShape({"left": (self.d,), "right": (self.d + 2,)}, promised)

    @property
    def pool_size(self):
        return self.pool

    def make(self, seed):
        if self.fault == "make":
            raise RuntimeError("this task can't be made")
        return Task.ready(self._split("pool", self.pool, seed), self._split("test", 60, seed))

    def card(self):
        if self.fault == "card":
            return {"pool": {self.pool}}
        return {"task": "tiny", "kind": self.kind, "family": self.family, "summary": "tiny",
                "pitfall": None, "control": None, "modalities": {}, "classes": [],
                "pool": self.pool, "test": 60, "patterns": {}, "truth": None}  # fmt: skip

    def _split(self, split, n, seed):
        rng = stream("tiny", split, seed)
        labels = rng.integers(self.classes, size=n)
        modalities = {}
        for name, (size,) in self.shape.modalities.items():
            centres = stream("tiny", "centres", name, seed).normal(size=(self.classes, size))
            x = centres[labels] + rng.normal(size=(n, size))
            modalities[name] = torch.from_numpy(x).float()
        observed = torch.ones(n, 2, dtype=torch.bool)
        if self.gaps:
            observed[: n // 4, 0] = False
            observed[-n // 4 :, 1] = False
        return MultimodalData(
            modalities,
            observed,
            torch.from_numpy(labels),
            tuple("abcdefghijklmnopqrstuvwxyz"[: self.classes]),
            stream("tiny", split, "ids").permutation(n).astype(str),
        )
