"""What local copies of files have in common, on a set of this test's own."""

from dataclasses import dataclass

import numpy as np
import pytest

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real.copied import Copied, EncodedCopy, inside, known_classes
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
