"""Tables as people have them: every mistake is told in one sentence, before anything is kept."""

import resource
import time
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from mindgap.cli import app
from mindgap.errors import InvalidData, MindgapError
from mindgap.registry import Registry
from mindgap.tasks.real import columns, fetch, manifest
from mindgap.tasks.real.encoded import known
from mindgap.tasks.real.own_data import from_arrays, keep, names
from mindgap.tasks.real.table import Asked

GOOD = "id,label,x,title\n" + "".join(f"s{i},{'ab'[i % 2]},{i},word {i}\n" for i in range(8))


@pytest.fixture
def csv(tmp_path):
    """Write a table, read it."""

    def read(content, name="pool.csv", **asked):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return manifest.read(tmp_path / name, Asked(**asked))

    return read


@pytest.fixture
def parquet(tmp_path):
    def read(table, **asked):
        pa.parquet.write_table(pa.table(table), tmp_path / "pool.parquet")
        return manifest.read(tmp_path / "pool.parquet", Asked(**asked))

    return read


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode("utf-8-sig"),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.rstrip("\n").encode(),
        GOOD.replace("word 3", '"word, 3"').encode(),
        GOOD.replace("word 3", '"word\n3"').encode(),
        GOOD.replace("s3,", "a/b\\c d,").encode(),
        GOOD.replace("s3,", " s3 ,").encode(),
    ],
    ids=["bom", "windows", "no_last_newline", "comma", "newline", "slashes", "blanks"],
)
def test_what_is_still_a_table(csv, content):
    own, told = csv(content)
    assert own.observed.all()
    assert own.labels.tolist() == [0, 1] * 4
    assert own.modalities["x"][:, 0].tolist() == list(range(8))
    assert told == ["read as texts: title"]
    keep("mine", own)
    assert len(Registry().configure("task", "mine").build().make(0).pool) == 6


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "pool.csv is empty; its first line has the columns' names"),
        ("id,label,x\n", "pool.csv has a header, but no rows"),
        (GOOD.replace(",", ";"), "has semicolons between its columns; save it with commas"),
        (GOOD.replace(",", "\t"), "has tabs between its columns"),
        (GOOD.replace("word 3", "wörd").encode("latin-1"), "isn't UTF-8: save it as such"),
        (GOOD.encode("utf-16"), "isn't UTF-8: save it as such"),
        (GOOD.replace("title", ""), "column 4 has no name; name it, or leave it out"),
        (GOOD.replace("title", "x"), "has two columns 'x'"),
        (GOOD.replace("label", "lable"), "has no column 'label': did you mean 'lable'?"),
        (GOOD.replace("s3,b", "s3,nan"), "there is a label 'nan', which means that there is none"),
        (GOOD.replace(",a,", ",1,").replace(",b,", ",1.0,"), "'1' and '1.0' are one number"),
        (GOOD.replace(",a,", ",0.25,").replace(",b,", ",3,"), "numbers such as 0.25, but a label"),
        (GOOD.replace("word 3", "NaN"), "sample 's3' has the text 'NaN' in column 'title'"),
        (GOOD.replace(",3,", ",three,"), "sample 's3' has 'three' in column 'x', expected a fin"),
        (GOOD.replace(",3,", ",1e99,"), "sample 's3' has '1e99' in column 'x', expected a fin"),
        (GOOD.replace(",b,", ',"b",').replace("word", '"wo'), "is no table that can be read"),
        (
            "id,label,x\n" + "".join(f's{i},{"ab"[i % 2]},"{i},5"\n' for i in range(4)),
            "column 'x' has decimal commas, such as '0,5'; write points",
        ),
        ("id,label,x\na,b,\nb,b,\n", "column 'x' is empty; leave it out"),
        ("id,label\na,b\n", "has no modality: a column beside id, label, group, split"),
        ("id,label,pool\na,b,1\n", "a modality can't be called 'pool'"),
    ],
)
def test_what_is_none(csv, content, told):
    with pytest.raises(InvalidData) as caught:
        csv(content)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_files_than_tables(csv, tmp_path):
    with pytest.raises(InvalidData, match=r"pool\.xlsx is no \.csv or \.parquet file"):
        csv(b"PK\3\4", "pool.xlsx")
    with pytest.raises(MindgapError, match=r"there is no file .*nowhere/pool\.csv"):
        manifest.read(tmp_path / "nowhere/pool.csv")
    with pytest.raises(MindgapError, match="is a folder; a manifest is one file"):
        manifest.read(tmp_path)
    whole = tmp_path / "pool.parquet"
    pa.parquet.write_table(pa.table({"id": ["a"], "label": ["b"], "x": [1.0]}), whole)
    whole.write_bytes(whole.read_bytes()[:-9])
    with pytest.raises(InvalidData, match=r"pool\.parquet is no table that can be read"):
        manifest.read(whole)


