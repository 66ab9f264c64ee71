"""Modalities withheld from any data set: how many, from whom, and never one that must stay."""

import json
from dataclasses import dataclass, replace
from itertools import product
from math import sqrt

import numpy as np
import pytest
import torch

from mindgap.errors import InvalidData, MindgapError
from mindgap.registry import Registry
from mindgap.seeding import stream
from mindgap.tasks import MultimodalData, TaskShape
from mindgap.tasks.missingness import ampute
from mindgap.tasks.missingness.named import NAMES
from mindgap.tasks.real import dataset
from mindgap.tasks.real.dataset import RealData
from mindgap.tasks.real.harder import coarser

N_POOL, N_TEST = 3000, 1000
GAP = 0.2


@dataclass(frozen=True, kw_only=True)
class Toy(RealData):
    """Two modalities; a fifth of the samples lacks the text, and what stands there is `filler`."""

    filler: float = float("nan")
    gaps: bool = True
    labelled: bool = True
    tested: bool = True

    @property
    def family(self):
        return "toy"

    @property
    def shape(self):
        return TaskShape({"image": (1, 2, 2), "text": (3,)}, 3)

    @property
    def pool_size(self):
        return N_POOL

    def split(self, seed):
        rng, n = stream("toy", seed), N_POOL + N_TEST
        labels = rng.integers(3, size=n)
        image = rng.standard_normal((n, 1, 2, 2)) + labels[:, None, None, None]
        text = rng.standard_normal((n, 3)) - labels[:, None]
        observed = np.ones((n, 2), dtype=bool)
        if self.gaps:
            observed[:, 1] = rng.random(n) >= GAP
            text[~observed[:, 1]] = self.filler
        data = MultimodalData(
            {"image": torch.from_numpy(image).float(), "text": torch.from_numpy(text).float()},
            torch.from_numpy(observed),
            torch.from_numpy(labels if self.labelled else labels * 0 - 1),
            ("a", "b", "c"),
            np.arange(n).astype(str),
        )
        rows = torch.arange(n)
        return data.take(rows[:N_POOL]), data.take(rows[N_POOL:]) if self.tested else None

    def natural_card(self):
        whole = {"image+text": 1.0}
        return {
            "modalities": {"image": [1, 2, 2], "text": [3]},
            "patterns": {"image+text": 1 - GAP, "image": GAP} if self.gaps else whole,
            "pitfall": None,
            "control": None,
        }


def shares(observed):
    """Of each pattern, in the card's words."""
    patterns = ("image+text", (True, True)), ("image", (True, False)), ("text", (False, True))
    return {name: float((observed.numpy() == p).all(axis=1).mean()) for name, p in patterns}


@pytest.mark.parametrize(("missing", "gaps"), list(product(NAMES, (True, False))))
def test_the_card_says_what_is_missing_and_nobody_is_left_with_nothing(missing, gaps):
    toy = Toy(missing=missing, gaps=gaps)
    task, card = toy.make(1), toy.card()
    for data, key in ((task.pool, "patterns"), (task.test, "test_patterns")):
        assert data.observed.any(dim=1).all()
        assert sum(card[key].values()) == pytest.approx(1)
        for pattern, found in shares(data.observed).items():
            expected = card[key].get(pattern, 0.0)
            error = sqrt(expected * (1 - expected) / len(data))
            assert abs(found - expected) <= 3 * error + 1e-9, (pattern, found, expected)
        if not gaps and missing != "patterns":
            lacking = 1 - data.observed.double().mean(dim=0).numpy()
            expected = 0.4 if missing == "mcar" else 0.0
            assert lacking == pytest.approx([expected, 0.4], abs=3 * sqrt(0.24 / len(data)))
    assert json.loads(json.dumps(card)) == card
    assert card["pitfall"] == f"{missing}, rate 0.4: modalities are withheld in the pool and " + (
        "the test"
    )


