"""Emoji, stamps and clip art from small stand-ins; the real ones are in test_real_encoded."""

import hashlib

import numpy as np
import pytest

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real import clip_art, emoji, stamps
from mindgap.tasks.real.clip_art import ClipArt
from mindgap.tasks.real.emoji import Emoji
from mindgap.tasks.real.pictures import EfficientNetLite0
from mindgap.tasks.real.sounds import SpeechEmbedding
from mindgap.tasks.real.stamps import Stamps
from mindgap.tasks.real.texts import MiniLm


class Shelf:
    """A Debian package that is at hand."""

    def __init__(self, files):
        self.files = files

    version, pinned, size = "1.0", "shelf=1.0", 9

    def members(self, *paths):
        return ((p, c) for p, c in self.files.items() if p.startswith(paths))

    def member(self, path):
        return self.files[path]


@pytest.fixture(autouse=True)
def hashing(monkeypatch):
    """Encoders whose features are numbers out of a hash, so that no extra is needed."""

    def encode(self, content, name):
        seed = int(hashlib.sha256(content).hexdigest()[:8], 16)
        return np.random.default_rng(seed).normal(size=self.size).astype(np.float32)

    for encoder in (EfficientNetLite0, MiniLm, SpeechEmbedding):
        monkeypatch.setattr(encoder, "encode", encode)
        monkeypatch.setattr(encoder, "modules", ())


NAMES = """# group: Smileys & Emotion
# subgroup: face-smiling
1F600      ; fully-qualified     # 😀 E1.0 grinning face
263A FE0F  ; fully-qualified     # ☺️ E0.6 smiling face
263A       ; unqualified         # ☺ E0.6 smiling face
# group: People & Body
1F44B      ; fully-qualified     # 👋 E0.6 waving hand
1F44B 1F3FB ; fully-qualified    # 👋🏻 E1.0 waving hand: light skin tone
1F468 200D 1F680 ; fully-qualified # 👨‍🚀 E4.0 man astronaut
1F469 200D 1F680 ; fully-qualified # 👩‍🚀 E4.0 woman astronaut
# group: Component
1F3FB      ; component           # 🏻 E1.0 light skin tone
# group: Flags
1F3C1      ; fully-qualified     # 🏁 E0.6 chequered flag
"""


def test_emoji_without_flags_and_skin_tones():
    found = emoji.listed(NAMES)
    assert [(one.name, one.label) for one in found] == [
        ("grinning face", 0),
        ("smiling face", 0),
        ("waving hand", 1),
        ("man astronaut", 1),
        ("woman astronaut", 1),
    ]
    assert found[1].text == "\u263a\ufe0f"
    with pytest.raises(InvalidData, match="unknown group 'Odd'"):
        emoji.listed("# group: Odd\n")


@pytest.mark.parametrize(
    ("names", "shared"),
    [
        (("man astronaut", "woman astronaut", "astronaut"), "astronaut"),
        (("men holding hands", "woman and man holding hands"), "holding hands"),
        (("family: man, boy", "family: woman, girl"), "family"),
        (("twelve o’clock", "twelve-thirty", "one o’clock"), "clock"),
        (("alarm clock",), "alarm clock"),
        (("woman’s hat",), "’s hat"),
    ],
)
def test_emoji_that_look_the_same_are_kin(names, shared):
    assert {emoji.kin(name) for name in names} == {shared}


def test_emoji_end_to_end(monkeypatch):
    monkeypatch.setattr(emoji, "NAMES", Shelf({emoji.NAMES_MEMBER: NAMES.encode()}))
    monkeypatch.setattr(emoji, "FONT", Shelf({emoji.FONT_MEMBER: b""}))
    monkeypatch.setattr(emoji, "drawn", lambda font, all: {e.name: e.text.encode() for e in all})
    with pytest.raises(InvalidData, match="has 5 emoji, expected 1601"):
        Emoji().prepare()
    for name, value in (("N_SAMPLES", 5), ("N_POOL", 2), ("N_TEST", 1)):
        monkeypatch.setattr(emoji, name, value)
    assert Emoji().prepare().startswith("fetched 5 samples")
    task = Emoji().make(0)
    assert task.shape == Emoji().shape
    sides = [set(data.ids) for data in (task.pool, task.test)]
    assert not any("3" in a and "4" in b for a, b in (sides, sides[::-1])), "astronauts are kin"


def test_a_font_that_is_none_is_told():
    with pytest.raises(InvalidData, match="can't be read as a font"):
        emoji.drawn(b"odd", emoji.listed(NAMES))


