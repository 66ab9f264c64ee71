"""The results of `concat` and `concat_linear` stay what they were: a change needs a reason."""

import hashlib
from pathlib import Path

import pytest
import torch

from mindgap.learners import Concat, ConcatLinear, Fleet, Row, Samples
from mindgap.seeding import stream
from mindgap.tasks import TaskShape

SHAPE = TaskShape({"a": (5,), "b": (7,)}, 3)

# Bits depend on the processor and on torch; elsewhere numbers are compared up to rounding.
CPUINFO = Path("/proc/cpuinfo")
EXACT = (
    (torch.__version__, torch.backends.cpu.get_cpu_capability()) == ("2.13.0+cpu", "AVX512")
    and CPUINFO.exists()
    and "AuthenticAMD" in CPUINFO.read_text()
)

# learner: digest of the initial parameters, digest of the trained ones, their projections
KNOWN = {
    Concat: (
        "8b94bb8cd68b0926",
        "e1274f7a98268fcc",
        "-0.21394 0.840782 -0.649247 0.322061 2.045657 0.352489 -1.135182 0.054487 1.957188 "
        "0.18835 0.195093 -0.978657 0.438838 -0.51257 -0.165613 -0.114759 0.030998 0.029338",
    ),
    ConcatLinear: (
        "60bb821ebb99cd0d",
        "2655739e0dc9624e",
        "-0.254607 0.872577 -0.722224 0.299108 2.043909 0.351603 -1.080277 0.003518 1.782999 "
        "0.157001 0.193965 -0.978707 -1.866281 0.634347 0.035262 -0.052978",
    ),
}


def trained(learner):
    rng = stream("unchanged", "data")
    inputs = {
        name: torch.from_numpy(rng.random((40, *size), "float32"))
        for name, size in SHAPE.modalities.items()
    }
    observed = torch.from_numpy(rng.random((40, 2)) > 0.3)
    observed[~observed.any(dim=1), 0] = True
    labels = torch.from_numpy(rng.integers(3, size=40))
    network = learner(width=9, feature=5).network(SHAPE)
    chosen = learner(steps=20, batch=13, width=9, feature=5, weight_decay=1e-3, dropout=0.1)
    rows = [Row(("unchanged", seed), 0, torch.arange(30), labels[:30]) for seed in range(2)]
    return network, Fleet(chosen, network, [Samples(inputs, observed)]).fit(rows)


def digest(values):
    joined = hashlib.sha256()
    for name, value in values.items():
        joined.update(name.encode())
        joined.update(value.tobytes())
    return joined.hexdigest()[:16]


def projections(parameters):
    """Each parameter's product with fixed random numbers: nothing can change unseen."""
    return [
        float((value[0] * torch.from_numpy(stream("look", name).random(value[0].shape))).sum())
        for name, value in parameters.items()
    ]


@pytest.mark.parametrize("learner", [Concat, ConcatLinear])
def test_results_are_what_they_were(learner):
    network, parameters = trained(learner)
    initial, exact, seen = KNOWN[learner]
    assert digest(network.initial(stream("unchanged"))) == initial
    assert projections(parameters) == pytest.approx([float(x) for x in seen.split()], abs=2e-5)
    if EXACT:
        assert digest({name: value.numpy() for name, value in parameters.items()}) == exact
