"""Utterances as words and sound, in their authors' layout, as miniatures of a few files.

MELD as github.com/declare-lab/MELD has it, utils/read_meld.py and data/MELD/train_sent_emo.csv, its
sounds as github.com/Barelella/S4SpeechFormer takes them out, extract_feature/mp4_to_wav.py; IEMOCAP
as github.com/espnet/s3prl reads it, s3prl/downstream/emotion/IEMOCAP_preprocess.py, its words as
github.com/ttccnu/IEMOCAP-datasets-preprocess does, datasets_preprocessing.py, and how many there
are in a session as in github.com/ddlBoJack/emotion2vec, iemocap_downstream/main.py.
"""

import json
import re

import numpy as np
import pytest

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks.real.copies.iemocap import Iemocap
from mindgap.tasks.real.copies.meld import Meld
from mindgap.tasks.real.sounds import SpeechEmbedding
from mindgap.tasks.real.texts import MiniLm


@pytest.fixture(autouse=True)
def lengths(monkeypatch):
    """Encoders whose first feature is the length of a file."""

    def encode(self, content, name):
        return np.full(self.size, len(content), dtype=np.float32)

    for encoder in (SpeechEmbedding, MiniLm):
        monkeypatch.setattr(encoder, "encode", encode)
        monkeypatch.setattr(encoder, "modules", ())


HEAD = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID\n"
ROWS = {
    "train": '1,"Oh, no!",Joey,fear,negative,0,0\n2,Hi.,Ross,joy,positive,0,1\n',
    "dev": "1,Hey,Monica,joy,positive,0,0\n",
    "test": "1,So?,Phoebe,neutral,neutral,0,0\n2,What,Joey,fear,negative,3,12\n",
}
FOLDERS = {
    "train": "train_splits_wav",
    "dev": "dev_splits_complete_wav",
    "test": "output_repeated_splits_test_wav",
}


@pytest.fixture
def series(tmp_path):
    folder = tmp_path / "MELD.Raw"
    for part, rows in ROWS.items():
        (folder / FOLDERS[part]).mkdir(parents=True)
        (folder / f"{part}_sent_emo.csv").write_text(HEAD + rows)
        (folder / FOLDERS[part] / "dia0_utt0.wav").write_bytes(b"x" * 9)
    (folder / FOLDERS["test"] / "dia3_utt12.wav").write_bytes(b"x" * 5)
    (folder / FOLDERS["test"] / "final_videos_testdia3_utt12.wav").write_bytes(b"x" * 6)
    return folder


def test_utterances_come_in_the_official_split_with_gaps_told(series):
    assert (Meld().card()["pool"], Meld().card()["test"]) == (11_098, 2_610)
    assert Meld().adopt(series).startswith("read 5 samples (1 without audio), cached in")
    source = Meld()
    pool, test = source.split(0)
    assert list(pool.ids) == ["train-dia0_utt0", "train-dia0_utt1", "dev-dia0_utt0"]
    assert list(test.ids) == ["test-dia0_utt0", "test-dia3_utt12"]
    assert [pool.classes[label] for label in pool.labels] == ["fear", "joy", "joy"]
    assert pool.observed.tolist() == [[True, True], [True, False], [True, True]]
    assert pool.modalities["text"][:, 0].tolist() == [7, 3, 3]  # "Oh, no!"
    assert test.modalities["audio"][:, 0].tolist() == [9, 5]
    assert source.make(0).shape == source.shape
    assert json.loads(json.dumps(source.card())) == source.card()


def test_a_copy_whose_sounds_were_not_taken_out_is_refused(series):
    (series / "train_splits").mkdir()
    (series / "train_splits_wav/dia0_utt0.wav").unlink()
    (series / "train_splits_wav").rmdir()
    with pytest.raises(InvalidData, match=r"train_splits_wav isn't there; .* sounds of the videos"):
        Meld().adopt(series)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1,Hi,Joey,glee,positive,0,0", "test_sent_emo.csv, line 2 has the unknown emotion 'glee'"),
        ("1,Hi,Joey,joy,positive,../0,0", "line 2: Dialogue_ID and Utterance_ID should be numbers"),
        ("1,Hi,Joey,joy,positive,0,", "line 2: Dialogue_ID and Utterance_ID should be numbers"),
        ("1,Hi,Joey,joy", "test_sent_emo.csv, line 2 should have 7 columns"),
        ("1,,Joey,joy,positive,7,7", "sample test-dia7_utt7 has no text and no audio"),
        (ROWS["test"] + ROWS["test"], "sample test-dia0_utt0 occurs more than once"),
    ],
)
def test_utterances_that_are_not_as_expected_are_refused(series, row, told):
    (series / "test_sent_emo.csv").write_text(HEAD + row)
    with pytest.raises(InvalidData, match=re.escape(told)):
        Meld().adopt(series)
    assert Meld().unavailable()


