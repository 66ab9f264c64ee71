"""How much faster does a fleet train than the loops people write? `python benchmarks/training.py`

One thread, one process, the variants interleaved; process time of the best slice. The network is
the plain reference network: two modalities of 32 features, encoders 32-64-64, concatenation,
128-64-4, no dropout, batches of 64, AdamW. The last lines are the ratios.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_CBWR"] = "AUTO,STRICT"  # as in worker processes

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from mindgap.learners import Concat, ConcatNetwork, Fleet, ModuleLearner, Output, Row, Samples
from mindgap.tasks import TaskShape

CLASSES, LABELLED = 4, 512
MODALITIES = {"x1": (32,), "x2": (32,)}


class Reference(nn.Module):
    """The same network for one run."""

    def __init__(self) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(
            nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
            for _ in MODALITIES
        )
        self.head = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, CLASSES))

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
        return Output(self.head[2](hidden), hidden, {}, read)


class Own(ModuleLearner):
    """Trains it in a fleet, through `torch.vmap`."""

    unimodal_heads = False

    def module(self, shape: TaskShape) -> nn.Module:
        return OwnReference()


def dataloader_loop(x1: Tensor, x2: Tensor, y: Tensor, steps: int, settings: Concat) -> None:
    """One run as in most tutorials."""
    model, done = Reference(), 0
    optimiser = torch.optim.AdamW(model.parameters(), settings.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    loader = DataLoader(TensorDataset(x1, x2, y), settings.batch, shuffle=True)
    while done < steps:
        for a, b, target in loader:
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(a, b), target).backward()
            optimiser.step()
            schedule.step()
            done += 1


def index_loop(x1: Tensor, x2: Tensor, y: Tensor, steps: int, settings: Concat) -> None:
    """One run as written by someone who cares: index batches, fused optimiser."""
    model, done = Reference(), 0
    optimiser = torch.optim.AdamW(model.parameters(), settings.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    while done < steps:
        for rows in torch.randperm(len(y)).split(settings.batch):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(x1[rows], x2[rows]), y[rows]).backward()
            optimiser.step()
            schedule.step()
            done += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30, help="rows of the fleet")
    parser.add_argument("--steps", type=int, default=64, help="optimiser steps a slice")
    parser.add_argument("--slices", type=int, default=12, help="slices of every variant")
    parser.add_argument("--profile", action="store_true", help="profile the fleet and stop")
    options = parser.parse_args()
    torch.set_num_threads(1)

    generator = torch.Generator().manual_seed(0)
    inputs = {
        name: torch.randn(LABELLED, *size, generator=generator) for name, size in MODALITIES.items()
    }
    labels = torch.randint(CLASSES, (LABELLED,), generator=generator)
    settings = Concat(steps=options.steps, dropout=0.0)
    network = ConcatNetwork(
        MODALITIES, CLASSES, width=64, feature=64, hidden=64, unimodal_heads=False
    )
    fleet = Fleet(settings, network, [Samples(inputs, None)])
    own = Own(steps=options.steps)
    own_fleet = Fleet(own, own.network(TaskShape(MODALITIES, CLASSES)), [Samples(inputs, None)])
    rows = [Row((r,), 0, torch.arange(LABELLED), labels) for r in range(options.runs)]
    if options.profile:
        with torch.profiler.profile() as profile:
            fleet.fit(rows)
        print(profile.key_averages().table(sort_by="self_cpu_time_total", row_limit=20))
        return

    arguments = (inputs["x1"], inputs["x2"], labels, options.steps, settings)
    variants: dict[str, tuple[Callable[[], object], int]] = {
        "fleet": (lambda: fleet.fit(rows), options.runs),
        "vmap_module": (lambda: own_fleet.fit(rows), options.runs),
        "dataloader_loop": (lambda: dataloader_loop(*arguments), 1),
        "index_loop": (lambda: index_loop(*arguments), 1),
    }
    best = dict.fromkeys(variants, float("inf"))
    for _ in range(options.slices):
        for name, (run, runs) in variants.items():
            start = time.process_time()
            run()
            spent = (time.process_time() - start) / runs / options.steps * 1e6
            best[name] = min(best[name], spent)
    for name, spent in best.items():
        print(f"{name}: {spent:.0f} microseconds a run and step")
    for name in ("dataloader_loop", "index_loop"):
        print(f"ratio {name} {best[name] / best['fleet']:.2f}")
    print(f"ratio vmap_module {best['dataloader_loop'] / best['vmap_module']:.2f}")


if __name__ == "__main__":
    main()
