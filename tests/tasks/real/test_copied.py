"""What local copies of files have in common, on a set of this test's own."""

import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real.copies import copied
from mindgap.tasks.real.copies.copied import Copied, EncodedCopy, inside, known_classes
from mindgap.tasks.real.encoded import WithImages, WithSounds
from mindgap.tasks.real.packaged import Facts
from mindgap.tasks.real.pictures import EfficientNetLite0
from mindgap.tasks.real.sounds import SpeechEmbedding


@dataclass(frozen=True, kw_only=True)
class Clips(WithImages, WithSounds, EncodedCopy):
    """Frames under video/ID/, sounds as audio/ID.wav; the class is the first letter."""

    kinds = {"video": "image", "audio": "audio"}  # noqa: RUF012
    layout = "video and audio"
    family = "clips"

    @property
    def facts(self):
        told = dict.fromkeys(("description", "source", "licence", "citation", "caveats"), "")
        return Facts(**self.measured(3, 2), classes=known_classes(self.cache, "ab"), **told)

    def found_in(self, folder):
        names = (folder / "names").read_text().split()
        return (
            [
                Copied(
                    name,
                    name[0],
                    name.endswith("t"),
                    {
                        "video": sorted((folder / "video" / name).glob("*")),
                        "audio": folder / "audio" / f"{name}.wav",
                    },
                )
                for name in names
            ],
            ("a", "b"),
            "",
        )


@pytest.fixture
def clips(tmp_path, monkeypatch):
    """Four clips; a1 has frames of 1 and 4 bytes, b1 no frames, bt no sound."""

    def encode(self, content, name):
        if b"torn" in content:
            raise InvalidData(f"{name} can't be decoded")
        return np.full(self.size, len(content), dtype=np.float32)

    for encoder in (EfficientNetLite0, SpeechEmbedding):
        monkeypatch.setattr(encoder, "encode", encode)
        monkeypatch.setattr(encoder, "modules", ())
    frames = {"a1": (1, 4), "at": (2, 2, 5), "bt": (7,)}
    for name, sizes in frames.items():
        (tmp_path / "copy/video" / name).mkdir(parents=True)
        for k, size in enumerate(sizes):
            (tmp_path / "copy/video" / name / f"{k}.jpg").write_bytes(b"x" * size)
    (tmp_path / "copy/audio").mkdir()
    for name in ("a1", "b1", "at"):
        (tmp_path / f"copy/audio/{name}.wav").write_bytes(b"sound")
    (tmp_path / "copy/names").write_text("a1 b1 at bt")
    return tmp_path / "copy"


def test_frames_are_averaged_and_what_is_not_there_is_missing(clips, cache):
    told = Clips().adopt(clips)
    assert told.startswith("read 4 samples (1 without video, 1 without audio), cached in")
    pool, test = Clips().split(0)
    assert pool.observed.tolist() == [[True, True], [False, True]]
    assert test.observed.tolist() == [[True, True], [True, False]]
    assert pool.modalities["video"].shape == (2, 1280)
    assert pool.modalities["video"][0, 0] == 2.5
    assert test.modalities["video"][:, 0].tolist() == [3, 7]
    card = Clips().natural_card()
    assert card["patterns"] == {"video+audio": 0.5, "audio": 0.25, "video": 0.25}
    assert (card["pool"], card["test"]) == (2, 2)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("a1 b1 a1 at bt", "sample a1 occurs more than once"),
        ("a1 b1 c1 at bt", "sample c1 has the unknown label 'c'"),
        ("a1 b1 b2 at bt", "sample b2 has no video and no audio"),
        ("a1 b1", "has a test set of 0 classes; a copy of clips holds video and audio"),
        ("a1 at bt", "has a pool of 1 classes"),
    ],
)
def test_copies_without_sense_are_refused(clips, names, told):
    (clips / "names").write_text(names)
    for name in ("c1",):
        (clips / f"audio/{name}.wav").write_bytes(b"sound")
    with pytest.raises(InvalidData, match=told):
        Clips().adopt(clips)
    assert Clips().unavailable()


def broken(clips):
    """A frame of a1, the only frame of bt, and the only file of b1."""
    for file in ("video/a1/1.jpg", "video/bt/0.jpg", "audio/b1.wav"):
        (clips / file).write_bytes(b"torn")