def dialogue(folder, name, *utterances):
    """A dialogue in three places: labels with single opinions, words, a sound each."""
    session = folder / f"Session{int(name[3:5])}"
    for part in ("dialog/EmoEvaluation", "dialog/transcriptions", f"sentences/wav/{name}"):
        (session / part).mkdir(parents=True, exist_ok=True)
    labels = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
    words = []
    for i, (emotion, text) in enumerate(utterances):
        utterance = f"{name}_F{i:03}"
        labels += [f"[{i}.5 - {i + 1}.5]\t{utterance}\t{emotion}\t[2.5000, 2.5000, 2.5000]"]
        labels += ["C-E2:\tNeutral;\t()", ""]
        words += [f"{utterance} [00{i}.5000-00{i + 1}.5000]: {text}", "F: (LAUGHTER)"]
        (session / f"sentences/wav/{name}/{utterance}.wav").write_bytes(b"x" * (i + 10))
    (session / f"dialog/EmoEvaluation/{name}.txt").write_text("\n".join(labels))
    (session / f"dialog/transcriptions/{name}.txt").write_text("\n".join(words))


@pytest.fixture
def actors(tmp_path):
    """An improvised dialogue of three a session, of which one has another emotion; a script."""
    folder = tmp_path / "IEMOCAP_full_release"
    for i in range(1, 6):
        dialogue(folder, f"Ses0{i}F_impro01", ("ang", "No!"), ("exc", "Yes!!"), ("fru", "Well"))
    dialogue(folder, "Ses02M_script01_1", ("hap", "To be"), ("sad", "or not"))
    labels = folder / "Session1/dialog/EmoEvaluation"
    (labels / "._Ses01F_impro01.txt").write_bytes(b"\x00\x05\x16\x07")
    (folder / "Session3/sentences/wav/Ses03F_impro01/Ses03F_impro01_F000.wav").unlink()
    (folder / "Session4/dialog/transcriptions/Ses04F_impro01.txt").unlink()
    return folder


def test_a_session_is_the_test_set(actors):
    assert (Iemocap().card()["pool"], Iemocap().card()["test"]) == (4290, 1241)
    source = Iemocap(session=2)
    assert source.card()["grouped"] == "the ten actors"
    assert (source.card()["pool"], source.card()["test"]) == (4508, 1023)
    assert source.adopt(actors).startswith(
        "read 12 samples (2 without text, 1 without audio, 5 left out: of other emotions), cached"
    )
    pool, test = source.split(0)
    assert pool.classes == ("anger", "happiness", "neutral", "sadness")
    assert {name[:5] for name in pool.ids} == {"Ses01", "Ses03", "Ses04", "Ses05"}
    assert list(test.ids) == [
        *(f"Ses02F_impro01_F00{i}" for i in range(2)),
        *(f"Ses02M_script01_1_F00{i}" for i in range(2)),
    ]
    assert test.labels.tolist() == [0, 1, 1, 3]
    assert test.modalities["text"][:, 0].tolist() == [3, 5, 5, 6]
    assert test.modalities["audio"][:, 0].tolist() == [10, 11, 10, 11]
    named = dict(zip(pool.ids, pool.observed.tolist(), strict=True))
    assert named["Ses03F_impro01_F000"] == [True, False]
    assert named["Ses04F_impro01_F001"] == [False, True]
    assert source.make(0).shape == source.shape
    assert json.loads(json.dumps(source.card())) == source.card()
    assert Iemocap(session=1).unavailable() == (
        "run `mindgap prepare 'iemocap[session=1]' --from FOLDER` first, with a copy of it"
    )


def test_scripts_can_be_left_out(actors):
    source = Iemocap(session=2, dialogues="improvised")
    source.adopt(actors)
    assert list(source.split(0)[1].ids) == ["Ses02F_impro01_F000", "Ses02F_impro01_F001"]
    with pytest.raises(MindgapError, match="unknown kind of dialogues 'scripted'"):
        Iemocap(dialogues="scripted")
    with pytest.raises(MindgapError, match="session should be from 1 to 5, not 6"):
        Iemocap(session=6)


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        (
            "EmoEvaluation",
            "[0 - 1] spaces neu",
            "Ses01F_impro01.txt, line 1 should be [START - END",
        ),
        ("EmoEvaluation", "[0 - 1]\t../x\tneu\t[]", "the sound '../x.wav' is outside the folder"),
        ("EmoEvaluation", "[0 - 1]\tSes01\tneu\t[]", "sample Ses01 has no text and no audio"),
        (
            "EmoEvaluation",
            "\n".join(["[0 - 1]\tSes01F_impro01_F000\tneu\t[]"] * 2),
            "sample Ses01F_impro01_F000 occurs more than once",
        ),
        ("EmoEvaluation", b"\xff", "Ses01F_impro01.txt is no text in UTF-8"),
        ("transcriptions", b"\xff", "Ses01F_impro01.txt is no text in UTF-8"),
    ],
)
def test_dialogues_that_are_not_as_expected_are_refused(actors, file, content, told):
    path = actors / "Session1/dialog" / file / "Ses01F_impro01.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InvalidData, match=re.escape(told)):
        Iemocap().adopt(actors)
    assert Iemocap().unavailable()


def test_a_copy_without_a_session_is_refused(actors):
    (actors / "Session4").rename(actors / "Session6")
    with pytest.raises(
        InvalidData, match="Session4/dialog/EmoEvaluation isn't there; a copy of iemocap holds"
    ):
        Iemocap().adopt(actors)
