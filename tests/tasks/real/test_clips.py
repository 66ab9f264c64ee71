"""Clips in their layouts, as miniatures of a few files.

Kinetics-Sounds as github.com/MengShen0709/bmmal has it, readme.md, dataset/kinetics_sound.py and
dataset/kinetics_sound/my_test.txt; VGGSound as the same repository, dataset/vggsound.py, and as
github.com/GeWu-Lab/OGM-GE_CVPR2022, dataset/VGGSoundDataset.py, with rows as in
github.com/Git-hossein/B.sc.-Audiocraft-module, vggsound.csv; CREMA-D as OGM-GE's
dataset/CramedDataset.py and data/CREMAD/test.csv.
"""

import io
import json
import re

import numpy as np
import pytest

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real.copies.clips import Frames, Row, clip_id, of_youtube
from mindgap.tasks.real.copies.crema_d import CremaD
from mindgap.tasks.real.copies.kinetics_sounds import CLASSES, KineticsSounds
from mindgap.tasks.real.copies.vggsound import Vggsound
from mindgap.tasks.real.pictures import EfficientNetLite0
from mindgap.tasks.real.sounds import SpeechEmbedding, played

SIDES = ("train", "test")


@pytest.fixture
def lengths(monkeypatch):
    """Encoders whose first feature is the length of a file."""

    def encode(self, content, name):
        return np.full(self.size, len(content), dtype=np.float32)

    for encoder in (EfficientNetLite0, SpeechEmbedding):
        monkeypatch.setattr(encoder, "encode", encode)
        monkeypatch.setattr(encoder, "modules", ())


