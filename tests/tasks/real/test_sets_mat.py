"""Multi-view sets as .mat files in the layout of github.com/yeqinglee/mvdata.

README.md there has views, sizes, and X and Y; get_data.sh has the files' names.
"""

import inspect
import json
import re

import numpy as np
import pytest

from mindgap.errors import InvalidData, MindgapError
from mindgap.registry import Registry
from mindgap.tasks.real.copies.matlab import variables
from mindgap.tasks.real.copies.multi_view import (
    Caltech7,
    Caltech20,
    Handwritten,
    MultiView,
    NusWideObj,
)

io = pytest.importorskip("scipy.io")

SETS = {
    "caltech101_7": Caltech7,
    "caltech101_20": Caltech20,
    "handwritten": Handwritten,
    "nus_wide_obj": NusWideObj,
}


def cell(*arrays):
    made = np.empty((1, len(arrays)), dtype=object)
    for i, array in enumerate(arrays):
        made[0, i] = array
    return made


@pytest.fixture
def miniature(monkeypatch, tmp_path):
    """Makes a copy of ten samples a class; views come in another order, their sum is the row."""

    def make(kind, first=1, called="Y", **replaced):
        n = 10 * kind.n_classes
        monkeypatch.setattr(kind, "samples", n)
        rows = np.arange(n)[:, None]
        x = [np.tile(rows / size, (1, size)) for size in reversed(kind.views.values())]
        x[0] = np.tile(rows, (1, x[0].shape[1])).astype(np.uint16)
        labels = np.repeat(np.arange(kind.n_classes) + first, 10)[:, None].astype(np.uint8)
        io.savemat(tmp_path / kind.file, {"X": cell(*x), called: labels, "more": 1} | replaced)
        return tmp_path

    return make


@pytest.mark.parametrize(("name", "kind"), SETS.items())
def test_views_are_known_by_their_features_and_rows_split_by_the_seed(name, kind, miniature):
    folder = miniature(kind)
    source = Registry().configure("task", name).build()
    assert source == kind()
    assert (
        source.unavailable() == f"run `mindgap prepare {name} --from FOLDER` first, with a copy"
        " of it"
    )
    n = kind.samples
    assert source.adopt(folder).startswith(f"read {n:,} samples, cached in")
    assert source.prepare().startswith("already cached")
    pool, test = source.split(0)
    assert (len(pool), len(test)) == (round(0.7 * n), n - round(0.7 * n))
    assert set(pool.ids).isdisjoint(test.ids)
    assert list(source.split(1)[1].ids) != list(test.ids)
    assert pool.classes == tuple(map(str, range(1, kind.n_classes + 1)))
    rows = pool.ids.astype(int)
    assert (pool.labels.numpy() == rows // 10).all()
    for view, size in kind.views.items():
        x = pool.modalities[view].numpy()
        assert x.shape == (len(pool), size)
        scale = size if view == list(kind.views)[-1] else 1
        assert np.allclose(x.sum(axis=1), rows * scale, rtol=1e-5)
    task, card = source.make(0), source.card()
    assert task.shape == source.shape
    assert json.loads(json.dumps(card)) == card
    few = Registry().configure("task", f"{name}[missing=mcar]").build().make(0)
    assert not few.pool.observed.all()
    assert few.pool.observed.any(dim=1).all()


def test_what_sets_have_in_common_is_no_set():
    assert {"multi_view", "caltech", "opinions", "omics"}.isdisjoint(Registry().names("task"))
    assert inspect.isabstract(MultiView)


def test_labels_from_zero_and_by_another_name_are_read(miniature):
    Handwritten().adopt(miniature(Handwritten, first=0, called="gt"))
    pool, _ = Handwritten().split(0)
    assert pool.classes == tuple("0123456789")
    assert (pool.labels.numpy() == pool.ids.astype(int) // 10).all()


WIDE = [np.zeros((70, size)) for size in Caltech7.views.values()]
LABELS = np.repeat(np.arange(7) + 1, 10)


@pytest.mark.parametrize(
    ("replaced", "told"),
    [
        ({"X": cell(*WIDE[:5])}, "X has views of 48, 40, 254, 1984, 512 features, expected 48, 40"),
        ({"X": cell(*WIDE[:5], WIDE[0])}, "1984, 512, 48 features, expected"),
        (
            {"X": cell(*WIDE[:5], WIDE[5].T)},
            "view 6 of X has float64 of (928, 70), expected number",
        ),
        ({"X": cell(*WIDE[:5], "odd")}, "view 6 of X has"),
        ({"X": cell(np.full((70, 48), np.inf), *WIDE[1:])}, "view 1 of X, row 1 isn't finite"),
        ({"X": np.zeros((70, 3))}, "view 1 of X has float64 of ()"),
        ({"Y": LABELS[:69]}, "labels of int64 of (1, 69), expected 70 numbers"),
        ({"Y": np.where(LABELS == 7, 8, LABELS)}, "labels from 1 to 8, 7 of them, expected 1 to 7"),
        ({"Y": np.where(LABELS == 7, 1, LABELS)}, "labels from 1 to 6, 6 of them, expected 1 to 7"),
        ({"Y": LABELS + 0.5}, "labels from 1.5 to 7.5, 7 of them"),
        ({"Y": LABELS + 1}, "labels from 2 to 8"),
        ({"Y": np.where(LABELS == 7, np.nan, LABELS)}, "labels from 1 to nan"),
        ({"Y": cell(*"abcdefg")}, "labels of object"),
    ],
)
def test_files_that_are_not_as_expected_are_refused(miniature, replaced, told):
    with pytest.raises(InvalidData, match=re.escape(told)):
        Caltech7().adopt(miniature(Caltech7, **replaced))
    assert Caltech7().unavailable()


def test_a_file_that_is_not_there_or_of_another_version_is_told(tmp_path):
    with pytest.raises(
        InvalidData, match=r"mat isn't there; a copy of caltech101_20 holds Caltech"
    ):
        Caltech20().adopt(tmp_path)
    with pytest.raises(MindgapError, match="caltech101_20 is in no package"):
        Caltech20().prepare()
    path = tmp_path / "Caltech101-20.mat"
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    path.write_bytes(header.ljust(512, b"\x00") + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(
        InvalidData, match=re.escape("version 7.3, which isn't read; in MATLAB, load")
    ):
        Caltech20().adopt(tmp_path)
    for damaged in (b"", b"odd", header.replace(b"\x02", b"\x01")):
        path.write_bytes(damaged)
        with pytest.raises(InvalidData, match=r"can't be read as a MATLAB file|should hold X, but"):
            Caltech20().adopt(tmp_path)
    io.savemat(path, {"X": 1, "labels": 2})
    with pytest.raises(InvalidData, match="should hold Y or y or gt, but has X, labels"):
        variables(path, ("X",), ("Y", "y", "gt"))
