"""Sequences and images: other data, the same truth; and convolutions learn them."""

from math import sqrt

import numpy as np
import pytest
import torch

from mindgap.learners import Fleet, Row, Samples, predict
from mindgap.registry import Registry
from mindgap.tasks.description import Bit, Description
from mindgap.tasks.generator import draw, generate
from mindgap.tasks.missingness import MAR, Missingness
from mindgap.tasks.posterior import Mask, posterior, posterior_of_codes
from mindgap.tasks.rendering import room, templates
from mindgap.tasks.scenario import Scenario
from mindgap.tasks.truth import truth

SHAPES = [(32,), (32, 2), (64, 4), (1, 8, 8), (3, 16, 12), (1, 32, 32)]


def described(x1, x2, parity=1) -> Description:
    return Description(
        {"x1": x1, "x2": x2},
        (Bit("R", (("x1", "x2"),)), Bit("S", (("x1",), ("x2",)), 0.9)),
        parity={"x2": parity},
        missing=Missingness.same(MAR("x1", "x2", 0.3, 3.0, "R")),
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_templates_are_orthonormal_and_a_prefix(shape):
    most = room(shape)
    columns = templates("family", 3, "x1", shape, most)
    assert columns.shape == (np.prod(shape), most)
    np.testing.assert_allclose(columns.T @ columns, np.eye(most), atol=1e-12)
    np.testing.assert_allclose(templates("family", 3, "x1", shape, 2), columns[:, :2], atol=1e-12)
    assert not np.allclose(templates("family", 4, "x1", shape, 2), columns[:, :2])
    assert not np.allclose(templates("family", 3, "x2", shape, 2), columns[:, :2])


@pytest.mark.parametrize(("shape", "axes"), [((64, 2), [0]), ((2, 32, 24), [1, 2])])
def test_templates_are_smooth_in_time_and_space(shape, axes):
    """Neighbours are alike: their differences are a small part of what a rotation has, 2."""
    for template in templates("family", 0, "x1", shape, 4).T:
        for axis in axes:
            assert (np.diff(template.reshape(shape), axis=axis) ** 2).sum() < 0.5


def test_the_truth_is_that_of_vectors_to_the_digit():
    assert truth(described((32, 2), (1, 16, 16))) == truth(described(8, 8))


def test_the_posterior_of_an_image_is_that_of_its_codes():
    """The templates are laid over the image here, pixel by pixel."""
    description = described((32, 2), (3, 8, 10), parity=2)
    data = generate(description, "render", 5, "test", 400)
    assert data.modalities["x1"].shape == (400, 32, 2)
    assert data.modalities["x2"].shape == (400, 3, 8, 10)
    over_time = templates("render", 5, "x1", (32, 2), 2).reshape(32, 2, 2)
    over_pixels = templates("render", 5, "x2", (3, 8, 10), 4).reshape(3, 8, 10, 4)
    x1, x2 = (data.modalities[name].double().nan_to_num().numpy() for name in ("x1", "x2"))
    codes = {
        "x1": np.einsum("ntc,tck->nk", x1, over_time),
        "x2": np.einsum("nchw,chwk->nk", x2, over_pixels),
    }
    observed = data.observed.numpy()
    for shown in ({"x1"}, {"x2"}, {"x1", "x2"}):
        inside = observed & np.array([name in shown for name in ("x1", "x2")])
        of_codes = posterior_of_codes(description, codes, inside, Mask(observed, "test"))
        of_data = posterior(description, "render", 5, data, frozenset(shown), "test")
        np.testing.assert_allclose(of_data, of_codes, atol=1e-9)


def test_an_image_is_its_codes_along_the_templates_in_noise_of_deviation_one():
    """The same draws as the truth's: what is left beside the templates is noise alone."""
    description = Description({"x1": (1, 12, 12)}, (Bit("U", (("x1",),)),))
    n = 2000
    image = generate(description, "render", 0, "pool", n).modalities["x1"].flatten(1).double()
    _, codes = draw(description, "data", "render", 0, "pool", n=n, split="pool")
    noise = image.numpy() - codes["x1"] @ templates("render", 0, "x1", (1, 12, 12), 1).T
    whole = np.linalg.qr(np.hstack([templates("render", 0, "x1", (1, 12, 12), 1), np.eye(144)]))[0]
    deviations = (noise @ whole).std(axis=0)
    assert abs(deviations - 1).max() < 5 / sqrt(2 * n)


@pytest.mark.parametrize("shape", [(32, 2), (1, 16, 16)])
def test_convolutions_come_near_to_bayes_on_a_strong_bit(shape):
    bit = Bit("U", (("x1",),), accuracy=0.99)
    scenario = Scenario("render", "", Description({"x1": shape}, (bit,)), 400, 1000)
    learner = Registry().configure("learner", "concat[steps=150]").build()
    task = scenario.make(0)
    pool, test = Samples.of(task.pool), Samples.of(task.test)
    network = learner.network(scenario.shape)
    row = Row(("render", 0), 0, torch.arange(400), task.pool.labels)
    parameters = Fleet(learner, network, [pool]).fit([row])
    found = predict(network, parameters, test, {"probabilities"})["probabilities"][0].argmax(dim=1)
    accuracy = (found == task.test.labels).double().mean()
    assert scenario.truth["bayes_accuracy"]["x1"] == pytest.approx(0.99)
    assert 0.96 < accuracy < 0.99 + 4 * sqrt(0.99 * 0.01 / 1000)


@pytest.mark.parametrize("name", ["diff_image", "diff_sequence"])
def test_named_scenarios_are_their_control_in_another_shape(name):
    scenario = Registry().configure("task", f"{name}[pool=300, test=200]").build()
    assert scenario.truth == scenario.control.truth
    assert len(scenario.shape.modalities["x2"]) in (2, 3)
    mine, theirs = scenario.make(1), scenario.control.make(1)
    assert torch.equal(mine.pool.labels, theirs.pool.labels)
    assert torch.equal(mine.pool.modalities["x1"], theirs.pool.modalities["x1"])
