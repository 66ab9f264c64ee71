"""How much faster does a fleet train than the loops people write? `python benchmarks/training.py`

One thread, one process, the variants interleaved; process time of the best slice. Slices are about
equally long, since a longer one is more likely to be disturbed. The network is the plain reference
network: two modalities of 32 features, encoders 32-64-64, concatenation, 128-64-4, batches of 64,
AdamW; plain, then with LayerNorm in every hidden layer and dropout before the last one ("normed").
Both sides do the same steps.

The lines `ratio NAME X` say how many times as fast a fleet of 30 runs is, and with `_50` at the end
one of 50. `ratio matmul_50 X` is its share of the speed at which this machine multiplies as many
64 x 64 matrices and does nothing else. skorch is measured where it is installed.

Then, each in a process of its own: the memory a run takes in fleets of several sizes, and time and
memory of scoring pools of several sizes, up to a million samples.

`--quick` runs everything once and tiny, to see that it runs; its figures mean nothing.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_CBWR"] = "AUTO,STRICT"  # as in worker processes

import argparse
import copy
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from mindgap.learners import (
    Concat,
    ConcatNetwork,
    Fleet,
    ModuleLearner,
    Output,
    Row,
    Samples,
    predict,
)
from mindgap.tasks import TaskShape
from mindgap.testing.memory import peak_bytes

try:
    import skorch
    from skorch.callbacks import LRScheduler
except ModuleNotFoundError:
    skorch = None

CLASSES, LABELLED, WIDTH, BATCH = 4, 512, 64, 64
MODALITIES = {"x1": (32,), "x2": (32,)}
DROPOUT = 0.2
#: Multiplications and additions of one run's step: three products a layer, two in the first ones,
#: whose inputs need no gradient.
OPERATIONS = 2 * BATCH * (2 * 2 * 32 * 64 + 3 * (2 * 64 * 64 + 128 * 64 + 64 * CLASSES))
#: Runs that a slice of a loop trains, one after the other: they take about as long as a fleet.
LOOPED = 5
#: Runs that score a pool together.
SCORERS = 10


class Reference(nn.Module):
    """The same network for one run; with LayerNorm and dropout, if it is `normed`."""

    def __init__(self, normed: bool = False) -> None:
        super().__init__()
        norm = [nn.LayerNorm(64)] if normed else []
        self.encoders = nn.ModuleList(
            nn.Sequential(
                *(nn.Linear(32, 64), *copy.deepcopy(norm), nn.ReLU()),
                *(nn.Linear(64, 64), *copy.deepcopy(norm), nn.ReLU()),
            )
            for _ in MODALITIES
        )
        drop = [nn.Dropout(DROPOUT)] if normed else []
        self.head = nn.Sequential(
            nn.Linear(128, 64), *norm, nn.ReLU(), *drop, nn.Linear(64, CLASSES)
        )

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        encoded = [encoder(x) for encoder, x in zip(self.encoders, (x1, x2), strict=True)]
        return self.head(torch.cat(encoded, dim=1))


class OwnReference(Reference):
    """The same network as a user's module."""

    def forward(self, inputs: dict[str, Tensor], observed: Tensor) -> Output:
        read = {
            name: encoder(x)
            for encoder, (name, x) in zip(self.encoders, inputs.items(), strict=True)
        }
        hidden = self.head[:2](torch.cat(list(read.values()), dim=1))
        return Output(self.head[2:](hidden), hidden, {}, read)


class Own(ModuleLearner):
    """Trains it in a fleet, through `torch.vmap`."""

    unimodal_heads = False

    def module(self, shape: TaskShape) -> nn.Module:
        return OwnReference()


