"""Heads and probes of single modalities, where what they know is known."""

import math

import pytest
import torch

from mindgap.metrics import latent_gap, ogm_ratio, probe_gap
from mindgap.metrics.branches import probe


def heads(**right):
    """Each modality's head gives the label this probability."""
    return {name: torch.tensor([[p, 1 - p]] * 3).double() for name, p in right.items()}


def test_the_ratio_of_two_heads_is_opposite(by_name):
    found = by_name(ogm_ratio(heads(image=0.9, text=0.3), torch.zeros(3, dtype=torch.int64)))
    assert found["ogm_ratio", "image"] == pytest.approx(math.log(3))
    assert found["ogm_ratio", "text"] == pytest.approx(-math.log(3))


def test_each_of_three_heads_is_compared_with_the_mean_of_the_others(by_name):
    labels = torch.zeros(3, dtype=torch.int64)
    found = by_name(ogm_ratio(heads(a=0.8, b=0.2, c=0.6), labels))
    assert found["ogm_ratio", "a"] == pytest.approx(math.log(0.8 / 0.4))
    assert found["ogm_ratio", "c"] == pytest.approx(math.log(0.6 / 0.5))


@pytest.mark.parametrize("few", [{}, {"image": 0.9}, {"image": 1.0, "text": 0.0}])
def test_without_two_heads_that_know_anything_there_is_no_ratio(few):
    assert ogm_ratio(heads(**few), torch.zeros(3, dtype=torch.int64)) == []


def labelled(n=400, classes=3):
    g = torch.Generator().manual_seed(0)
    labels = torch.randint(classes, (n,), generator=g)
    noise = torch.randn(n, 6, generator=g)
    told = 4 * torch.nn.functional.one_hot(labels, classes) + torch.randn(n, classes, generator=g)
    return labels, noise, torch.cat([told, noise[:, :2]], dim=1)


def test_a_probe_finds_what_is_linear_and_nothing_else():
    labels, noise, told = labelled()
    assert probe(told, labels, 3) > 0.95
    assert probe(noise, labels, 3) < 0.45
    assert probe(torch.ones(400, 4), labels, 3) < 0.45  # an encoder that is dead
    parity = (torch.arange(400) // 2) % 2
    assert probe(parity[:, None].float(), parity, 2) == 1.0


def test_the_gap_is_what_joint_training_has_lost(by_name):
    labels, noise, told = labelled()
    found = by_name(
        probe_gap({"image": told, "text": noise}, {"image": told, "text": told}, labels, 3)
    )
    assert found["probe_gap", "image"] == 0.0
    assert found["probe_gap", "text"] > 0.5
    assert found["probe_gap", "text"] == pytest.approx(
        found["probe_accuracy_ume", "text"] - found["probe_accuracy", "text"]
    )
    assert probe_gap({}, {"image": told}, labels, 3) == []


def exclusive_or(n=400):
    """Two values, in [-1, 1] with noise, and the class that only both of them tell."""
    g = torch.Generator().manual_seed(1)
    values = torch.randint(2, (n, 2), generator=g)
    told = [2 * v[:, None] - 1 + 0.2 * torch.randn(n, 3, generator=g) for v in values.T]
    return {"image": values[:, 0], "text": values[:, 1]}, dict(
        zip(("image", "text"), told, strict=True)
    )


def test_of_an_exclusive_or_the_latent_probe_knows_what_the_class_probe_cannot(by_name):
    values, told = exclusive_or()
    labels = values["image"] ^ values["text"]
    classes = by_name(probe_gap(told, told, labels, 2))
    found = by_name(latent_gap(told, told, {name: {"S": v} for name, v in values.items()}))
    for name in values:
        assert classes["probe_accuracy", name] == pytest.approx(0.5, abs=0.1)
        assert found["latent_probe", f"{name}:S"] == 1.0
        assert found["latent_gap", f"{name}:S"] == 0.0


def test_an_encoder_that_was_held_back_has_a_latent_gap(by_name):
    """The model ignores text: its encoder of it says the same of all."""
    values, told = exclusive_or()
    ignoring = {"image": told["image"], "text": torch.zeros(400, 3)}
    found = by_name(latent_gap(ignoring, told, {name: {"U": v} for name, v in values.items()}))
    guessed = float((values["text"][1::2] == values["text"][::2].mode().values).double().mean())
    assert found["latent_probe", "text:U"] == guessed
    assert found["latent_probe_ume", "text:U"] == 1.0
    assert found["latent_gap", "text:U"] == pytest.approx(1 - guessed)
    assert found["latent_gap", "image:U"] == 0.0
    assert list(found) == [
        (metric, f"{name}:U")
        for name in ("image", "text")
        for metric in ("latent_probe", "latent_probe_ume", "latent_gap")
    ]


def test_a_modality_that_carries_nothing_has_no_latent_gap():
    values, told = exclusive_or()
    assert latent_gap(told, told, {}) == []
    assert latent_gap(told, {}, {"image": {"S": values["image"]}}) == []
