"""Features that are kept by content, and files that can't be decoded."""

import io

import numpy as np
import pytest
from PIL import Image

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real import encoders, sounds
from mindgap.tasks.real.encoders import Encoder, features
from mindgap.tasks.real.pictures import EfficientNetLite0, picture
from mindgap.tasks.real.sounds import SpeechEmbedding, heard
from mindgap.tasks.real.texts import MiniLm


class Lengths(Encoder):
    """Counts what it is asked."""

    key, size, packages, modules = "lengths", 2, (), ()

    def __init__(self):
        self.asked = []

    def encode(self, content, name):
        if content == b"odd":
            raise InvalidData(f"{name} can't be decoded")
        self.asked.append(name)
        return np.array([len(content), 1], dtype=np.float32)


def test_what_was_encoded_is_not_encoded_again(cache):
    encoder = Lengths()
    found = features(encoder, {"a": b"1", "b": b"22", "c": b"1"})
    assert found.tolist() == [[1, 1], [2, 1], [1, 1]]
    assert encoder.asked == ["a", "b"], "one content, one encoding"
    features(encoder, {"other": b"22"})
    assert encoder.asked == ["a", "b"]
    other = Lengths()
    other.key = "others"
    features(other, {"b": b"22"})
    assert other.asked == ["b"], "another encoder's features are others"
    assert not list(cache.rglob(".*"))


@pytest.mark.parametrize("harm", ["torn", "shape", "nan", "pickle"])
def test_damaged_features_are_made_anew(cache, harm):
    encoder = Lengths()
    features(encoder, {"a": b"1"})
    [kept] = cache.rglob("*.npy")
    damaged = {"shape": np.zeros(3, np.float32), "nan": np.full(2, np.nan, np.float32)}
    if harm == "torn":
        kept.write_bytes(kept.read_bytes()[:-3])
    else:
        with kept.open("wb") as file:
            np.save(file, damaged.get(harm, np.array([{}, {}], dtype=object)), allow_pickle=True)
    assert features(encoder, {"a": b"1"}).tolist() == [[1, 1]]
    assert encoder.asked == ["a", "a"]


def test_what_is_encoded_stays_when_a_later_file_is_bad():
    encoder = Lengths()
    with pytest.raises(InvalidData, match="b can't be decoded"):
        features(encoder, {"a": b"1", "b": b"odd"})
    features(encoder, {"a": b"1"})
    assert encoder.asked == ["a"]


def test_features_that_cannot_be_kept_are_told(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(encoders.os, "replace", full)
    with pytest.raises(MindgapError, match=r"\(No space left on device\); set MINDGAP_CACHE"):
        features(Lengths(), {"a": b"1"})


def test_without_the_extra_its_name_is_told():
    encoder = Lengths()
    encoder.modules = ("no_such_module",)
    with pytest.raises(MindgapError, match=r"no_such_module is not installed; .*mindgap\[encoders"):
        features(encoder, {"a": b"1"})


def saved(size, colour, mode="RGBA"):
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, "PNG")
    return file.getvalue()


def test_a_picture_is_made_square_on_white():
    seen = picture(saved((40, 20), (255, 0, 0, 255)), "a")
    assert seen.shape == (224, 224, 3)
    assert seen[112, 112].tolist() == [255, 0, 0]
    assert seen[5, 112].tolist() == [255, 255, 255]
    assert (picture(saved((1000, 3), (0, 0, 0, 0)), "a") == 255).all(), "transparent is white"
    assert picture(saved((1, 1), 0, "L"), "a").max() == 0


@pytest.mark.parametrize("content", [b"", b"no picture", saved((40, 40), 0, "L")[:50], b"%PDF-1.4"])
def test_a_picture_that_does_not_decode_is_named(content):
    with pytest.raises(InvalidData, match=r"zoo/ape\.png can't be decoded as a picture"):
        picture(content, "zoo/ape.png")


def test_a_drawing_of_any_unit_is_drawn():
    pytest.importorskip("resvg_py", reason="needs the extra encoders")
    for unit in ("", "pt", "mm"):
        size = f'width="20{unit}" height="20{unit}"'
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect {size} fill="red"/></svg>'
        assert picture(svg.encode(), "a")[112, 112].tolist() == [255, 0, 0]
    with pytest.raises(InvalidData, match="ape can't be decoded as a picture"):
        picture(b"<svg odd", "ape")


def recorded(seconds, rate=22050, channels=2):
    soundfile = pytest.importorskip("soundfile", reason="needs the extra encoders")
    file = io.BytesIO()
    tone = np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate) / 2
    soundfile.write(file, np.stack([tone] * channels, axis=1), rate, format="WAV")
    return file.getvalue()


def test_a_sound_is_one_channel_at_16_khz():
    sound = heard(recorded(2), "a")
    assert len(sound) == 32_000
    assert np.abs(np.fft.rfft(sound)).argmax() == 880  # 440 Hz in two seconds
    assert len(heard(recorded(0.1, channels=1), "a")) == 16_000


def test_a_sound_without_length_is_named():
    with pytest.raises(
        InvalidData, match=r"dog\.wav is a sound of zero length; mend it, or mark it as miss"
    ):
        heard(recorded(0), "dog.wav")
    for content in (b"", b"no sound", recorded(1)[:20]):
        with pytest.raises(InvalidData, match=r"dog\.wav"):
            heard(content, "dog.wav")


def test_a_text_that_is_none_is_named():
    with pytest.raises(InvalidData, match="a is an empty text; mark it as missing"):
        MiniLm().encode(b" \n", "a")
    with pytest.raises(InvalidData, match="a is no UTF-8 text"):
        MiniLm().encode(b"\xff", "a")


def test_windows_of_a_sound_are_pooled(monkeypatch):
    monkeypatch.setattr(sounds, "heard", lambda *_: np.zeros(16_000))
    seen = []

    def run(session, x):
        seen.append((session, x.shape))
        of_frames = np.arange(100 * 32, dtype=np.float32).reshape(1, 1, 100, 32)
        return of_frames if session == "spectrum" else x.mean((1, 2, 3))[:, None] * np.ones(96)

    monkeypatch.setattr(sounds, "_run", run)
    encoder = SpeechEmbedding()
    encoder.__dict__["_sessions"] = ("spectrum", "embedding")
    first, last = 2 + (75 * 32 + 31) / 20, 2 + (75 * 32 + 31) / 20 + 24 * 3.2
    found = encoder.encode(b"", "a").reshape(5, 96)
    assert seen == [("spectrum", (1, 16_000)), ("embedding", (4, 76, 32, 1))]
    middle = first + 16 * 3.2
    assert np.allclose(found[:, 0], [(first + last) / 2, last, first, middle, last])


@pytest.mark.slow
def test_the_real_encoders_know_an_ape_from_a_house():
    for module in {*EfficientNetLite0.modules, *MiniLm.modules, *SpeechEmbedding.modules}:
        pytest.importorskip(module, reason="needs the extra encoders")
    try:
        texts = {text: text.encode() for text in ("an ape", "a monkey", "a brick house")}
        ape, monkey, house = features(MiniLm(), texts)
        [red] = features(EfficientNetLite0(), {"red": saved((40, 20), (255, 0, 0, 255))})
        [tone] = features(SpeechEmbedding(), {"tone": recorded(1)})
    except MindgapError as error:
        if "can't be fetched" not in str(error):
            raise
        pytest.skip(str(error))
    assert ape @ monkey > ape @ house + 0.2
    assert (red.shape, tone.shape) == ((1280,), (480,))
    assert red.std() > 0
    assert tone.std() > 0
