"""HTAD from a table that looks like the real one; the real one itself is a slow test."""

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mindgap.errors import InvalidData, MindgapError
from mindgap.registry import Registry
from mindgap.tasks import TaskShape
from mindgap.tasks.real import htad
from mindgap.tasks.real.htad import Htad

COUNTS = {
    "eat_chips": 282,
    "watch_tv": 206,
    "mop_floor": 181,
    "wash_hands": 180,
    "brush_teeth": 180,
    "type_on_keyboard": 179,
    "sweep": 178,
}
FEATURES = (
    [f"v1_mfcc{i}" for i in range(1, 37)]
    + ["v2_meanX", "v2_meanY", "v2_meanZ", "v2_sdX", "v2_sdY", "v2_sdZ"]
    + ["v2_maxX", "v2_maxY", "v2_maxZ", "v2_corXY", "v2_corXZ", "v2_corYZ"]
    + ["v2_meanMagnitude", "v2_sdMagnitude", "v2_auc", "v2_meanDif"]
)
NAMES = np.repeat(list(COUNTS), list(COUNTS.values()))
VALUES = np.random.default_rng(0).normal(5, 3, size=(1386, 52)).round(4)


def written(values=VALUES, names=NAMES, features=FEATURES):
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(["class", *features])
    table.writerows([name, *row] for name, row in zip(names, values, strict=True))
    return text.getvalue()


class Shelf:
    """A wheel that is at hand; counts how often it is asked."""

    def __init__(self, table):
        self.table = table
        self.asked = 0

    name, version = htad.WHEEL.name, htad.WHEEL.version

    def member(self, path):
        assert path == "multiviewstacking/data/htad.csv"
        self.asked += 1
        return self.table.encode("latin-1")


@pytest.fixture
def shelf(monkeypatch):
    wheel = Shelf(written())
    monkeypatch.setattr(htad, "WHEEL", wheel)
    return wheel


def test_the_registry_has_it():
    assert "htad" in Registry().names("task")
    assert Registry().configure("task", "htad").build() == Htad()


def test_prepared_once_by_pip_then_ready(publish, monkeypatch, cache):
    wheel = publish("multiviewstacking", {htad.MEMBER: written()})
    monkeypatch.setattr(htad, "WHEEL", wheel)
    assert Htad().unavailable() == "run `mindgap prepare htad` first (0.4 MB)"
    with pytest.raises(MindgapError, match="run `mindgap prepare htad` first"):
        Htad().make(0)
    told = Htad().prepare()
    assert told == f"fetched 1,386 samples (0.4 MB), cached in {cache}/htad-0.7.5.npz"
    assert Htad().unavailable() is None
    assert len(Htad().make(0).pool) == 970


