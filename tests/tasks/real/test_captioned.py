"""Pictures with texts, in their authors' layout, as miniatures of a few files.

MM-IMDb as github.com/facebookresearch/mmbt reads it, scripts/mmimdb.py, and
github.com/johnarevalo/gmu-mmimdb, make_dataset.py.
"""

import json
import re

import numpy as np
import pytest

from mindgap.errors import InvalidData
from mindgap.tasks.real import mm_imdb
from mindgap.tasks.real.mm_imdb import MmImdb
from mindgap.tasks.real.pictures import EfficientNetLite0
from mindgap.tasks.real.texts import MiniLm


@pytest.fixture(autouse=True)
def lengths(monkeypatch):
    """Encoders whose first feature is the length of a file."""

    def encode(self, content, name):
        return np.full(self.size, len(content), dtype=np.float32)

    for encoder in (EfficientNetLite0, MiniLm):
        monkeypatch.setattr(encoder, "encode", encode)
        monkeypatch.setattr(encoder, "modules", ())


def film(folder, number, *genres, plots=("short", "longest"), poster=True):
    (folder / "dataset").mkdir(parents=True, exist_ok=True)
    entry = {"title": "A film", "genres": genres, "plot": plots}
    (folder / f"dataset/{number}.json").write_text(json.dumps(entry))
    if poster:
        (folder / f"dataset/{number}.jpeg").write_bytes(b"x" * int(number))


@pytest.fixture
def films(tmp_path, monkeypatch):
    """Dramas and comedies in each part; one of both, a lone western, gaps in poster and plot."""
    monkeypatch.setattr(mm_imdb, "FEWEST", 2)
    folder = tmp_path / "mmimdb"
    film(folder, "01", "Drama")
    film(folder, "02", "Comedy", poster=False)
    film(folder, "03", "Drama", "Comedy")
    film(folder, "04", "Western")
    film(folder, "05", "Drama", plots=())
    film(folder, "06", "Comedy")
    film(folder, "07", "Comedy", plots=("a", "bc"))
    film(folder, "08", "Western")
    film(folder, "09")
    parts = {"train": ["01", "02", "03", "04"], "dev": ["05", "06"], "test": ["07", "08", "09"]}
    (folder / "split.json").write_text(json.dumps(parts))
    return folder


def test_films_of_one_genre_stay_in_the_official_split(films, cache):
    assert len(MmImdb().card()["classes"]) == 23
    told = MmImdb().adopt(films)
    assert told == (
        "read 5 samples (1 without image, 1 without text, 2 left out: not of exactly one genre; "
        "2 left out: of genres of fewer than 2 films in the pool: Western), "
        f"cached in {cache}/mm_imdb-1.npz"
    )
    for seed in (0, 1):
        pool, test = MmImdb().split(seed)
        assert pool.classes == ("Comedy", "Drama")
        assert list(pool.ids) == ["01", "02", "05", "06"]
        assert list(test.ids) == ["07"]
    assert pool.labels.tolist() == [1, 0, 1, 0]
    assert pool.observed.tolist() == [[True, True], [False, True], [True, False], [True, True]]
    assert pool.modalities["image"][:, 0].tolist() == [1, 0, 5, 6]
    assert pool.modalities["text"][:, 0].tolist() == [7, 7, 0, 7]  # "longest"
    assert test.modalities["text"][0, 0] == 2
    source = MmImdb()
    assert source.make(0).shape == source.shape
    assert json.loads(json.dumps(source.card())) == source.card()


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("split.json", None, "split.json isn't there; a copy of mm_imdb holds split.json"),
        ("split.json", "odd", "split.json is no JSON"),
        ("split.json", '{"train": [], "test": []}', "split.json should have dev, test, train"),
        ("split.json", '{"train": {}, "dev": [], "test": []}', "train should be a list"),
        (
            "split.json",
            '{"train": [1], "dev": [], "test": []}',
            "split.json: the film of train 1 should be a text",
        ),
        (
            "split.json",
            '{"train": ["../../etc/x"], "dev": [], "test": []}',
            "split.json: the film of train 'dataset/../../etc/x.json' is outside the folder",
        ),
        ("dataset/05.json", None, "05.json isn't there; a copy of mm_imdb holds"),
        ("dataset/05.json", "[]", "05.json should have fields"),
        ("dataset/05.json", '{"genres": "Drama"}', "05.json: genres should be a list of texts"),
        ("dataset/05.json", '{"genres": ["Drama"], "plot": [1]}', "plot should be a list of texts"),
        (
            "split.json",
            '{"train": ["01", "02", "05", "06", "06"], "dev": [], "test": ["07"]}',
            "sample 06 occurs more than once",
        ),
    ],
)
def test_films_that_are_not_as_expected_are_refused(films, file, content, told):
    (films / file).unlink() if content is None else (films / file).write_text(content)
    with pytest.raises(InvalidData, match=re.escape(told)):
        MmImdb().adopt(films)
    assert MmImdb().unavailable()