def put(path, size=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


def frames(folder, sizes=(1, 2)):
    for i, size in enumerate(sizes):
        put(folder / f"frame_{i}.jpg", size)


def video(i):
    return f"-a_{i:08d}"  # such names have lines


@pytest.fixture
def kinetics(tmp_path, lengths):
    """Three classes with three clips in each split; ten frames of i + 1 bytes."""
    folder, i = tmp_path / "kinetics_sound", 0
    for split in SIDES:
        rows = []
        for number in (2, 16, 30):
            for _ in range(3):
                rows.append(f"{video(i)}_{i},10,{number}\n")
                stem = f"{video(i)}_{i:06d}_{i + 10:06d}"
                frames(folder / split / "video" / CLASSES[number] / stem, [i + 1] * 10)
                put(folder / split / "audio" / CLASSES[number] / f"{stem}.wav", 100 + i)
                i += 1
        (folder / f"my_{split}.txt").write_text("".join(rows))
    return folder


@pytest.fixture
def vggsound(tmp_path, lengths):
    """Two classes with three clips in each split, one label with commas."""
    folder, i, rows = tmp_path / "vggsound", 0, []
    for label in ('"railroad car, train wagon"', "people marching"):
        place = label.replace(",", "").strip('"')
        for split in SIDES:
            for _ in range(3):
                rows.append(f"{video(i)},{30 + i},{label},{split}\n")
                stem = f"{video(i)}_{30 + i}_{40 + i}"
                frames(folder / "frames" / split / place / stem)
                put(folder / "audio" / split / place / f"{stem}.wav", 100 + i)
                i += 1
    (folder / "vggsound.csv").write_text("".join(rows))
    return folder


STEMS = {
    "train": ("1005_IEO_ANG_HI", "1006_ITH_SAD_X", "1007_DFA_ANG_XX", "1008_IEO_SAD_LO"),
    "test": ("1010_TIE_SAD_XX", "1011_TIE_ANG_XX", "1012_TAI_SAD_XX", "1013_IOM_ANG_XX"),
}


@pytest.fixture
def crema(tmp_path, lengths):
    """Two emotions by four actors in each split; the tables begin with a byte order mark."""
    folder = tmp_path / "CREMA-D"
    for split, stems in STEMS.items():
        lines = [f"{stem},{stem[9:12]}\n" for stem in stems]
        folder.mkdir(exist_ok=True)
        (folder / f"{split}.csv").write_text("\ufeff" + "".join(lines), encoding="utf-8")
        for i, stem in enumerate(stems):
            frames(folder / "Image-01-FPS" / stem, [i + 1] * 2)
            put(folder / "AudioWAV" / f"{stem}.wav", 100 + i)
    return folder


def test_of_many_frames_five_are_taken_evenly(tmp_path):
    for n, places in ((0, []), (1, [0]), (5, [0, 1, 2, 3, 4]), (10, [1, 3, 5, 7, 9])):
        folder = tmp_path / str(n)
        frames(folder, [1] * n)
        assert [path.name for path in Frames(folder)] == [f"frame_{i}.jpg" for i in places]
    frames(tmp_path / "12", [1] * 12)  # frame_10 comes after frame_9
    assert [p.name for p in Frames(tmp_path / "12")][-1] == "frame_10.jpg"
    for odd in (".DS_Store", "._frame_0.jpg", "notes.txt"):
        put(tmp_path / "0" / odd)
    assert list(Frames(tmp_path / "0")) == list(Frames(tmp_path / "nowhere")) == []


def test_names_of_clips_are_compared_by_video_and_second(tmp_path):
    rows = [Row("", clip_id(name, ""), "", False) for name in ("a-_45678901_7", "a-_45678902_0")]
    assert [row.id for row in rows] == ["a-_45678901_7", "a-_45678902_0"]
    for name in (
        "a-_45678901_7",
        "a-_45678901_000007",
        "a-_45678901_000007_000017.mp4",
        "a-_45678901",
    ):
        found, strange = of_youtube(
            rows, [tmp_path / name, tmp_path / "a-_45678901_8", tmp_path / ".x"]
        )
        assert found == {"a-_45678901_7": tmp_path / name}
        assert strange == 1
    with pytest.raises(InvalidData, match="are of one clip; keep one of them"):
        of_youtube(rows, [tmp_path / "a-_45678901_7", tmp_path / "a-_45678901_7.wav"])


def test_kinetics_sounds_comes_in_the_split_of_its_lists(kinetics):
    source = KineticsSounds()
    assert source.unavailable().startswith("run `mindgap prepare kinetics_sounds --from FOLDER`")
    assert source.card()["pool"] == 14_739
    assert source.adopt(kinetics).startswith("read 18 samples, cached in")
    pool, test = source.split(0)
    assert (len(pool), len(test)) == (9, 9)
    assert pool.classes == CLASSES
    assert [CLASSES[k] for k in pool.labels.unique()] == ["bowling", "playing piano", "tickling"]
    assert str(test.ids[0]) == f"{video(9)}_9"
    assert pool.modalities["video"][:, 0].tolist() == list(range(1, 10))
    assert test.modalities["audio"][:, 0].tolist() == list(range(109, 118))
    assert source.make(0).shape == source.shape
    assert json.loads(json.dumps(source.card())) == source.card()


def test_what_a_copy_lacks_is_missing_or_left_out_and_told(kinetics):
    def of(i, kind):
        [path] = kinetics.glob(f"*/{kind}/*/{video(i)}_*")
        return path

    for i in (0, 1, 2):  # no frames, an empty folder of frames
        for frame in of(i, "video").iterdir():
            frame.unlink()
    of(0, "video").rmdir()
    for i in (2, 3, 4):
        of(i, "audio").unlink()
    put(kinetics / f"train/audio/laughing/{video(99)}_000001_000011.wav")
    put(kinetics / "train/audio/laughing/notes.txt")
    with (kinetics / "my_train.txt").open("a") as file:
        file.write(f"{video(3)}_3,10,16\n")
    told = KineticsSounds().adopt(kinetics)
    assert told.startswith(
        "read 17 samples (2 without video, 2 without audio, 1 of 18 listed left out: neither "
        "frames nor sound; 1 listed twice; 2 files or folders of no clip listed), cached in"
    )
    assert KineticsSounds().card()["gaps"] == {"video": 2, "audio": 2}


@pytest.mark.parametrize(
    ("file", "row", "told"),
    [
        ("my_train.txt", "", r"my_train\.txt isn't there; a copy of kinetics_sounds holds my_tr"),
        (
            "test/audio",
            "",
            r"test/audio isn't there; a copy of kinetics_sounds holds my_train\.txt",
        ),
        ("", "-a_00000000_0,10,31", r"my_train\.txt, line 10 has the unknown class '31'; classes"),
        ("", "-a_00000000_0,10,bowling", "line 10 has the unknown class 'bowling'"),
        ("", "-a_00000000_0,10", "line 10 should have 3 columns"),
        (
            "",
            "../../secret_0,10,2",
            r"line 10: '\.\./\.\./secret_0' should be a video's name of 11",
        ),
        ("", "../a_000000_0,10,2", "line 10: '../a_000000_0' should be a video's name"),
        (
            "",
            "-a_00000000_0,10,3",
            r"line 10: -a_00000000_0 has another class or split in .*my_train\.txt, line 1",
        ),
    ],
)
def test_copies_of_kinetics_sounds_without_sense_are_refused(kinetics, file, row, told):
    if file:
        (kinetics / file).rename(kinetics.parent / "away")
    else:
        with (kinetics / "my_train.txt").open("a") as table:
            table.write(row + "\n")
    with pytest.raises(InvalidData, match=told):
        KineticsSounds().adopt(kinetics)
    assert KineticsSounds().unavailable()


def test_a_modality_that_no_clip_has_is_another_layout(kinetics):
    for path in kinetics.glob("*/video/*"):
        path.rename(path.parent / f"{path.name} frames")
    for path in kinetics.glob("*/video/*/*"):
        path.rename(path.with_name(f"clip {path.name}"))
    with pytest.raises(InvalidData, match="none of 18 clips listed has video; a copy of kinetics"):
        KineticsSounds().adopt(kinetics)


def test_a_clip_on_both_sides_is_refused(kinetics):
    with (kinetics / "my_test.txt").open("a") as table:
        table.write(f"{video(0)}_0,10,2\n")
    with pytest.raises(
        InvalidData, match=r"my_test\.txt, line 10: .* has another class or split in .*my_train"
    ):
        KineticsSounds().adopt(kinetics)


def test_vggsound_comes_in_either_layout(vggsound, tmp_path):
    assert len(Vggsound().card()["classes"]) == 309
    assert Vggsound().adopt(vggsound).startswith("read 12 samples, cached in")
    pool, test = Vggsound().split(0)
    assert pool.classes == ("people marching", "railroad car, train wagon")
    assert pool.labels.tolist() == test.labels.tolist() == [1] * 3 + [0] * 3
    assert str(test.ids[0]) == f"{video(3)}_33"
    assert pool.modalities["video"][:, 0].tolist() == [1.5] * 6
    other = tmp_path / "ogm-ge"
    other.mkdir()
    (vggsound / "vggsound.csv").rename(other / "vggsound.csv")
    for split in SIDES:
        for path in sorted((vggsound / "frames" / split).glob("*/*")):
            name = path.name.rpartition("_")[0]
            place = other / f"{split}-videos/{split}-set-img/Image-01-FPS/{name}.mp4"
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)
        for path in sorted((vggsound / "audio" / split).glob("*/*")):
            place = other / f"{split}-audios/{split}-set/{path.stem.rpartition('_')[0]}.wav"
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)
    assert Vggsound().adopt(other).startswith("read 12 samples, cached in")
    again, _ = Vggsound().split(0)
    assert list(again.ids) == list(pool.ids)
    assert (again.modalities["audio"] == pool.modalities["audio"]).all()
    (vggsound / "vggsound.csv").write_text((other / "vggsound.csv").read_text())
    with pytest.raises(
        InvalidData, match="none of 12 clips listed has audio or video; a copy of v"
    ):
        Vggsound().adopt(vggsound)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            "-a_00000000,30,people marchin,train",
            "line 1 has the unknown class 'people marchin': no",
        ),
        ("-a_00000000,30,mooing,test", "line 1 has the unknown class 'mooing': no train clip has"),
        ("-a_00000000,30,,train", "line 1 has no label"),
        ("-a_00000000,30,people marching,val", "line 1: split should be train or test, not 'val'"),
        ("-a_00000000,half,people marching,train", "line 1: '-a_00000000_half' should be a video"),
        (
            "../../../ab,30,people marching,train",
            r"line 1: '\.\./\.\./\.\./ab_30' should be a video",
        ),
        ("-a_00000000,30,train", "line 1 should have 4 columns"),
        (None, r"vggsound\.csv isn't there; a copy of vggsound holds vggsound\.csv \(YTID"),
    ],
)
def test_copies_of_vggsound_without_sense_are_refused(vggsound, row, told):
    table = vggsound / "vggsound.csv"
    if row is None:
        table.unlink()
    else:
        table.write_text("\n".join([row, *table.read_text().splitlines()[1:]]))
    with pytest.raises(InvalidData, match=told):
        Vggsound().adopt(vggsound)