@pytest.mark.parametrize("missing", NAMES)
def test_a_hidden_value_is_never_read(missing):
    found = [Toy(missing=missing, filler=value).make(0) for value in (np.nan, 1e9)]
    for first, second in zip(*((task.pool, task.test) for task in found), strict=True):
        assert torch.equal(first.observed, second.observed)
        for m, name in enumerate(first.names):
            seen = first.observed[:, m]
            assert torch.equal(first.modalities[name][seen], second.modalities[name][seen])
            assert first.modalities[name][seen].isfinite().all()
            if name == "image":  # withheld, so there was a value
                assert first.modalities[name][~seen].isnan().all()


def test_all_but_the_masks_is_the_controls():
    control = Toy()
    here, there = Toy(missing="mcar").make(3), control.make(3)
    assert Toy(missing="mcar").family == control.family
    for data, whole in ((here.pool, there.pool), (here.test, there.test)):
        assert (data.ids == whole.ids).all()
        assert torch.equal(data.labels, whole.labels)
        assert not (data.observed & ~whole.observed).any(), "natural gaps stay"
        assert (data.observed != whole.observed).any()
    first, other = (Toy(missing="mcar", gaps=False).make(seed) for seed in (3, 4))
    assert not torch.equal(first.pool.observed[:N_TEST], first.test.observed)
    assert not torch.equal(first.pool.observed, other.pool.observed)


def test_what_is_high_in_the_test_set_is_settled_by_the_whole_pool(monkeypatch):
    asked = []

    def spy(data, mechanism, *key, reference):
        asked.append((len(data), len(reference), float(reference.observed.double().mean())))
        return ampute(data, mechanism, *key, reference=reference)

    monkeypatch.setattr(dataset, "ampute", spy)
    Toy(missing="mnar_x", gaps=False).make(0)
    assert asked == [(N_POOL, N_POOL, 1.0), (N_TEST, N_POOL, 1.0)]


@pytest.mark.parametrize("where", ["pool", "test"])
def test_where_it_is_withheld(where):
    here, there = Toy(missing="patterns", where=where).make(0), Toy().make(0)
    card = Toy(missing="patterns", where=where).card()
    for split, key in (("pool", "patterns"), ("test", "test_patterns")):
        same = torch.equal(getattr(here, split).observed, getattr(there, split).observed)
        assert same == (split != where)
        assert (card[key] == Toy().card()[key]) == (split != where)