def test_columns_by_other_names(csv):
    content = GOOD.replace("id,label,x", "key,class,label")
    own, told = csv(content, id="key", label="class")
    assert own.ids.tolist() == [f"s{i}" for i in range(8)]
    assert list(own.modalities) == ["title"], "what is called label is never a modality"
    assert told == ["columns left out: label", "read as texts: title"]
    with pytest.raises(InvalidData, match=r"no column 'who'.*say which one it is with --group"):
        csv(GOOD, group="who")
    own, _ = csv(GOOD.replace("x,title", "who,title"), group="who")
    assert (len(own.groups), list(own.modalities)) == (8, ["title"])


SPLIT = "id,label,x,split\n" + "".join(
    f"s{i},{'ab'[i % 2]},{i},{part}\n" for i, part in enumerate(["train", "val", "test"] * 4)
)


def test_splits_by_other_names(csv):
    with pytest.raises(InvalidData, match=r"sample 's1' has the split 'val'; .*--pool train,val"):
        csv(SPLIT)
    own, told = csv(SPLIT, pool=["train"], test=["val"])
    assert own.split.tolist() == ["pool", "test"] * 4
    assert told == ["split left out: test (4)"]
    own, told = csv(SPLIT, pool=["train", "val"])
    assert (own.split.tolist(), told) == (["pool", "pool", "test"] * 4, [])
    for asked, expected in (
        ({"pool": ["trian"]}, "unknown split 'trian': did you mean 'train'"),
        ({"pool": ["test"], "test": ["test"]}, "split 'test' can't be in pool and test set both"),
    ):
        with pytest.raises(InvalidData, match=expected):
            csv(SPLIT, **asked)
    with pytest.raises(InvalidData, match="has no splits, so leave --pool and --test out"):
        csv(GOOD, test=["test"])
    bare = "\n".join(
        line.replace(",a,", ",,").replace(",b,", ",,") if line.endswith("test") else line
        for line in SPLIT.splitlines()
    )
    with pytest.raises(InvalidData, match="no sample of the test has a label"):
        csv(bare, pool=["train", "val"])
    own, _ = csv(bare, pool=["train"], test=["val"])
    assert len(own.known) == 8


