"""BRCA and ROSMAP as miniatures of the copies that come with MOGONET.

Layout by github.com/txWang/MOGONET: train_test.py reads the tables, BRCA/README.md and
ROSMAP/README.md have the classes, ROSMAP/labels_tr.csv how numbers are written.
"""

import json
import re

import numpy as np
import pytest

from mindgap.errors import InvalidData
from mindgap.tasks.real.copies.omics import Brca, Omics, Rosmap


@pytest.fixture(params=[Brca, Rosmap])
def kind(request, monkeypatch):
    monkeypatch.setattr(request.param, "published", (15, 10))
    monkeypatch.setattr(request.param, "widths", {"mrna": 4, "methylation": 3, "mirna": 2})
    return request.param


@pytest.fixture
def folder(kind, tmp_path):
    """Tables of numbers that say their omic and row; classes take turns."""
    for split, n in zip(("tr", "te"), kind.published, strict=True):
        rows = np.arange(n)[:, None] + (split == "te") * 0.5
        for i, width in enumerate(kind.widths.values(), start=1):
            table = np.tile(rows + 100 * i, (1, width))
            np.savetxt(tmp_path / f"{i}_{split}.csv", table, delimiter=",")
        labels = (np.arange(n) % len(kind.classes)).astype(float)
        np.savetxt(tmp_path / f"labels_{split}.csv", labels, delimiter=",")
    return tmp_path


def test_patients_come_in_the_published_split(kind, folder):
    source = kind()
    name = kind.__name__.lower()
    assert source.unavailable().startswith(f"run `mindgap prepare {name} --from FOLDER`")
    assert (source.card()["pool"], source.card()["test"]) == (15, 10)
    assert source.adopt(folder).startswith("read 25 samples, cached in")
    pool, test = source.split(4)
    assert list(pool.ids) == [f"tr-{i}" for i in range(15)]
    assert list(test.ids) == [f"te-{i}" for i in range(10)]
    assert pool.labels.tolist() == [i % len(kind.classes) for i in range(15)]
    for i, (omic, width) in enumerate(kind.widths.items(), start=1):
        assert pool.modalities[omic][3].tolist() == [100 * i + 3] * width
        assert test.modalities[omic][3].tolist() == [100 * i + 3.5] * width
    assert source.make(0).shape == source.shape
    few = kind(missing="mcar").make(0)
    assert not few.pool.observed.all()
    assert few.pool.observed.any(dim=1).all()
    assert json.loads(json.dumps(source.card())) == source.card()


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("2_te.csv", None, "2_te.csv isn't there; a copy of {name} holds 1_tr.csv, 2_tr.csv"),
        ("1_tr.csv", "1,2\n1\n", "1_tr.csv can't be read as numbers"),
        ("1_tr.csv", "a,b\n1,2\n", "1_tr.csv can't be read as numbers"),
        ("3_tr.csv", "1,2\n" * 14, "3_tr.csv has 14 rows of 2 numbers, expected 15 of 2"),
        ("3_tr.csv", "1,2,3\n" * 15, "3_tr.csv has 15 rows of 3 numbers, expected 15 of 2"),
        ("3_te.csv", "1,2\n" * 4 + "nan,2\n" * 6, "3_te.csv, line 5 has a value that isn't finite"),
        ("labels_tr.csv", "1\n" * 14, "labels_tr.csv has 14 rows of 1 numbers, expected 15 of 1"),
        ("labels_te.csv", "1\n" * 9 + "7\n", "labels_te.csv, line 10 has the label 7, expected 0"),
        ("labels_te.csv", "0.5\n" * 10, "labels_te.csv, line 1 has the label 0.5, expected 0 to"),
    ],
)
def test_tables_that_are_not_as_expected_are_refused(kind, folder, file, text, told):
    if text is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(text)
    with pytest.raises(InvalidData, match=re.escape(told.format(name=kind.__name__.lower()))):
        kind().adopt(folder)
    assert kind().unavailable()


def test_an_empty_table_is_refused(kind, folder):
    (folder / "1_tr.csv").write_text("")
    with pytest.raises(InvalidData, match=r"1_tr\.csv has 0 rows"):
        kind().adopt(folder)


def test_sizes_are_the_published_ones():
    assert Brca().pool_size == 612
    assert Brca().shape.modalities == {"mrna": (1000,), "methylation": (1000,), "mirna": (503,)}
    assert Rosmap().card()["classes"] == ["normal control", "Alzheimer's disease"]
    assert Omics.__abstractmethods__