def test_crema_d_comes_in_its_official_split_or_with_actors_apart(crema):
    assert CremaD().adopt(crema).startswith("read 8 samples, cached in")
    pool, test = CremaD().split(1)
    assert (tuple(pool.ids), tuple(test.ids)) == (STEMS["train"], STEMS["test"])
    assert pool.classes == ("neutral", "happy", "sad", "fear", "disgust", "anger")
    assert [pool.classes[k] for k in pool.labels] == ["anger", "sad", "anger", "sad"]
    assert pool.modalities["video"][:, 0].tolist() == [1, 2, 3, 4]
    apart = CremaD(test="actors")
    assert "--from FOLDER" in apart.unavailable()
    assert apart.adopt(crema).startswith("read 8 samples, cached in")
    pool, test = apart.split(0)
    assert list(test.ids) == ["1005_IEO_ANG_HI", "1010_TIE_SAD_XX"]
    assert not {name[:4] for name in pool.ids} & {name[:4] for name in test.ids}
    assert sum(actor % 5 == 0 for actor in range(1001, 1092)) == 18
    with pytest.raises(
        MindgapError, match="unknown test set 'people': there are: actors, official"
    ):
        CremaD(test="people")


def test_gaps_of_crema_d_are_told(crema):
    (crema / "AudioWAV/1006_ITH_SAD_X.wav").unlink()
    for stem in ("1007_DFA_ANG_XX", "1011_TIE_ANG_XX"):
        for frame in (crema / "Image-01-FPS" / stem).iterdir():
            frame.unlink()
    (crema / "AudioWAV/1011_TIE_ANG_XX.wav").unlink()
    told = CremaD().adopt(crema)
    assert told.startswith(
        "read 7 samples (1 without video, 1 without audio, 1 of 8 listed left out: neither frames "
        "nor sound), cached in"
    )


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1010_TIE_SAD_XX,MAD", r"test\.csv, line 1: unknown emotion 'MAD': did you mean 'SAD'"),
        ("1010_TIE_SAD_XX,ANG", "line 1: 1010_TIE_SAD_XX is ANG here, and SAD by its name"),
        (
            "../AudioWAV/1010_TIE_SAD_XX,SAD",
            "line 1: '../AudioWAV/1010_TIE_SAD_XX' should be ACTOR",
        ),
        ("1010_TIE_SAD_XX", "line 1 should have 2 columns"),
        (
            "1005_IEO_ANG_HI,ANG",
            r"line 1: 1005_IEO_ANG_HI has another class or split in .*train\.csv, line 1",
        ),
        (None, r"test\.csv isn't there; a copy of crema_d holds train\.csv and test\.csv \(STEM,E"),
    ],
)
def test_copies_of_crema_d_without_sense_are_refused(crema, row, told):
    table = crema / "test.csv"
    if row is None:
        table.unlink()
    else:
        table.write_text("\n".join([row, *table.read_text().splitlines()[1:]]))
    with pytest.raises(InvalidData, match=told):
        CremaD().adopt(crema)
    for folder in ("AudioWAV", "Image-01-FPS"):
        with pytest.raises(InvalidData, match=re.escape(f"{folder}/train.csv isn't there")):
            CremaD().adopt(crema / folder)