def test_parquet_has_lists_categories_and_gaps_of_its_own(parquet):
    n = 8
    table = {
        "id": pa.array(range(n)),
        "label": pa.array(["a", "b"] * 4).dictionary_encode(),
        "vector": pa.array([[i, 1.0] if i else None for i in range(n)]),
        "frames": pa.array([[[1, i], [2, i], [3, 4]] for i in range(n)]),
        "fixed": pa.array([[float(i)] * 3 for i in range(n)], pa.list_(pa.float64(), 3)),
        "nothing": pa.array([[np.nan] * 2 if i == 3 else [1.0, i] for i in range(n)]),
        "flag": pa.array([True, False] * 4),
        "kind": pa.array([1, 2] * 4).dictionary_encode(),
        "x.a": pa.array([np.nan if i == 2 else i for i in range(n)], pa.float32()),
        "x.b": pa.array([None if i == 2 else i for i in range(n)]),
    }
    own, _ = parquet(table)
    assert own.ids.tolist() == [str(i) for i in range(n)]
    shapes = {name: x.shape[1:] for name, x in own.modalities.items()}
    expected = {"vector": (2,), "frames": (3, 2), "fixed": (3,), "nothing": (2,)}
    assert shapes == expected | {"flag": (1,), "kind": (1,), "x": (2,)}
    gaps = [(int(row), int(m)) for row, m in np.argwhere(~own.observed)]
    assert gaps == [(0, 0), (2, 6), (3, 3)]
    assert own.modalities["flag"][:2, 0].tolist() == [1, 0]
    assert own.modalities["frames"][5].tolist() == [[1, 5], [2, 5], [3, 4]]
    assert all(np.isfinite(x).all() for x in own.modalities.values())


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ([[1.0], [1.0, 2.0]] * 2, "sample '1' has 2 numbers or rows in 'x' where others have 1"),
        ([[1.0], []] * 2, "sample '1' has 0 numbers or rows in 'x'"),
        ([[[1], [2, 3]]] * 4, "sample '0' has 2 numbers or rows in 'x' where others have 1"),
        ([[1.0, np.inf]] * 4, "sample '0' has a value in 'x' that is no finite number"),
        ([[1.0, None]] * 4, "sample '0' has a value in 'x' that is no finite number"),
        ([["a"]] * 4, "column 'x' holds lists of string, expected numbers"),
        ([{"a": 1}] * 4, "column 'x' holds struct<a: int64>, of which no modality can be"),
        ([datetime(2026, 1, 1)] * 4, "column 'x' holds timestamp[us], of which no modality can b"),
        ([None] * 4, "column 'x' is empty; leave it out"),
    ],
)
def test_wrong_columns_of_parquet(parquet, column, told):
    with pytest.raises(InvalidData) as caught:
        parquet({"id": range(4), "label": ["a", "b"] * 2, "x": column})
    assert told in str(caught.value)


def test_a_label_that_is_a_number_with_gaps_is_no_class_nan(parquet):
    labels = pa.array([0.0, 1.0, np.nan, None] * 4)
    own, _ = parquet({"id": range(16), "label": labels, "x": [1.0] * 16})
    assert own.classes == ("0", "1")
    assert own.labels[:4].tolist() == [0, 1, -1, -1]
    with pytest.raises(InvalidData, match="there is a label 'nan'"):
        from_arrays("mine", {"x": np.zeros((4, 1))}, [0.0, 1.0, np.nan, 1.0])


@pytest.mark.parametrize(
    ("texts", "limit"), [(False, 10), pytest.param(True, 60, marks=pytest.mark.slow)]
)
def test_a_hundred_thousand_rows_of_many_columns(tmp_path, texts, limit):
    n, rng = 100_000, np.random.default_rng(0)
    table = {"id": np.arange(n), "label": np.arange(n) % 7}
    table |= {f"x.{i}": rng.random(n) for i in range(20)}
    table |= {"title": [f"word {i}" for i in range(n)]} if texts else {}
    pa.csv.write_csv(pa.table(table), tmp_path / "pool.csv")
    before, started = peak(), time.process_time()
    own, _ = manifest.read(tmp_path / "pool.csv")
    seconds = time.process_time() - started
    keep("large", own)
    assert own.modalities["x"].shape == (n, 20)
    assert np.allclose(own.modalities["x"][:, 3], table["x.3"])
    assert seconds < limit
    assert peak() - before < 1e9