def test_files_that_can_not_be_read_stop_it_and_are_listed(clips, monkeypatch):
    broken(clips)
    (clips / "audio/a1.wav").write_bytes(b"")
    with pytest.raises(InvalidData, match=r"^4 files can't be read; .* --skip-unread") as raised:
        Clips().adopt(clips)
    assert str(raised.value).splitlines()[1:] == [
        f"{clips}/video/a1/1.jpg can't be decoded",
        f"{clips}/video/bt/0.jpg can't be decoded",
        f"{clips}/audio/a1.wav is empty",
        f"{clips}/audio/b1.wav can't be decoded",
    ]
    monkeypatch.setattr(copied, "TOLD", 1)
    with pytest.raises(InvalidData, match=r"^1 or more file can't be read; mend it, .*") as raised:
        Clips().adopt(clips)
    assert "bt" not in str(raised.value)
    assert Clips().unavailable()


def test_files_that_can_not_be_read_are_missing_if_told_so(clips):
    broken(clips)
    (clips / "audio/b2.wav").write_bytes(b"sound")
    (clips / "names").write_text("a1 b1 b2 at bt")
    told = Clips().adopt(clips, skip_unreadable=True).splitlines()
    assert told[0].startswith(
        "read 3 samples (1 without video, 2 left out: nothing of them can be read), cached in"
    )
    assert told[1:] == [
        f"taken for missing: {clips}/{file} can't be decoded"
        for file in ("video/a1/1.jpg", "video/bt/0.jpg", "audio/b1.wav")
    ]
    pool, test = Clips().split(0)
    assert (list(pool.ids), list(test.ids)) == (["a1", "b2"], ["at"])
    assert pool.modalities["video"][:, 0].tolist() == [1, 0]
    assert pool.observed.tolist() == [[True, True], [False, True]]
    (clips / "audio/b2.wav").write_bytes(b"torn")
    with pytest.raises(InvalidData, match="has a pool of 1 classes; a copy of clips"):
        Clips().adopt(clips, skip_unreadable=True)


def test_frames_are_not_held_in_memory_until_all_are_read(clips):
    names = [f"{letter}{i}{split}" for letter in "ab" for i in range(10) for split in ("", "t")]
    (clips / "names").write_text(" ".join(names))
    for name in names:
        (clips / "video" / name).mkdir(exist_ok=True)
        for k in range(10):
            (clips / "video" / name / f"{k}.jpg").write_bytes(b"x" * (k + 1))
    tracemalloc.start()
    Clips().read_from(clips)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    row = 4 * (EfficientNetLite0.size + SpeechEmbedding.size)
    assert peak < 3 * row * len(names)  # a row for each of the 10 frames: over 7


def test_encoders_of_sounds_have_names():
    with pytest.raises(MindgapError, match="unknown audio encoder 'minilm'"):
        Clips(audio_encoder="minilm")
    with pytest.raises(TypeError):
        Clips(text_encoder="minilm")


def test_paths_out_of_the_folder_are_refused(tmp_path):
    (tmp_path / "copy").mkdir()
    assert inside(tmp_path / "copy", "a/b.jpg", "line 1:") == tmp_path / "copy/a/b.jpg"
    (tmp_path / "copy/link").symlink_to(tmp_path)
    for path in ("../x", "/etc/passwd", "link/x"):
        with pytest.raises(InvalidData, match=r"line 1: '.*' is outside the folder"):
            inside(tmp_path / "copy", path, "line 1:")
    for path in ("a\0b", "a" * 1000):
        with pytest.raises(InvalidData, match=r"line 1: '.*' can't be a path"):
            inside(tmp_path / "copy", path, "line 1:")


def test_a_modality_that_no_sample_has_is_a_wrong_layout(clips, cache):
    for sound in (clips / "audio").glob("*.wav"):
        sound.write_bytes(b"torn")
    with pytest.raises(InvalidData, match="no file of audio can be read"):
        Clips().adopt(clips, skip_unreadable=True)
    (clips / "names").write_text("a1 at bt")
    (clips / "audio").rename(clips / "sounds")
    with pytest.raises(InvalidData, match="none of 3 samples has audio; a copy of clips holds vid"):
        Clips().adopt(clips)
    assert not cache.exists() or not list(cache.glob("clips*"))
