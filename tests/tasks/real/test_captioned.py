"""Pictures with texts, in their authors' layout, as miniatures of a few files.

MM-IMDb as github.com/facebookresearch/mmbt reads it, scripts/mmimdb.py, and
github.com/johnarevalo/gmu-mmimdb, make_dataset.py; Hateful Memes as github.com/sahajps/
Labels-or-Input tells, Data/README.md, with rows as github.com/facebookresearch/mmf reads them,
mmf/datasets/builders/hateful_memes/dataset.py, and without labels as in github.com/HimariO/
HatefulMemesChallenge, UNITER/asset/test_unseen.jsonl; N24News as github.com/Vincent-ZHQ/UniS-MMC
reads it, data/dataloader.py, and github.com/billywzh717/N24News makes it, build_fully_dataset.py.
"""

import json
import re

import numpy as np
import pytest

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real.copies import mm_imdb
from mindgap.tasks.real.copies.hateful_memes import HatefulMemes
from mindgap.tasks.real.copies.mm_imdb import MmImdb
from mindgap.tasks.real.copies.n24news import CLASSES, N24News
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


def meme(i, **changed):
    row = {"id": i, "img": f"img/{i:05}.png", "label": i % 2, "text": f"meme {i}"} | changed
    return json.dumps({key: value for key, value in row.items() if value is not None})


@pytest.fixture
def memes(tmp_path):
    """Two memes in train, one of dev_unseen is in dev_seen, too, and test_unseen has no labels."""
    folder = tmp_path / "hateful_memes"
    (folder / "img").mkdir(parents=True)
    parts = {"train": (1, 2), "dev_seen": (3, 4), "dev_unseen": (4, 5), "test_seen": (6, 7)}
    for part, numbers in parts.items():
        lines = [meme(i, text="  " if i == 2 else f"meme {i}") for i in numbers]
        (folder / f"{part}.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "test_unseen.jsonl").write_text(meme(8, label=None) + "\n")
    for i in (1, 2, 3, 4, 5, 7):
        (folder / f"img/{i:05}.png").write_bytes(b"x" * i)
    return folder


def test_memes_in_two_parts_count_once(memes):
    assert (HatefulMemes().card()["pool"], HatefulMemes().card()["test"]) == (9140, 1000)
    told = HatefulMemes().adopt(memes)
    assert told.startswith(
        "read 7 samples (1 without image, 1 without text, the test set is test_seen; 1 left out: "
        "in another part, too), cached in"
    )
    pool, test = HatefulMemes().split(0)
    assert list(pool.ids) == ["1", "2", "3", "4", "5"]
    assert pool.classes == ("not hateful", "hateful")
    assert pool.labels.tolist() == [1, 0, 1, 0, 1]
    assert pool.observed.tolist() == [[True, i != 2] for i in range(1, 6)]
    assert pool.modalities["image"][:, 0].tolist() == [1, 2, 3, 4, 5]
    assert list(test.ids) == ["6", "7"]
    assert test.observed.tolist() == [[False, True], [True, True]]
    source = HatefulMemes()
    assert source.make(0).shape == source.shape


def test_a_labelled_part_is_the_test_set_where_asked_for(memes):
    with pytest.raises(
        InvalidData,
        match=r"test_unseen\.jsonl, line 1 has no label, so test_unseen can't be the test set; "
        r"take hateful_memes\[test=dev_seen\]",
    ):
        HatefulMemes(test="test_unseen").adopt(memes)
    source = HatefulMemes(test="dev_unseen")
    assert (source.card()["pool"], source.card()["test"]) == (8600, 540)
    assert "the test set is dev_unseen; 1 left out: in another part, too" in source.adopt(memes)
    pool, test = source.split(0)
    assert (list(pool.ids), list(test.ids)) == (["1", "2", "3"], ["4", "5"])
    (memes / "dev_seen.jsonl").unlink()
    source.adopt(memes)
    assert list(source.split(0)[0].ids) == ["1", "2"]
    with pytest.raises(MindgapError, match="unknown part for test 'train'"):
        HatefulMemes(test="train")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("odd", "train.jsonl, line 1 is no JSON"),
        (meme(1, img=None), "train.jsonl, line 1 should have id, img, text"),
        (meme(1, label=None), "train.jsonl, line 1: label should be 0 or 1"),
        (meme(1, label=2), "label should be 0 or 1"),
        (meme(1, label="1"), "label should be 0 or 1"),
        (meme(1, img="../x.png"), "line 1: the picture '../x.png' is outside the folder"),
        (meme(1, img="/etc/passwd"), "the picture '/etc/passwd' is outside the folder"),
        (meme(6, label=1), "train.jsonl, line 1: meme 6 is not hateful elsewhere"),
        (meme(9, text=""), "sample 9 has no image and no text"),
    ],
)
def test_memes_that_are_not_as_expected_are_refused(memes, line, told):
    (memes / "train.jsonl").write_text(line + "\n" + meme(2))
    with pytest.raises(InvalidData, match=re.escape(told)):
        HatefulMemes().adopt(memes)
    assert HatefulMemes().unavailable()