def peak():
    """The most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_flags_go_together():
    runner = CliRunner()
    for given, told in (
        (["--label", "x"], "--label goes with --manifest or --huggingface"),
        (["htad", "--as", "x"], "--as goes with --manifest or --huggingface"),
        (["--manifest", "a.csv"], "name the data set that is made with --as"),
        (["--manifest", "a.csv", "--huggingface", "b", "--as", "c"], "not both"),
    ):
        result = runner.invoke(app, ["prepare", *given])
        assert result.exit_code == 1
        assert told in str(result.exception)


@pytest.fixture
def lengths(monkeypatch):
    """Encoders whose one feature is the length of what they are shown; and what they were."""
    seen = []

    class Length:
        size = 1
        modules = ()

        def __init__(self, kind, name):
            known(kind, name)
            self.key = f"{kind}-{name}"

        def encode(self, content, name):
            if content == b"odd":
                raise InvalidData(f"{name} can't be decoded")
            seen.append(self.key)
            return np.array([len(content)], dtype=np.float32)

    monkeypatch.setattr(columns, "encoder", Length)
    return seen


def test_columns_can_be_encoded(csv, tmp_path, lengths):
    head, *lines = GOOD.splitlines()
    for i in range(8):
        (tmp_path / f"{i}.png").write_bytes(b"x" * (i + 1))
    content = "\n".join([f"{head},photo", *(f"{line},{i}.png" for i, line in enumerate(lines))])
    encoders = {"photo": "efficientnet_lite0", "title": "hf:a/b"}
    own, _ = csv(content, encoders=encoders)
    assert own.modalities["photo"][:, 0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert own.modalities["title"][:, 0].tolist() == [6] * 8
    assert sorted(set(lengths)) == ["image-efficientnet_lite0", "text-hf:a/b"]
    assert "photo (1 by efficientnet_lite0)" in own.summary()[1]
    keep("mine", own)
    assert Registry().configure("task", "mine").build().card()["encoders"] == encoders
    (tmp_path / "3.png").write_bytes(b"odd")
    with pytest.raises(InvalidData, match=r"sample 's3': 3\.png can't be decoded"):
        csv(content, encoders=encoders)
    for asked, told in (
        ({"foto": "minilm"}, "unknown modality to encode 'foto': did you mean 'photo'"),
        ({"photo": "minilm"}, "unknown image encoder 'minilm'"),
    ):
        with pytest.raises(MindgapError, match=told):
            csv(content, encoders=asked)


def test_numbers_are_not_encoded(parquet, lengths):
    for column in ([1.0] * 4, [[1.0]] * 4):
        with pytest.raises(InvalidData, match="column 'x' has no images, sounds or texts to enc"):
            parquet(
                {"id": range(4), "label": ["a", "b"] * 2, "x": column}, encoders={"x": "minilm"}
            )


def test_a_full_disk_is_told_and_leaves_nothing(csv, monkeypatch):
    own, _ = csv(GOOD)
    keep("before", own)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch.os, "fsync", full)
    with pytest.raises(
        MindgapError, match=r"\(No space left on device\); set MINDGAP_CACHE to a f"
    ):
        keep("mine", own)
    assert names() == ["before"]
    assert [path.name for path in fetch.folder().iterdir()] == ["own-before-2.npz"]


def test_groups_too_large_to_keep_apart_are_told(csv):
    keep("mine", csv(GOOD.replace("title", "group").replace("word", "w"))[0])
    task = Registry().configure("task", "mine").build().make(0)
    assert not set(task.pool.ids) & set(task.test.ids)
    one = "\n".join(line.rsplit(",", 1)[0] + ",w" for line in GOOD.splitlines()[1:])
    own, _ = csv(f"id,label,x,group\n{one}\n")
    with pytest.raises(InvalidData, match=r"too large to be kept apart: .* group has 8 of 8; make"):
        keep("mine", own)


def test_classes_that_nobody_can_learn_are_told(csv):
    rows = [f"s{i},{'abc'[i % 3]},{i},{'test' if i % 3 == 2 else 'pool'}" for i in range(12)]
    own, _ = csv("id,label,x,split\n" + "\n".join(rows))
    assert "in the test set alone, so nobody can learn them: c" in own.summary()