def test_by_name_with_its_control():
    registry = Registry()
    found = registry.configure("task", "htad[missing=mcar, rate=0.3]")
    assert found.text == "htad[missing=mcar, rate=0.3]"
    assert found.identity != registry.configure("task", "htad").identity
    source = found.build()
    assert source.text == found.text
    assert source.card()["control"] == registry.configure("task", "htad").text == "htad"
    assert source.family == "htad"
    assert source.card()["patterns"] == pytest.approx(
        {"audio+accelerometer": 0.4, "audio": 0.3, "accelerometer": 0.3}
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"missing": "mnar"}, "unknown missingness 'mnar': did you mean"),
        ({"missing": "mcar", "rate": 0.6}, r"sum to 1\.2, but one of 2 modalities always stays"),
        ({"noise_snr": 3.0}, "noise_snr and raw say nothing without noisy"),
        ({"raw": True}, "noise_snr and raw say nothing without noisy"),
        ({"noisy": "image", "raw": True}, "toy has no recordings, so leave raw out"),
        ({"factor": 8}, r"toy\[factor=8\]: factor says nothing without downsampled"),
        ({"downsampled": "text"}, "unknown modality for downsampled 'text': there are: image"),
        ({"downsampled": "image", "noisy": "text"}, "noisy and downsampled are two pitfalls"),
        ({"noisy": "smell"}, "unknown modality for noisy 'smell'"),
        ({"noisy": "image", "missing": "mcar"}, "missing and noisy are two pitfalls"),
        ({"rate": 0.3}, r"toy\[rate=0\.3\]: rate and where say nothing without missing"),
        ({"missing": "mcar", "where": "tests"}, "unknown split for where 'tests'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_read(given, told):
    with pytest.raises(MindgapError, match=told):
        Toy(**given)


def test_data_that_do_not_fit_are_refused():
    with pytest.raises(InvalidData, match="has no label, but the mechanism depends on the class"):
        Toy(missing="mnar_y", labelled=False).make(0)
    with pytest.raises(MindgapError, match="there is no test set to withhold anything in"):
        Toy(missing="mcar", where="test", tested=False).make(0)
    assert Toy(missing="mcar", tested=False).make(0).test is None
    assert replace(Toy(missing="mcar"), missing=None) == Toy()


def test_noise_is_as_loud_as_asked_for_and_on_one_modality_alone():
    source = Toy(noisy="image", noise_snr=-6.0)
    pool, test = source.split(3)
    spread = dataset._spread(pool, "image")
    for data, split in ((pool, "pool"), (test, "test")):
        heard = source._louder(data, spread, split, 3)
        added = (heard.modalities["image"] - data.modalities["image"]) / spread
        assert float(added.std()) == pytest.approx(10 ** (6 / 20), rel=0.05)
        assert heard.modalities["text"] is data.modalities["text"]
    again, other = (Toy(noisy="image").make(seed).pool.modalities["image"] for seed in (3, 4))
    assert torch.equal(again, Toy(noisy="image").make(3).pool.modalities["image"])
    assert not torch.equal(again, other)
    with_gaps = Toy(noisy="text").make(0)
    assert torch.isfinite(with_gaps.pool.modalities["text"][with_gaps.pool.observed[:, 1]]).all()
    card = Toy(noisy="image", noise_snr=-6.0).card()
    assert (card["pitfall"], card["control"]) == ("noise on image, -6 dB below it", "toy")


def test_images_that_are_coarser_keep_their_means_and_lose_their_detail():
    source = Toy(downsampled="image", factor=2)
    pool, _ = source.split(3)
    seen = source._coarser(pool)
    means = pool.modalities["image"].mean((-2, -1), keepdim=True)
    assert torch.allclose(seen.modalities["image"], means.expand(-1, 1, 2, 2), atol=1e-6)
    assert seen.modalities["text"] is pool.modalities["text"]
    task, control = source.make(3), Toy().make(3)
    assert (task.pool.ids == control.pool.ids).all()
    assert torch.equal(task.pool.observed, control.pool.observed)
    for data in (task.pool, task.test):
        image = data.modalities["image"]
        assert (image.amax((-2, -1)) - image.amin((-2, -1))).max() < 1
    card = source.card()
    assert card["control"] == "toy"
    assert card["pitfall"] == "image down-sampled, 2 times fewer pixels a side"


@pytest.mark.parametrize("factor", [2, 3, 5, 112])
def test_squares_are_averaged_and_stretched(factor):
    x = torch.arange(7 * 9, dtype=torch.float32).reshape(1, 1, 7, 9)
    seen = coarser(x, factor)
    assert seen.shape == x.shape
    assert len(seen.unique()) <= x.numel()
    assert seen.min() >= x.min()
    assert seen.max() <= x.max()
    if factor == 112:
        assert torch.allclose(seen, x.mean())


def test_only_images_are_down_sampled():
    registry = Registry()
    with pytest.raises(MindgapError, match="htad has no images"):
        registry.configure("task", "htad[downsampled=audio]").build()
    with pytest.raises(MindgapError, match="unknown modality for downsampled 'audio'"):
        registry.configure("task", "av_mnist[downsampled=audio]").build()
    with pytest.raises(MindgapError, match="greater than or equal to 2"):
        registry.configure("task", "av_digits[downsampled=image, factor=1]")
    found = registry.configure("task", "av_digits[downsampled=image, factor=7, snr=0]").build()
    assert found.card()["control"] == "av_digits[snr=0.0]"
    assert found.facts.cache.path == found.complete().facts.cache.path, "nothing to prepare anew"
