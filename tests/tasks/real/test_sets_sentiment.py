"""CMU-MOSI and CMU-MOSEI as miniatures of the copies that come with MMSA.

Layout by github.com/thuiar/MMSA: README.md has the keys, src/MMSA/data_loader.py reads them, sizes
are in src/MMSA/config/config_regression.json.
"""

import json
import pickle
import re

import numpy as np
import pytest

from mindgap.errors import InvalidData, MindgapError
from mindgap.registry import Registry
from mindgap.tasks.real.copies.cmu_mosi import CmuMosei, CmuMosi
from mindgap.tasks.real.unpickle import unpickled

SCORES = {"train": (-3, 0, 1.4, -0.2, 2), "valid": (0.2, -1, 0), "test": (3, -0.6, 0, 1)}


def clips(widths=(768, 5, 20), steps=(50, 50, 50)):
    """Splits of a few clips; values count up by clip, first steps are padding."""
    rng = np.random.default_rng(0)
    whole = {}
    for split, scores in SCORES.items():
        part = {
            m: rng.normal(size=(len(scores), t, d)).astype(np.float32)
            for m, t, d in zip(("text", "audio", "vision"), steps, widths, strict=True)
        }
        for x in part.values():
            x[:, :30] = 0
        whole[split] = {
            **part,
            "id": [f"{split}_v{i // 2}$_${i}" for i in range(len(scores))],
            "raw_text": np.array([f"clip {i}" for i in range(len(scores))], dtype=object),
            "regression_labels": np.array(scores, dtype=np.float32),
            "annotations": [np.str_("Neutral")] * len(scores),
        }
    return whole


def copy(folder, whole, name="aligned_50.pkl", protocol=4):
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(pickle.dumps(whole, protocol=protocol))
    return folder


def test_clips_come_in_the_published_split_as_means_over_their_steps(tmp_path, cache):
    whole = clips()
    whole["train"]["vision"][3] = 0
    whole["test"]["audio"][0, 40, 2] = -np.inf
    whole["valid"]["vision"][0, 41] = np.nan
    source = CmuMosi()
    assert source.unavailable().startswith("run `mindgap prepare cmu_mosi --from FOLDER`")
    assert source.card()["pool"] == 1513
    assert source.adopt(copy(tmp_path / "copy", whole)) == (
        "read 9 samples (1 without vision, 3 neutral left out, 20 NaN set to 0, as MMSA does, "
        f"1 -inf set to 0, as MMSA does), cached in {cache}/cmu_mosi-1.npz"
    )
    pool, test = source.split(0)
    assert list(map(str, pool.ids)) == [
        *(f"train_v{i // 2}$_${i}" for i in (0, 2, 3, 4)),
        *(f"valid_v0$_${i}" for i in (0, 1)),
    ]
    assert pool.classes == ("negative", "positive")
    assert pool.labels.tolist() == [0, 1, 0, 1, 1, 0]
    assert test.labels.tolist() == [1, 0, 1]
    assert pool.observed[:, 2].tolist() == [True, True, False, True, True, True]
    assert pool.observed[:, :2].all()
    text = whole["train"]["text"][2, 30:].mean(axis=0)
    assert np.allclose(pool.modalities["text"][1], text, atol=1e-6)
    audio = whole["test"]["audio"][0, 30:]
    audio[10, 2] = 0
    assert np.allclose(test.modalities["audio"][0], audio.mean(axis=0), atol=1e-6)
    task, card = source.make(0), source.card()
    assert task.shape == source.shape
    assert card["gaps"] == {"vision": 1}
    assert json.loads(json.dumps(card)) == card


def test_neutral_clips_are_a_class_of_their_own_or_joined_with_the_positive(tmp_path):
    folder = copy(tmp_path / "copy", clips())
    three, two = CmuMosi(neutral="class"), CmuMosi(neutral="positive")
    assert three.adopt(folder).startswith("read 12 samples, cached in")
    two.adopt(folder)
    assert three.split(0)[0].labels.tolist() == [0, 1, 2, 0, 2, 2, 0, 1]
    assert two.split(0)[0].labels.tolist() == [0, 1, 1, 0, 1, 1, 0, 1]
    assert two.split(0)[0].classes == ("negative", "not negative")
    assert CmuMosi().unavailable()  # another data set


def test_sequences_have_the_steps_of_their_file(tmp_path):
    whole = clips((768, 74, 35), (50, 70, 60))
    folder = copy(tmp_path / "copy", whole, "unaligned_50.pkl")
    source = CmuMosei(form="sequences", alignment="unaligned")
    assert source.shape.modalities["audio"] == (500, 74)
    source.adopt(folder)
    pool, _ = source.split(0)
    assert source.shape.modalities == {"text": (50, 768), "audio": (70, 74), "vision": (60, 35)}
    assert np.array_equal(pool.modalities["vision"][0], whole["train"]["vision"][0])
    with pytest.raises(InvalidData, match=r"aligned_50.pkl isn't there; a copy of cmu_mosei holds"):
        CmuMosei().adopt(folder)


