"""Data sets of Hugging Face, made on the spot: the same as a manifest says, or the same refusal."""

import csv
import io
import sys

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from scipy.io import wavfile
from typer.testing import CliRunner

from mindgap.cli import app
from mindgap.errors import InvalidData, MindgapError
from mindgap.registry import Registry
from mindgap.tasks.real import hf_dataset, manifest
from mindgap.tasks.real.hf_dataset import from_hugging_face
from mindgap.tasks.real.table import Asked

datasets = pytest.importorskip("datasets", reason="needs the extra huggingface")

N = 24


@pytest.fixture(autouse=True)
def theirs(tmp_path, monkeypatch):
    """Where the package would keep what it converts."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "theirs")


def png(i):
    file = io.BytesIO()
    Image.new("RGB", (5, 7), (10 * i, 0, 0)).save(file, "PNG")
    return file.getvalue()


def wav(i, samples=4000):
    file = io.BytesIO()
    wavfile.write(file, 8000, (np.arange(samples) % (i + 2)).astype(np.int16) * 100)
    return file.getvalue()


def held(content):
    return None if content is None else {"bytes": content, "path": None}


def rows(n=N):
    """Every fourth without a photo, every third without a title, some without sound or accel."""
    return {
        "photo": [held(png(i) if i % 4 else None) for i in range(n)],
        "voice": [held(wav(i) if i % 5 else None) for i in range(n)],
        "title": [f"title {i % 2}" if i % 3 else None for i in range(n)],
        "accel": [[float(i), 0.5] if i % 7 != 6 else None for i in range(n)],
        "label": [i % 2 if i < n - 2 else -1 for i in range(n)],
    }


def dataset(columns=None):
    """Made of Arrow: to encode sounds, the package wants another one."""
    columns = columns or rows()
    made = datasets.Dataset(pa.table({name: pa.array(c) for name, c in columns.items()}))
    features = {
        "photo": datasets.Image(),
        "voice": datasets.Audio(),
        "label": datasets.ClassLabel(names=["cat", "dog"]),
    }
    for name in features.keys() & columns.keys():
        made = made.cast_column(name, features[name])
    return made


@pytest.fixture
def table(tmp_path):
    """The same samples as a manifest."""
    folder = tmp_path / "table"
    folder.mkdir()
    lines = []
    for i, (photo, voice, title, accel, label) in enumerate(zip(*rows().values(), strict=True)):
        for file, content in ((f"{i}.png", photo), (f"{i}.wav", voice)):
            if content:
                (folder / file).write_bytes(content["bytes"])
        cells = [i, f"{i}.png" if photo else "", f"{i}.wav" if voice else "", title or ""]
        lines.append([*cells, *(accel or ["", ""]), "" if label < 0 else ["cat", "dog"][label]])
    with (folder / "pool.csv").open("w", newline="") as file:
        head = ["id", "photo", "voice", "title", "accel.1", "accel.2", "label"]
        csv.writer(file).writerows([head, *lines])
    return folder / "pool.csv"


def test_it_says_the_same_as_a_manifest(table):
    one, other = manifest.read(table)[0], hf_dataset.read(dataset())[0]
    assert one.summary() == other.summary()
    assert one.classes == other.classes == ("cat", "dog")
    assert one.ids.tolist() == other.ids.tolist() == [str(i) for i in range(N)]
    np.testing.assert_array_equal(one.observed, other.observed)
    np.testing.assert_array_equal(one.labels, other.labels)
    assert list(one.modalities) == list(other.modalities)
    for name, x in one.modalities.items():
        np.testing.assert_array_equal(x, other.modalities[name])


def test_it_is_a_task_like_any_other():
    own = from_hugging_face("mine", dataset().shuffle(seed=1).select(range(20)))
    assert sorted(own.ids.tolist()) == sorted(str(i) for i in range(20))
    task = Registry().configure("task", "mine[missing=mcar, rate=0.2]").build().make(0)
    assert task.shape.modalities["photo"] == (3, 32, 32)
    assert len(task.pool) + len(task.test) == len(own.known)


@pytest.mark.parametrize("form", ["saved", "parquet", "file"])
def test_from_a_folder_without_a_network(tmp_path, form):
    parts = datasets.DatasetDict(
        train=dataset().select(range(16)), test=dataset().select(range(16, 22))
    )
    folder = tmp_path / "set"
    if form == "saved":
        parts.save_to_disk(str(folder))
    else:
        for name, part in parts.items():
            part.to_parquet(str(folder / f"{name}.parquet"))
    name = str(folder / "train.parquet" if form == "file" else folder)
    told = CliRunner().invoke(app, ["prepare", "--huggingface", name, "--as", "mine"])
    assert told.exit_code == 0, (told.output, told.exception)
    assert "2 classes: cat" in told.output
    source = Registry().configure("task", "mine").build()
    if form == "file":
        assert "16 samples, 16 with a label" in told.output
        return
    assert "split as given: 16 pool, 6 test" in told.output
    task = source.make(3)
    assert sorted(task.test.ids) == sorted(f"test/{i}" for i in range(6))
    assert task.pool.observed[:, 0].tolist() == [bool(i % 4) for i in range(16)]


def test_a_folder_of_pictures_by_class(tmp_path):
    for i in range(12):
        path = tmp_path / "set" / ("test" if i % 3 == 2 else "train") / ["cat", "dog"][i % 2]
        path.mkdir(parents=True, exist_ok=True)
        (path / f"{i}.png").write_bytes(png(i))
    found, root = hf_dataset.load(str(tmp_path / "set"))
    own, told = hf_dataset.read(found, root=root)
    assert list(own.modalities) == ["image"]
    assert own.classes == ("cat", "dog")
    assert (own.split == "pool").sum() == 8
    reds = {round(float(x)) for x in own.modalities["image"][:, 0, 0, 0] * 255}
    assert reds == {10 * i for i in range(12)}
    assert told == []
    (tmp_path / "set/train/cat/0.png").write_bytes(b"no")
    with pytest.raises(InvalidData, match="1 file can't be read"):
        hf_dataset.read(found, root=root)


def test_other_splits_are_named_or_refused():
    whole = dataset().select(range(22))
    parts = datasets.DatasetDict(
        train=whole.select(range(12)), validation=whole.select(range(12, 16)), test=whole
    )
    with pytest.raises(InvalidData, match="'validation/0' has the split 'validation'"):
        hf_dataset.read(parts)
    own, told = hf_dataset.read(parts, Asked(pool=["train"], test=["validation"]))
    assert own.split.tolist() == ["pool"] * 12 + ["test"] * 4
    assert "split left out: test (22)" in told
    own, _ = hf_dataset.read(parts, Asked(pool=["train", "validation"]))
    assert own.split.tolist() == ["pool"] * 16 + ["test"] * 22
    with pytest.raises(InvalidData, match="unknown split 'valid': did you mean 'validation'"):
        hf_dataset.read(parts, Asked(test=["valid"]))
    bare = datasets.DatasetDict(parts | {"test": parts["test"].remove_columns("label")})
    with pytest.raises(InvalidData, match="split 'test' has other columns than the first; leave"):
        hf_dataset.read(bare)
    own, _ = hf_dataset.read(bare, Asked(pool=["train"], test=["validation"]))
    assert own.split.tolist() == ["pool"] * 12 + ["test"] * 4
    parts["test"] = parts["test"].map(lambda row: row | {"label": -1}, features=whole.features)
    with pytest.raises(InvalidData, match="no sample of the test has a label"):
        hf_dataset.read(parts, Asked(pool=["train", "validation"]))


def other(**columns):
    return dataset({**rows(), **columns})


@pytest.mark.parametrize(
    ("make", "asked", "told"),
    [
        (dataset, {"label": "lable"}, "has no column 'lable': did you mean 'label'?"),
        (dataset, {"modalities": ["foto"]}, "unknown modality 'foto': did you mean 'photo'"),
        (lambda: other(more=[{"a": 1}] * N), {}, "column 'more' holds struct<a: int64>"),
        (lambda: other(accel=[[1.0] * (1 + i % 2) for i in range(N)]), {}, "has 2 numbers or row"),
        (lambda: other(title=["nan"] * N), {}, "sample '0' has the text 'nan' in column 'title'"),
        (lambda: other(id=["a"] * N), {}, "id 'a' occurs more than once"),
        (
            lambda: other(kind=[0] * N).cast_column("kind", datasets.ClassLabel(names=["x"])),
            {},
            "column 'kind' holds classes, which may tell the label",
        ),
        (lambda: dataset().select([]), {}, "the data set has no rows"),
        (datasets.DatasetDict, {}, "the data set has no rows"),
        (lambda: dataset().to_iterable_dataset(), {}, "is a IterableDataset, expected a Dataset"),
        (lambda: [1], {}, "is a list, expected a Dataset"),
    ],
)
def test_what_is_wrong_is_told_as_of_a_manifest(make, asked, told):
    with pytest.raises(InvalidData) as caught:
        hf_dataset.read(make(), Asked(**asked))
    assert told in str(caught.value)


def test_files_that_cannot_be_read_are_listed_and_skipped_only_if_told_to():
    photos = [held(png(i)) for i in range(N)]
    photos[3], photos[4] = held(b"\x89PNG no"), {"bytes": None, "path": "/nowhere/4.png"}
    sounds = [held(wav(i, 0 if i == 5 else 4000)) for i in range(N)]
    broken = other(photo=photos, voice=sounds)
    with pytest.raises(InvalidData) as caught:
        hf_dataset.read(broken)
    listed = str(caught.value).splitlines()
    assert listed[0].startswith("3 files can't be read")
    assert listed[1].startswith("sample '3': its photo is no image that can be decoded")
    assert listed[2] == "sample '4': /nowhere/4.png: No such file or directory"
    assert listed[3] == "sample '5': its voice is a sound of zero length"
    own, told = hf_dataset.read(broken, Asked(skip_unreadable=True))
    assert len([line for line in told if line.startswith("taken for missing")]) == 3
    gaps = [(int(row), int(m)) for row, m in np.argwhere(~own.observed[:, :2])]
    assert gaps == [(3, 0), (4, 0), (5, 1)]


def test_a_path_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "set").mkdir()
    for name in ("secret.png", "set/own.png"):
        (tmp_path / name).write_bytes(png(1))

    def named(path):
        return other(photo=[{"bytes": None, "path": str(path)}] * N)

    inside, outside = named(tmp_path / "set/own.png"), named(tmp_path / "set/../secret.png")
    assert hf_dataset.read(inside, root=tmp_path / "set")[0].observed[:, 0].all()
    with pytest.raises(
        InvalidData, match=r"sample '0' names .*, which is outside the folder .*set"
    ):
        hf_dataset.read(outside, root=tmp_path / "set")


def test_what_cannot_be_loaded(tmp_path, monkeypatch):
    with pytest.raises(MindgapError, match="there is no folder /nowhere/at/all; name one that"):
        hf_dataset.load("/nowhere/at/all")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MindgapError, match="empty can't be loaded as a data set of Hugging Face"):
        hf_dataset.load(str(tmp_path / "empty"))
    (tmp_path / "odd.parquet").write_text("odd")
    with pytest.raises(MindgapError, match=r"odd\.parquet can't be loaded"):
        hf_dataset.load(str(tmp_path / "odd.parquet"))

    def asked(name, configuration):
        raise ConnectionError(f"Couldn't reach {name!r}, {configuration}\nand more")

    monkeypatch.setattr(datasets, "load_dataset", asked)
    with pytest.raises(MindgapError) as caught:
        hf_dataset.load("owner/name:english")
    assert "Couldn't reach 'owner/name', english; give the name of one, with a n" in str(
        caught.value
    )
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MindgapError, match=r"pip install 'mindgap\[huggingface\]'"):
        hf_dataset.load("owner/name")