def stamp_files():
    files = {}
    for folder in stamps.CLASSES:
        for i in range(3):
            files[f"{folder}/a/x{i}.png"] = f"{folder} {i}".encode()
            files[f"{folder}/a/x{i}.txt"] = f"{folder} {i}.\nfr.utf8=un {i}\n".encode()
            if i:
                files[f"{folder}/a/x{i}_desc_fr.ogg"] = f"spoken {folder} {i}".encode()
        files[f"{folder}/a/x1_desc.ogg"] = f"in English {folder}".encode()
        files[f"{folder}/a/x1.wav"] = f"sound of {folder}".encode()
        files[f"{folder}/a/x0.svg"] = f"better {folder}".encode()
        files[f"{folder}/a/x0_mirror.png"] = b"mirror"
    files["hobbies/kite.png"] = b"kite"
    files["symbols/alphabets/a.png"] = b"a"
    return {stamps.FOLDER + path: content for path, content in files.items()}


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(stamps, "PACKAGE", Shelf(stamp_files()))
    counts = {"fr": (11, 11, 0, 11), "en": (11, 0, 0, 22)}
    for name, value in {"N_SAMPLES": 33, "N_POOL": 22, "N_TEST": 9, "COUNTS": counts}.items():
        monkeypatch.setattr(stamps, name, value)


def test_stamps_have_the_gaps_that_their_card_tells(few):
    for language, n in (("fr", 22), ("en", 11)):
        source = Stamps(speech=language)
        assert "mindgap prepare 'stamps[speech=" in str(source.unavailable())
        source.prepare()
        stored, card = source._stored(), source.card()
        assert stored["observed"].sum(axis=0).tolist() == [33, 33, n, 11]
        assert card["gaps"] == {"speech": 33 - n, "sound": 22}
        assert sum(card["patterns"].values()) == pytest.approx(1)
        task = source.make(0)
        assert task.shape == source.shape
        assert (len(task.pool), len(task.test)) == (22, 9)
    assert not stored["speech"][~stored["observed"][:, 2]].any()


def test_a_drawing_stands_for_the_picture_of_the_same_name(few):
    Stamps(speech="fr").prepare()
    stored = Stamps(speech="fr")._stored()
    expected = EfficientNetLite0().encode(b"better animals", "")
    assert np.array_equal(stored["image"][0], expected)
    assert stored["labels"].tolist() == np.repeat(np.arange(11), 3).tolist()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"animals/a/new.png": b"x", "animals/a/new.txt": b"New"}, "other stamps .*: 34, not 33"),
        ({"animals/a/x0_desc_fr.ogg": b"x"}, "other stamps than expected: 23 have speech"),
        ({"food/a/x0.ogg": b"x"}, "other stamps than expected: 12 have sound"),
        ({"food/a/x0.txt": b"\nfr.utf8=x"}, "stamp food/a/x0 has no description"),
    ],
)
def test_other_stamps_than_expected_are_refused(few, monkeypatch, change, told):
    more = {stamps.FOLDER + path: content for path, content in change.items()}
    monkeypatch.setattr(stamps, "PACKAGE", Shelf(stamp_files() | more))
    with pytest.raises(InvalidData, match=told):
        Stamps(speech="fr").prepare()
    assert Stamps(speech="fr").unavailable()


def svg(title):
    return (
        f'<svg><metadata><rdf:RDF><cc:Work rdf:about=""><dc:title>{title}</dc:title><dc:creator>'
        "<dc:title>Ann</dc:title></dc:creator></cc:Work></rdf:RDF></metadata></svg>"
    ).encode()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (svg("a &amp; b"), "a & b"),
        (svg("Clipart by Nicu Buculei - arrow08_4"), "arrow08_4"),
        (svg("Clip Art by Ann - Bo - a dog"), "Bo - a dog"),
        (svg(" "), ""),
        (b"<svg/>", ""),
        (b"\xff\xfe<svg", ""),
    ],
)
def test_a_title_comes_without_its_author(content, expected):
    assert clip_art.title(content) == expected


def test_clip_art_end_to_end(monkeypatch):
    files = {
        f"{folder}/{i}.svg": svg("" if i == 0 else f"series {i // 3}") + str(i).encode()
        for folder in clip_art.CLASSES
        for i in range(6)
    }
    left = {"shapes/stars/a.svg": b"", "unsorted/a.svg": b"", "tools/a.txt": b"", "a.svg": b""}
    left["tools/large.svg"] = b"x" * 400_001
    everything = {clip_art.FOLDER + path: c for path, c in (files | left).items()}
    monkeypatch.setattr(clip_art, "PACKAGE", Shelf(everything))
    with pytest.raises(InvalidData, match="has 90 drawings, expected 3394"):
        ClipArt().prepare()
    sizes = {"N_SAMPLES": 90, "N_POOL": 30, "N_TEST": 10, "UNTITLED": 15}
    for name, value in sizes.items():
        monkeypatch.setattr(clip_art, name, value)
    ClipArt().prepare()
    stored = ClipArt()._stored()
    assert stored["observed"].sum(axis=0).tolist() == [90, 75]
    assert len(set(stored["groups"])) == 15 + 2, "what has no title is akin to nothing"
    task = ClipArt().make(0)
    assert task.shape == ClipArt().shape
    assert ClipArt().card()["gaps"] == {"text": 15}


@pytest.mark.parametrize("source", [Emoji(), Stamps(), ClipArt()])
def test_without_the_extra_nothing_is_fetched(source, monkeypatch, cache):
    monkeypatch.setattr(EfficientNetLite0, "modules", ("no_such_module",))
    with pytest.raises(MindgapError, match=r"no_such_module is not installed; install the extra"):
        source.prepare()
    assert not cache.exists()
