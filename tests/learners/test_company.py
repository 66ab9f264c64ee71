"""A run's bits don't depend on its company: every fusion, every handler, every encoder."""

from dataclasses import replace

import pytest
import torch
from combinations import SHAPES, SMALL, combinations, fleet_of, rows_of
from test_fleet import assert_same_bits

from mindgap.learners import Ume, predict
from mindgap.strategies import SERVED
from mindgap.tasks import TaskShape

# (d, width, feature, hidden, classes, batch, heads): odd ones, since those moved bits before
SIZES = [
    (5, 17, 9, 31, 5, 13, 3),
    (32, 64, 32, 64, 4, 16, 2),
    (31, 5, 31, 5, 17, 1, 1),
]
COMPANIES = ([0], [5, 3], [18, 1, 2, 3, 19, 7, 20], list(range(23, -1, -1)))


def assert_company_is_nothing(learner, shape):
    fleet, labels = fleet_of(learner, shape)
    rows = rows_of(labels, 24)
    keys = [row.key for row in rows]
    together = fleet.fit(rows)
    for company in COMPANIES:
        alone = fleet.fit([rows[i] for i in company])
        for name in together:
            assert torch.equal(alone[name], together[name][company]), (name, company)
    for n, companies in ((1, COMPANIES[:2]), (40, COMPANIES[:1])):
        samples = fleet.samples.slice(0, n)
        answers = predict(fleet.network, together, samples, set(SERVED), keys)
        for company in companies:
            part = {name: value[company] for name, value in together.items()}
            own = [keys[i] for i in company]
            again = predict(fleet.network, part, samples, set(SERVED), own)
            assert_same_bits(again, answers, company)


def sized(learner, size):
    _, width, feature, hidden, _, batch, heads = size
    given = {"width": width, "feature": feature, "batch": batch, "hidden": hidden, "heads": heads}
    settings = {key: value for key, value in given.items() if hasattr(learner, key)}
    return replace(learner, steps=3, **settings)


EVERY = combinations()


@pytest.mark.parametrize("name", EVERY)
def test_bits_of_every_combination(name):
    """Each with one set of sizes, in turn; with modality dropout in every other."""
    number = list(EVERY).index(name)
    size = SIZES[number % len(SIZES)]
    learner = replace(sized(EVERY[name], size), modality_dropout=0.4 * (number % 2))
    d, classes = size[0], size[4]
    assert_company_is_nothing(learner, TaskShape({"a": (d,), "b": (d + 2,)}, classes))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "name", ["Late-masked", "Gated-masked", "LowRank-token", "Attention-masked", "Bottleneck-token"]
)
def test_bits_of_every_fusion_in_all_sizes(name, size):
    d, classes = size[0], size[4]
    learner = replace(sized(EVERY[name], size), unimodal_weight=0.5)
    assert_company_is_nothing(learner, TaskShape({"a": (d,), "b": (1,), "c": (3,)}, classes))


@pytest.mark.parametrize(
    ("name", "size"), [*[("Concat-token", size) for size in SIZES], ("Attention-zero", SIZES[0])]
)
def test_bits_of_convolutions(name, size):
    d = min(size[0], 9)
    learner = replace(sized(EVERY[name], size), frozen=("c",))
    shape = TaskShape({"a": (d, 3), "b": (1, d, 6), "c": (d,)}, size[4])
    assert_company_is_nothing(learner, shape)


@pytest.mark.parametrize("size", SIZES[:3])
def test_bits_of_normalised_layers(size):
    d = min(size[0], 9)
    learner = replace(sized(EVERY["Attention-masked"], size), norm="layer")
    shape = TaskShape({"a": (d,), "b": (1, d, 6)}, size[4])
    assert_company_is_nothing(learner, shape)


@pytest.mark.parametrize("shape", ["vectors", "three"])
def test_bits_of_unimodal_ensembles(shape):
    assert_company_is_nothing(Ume(**{**SMALL, "width": 17, "feature": 9}), SHAPES[shape])