def test_the_second_time_nothing_is_fetched(shelf, cache):
    Htad().prepare()
    assert Htad().prepare() == f"already cached in {cache}/htad-0.7.5.npz"
    assert shelf.asked == 1


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_prepare_mends_a_damaged_cache(shelf, damage):
    Htad().prepare()
    whole = htad.CACHE.path.read_bytes()
    if damage == "truncated":
        htad.CACHE.path.write_bytes(whole[: len(whole) // 2])
        assert "is damaged, run `mindgap prepare htad` again" in str(Htad().unavailable())
    else:
        htad.CACHE.path.write_bytes(whole[:999] + bytes([whole[999] ^ 1]) + whole[1000:])
    with pytest.raises(MindgapError, match="is damaged, run `mindgap prepare htad` again"):
        Htad().make(0)
    assert Htad().prepare().startswith("fetched")
    assert Htad().unavailable() is None
    assert htad.CACHE.path.read_bytes() == whole


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_pool_and_test_set_are_all_rows_scaled_by_the_pool(shelf, seed):
    Htad().prepare()
    task = Htad().make(seed)
    assert task.test is not None
    rows = {"pool": task.pool.ids.astype(int), "test": task.test.ids.astype(int)}
    assert (len(rows["pool"]), len(rows["test"])) == (970, 416)
    assert sorted(np.concatenate(list(rows.values()))) == list(range(1386))
    scaler = StandardScaler().fit(VALUES[rows["pool"]])
    for split, data in (("pool", task.pool), ("test", task.test)):
        joint = np.hstack([data.modalities["audio"], data.modalities["accelerometer"]])
        assert np.allclose(joint, scaler.transform(VALUES[rows[split]]), atol=1e-4)
        assert (np.array(data.classes)[data.labels] == NAMES[rows[split]]).all()
        assert data.observed.all()
        assert set(data.labels.tolist()) == set(range(7))


def test_a_seed_is_a_split(shelf):
    Htad().prepare()
    first, again, other = Htad().make(0), Htad().make(0), Htad().make(1)
    assert (first.pool.ids == again.pool.ids).all()
    assert torch.equal(first.pool.modalities["audio"], again.pool.modalities["audio"])
    assert set(first.pool.ids) != set(other.pool.ids)


def test_the_split_stays_the_same_over_versions(shelf):
    # A stored study can be continued only if this never changes.
    Htad().prepare()
    assert Htad().make(0).pool.ids[:4].tolist() == ["319", "1095", "1380", "682"]


def test_what_is_told_without_data_is_true(shelf):
    source = Htad()
    shape, size, card = source.shape, source.pool_size, source.card()
    assert shelf.asked == 0
    assert source.unavailable() is not None
    source.prepare()
    task = source.make(3)
    assert task.test is not None
    assert task.shape == shape == TaskShape({"audio": (36,), "accelerometer": (16,)}, 7)
    assert (len(task.pool), len(task.test)) == (size, card["test"]) == (card["pool"], 416)
    assert {name: tuple(size) for name, size in card["modalities"].items()} == shape.modalities
    assert tuple(card["classes"]) == task.pool.classes == tuple(sorted(COUNTS))
    assert card["patterns"] == {"+".join(task.pool.names): 1.0}


def test_the_card_is_json_with_every_key():
    card = Htad().card()
    assert json.loads(json.dumps(card)) == card
    of_every_task = {"kind", "family", "summary", "description", "pitfall", "control", "truth"}
    of_its_data = {"modalities", "classes", "pool", "test", "patterns", "test_patterns"}
    of_real_data = {"size", "gaps", "grouped", "source", "licence", "citation", "caveats"}
    assert set(card) == of_every_task | of_its_data | of_real_data
    assert (card["kind"], card["family"]) == ("data set", "htad")
    assert card["pitfall"] is card["control"] is card["truth"] is None


def test_columns_are_found_by_name():
    order = np.random.default_rng(1).permutation(52)
    shuffled = htad.parse(written(VALUES[:, order], features=[FEATURES[i] for i in order]))
    for name, array in htad.parse(written()).items():
        assert np.array_equal(shuffled[name], array)


def replaced(cell, by):
    values = VALUES.astype(object)
    values[cell] = by
    return written(values)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("", "has no column 'class'"),
        (written(VALUES[:, :-1], features=FEATURES[:-1]), "has no column 'v2_meanDif'"),
        (written(VALUES[:, 1:], features=FEATURES[1:]), "has no column 'v1_mfcc1'"),
        (written(VALUES[:-1], NAMES[:-1]), "has 1385 samples, expected 1386"),
        (
            written(VALUES, np.where(np.arange(1386) == 5, "nap", NAMES)),
            "sample 5 has the unknown ",
        ),
        (replaced((7, 0), "nan"), "sample 7 has 'nan' in column 'v1_mfcc1', expected a number"),
        (replaced((7, 51), "inf"), "sample 7 has 'inf' in column 'v2_meanDif'"),
        (replaced((0, 36), "n/a"), "sample 0 has 'n/a' in column 'v2_meanX'"),
        (replaced((0, 36), ""), "sample 0 has '' in column 'v2_meanX'"),
        (written().rstrip().rpartition(",")[0], "sample 1385 has None in column 'v2_meanDif'"),
    ],
)
def test_a_table_that_is_not_as_expected_is_refused_and_not_cached(shelf, table, told):
    shelf.table = table
    with pytest.raises(InvalidData, match=re.escape(told)):
        Htad().prepare()
    assert not htad.CACHE.path.exists()


def test_a_wheel_that_is_not_the_pinned_one_is_not_cached(publish, monkeypatch):
    wheel = publish("multiviewstacking", {htad.MEMBER: written()})
    monkeypatch.setattr(htad, "WHEEL", replace(wheel, sha256=htad.WHEEL.sha256))
    with pytest.raises(MindgapError, match="expected b13e4d6b99e9daf7"):
        Htad().prepare()
    assert not htad.CACHE.path.exists()


@pytest.mark.slow
def test_the_real_data():
    try:
        Htad().prepare()
    except MindgapError as error:
        if "can't be fetched" not in str(error):
            raise
        pytest.skip(str(error))
    stored = htad.CACHE.load("audio", "accelerometer", "labels")
    labels = stored["labels"]
    counts = np.bincount(labels)
    assert {name: counts[i] for i, name in enumerate(htad.CLASSES)} == COUNTS
    stored["both"] = np.hstack([stored["audio"], stored["accelerometer"]])
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for modality, expected in (("audio", 0.635), ("accelerometer", 0.786), ("both", 0.861)):
        x = stored[modality]
        model = LogisticRegression(C=x.shape[1] ** -0.5, max_iter=5000)
        scores = cross_val_score(make_pipeline(StandardScaler(), model), x, labels, cv=folds)
        assert abs(scores.mean() - expected) < 0.05, modality
    assert len(Htad().make(0).pool) == 970
