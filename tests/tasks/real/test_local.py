"""Copies in their authors' layout, as miniatures of a few files.

UPMC-Food101 as github.com/MengShen0709/bmmal reads it, dataset/food101/preprocess.py; AV-MNIST as
github.com/pliang279/MultiBench does, datasets/avmnist/get_data.py; MVSA-Single as
github.com/QingyangZhang/QMF has it, text-image-classification/datasets/MVSA_Single/dev.jsonl.
"""

import json
import re

import numpy as np
import pytest

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real.copies import av_mnist
from mindgap.tasks.real.copies.av_mnist import AvMnist
from mindgap.tasks.real.copies.food101 import Food101, recipe_of
from mindgap.tasks.real.copies.mvsa_single import MvsaSingle
from mindgap.tasks.real.pictures import EfficientNetLite0, picture
from mindgap.tasks.real.texts import MiniLm


@pytest.fixture(autouse=True)
def lengths(monkeypatch):
    """Encoders whose first feature is the length of a file."""

    def encode(self, content, name):
        return np.full(self.size, len(content), dtype=np.float32)

    for encoder in (EfficientNetLite0, MiniLm):
        monkeypatch.setattr(encoder, "encode", encode)
        monkeypatch.setattr(encoder, "modules", ())


@pytest.fixture
def dishes(tmp_path):
    """Two dishes with three pictures in each split; a page is missing, another has no recipe."""
    folder = tmp_path / "copy"
    for d, dish in enumerate(("ramen", "apple_pie")):
        (folder / "texts_txt" / dish).mkdir(parents=True)
        for s, split in enumerate(("train", "test")):
            (folder / "images" / split / dish).mkdir(parents=True)
            for i in range(3):
                number = 10 * s + i
                picture = folder / "images" / split / dish / f"{dish}_{number}.jpg"
                picture.write_bytes(b"x" * (100 * d + number + 1))
                page = folder / "texts_txt" / dish / f"{dish}_{number}.txt"
                page.write_text(f"<p>Best {dish}.</p> Ingredients: {'egg ' * (i + 1)}")
    (folder / "texts_txt/ramen/ramen_1.txt").unlink()
    (folder / "texts_txt/apple_pie/apple_pie_12.txt").write_text("Nothing but praise.")
    return folder


def test_dishes_come_in_their_official_split_with_gaps_told(dishes, cache):
    assert Food101().unavailable() == (
        "run `mindgap prepare food101 --from FOLDER` first, with a copy of it"
    )
    assert len(Food101().card()["classes"]) == 101
    told = Food101().adopt(dishes)
    assert told == (
        "read 11 samples (1 without text, 1 left out: no ingredients), "
        f"cached in {cache}/food101-1.npz"
    )
    assert Food101().prepare().startswith("already cached")
    for seed in (0, 1):
        pool, test = Food101().split(seed)
        assert pool.classes == ("apple_pie", "ramen")
        assert list(pool.ids) == [
            *(f"train/apple_pie_{i}" for i in range(3)),
            *(f"train/ramen_{i}" for i in range(3)),
        ]
        assert [str(i) for i in test.ids if "apple" in i] == [
            "test/apple_pie_10",
            "test/apple_pie_11",
        ]
    assert pool.observed.all(dim=1).tolist() == [True] * 4 + [False, True]
    assert pool.modalities["image"][:, 0].tolist() == [101, 102, 103, 1, 2, 3]
    assert pool.modalities["text"][:3, 0].tolist() == [3, 7, 11]  # "egg", "egg egg", …
    source = Food101()
    task, card = source.make(0), source.card()
    assert task.shape == source.shape
    assert (len(task.pool), len(task.test)) == (card["pool"], card["test"]) == (6, 5)
    assert source.pool_size == 6
    assert card["gaps"] == {"text": 1}
    assert card["patterns"] == pytest.approx({"image+text": 10 / 11, "image": 1 / 11})
    assert json.loads(json.dumps(card)) == card


def test_a_recipe_is_what_follows_the_last_kind_of_ingredients():
    assert recipe_of(b"Pie. Ingredients: 2 Eggs, flour") == b"2 eggs flour"
    assert recipe_of(b"ingredients a ingredients b") == b"a ingredients b"
    assert recipe_of(b"ingredients a ingredientslist b") == b"b"
    assert recipe_of(b"myingredients only") is None
    assert recipe_of(b"ingredients") == b""
    assert len(recipe_of(b"ingredients " + b"egg " * 300).split()) == 100
    assert recipe_of(b"\xff ingredients \xe9gg") is not None


def test_another_layout_is_told_with_what_a_copy_holds(dishes):
    with pytest.raises(InvalidData, match=r"images/train isn't there; a copy of food101 holds ima"):
        Food101().adopt(dishes / "images")
    with pytest.raises(MindgapError, match=r"in no package: .* --from FOLDER`, where FOLDER holds"):
        Food101().prepare()
    odd = dishes / "images/train/ramen/cover.jpg"
    odd.write_bytes(b"x")
    with pytest.raises(InvalidData, match=r"cover\.jpg should be called LABEL_ID\.jpg"):
        Food101().adopt(dishes)
    odd.unlink()
    for split in ("train", "test"):
        for path in (dishes / "images" / split / "ramen").iterdir():
            path.unlink()
    with pytest.raises(InvalidData, match="has a pool of 1 classes; a copy of food101"):
        Food101().adopt(dishes)


def test_a_picture_of_a_copy_that_does_not_decode_is_named(dishes, monkeypatch):
    monkeypatch.setattr(
        EfficientNetLite0, "encode", lambda _, content, name: picture(content, name)
    )
    with pytest.raises(
        InvalidData, match=r"train/apple_pie/apple_pie_0\.jpg can't be decoded as a"
    ):
        Food101().adopt(dishes)
    assert Food101().unavailable()


@pytest.fixture
def digits(tmp_path, monkeypatch):
    monkeypatch.setattr(av_mnist, "SPLITS", {"train": 20, "test": 10})
    folder, rng = tmp_path / "avmnist", np.random.default_rng(0)
    for kind in ("image", "audio"):
        (folder / kind).mkdir(parents=True)
    for split, n in (("train", 20), ("test", 10)):
        np.save(folder / "image" / f"{split}_data.npy", rng.uniform(0, 255, (n, 784)))
        sounds = rng.integers(0, 256, (n, 112, 112)).astype(np.uint8)
        np.save(folder / "audio" / f"{split}_data.npy", sounds)
        np.save(folder / f"{split}_labels.npy", np.arange(n) % 10)
    return folder


def test_digits_come_in_their_official_split(digits):
    assert AvMnist().adopt(digits).startswith("read 30 samples, cached in")
    source = AvMnist()
    pool, test = source.split(3)
    assert (len(pool), len(test)) == (20, 10)
    image = np.load(digits / "image/test_data.npy")[3].reshape(28, 28) / 255
    assert np.allclose(test.modalities["image"][3, 0], image, atol=1e-6)
    cell = np.load(digits / "audio/train_data.npy")[2, 4:8, 8:12].mean() / 255
    assert float(pool.modalities["audio"][2, 0, 1, 2]) == pytest.approx(cell, abs=1e-6)
    assert source.make(0).shape == source.shape
    assert json.loads(json.dumps(source.card())) == source.card()


@pytest.mark.parametrize(
    ("file", "array", "told"),
    [
        ("test_labels.npy", None, "isn't there; a copy of av_mnist holds image/train_data.npy"),
        ("test_labels.npy", np.zeros(9), "has float64 of (9,), expected (10,)"),
        ("test_labels.npy", np.full(10, 11), "a label is no digit"),
        ("image/train_data.npy", np.full((20, 784), np.nan), "a value that is no finite number"),
        ("image/train_data.npy", np.array([{}] * 20), "can't be read as an array of numbers"),
        ("audio/test_data.npy", b"odd", "can't be read as an array of numbers"),
    ],
)
def test_copies_of_digits_that_are_not_as_expected_are_refused(digits, file, array, told):
    if array is None:
        (digits / file).unlink()
    elif isinstance(array, bytes):
        (digits / file).write_bytes(array)
    else:
        np.save(digits / file, array, allow_pickle=True)
    with pytest.raises(InvalidData, match=re.escape(told)):
        AvMnist().adopt(digits)
    assert AvMnist().unavailable()


def tweet(i, **changed):
    label = ("positive", "neutral", "negative")[i % 3]
    row = {"id": str(i), "label": label, "text": f"tweet {i} ", "img": f"data/{i}.jpg"}
    return json.dumps(row | changed)


@pytest.fixture
def tweets(tmp_path):
    folder = tmp_path / "MVSA_Single"
    (folder / "data").mkdir(parents=True)
    rows = {"train": [0, 1, 2], "dev": [3, 4, 5], "test": [6, 7, 8]}
    for split, numbers in rows.items():
        lines = [tweet(i, **({"text": " "} if i == 4 else {})) for i in numbers]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
        for i in numbers:
            (folder / f"data/{i}.jpg").write_bytes(b"x" * (i + 1))
    (folder / "data/7.jpg").unlink()
    return folder


def test_tweets_come_in_the_published_split_with_gaps_told(tweets):
    source = MvsaSingle()
    assert source.card()["gaps"] == {}
    told = source.adopt(tweets)
    assert told.startswith("read 9 samples (1 without image, 1 without text), cached in")
    pool, test = source.split(0)
    assert list(pool.ids) == [f"{'dev' if i > 2 else 'train'}-{i}" for i in range(6)]
    assert pool.labels.tolist() == [2, 1, 0, 2, 1, 0]
    assert pool.observed.tolist() == [[True, i != 4] for i in range(6)]
    assert test.observed.tolist() == [[True, True], [False, True], [True, True]]
    assert pool.modalities["image"][:, 0].tolist() == [1, 2, 3, 4, 5, 6]
    card = source.card()
    assert card["gaps"] == {"image": 1, "text": 1}
    assert card["patterns"] == pytest.approx({"image+text": 7 / 9, "image": 1 / 9, "text": 1 / 9})
    assert source.make(0).shape == source.shape


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("odd", "train.jsonl, line 1 is no JSON"),
        ("[]", "train.jsonl, line 1 should have id, img, label, text"),
        (tweet(0, label="glad"), "line 1 has the unknown label 'glad'"),
        (tweet(0, text=3), "line 1: text should be a text"),
        (tweet(0, img="../secret.jpg"), "the picture '../secret.jpg' is outside the folder"),
        (tweet(0, img="/etc/passwd"), "the picture '/etc/passwd' is outside the folder"),
        (tweet(0, img="data/none.jpg", text=""), "sample train-0 has no image and no text"),
        (tweet(0) + "\n" + tweet(0), "sample train-0 occurs more than once"),
    ],
)
def test_tweets_that_are_not_as_expected_are_refused(tweets, line, told):
    (tweets / "train.jsonl").write_text(line)
    with pytest.raises(InvalidData, match=re.escape(told)):
        MvsaSingle().adopt(tweets)
    assert MvsaSingle().unavailable()