def test_videos_on_both_sides_are_told(tmp_path):
    whole = clips()
    whole["test"]["id"][0] = "train_v0$_$9"
    told = CmuMosi().adopt(copy(tmp_path / "copy", whole))
    assert "1 videos have clips in pool and test set" in told


def changed(split, key, value):
    def change(whole):
        whole[split][key] = value

    return change


def poked(split, key, place, value):
    def change(whole):
        whole[split][key][place] = value

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda whole: whole.pop("valid"), "should hold train, valid and test"),
        (lambda whole: whole["test"].pop("audio"), "test should hold audio, id, regression_labels"),
        (changed("train", "id", ["a"]), "train has 1 ids and 5 labels"),
        (changed("valid", "regression_labels", ["a", "b", "c"]), "isn't an array of numbers"),
        (poked("train", "regression_labels", 1, 3.5), "clip train_v0$_$1 has a label that isn't"),
        (poked("train", "regression_labels", 1, np.nan), "clip train_v0$_$1 has a label"),
        (poked("train", "id", 1, "train_v0$_$0"), "clip train_v0$_$0 occurs more than once"),
        (poked("train", "text", (2, 40, 3), np.nan), "clip train_v1$_$2 has text that isn't"),
        (poked("test", "audio", (2, 40, 3), np.inf), "clip test_v1$_$2 has audio that isn't"),
        (
            changed("test", "audio", np.ones((4, 50, 74))),
            "test: audio has shape (4, 50, 74), expected (4, 50, 5)",
        ),
        (
            changed("test", "vision", np.ones((4, 49, 20))),
            "vision has shape (4, 49, 20), expected (4, 50, 20)",
        ),
        (changed("test", "vision", [[1.0], [1.0, 2.0]]), "vision isn't an array of numbers"),
        (changed("test", "text", np.zeros((4, 768))), "text has shape (4, 768), expected (4, 50"),
    ],
)
def test_copies_that_are_not_as_expected_are_refused(tmp_path, change, told):
    whole = clips()
    change(whole)
    with pytest.raises(InvalidData, match=re.escape(told)):
        CmuMosi().adopt(copy(tmp_path / "copy", whole))
    assert CmuMosi().unavailable()


def test_clips_of_zeros_only_and_splits_of_other_lengths_are_refused(tmp_path):
    whole = clips()
    for modality in ("text", "audio", "vision"):
        whole["train"][modality][4] = 0
    with pytest.raises(InvalidData, match=r"clip train_v2\$_\$4 has zeros only, in every modality"):
        CmuMosi().adopt(copy(tmp_path / "copy", whole))
    whole = clips(steps=(50, 70, 60))
    whole["test"]["audio"] = whole["test"]["audio"][:, :60]
    copy(tmp_path / "copy", whole, "unaligned_50.pkl")
    with pytest.raises(InvalidData, match="train, valid and test differ in the steps of audio"):
        CmuMosi(form="sequences", alignment="unaligned").adopt(tmp_path / "copy")


class Harm:
    def __reduce__(self):
        return print, ("harm",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_asks_for_more_than_arrays_is_not_opened(tmp_path, capsys, protocol):
    folder = copy(tmp_path / "copy", {"train": Harm()}, protocol=protocol)
    with pytest.raises(InvalidData, match=r"can't be read safely: it asks for .*print"):
        CmuMosi().adopt(folder)
    assert capsys.readouterr().out == ""
    for odd in (b"", b"odd", pickle.dumps({"x": np.arange(9.0)}, protocol)[:-40]):
        (folder / "aligned_50.pkl").write_bytes(odd)
        with pytest.raises(InvalidData, match="can't be read safely"):
            CmuMosi().adopt(folder)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_and_numbers_of_any_protocol_are_read(tmp_path, protocol):
    given = {"x": np.arange(6.0).reshape(2, 3).T, "n": np.float32(2), "s": np.array(["a", "bc"])}
    given["o"] = np.array([{"k": 1}, None], dtype=object)
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps(given, protocol))
    found = unpickled(path)
    assert all(np.array_equal(found[key], value) for key, value in given.items())
    old = path.read_bytes().replace(b"numpy._core", b"numpy.core")
    if protocol < 4:  # later ones say how long a name is
        path.write_bytes(old)
        assert np.array_equal(unpickled(path)["x"], given["x"])


def test_they_are_named_with_their_parameters():
    registry = Registry()
    source = registry.configure("task", "cmu_mosei[neutral=class, missing=mcar]").build()
    assert source == CmuMosei(neutral="class", missing="mcar")
    with pytest.raises(MindgapError, match="neutral"):
        registry.configure("task", "cmu_mosi[neutral=dropped]")
