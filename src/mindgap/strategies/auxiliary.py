"""What strategies share that train a small network of their own while they select.

Chance and rounding are to depend on what samples hold, never on their rows: `arranged` sorts the
samples before anything is drawn or added up, so that the same samples in another order train the
same network, bit by bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mindgap.strategies.base import NOTHING, Pool


class Arrangement(NamedTuple):
    """The labelled samples and the candidates of a pool, sorted by what they hold.

    Attributes:
        pool: the same samples; its labelled ones are ascending, too.
        rows: (N,) the row of each in the pool that was given.
        twin: (N,) the first sample that holds the same. Products may round equal rows unequally;
            read them here, and equal samples stay equal.
    """

    pool: Pool
    rows: Int[Tensor, " N"]
    twin: Int[Tensor, " N"]


def arranged(pool: Pool, keys: Set[str]) -> Arrangement:
    """Sort samples by what the pool serves of them under `keys`, then by label, if they have one.

    The pool that is returned serves nothing else.
    """
    served = {key: pool.served[key] for key in sorted(keys)}
    kept = torch.cat([pool.candidates, pool.labelled])
    label = torch.cat([torch.full_like(pool.candidates, -1), pool.labels])
    held = np.concatenate(
        [_bytes(pool.observed[kept]), *(_bytes(x[kept]) for x in _tensors(served))], axis=1
    )
    whole = np.concatenate([held, _bytes(label[:, None])], axis=1)
    order = torch.from_numpy(np.argsort(_whole(whole), kind="stable")).to(kept.device)
    sorted_ = held[order.cpu().numpy()]
    new = np.ones(len(sorted_), dtype=bool)
    new[1:] = (sorted_[1:] != sorted_[:-1]).any(axis=1)
    twin = np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))
    rows, label = kept[order], label[order]
    labelled = (label >= 0).nonzero()[:, 0]
    view = replace(
        pool,
        observed=pool.observed[rows],
        labelled=labelled,
        labels=label[labelled],
        candidates=(label < 0).nonzero()[:, 0],
        served={key: _take(value, rows) for key, value in served.items()},
        validation=NOTHING,
        history=(),
    )
    return Arrangement(view, rows, torch.from_numpy(twin).to(rows.device))


def _tensors(served: Mapping[str, Any]) -> list[Tensor]:
    """All that is served, modalities in the order of their names."""
    found = []
    for value in served.values():
        found += [value] if isinstance(value, Tensor) else [value[name] for name in sorted(value)]
    return found


def _take(value: Any, rows: Int[Tensor, " n"]) -> Any:
    if isinstance(value, Tensor):
        return value[rows]
    return {name: part[rows] for name, part in value.items()}


def _bytes(values: Tensor) -> np.ndarray:
    """Each row as bytes; a zero has one sign."""
    array = np.ascontiguousarray(values.cpu().numpy())
    return np.ascontiguousarray(array + array.dtype.type(0)).view(np.uint8).reshape(len(array), -1)


def _whole(keys: np.ndarray) -> np.ndarray:
    """Each row of bytes as one value that can be compared."""
    return np.ascontiguousarray(keys).view(np.dtype((np.void, keys.shape[1])))[:, 0]


def seeded(rng: np.random.Generator) -> torch.Generator:
    """A generator of PyTorch's that takes its seed from `rng`."""
    return torch.Generator().manual_seed(int(rng.integers(2**63)))


def uniform(shape: Sequence[int], bound: float, chance: torch.Generator, like: Tensor) -> Tensor:
    """Weights to train, uniform from -bound to bound."""
    return (torch.rand(*shape, generator=chance) * (2 * bound) - bound).to(like.device)


class Layers:
    """Linear layers with a ReLU between any two, and their gradients in closed form.

    In networks as small as these autograd takes as long as the products.
    """

    def __init__(self, sizes: Sequence[int], like: Tensor, chance: torch.Generator) -> None:
        self.weights = [
            uniform(shape, inside**-0.5, chance, like)
            for inside, outside in pairwise(sizes)
            for shape in ((inside, outside), (outside,))
        ]

    def forward(self, x: Float[Tensor, "B I"]) -> list[Float[Tensor, "B _D"]]:
        """What goes into each layer, and what comes out of the last."""
        values = [x]
        for i in range(0, len(self.weights), 2):
            x = torch.addmm(self.weights[i + 1], x, self.weights[i])
            values.append(x.relu_() if i + 2 < len(self.weights) else x)
        return values

    def slopes(
        self, values: Sequence[Float[Tensor, "B _D"]], slope: Float[Tensor, "B O"]
    ) -> list[Float[Tensor, "B _D"]]:
        """Slopes of a function in `values`, given that in the last of them."""
        found = [slope]
        for i in range(len(self.weights) - 2, -1, -2):
            slope = slope @ self.weights[i].T
            found.append(slope.mul_(values[i // 2].sign()) if i else slope)
        return found[::-1]

    def gradients(
        self, values: Sequence[Float[Tensor, "B _D"]], slopes: Sequence[Float[Tensor, "B _D"]]
    ) -> list[Tensor]:
        """Of that function in the weights."""
        found = []
        for value, slope in zip(values[:-1], slopes[1:], strict=True):
            found += [value.T @ slope, slope.sum(dim=0)]
        return found


class Adam:
    """Adam with weight decay in the gradient (Kingma & Ba 2015), as `torch.optim.Adam` does it.

    It calls PyTorch's fused kernel itself, since `torch.optim` takes a second to load.
    """

    def __init__(self, weights: Sequence[Tensor], rate: float, decay: float = 0.0) -> None:
        self.weights, self.rate, self.decay = list(weights), rate, decay
        self.mean = [torch.zeros_like(w) for w in weights]
        self.variance = [torch.zeros_like(w) for w in weights]
        self.taken = torch.zeros((), device=self.weights[0].device)

    def step(self, gradients: Sequence[Tensor]) -> None:
        """Take one step, given the gradient of each weight."""
        self.taken += 1
        torch.ops.aten._fused_adam_(
            self.weights,
            list(gradients),
            self.mean,
            self.variance,
            [],
            [self.taken] * len(self.weights),
            lr=self.rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=self.decay,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )
