"""Half precision, and what only a machine with a GPU can show."""

from dataclasses import replace

import pytest
import torch
from combinations import LEARNERS, SHAPES, fleet_of, pools, rows_of

from mindgap.learners import Fleet, HalfPrecision, predict
from mindgap.learners.chunks import CHUNK, chunks, fitting
from mindgap.learners.predict import FUNCTIONS
from mindgap.strategies import SERVED

EVERY = {type(learner).__name__: learner for learner in LEARNERS}
gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=gpu)])
def device(request):
    return torch.device(request.param)


@pytest.mark.parametrize("name", EVERY)
def test_half_precision_is_near_and_hands_out_single(name, device):
    learner = replace(EVERY[name], steps=3)
    fleet, labels = fleet_of(learner, SHAPES["vectors"])
    rows = rows_of(labels, 2)
    keys = [row.key for row in rows]
    samples, _ = pools(SHAPES["vectors"])
    half = Fleet(learner, HalfPrecision(fleet.network, device.type), samples, device)
    part = samples[0].slice(0, 30)
    told = [
        predict(one.network, one.fit(rows), part.to(one.device), set(SERVED) - FUNCTIONS, keys)
        for one in (fleet, half)
    ]
    exact, near = (flat(answers) for answers in told)
    assert exact.keys() == near.keys()
    for key, value in exact.items():
        assert near[key].dtype == torch.float32, key
        torch.testing.assert_close(near[key].cpu(), value, rtol=0.1, atol=0.1, equal_nan=True)
    assert not torch.equal(near["probabilities"].cpu(), exact["probabilities"])


@gpu
def test_a_gpu_says_what_a_cpu_says():
    for learner in LEARNERS:
        fleet, labels = fleet_of(learner, SHAPES["mixed"])
        rows = rows_of(labels, 2)
        there = Fleet(learner, fleet.network, pools(SHAPES["mixed"])[0], "cuda")
        trained, expected = there.fit(rows), fleet.fit(rows)
        for key, value in expected.items():
            assert trained[key].device.type == "cuda"
            torch.testing.assert_close(trained[key].cpu(), value, rtol=1e-3, atol=1e-4)


def test_chunks_cover_every_sample_once():
    for count in (0, 1, CHUNK - 1, CHUNK, 5 * CHUNK + 7):
        told = [i for part in chunks(count, torch.device("cpu")) for i in range(count)[part]]
        assert told == list(range(count))


@gpu
def test_chunks_on_a_gpu_cover_every_sample_once():
    told = [i for part in chunks(5000, torch.device("cuda")) for i in range(5000)[part]]
    assert told == list(range(5000))


def test_chunks_grow_with_the_memory_that_is_free():
    assert fitting(512, took=1_000, free=8_000) == 4 * 512
    assert fitting(512, took=1_000, free=10) == 512
    assert fitting(512, took=0, free=10) == 5 * 512


def flat(answers, prefix=""):
    found = {}
    for key, value in answers.items():
        if isinstance(value, torch.Tensor):
            found[f"{prefix}{key}"] = value
        else:
            found |= flat(value, f"{prefix}{key} ")
    return found