def article(i, **changed):
    return {
        "section": ("Books", "Art & Design")[i % 2],
        "image_id": f"picture-{i}",
        "headline": "H" * i,
        "abstract": "A" * (i + 10),
        "caption": "C" * (i + 20),
        "body": "B" * (i + 30),
        **changed,
    }


@pytest.fixture
def news(tmp_path):
    folder = tmp_path / "N24News"
    (folder / "news").mkdir(parents=True)
    (folder / "imgs").mkdir()
    for part, numbers in {"train": (1, 2, 3), "dev": (4, 5), "test": (6, 7)}.items():
        rows = [article(i, **({"headline": " "} if i == 5 else {})) for i in numbers]
        (folder / f"news/nytimes_{part}.json").write_text(json.dumps(rows))
        for i in numbers:
            (folder / f"imgs/picture-{i}.jpg").write_bytes(b"x" * i)
    (folder / "imgs/picture-2.jpg").unlink()
    return folder


def test_articles_come_in_the_published_split_with_gaps_told(news):
    source = N24News()
    assert source.text == "n24news"
    assert len(source.card()["classes"]) == len(set(CLASSES)) == 24
    assert source.adopt(news).startswith(
        "read 7 samples (1 without image, 1 without text), cached in"
    )
    pool, test = source.split(0)
    assert list(pool.ids) == ["train-1", "train-2", "train-3", "dev-1", "dev-2"]
    assert [pool.classes[label] for label in pool.labels] == [
        ("Books", "Art & Design")[i % 2] for i in range(1, 6)
    ]
    assert pool.observed.tolist() == [[i != 2, i != 5] for i in range(1, 6)]
    assert pool.modalities["text"][:, 0].tolist() == [1, 2, 3, 4, 0]
    assert test.modalities["image"][:, 0].tolist() == [6, 7]
    assert source.make(0).shape == source.shape


@pytest.mark.parametrize(("passage", "more"), [("abstract", 10), ("caption", 20), ("body", 30)])
def test_any_text_of_an_article_can_be_read(news, passage, more):
    source = N24News(passage=passage)
    assert source.text == f"n24news[passage={passage}]"
    assert source.unavailable()
    source.adopt(news)
    assert source.split(0)[1].modalities["text"][:, 0].tolist() == [6 + more, 7 + more]


def test_the_body_may_be_called_article(news):
    for path in (news / "news").iterdir():
        path.write_text(path.read_text().replace('"body"', '"article"'))
    N24News(passage="body").adopt(news)
    assert N24News(passage="body").split(0)[1].modalities["text"][:, 0].tolist() == [36, 37]
    with pytest.raises(MindgapError, match="unknown passage 'article'"):
        N24News(passage="article")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({}, "nytimes_test.json should be a list"),
        ([article(1), 3], "nytimes_test.json, entry 2 should have image_id, section"),
        ([article(1, section="Sport")], "entry 1 has the unknown section 'Sport'"),
        ([article(1, image_id="../x")], "entry 1: the picture '../x.jpg' is outside the folder"),
        ([article(1, headline=None)], "entry 1: headline should be a text"),
        ([article(9, headline="")], "sample test-1 has no image and no text"),
        ([], "has a test set of 0 classes; a copy of n24news holds news/nytimes_train.json"),
    ],
)
def test_articles_that_are_not_as_expected_are_refused(news, rows, told):
    (news / "news/nytimes_test.json").write_text(json.dumps(rows))
    with pytest.raises(InvalidData, match=re.escape(told)):
        N24News().adopt(news)
    assert N24News().unavailable()
