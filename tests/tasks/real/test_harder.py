"""Pictures of fewer pixels and sounds in noise, before they are encoded, and where that is kept."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile
from test_pictured import NAMES, Shelf, stamp_files

from mindgap.errors import MindgapError
from mindgap.registry import Registry
from mindgap.tasks.real import emoji, encoded, harder, stamps
from mindgap.tasks.real.emoji import Emoji
from mindgap.tasks.real.encoded import Encoded
from mindgap.tasks.real.encoders import Encoder
from mindgap.tasks.real.harder import Downsampled, InNoise
from mindgap.tasks.real.pictures import EfficientNetLite0, picture
from mindgap.tasks.real.sounds import SpeechEmbedding, played
from mindgap.tasks.real.stamps import Stamps
from mindgap.tasks.real.texts import MiniLm


class Seen(Encoder):
    """Remembers what it is shown."""

    key, size, packages, modules = "seen", 1, (), ()

    def encode(self, content, name):
        self.content = content
        return np.zeros(1, dtype=np.float32)


def chequered():
    squares = (np.indices((224, 224)) // 4).sum(axis=0) % 2 * 255
    file = io.BytesIO()
    Image.fromarray(squares.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_a_picture_has_fewer_pixels():
    encoder = Seen()
    coarse = Downsampled(encoder, 8)
    coarse.encode(chequered(), "a")
    seen = picture(encoder.content, "a").astype(int)
    assert picture(chequered(), "a").std() > 120
    assert seen.std() < 1, "squares of 8 pixels hold as much white as black"
    assert abs(seen.mean() - 127.5) < 1
    assert (coarse.key, coarse.size) == ("seen-downsampled-8", 1)
    Downsampled(encoder, 2).encode(chequered(), "a")
    assert picture(encoder.content, "a").std() > 80, "and those of 2 one colour"


def tone(rate=16_000, seconds=2, loudness=0.9):
    time = np.arange(rate * seconds) / rate
    file = io.BytesIO()
    wavfile.write(file, rate, (loudness * np.sin(2 * np.pi * 440 * time)).astype(np.float32))
    return file.getvalue()


@pytest.mark.parametrize("snr", [-10.0, 0.0, 10.0])
def test_a_sound_is_in_noise_of_the_power_that_is_asked_for(snr):
    pytest.importorskip("soundfile", reason="needs the extra encoders")
    encoder, content = Seen(), tone()
    noisy = InNoise(encoder, snr)
    noisy.encode(content, "a")
    heard, sound = played(encoder.content, "a"), played(content, "a")
    scale = (heard @ sound) / (sound @ sound)  # noise and sound have nothing in common
    noise = heard / scale - sound
    assert 10 * np.log10((sound**2).mean() / (noise**2).mean()) == pytest.approx(snr, abs=0.2)
    assert np.abs(heard).max() <= 1, "it isn't clipped"
    first = encoder.content
    noisy.encode(content, "another name")
    assert encoder.content == first, "a recording always has the same noise"
    noisy.encode(tone(loudness=0.5), "a")
    assert encoder.content != first
    assert noisy.key == f"seen-in-noise-{snr:g}"


@pytest.fixture
def small(monkeypatch):
    """Emoji and stamps of few files; encoders whose features are means over what they are shown."""

    def encode(self, content, name):
        return np.full(self.size, np.frombuffer(content, np.uint8).mean(), dtype=np.float32)

    for encoder in (EfficientNetLite0, MiniLm, SpeechEmbedding):
        monkeypatch.setattr(encoder, "encode", encode)
        monkeypatch.setattr(encoder, "modules", ())
    monkeypatch.setattr(emoji, "NAMES", Shelf({emoji.NAMES_MEMBER: NAMES.encode()}))
    monkeypatch.setattr(emoji, "FONT", Shelf({emoji.FONT_MEMBER: b""}))
    monkeypatch.setattr(emoji, "drawn", lambda _, all: {e.name: chequered() for e in all})
    for name, value in (("N_SAMPLES", 5), ("N_POOL", 2), ("N_TEST", 1)):
        monkeypatch.setattr(emoji, name, value)
    files = {p: tone() if p.endswith((".ogg", ".wav")) else c for p, c in stamp_files().items()}
    monkeypatch.setattr(stamps, "PACKAGE", Shelf(files))
    counts = {"fr": (11, 11, 0, 11)}
    for name, value in {"N_SAMPLES": 33, "N_POOL": 22, "N_TEST": 9, "COUNTS": counts}.items():
        monkeypatch.setattr(stamps, name, value)


def test_what_is_harder_is_prepared_and_kept_by_itself(small):
    Emoji().prepare()
    coarse = Emoji(downsampled="image", factor=8)
    told = "run `mindgap prepare 'emoji[downsampled=image, factor=8]'` first"
    assert str(coarse.unavailable()).startswith(told)
    coarse.prepare()
    before, after = Emoji()._stored(), coarse._stored()
    assert not np.allclose(before["image"], after["image"])
    np.testing.assert_array_equal(before["text"], after["text"])
    assert (coarse.make(0).pool.ids == Emoji().make(0).pool.ids).all()
    assert coarse.card()["control"] == "emoji"
    hidden = Emoji(missing="mcar")
    assert hidden.facts.cache.path == Emoji().facts.cache.path, "one pitfall that needs no files"


def test_noise_on_recordings_or_on_their_features(small):
    pytest.importorskip("soundfile", reason="needs the extra encoders")
    control = Stamps(speech="fr")
    control.prepare()
    raw = Stamps(speech="fr", noisy="speech", noise_snr=-6, raw=True)
    raw.prepare()
    of = control._stored(), raw._stored()
    changed = [not np.array_equal(of[0][m], of[1][m]) for m in control.shape.modalities]
    assert changed == [False, False, True, False]
    heard = raw.make(0).pool.modalities["speech"]
    assert np.isfinite(heard[raw.make(0).pool.observed[:, 2]].numpy()).all()
    assert raw.card()["pitfall"] == "noise on recordings of speech, -6 dB below it"
    assert raw.card()["control"] == "stamps[speech=fr]"
    features = Stamps(speech="fr", noisy="speech", noise_snr=-6)
    assert features.facts.cache.path == control.facts.cache.path
    with pytest.raises(MindgapError, match="unknown modality for noisy 'image': there are: sound"):
        Stamps(noisy="image", raw=True)


def test_every_set_of_files_keeps_what_is_harder_apart(monkeypatch):
    registry, asked = Registry(), []
    monkeypatch.setattr(encoded, "encoder", lambda *_: Seen())
    for name in registry.names("task"):
        target = registry.target("task", name)
        if isinstance(target, type) and issubclass(target, Encoded):
            control = target()
            harder_ones = [target(downsampled=m, factor=8) for m in control.images]
            harder_ones += [target(noisy=m, raw=True) for m in control.recordings]
            paths = {one.facts.cache.path for one in (control, *harder_ones)}
            assert len(paths) == 1 + len(harder_ones), name
            assert set(control.kinds) == set(control.shape.modalities), name
            for one in harder_ones:
                made = [type(e) for e in one.encoders().values() if not isinstance(e, Seen)]
                assert made in ([harder.Downsampled], [harder.InNoise]), name
            asked.append(name)
    assert {"emoji", "stamps", "clip_art", "food101", "mvsa_single"} <= set(asked)