@dataclass(frozen=True)
class Bench:
    """What all variants train on, and for how many steps."""

    inputs: dict[str, Tensor]
    labels: Tensor
    settings: Concat
    normed: bool

    @staticmethod
    def of(steps: int, normed: bool) -> "Bench":
        inputs, labels = data(LABELLED)
        dropout = DROPOUT if normed else 0.0
        return Bench(inputs, labels, Concat(steps=steps, batch=BATCH, dropout=dropout), normed)

    def fleet(self, runs: int) -> Callable[[], object]:
        """Trains so many runs; built-in networks without the unimodal heads the loops lack."""
        return self._trained(
            Fleet(self.settings, network(self.normed), [Samples(self.inputs, None)]), runs
        )

    def modules(self, runs: int) -> Callable[[], object]:
        """Trains so many runs of a user's module."""
        own = Own(steps=self.settings.steps, batch=BATCH)
        stack = own.network(TaskShape(MODALITIES, CLASSES))
        return self._trained(Fleet(own, stack, [Samples(self.inputs, None)]), runs)

    def _trained(self, fleet: Fleet, runs: int) -> Callable[[], object]:
        everything = torch.arange(LABELLED)
        rows = [Row((r,), 0, everything, self.labels) for r in range(runs)]
        return lambda: fleet.fit(rows)

    def dataloader_loop(self) -> None:
        """One run as in most tutorials."""
        steps, done = self.settings.steps, 0
        model = Reference(self.normed)
        optimiser = torch.optim.AdamW(model.parameters(), self.settings.learning_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        dataset = TensorDataset(*self.inputs.values(), self.labels)
        loader = DataLoader(dataset, BATCH, shuffle=True)
        while done < steps:
            for a, b, target in loader:
                optimiser.zero_grad()
                nn.functional.cross_entropy(model(a, b), target).backward()
                optimiser.step()
                schedule.step()
                done += 1

    def index_loop(self) -> None:
        """One run as written by someone who cares: index batches, fused optimiser."""
        steps, done = self.settings.steps, 0
        model, (x1, x2) = Reference(self.normed), self.inputs.values()
        optimiser = torch.optim.AdamW(model.parameters(), self.settings.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        while done < steps:
            for rows in torch.randperm(LABELLED).split(BATCH):
                optimiser.zero_grad()
                loss = nn.functional.cross_entropy(model(x1[rows], x2[rows]), self.labels[rows])
                loss.backward()
                optimiser.step()
                schedule.step()
                done += 1

    def skorch(self) -> None:
        """One run by `skorch.NeuralNetClassifier`."""
        steps = self.settings.steps
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR
        skorch.NeuralNetClassifier(
            Reference,
            module__normed=self.normed,
            criterion=nn.CrossEntropyLoss,
            optimizer=torch.optim.AdamW,
            lr=self.settings.learning_rate,
            max_epochs=steps // (LABELLED // BATCH),
            batch_size=BATCH,
            iterator_train__shuffle=True,
            train_split=None,
            callbacks=[LRScheduler(cosine, T_max=steps, step_every="batch")],
            verbose=0,
        ).fit(self.inputs, self.labels)


def network(normed: bool) -> ConcatNetwork:
    return ConcatNetwork(
        MODALITIES,
        CLASSES,
        width=WIDTH,
        feature=WIDTH,
        hidden=WIDTH,
        unimodal_heads=False,
        norm="layer" if normed else "none",
    )


def data(size: int) -> tuple[dict[str, Tensor], Tensor]:
    generator = torch.Generator().manual_seed(0)
    inputs = {
        name: torch.randn(size, *shape, generator=generator) for name, shape in MODALITIES.items()
    }
    return inputs, torch.randint(CLASSES, (size,), generator=generator)


def products(runs: int, steps: int) -> Callable[[], object]:
    """Multiplies matrices of 64 x 64 and nothing else, at least as many operations as a fleet."""
    left, right = torch.randn(2, runs, WIDTH, WIDTH)
    result = torch.empty(runs, WIDTH, WIDTH)

    def multiply() -> None:
        for _ in range(steps * whole_products()):
            torch.bmm(left, right, out=result)

    return multiply


def whole_products() -> int:
    return -(-OPERATIONS // (2 * WIDTH**3))


def looped(train: Callable[[], None]) -> tuple[Callable[[], object], int]:
    return lambda: [train() for _ in range(LOOPED)], LOOPED


def measured(steps: int, slices: int, small: int, large: int) -> dict[str, float]:
    """Microseconds a run and step, of the best slice of each variant."""
    plain, normed = Bench.of(steps, normed=False), Bench.of(steps, normed=True)
    variants: dict[str, tuple[Callable[[], object], int]] = {
        "fleet": (plain.fleet(small), small),
        "fleet_50": (plain.fleet(large), large),
        "vmap_module_50": (plain.modules(large), large),
        "normed_fleet_50": (normed.fleet(large), large),
        "dataloader_loop": looped(plain.dataloader_loop),
        "index_loop": looped(plain.index_loop),
        "normed_dataloader_loop": looped(normed.dataloader_loop),
        "matmul_50": (products(large, steps), large),
    }
    if skorch is not None:
        variants["skorch"] = looped(plain.skorch)
    best = dict.fromkeys(variants, float("inf"))
    for _ in range(slices):
        for name, (run, runs) in variants.items():
            start = time.process_time()
            run()
            spent = (time.process_time() - start) / runs / steps * 1e6
            best[name] = min(best[name], spent)
    best["matmul_50"] *= OPERATIONS / (2 * WIDTH**3 * whole_products())
    return best


def tell(best: dict[str, float]) -> None:
    for name, spent in best.items():
        speed = f", {OPERATIONS / spent / 1e3:.0f} GFLOP/s" if name.endswith("50") else ""
        print(f"{name}: {spent:.0f} microseconds a run and step{speed}")
    for name in ("dataloader_loop", "index_loop"):
        print(f"ratio {name} {best[name] / best['fleet']:.2f}")
    for name in ("dataloader_loop", "index_loop", "skorch"):
        if name in best:
            print(f"ratio {name}_50 {best[name] / best['fleet_50']:.2f}")
        else:
            print("skorch isn't installed: pip install -e '.[benchmarks]' to measure it too")
    normed = best["normed_dataloader_loop"] / best["normed_fleet_50"]
    print(f"ratio normed_dataloader_loop_50 {normed:.2f}")
    print(f"ratio vmap_module_50 {best['dataloader_loop'] / best['vmap_module_50']:.2f}")
    print(f"ratio matmul_50 {best['matmul_50'] / best['fleet_50']:.2f}", flush=True)


def train_alone(runs: int) -> float | None:
    """The bytes that a fleet takes, by the run."""
    Bench.of(8, normed=True).fleet(2)()  # loads what it needs
    peak = peak_bytes(Bench.of(32, normed=True).fleet(runs))
    return None if peak is None else peak / runs


def score_alone(size: int) -> tuple[float, float | None]:
    """The seconds of scoring a pool, and the peak of this whole process in bytes."""
    inputs, labels = data(LABELLED)
    rows = [Row((r,), 0, torch.arange(LABELLED), labels) for r in range(SCORERS)]
    fleet = Fleet(Concat(steps=8, dropout=0.0), network(normed=False), [Samples(inputs, None)])
    parameters, pool = fleet.fit(rows), Samples(data(size)[0], None)
    start = time.process_time()
    predict(fleet.network, parameters, pool, {"probabilities"})
    spent = time.process_time() - start
    status = Path("/proc/self/status")
    if not status.exists():
        return spent, None
    return spent, int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024


ALONE: dict[str, Callable[[int], Any]] = {"train": train_alone, "score": score_alone}


def apart(what: str, size: int) -> Any:
    """What a function of `ALONE` answers in a process of its own."""
    command = [sys.executable, __file__, "--alone", what, str(size)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def memory(fleets: list[int], pools: list[int], ask: Callable[[str, int], Any] = apart) -> None:
    for runs in fleets:
        print(f"fleet of {runs}: {_megabytes(ask('train', runs))} a run", flush=True)
    for size in pools:
        spent, peak = ask("score", size)
        each = spent / size / SCORERS * 1e6
        told = f"{spent:.2f} s, {each:.2f} microseconds a sample and run, {_megabytes(peak)} in all"
        print(f"{SCORERS} runs score {size} samples: {told}", flush=True)


def _megabytes(peak: float | None) -> str:
    return "? MB" if peak is None else f"{peak / 1e6:.2f} MB"


def profile(runs: int, steps: int) -> None:
    with torch.profiler.profile() as told:
        Bench.of(steps, normed=False).fleet(runs)()
    print(told.key_averages().table(sort_by="self_cpu_time_total", row_limit=20))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=Concat.steps, help="optimiser steps a slice")
    parser.add_argument("--slices", type=int, default=6, help="slices of every variant")
    parser.add_argument("--profile", action="store_true", help="profile a fleet of 50 and stop")
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    parser.add_argument("--alone", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.alone:
        what, size = options.alone
        print(json.dumps(ALONE[what](int(size))))
        return
    if options.profile:
        profile(50, options.steps)
        return
    if options.quick:
        tell(measured(steps=8, slices=1, small=2, large=3))
        memory([2], [1000], lambda what, size: ALONE[what](size))
        return
    tell(measured(options.steps, options.slices, small=30, large=50))
    memory([25, 50, 100, 200], [10_000, 100_000, 1_000_000])
    print(f"load of the last minute: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