def test_sounds_without_length_and_torn_frames_are_named(crema, monkeypatch):
    """By decoders themselves."""
    soundfile = pytest.importorskip("soundfile")
    from mindgap.tasks.real.pictures import picture

    monkeypatch.setattr(SpeechEmbedding, "encode", lambda self, c, n: _ones(self, played(c, n)))
    monkeypatch.setattr(EfficientNetLite0, "encode", lambda self, c, n: _ones(self, picture(c, n)))
    image = pytest.importorskip("PIL.Image")
    good, whole = io.BytesIO(), io.BytesIO()
    soundfile.write(good, np.zeros(16000), 16000, format="WAV")
    image.fromarray(np.zeros((60, 40, 3), dtype=np.uint8)).save(whole, "JPEG")
    for path in crema.glob("AudioWAV/*"):
        path.write_bytes(good.getvalue())
    for path in crema.glob("Image-01-FPS/*/*"):
        path.write_bytes(whole.getvalue())
    assert CremaD().adopt(crema).startswith("read 8 samples, cached")
    none = io.BytesIO()
    soundfile.write(none, np.zeros(0), 16000, format="WAV")
    (crema / "AudioWAV/1006_ITH_SAD_X.wav").write_bytes(none.getvalue())
    (crema / "AudioWAV/1007_DFA_ANG_XX.wav").write_bytes(b"")
    (crema / "AudioWAV/1008_IEO_SAD_LO.wav").write_bytes(b"RIFF")
    torn = crema / "Image-01-FPS/1006_ITH_SAD_X/frame_1.jpg"
    torn.write_bytes(whole.getvalue()[:100])
    with pytest.raises(InvalidData, match=r"^4 files can't be read; mend them, or take") as raised:
        CremaD().adopt(crema)
    lines = str(raised.value).splitlines()[1:]
    assert lines[0].startswith(f"{torn} can't be decoded as a picture")
    assert lines[1].startswith(f"{crema}/AudioWAV/1006_ITH_SAD_X.wav is a sound of zero length")
    assert lines[2] == f"{crema}/AudioWAV/1007_DFA_ANG_XX.wav is empty"
    assert lines[3].startswith(f"{crema}/AudioWAV/1008_IEO_SAD_LO.wav can't be decoded as a sound")
    assert "0x" not in str(raised.value)
    told = CremaD().adopt(crema, skip_unreadable=True)
    assert told.startswith("read 8 samples (3 without audio), cached")
    assert told.count("\ntaken for missing: ") == 4


def _ones(encoder, decoded):
    assert decoded.size
    return np.ones(encoder.size, dtype=np.float32)
