"""The published protocol of BMMAL as packaged studies, on miniatures of the copies it needs.

Numbers are those of github.com/MengShen0709/bmmal: config/food101.yml, config/kinetics_sound.yml,
config/vggsound.yml and, for the rounds, run/job.sh.
"""

import hashlib
import json
import sys

import numpy as np
import pytest

from mindgap.cli import main
from mindgap.study.run import run
from mindgap.study.spec import read
from mindgap.tasks.real.copies.food101 import Food101
from mindgap.tasks.real.copies.kinetics_sounds import CLASSES, KineticsSounds
from mindgap.tasks.real.copies.vggsound import Vggsound
from mindgap.tasks.real.pictures import EfficientNetLite0
from mindgap.tasks.real.sounds import SpeechEmbedding
from mindgap.tasks.real.texts import MiniLm

TINY = ["budget.initial=4", "budget.query=2", "budget.rounds=1", "seeds=1"]
FAST = "concat_linear[width=16, feature=8, unimodal_weight=1, steps=5, batch=8]"
COMPARED = ["random", "entropy", "bald", "coreset", "kmeans", "badge", "core_gcn", "bmmal"]


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """Folders with two classes, six samples in the pool and two in the test set, by data set."""

    def encode(self, content, name):
        seed = int(hashlib.sha256(content).hexdigest()[:8], 16)
        return np.random.default_rng(seed).standard_normal(self.size).astype(np.float32)

    for encoder in (EfficientNetLite0, SpeechEmbedding, MiniLm):
        monkeypatch.setattr(encoder, "encode", encode)
        monkeypatch.setattr(encoder, "modules", ())
    monkeypatch.setenv("MINDGAP_CACHE", str(tmp_path / "cache"))
    food, clips, sounds = (tmp_path / name for name in ("food", "clips", "sounds"))
    lists = {"my_train.txt": [], "my_test.txt": [], "vggsound.csv": []}
    for k, dish in enumerate(("pie", "ramen")):
        for i in range(8):
            split = "test" if i >= 6 else "train"
            what = f"{dish} {i}".encode()
            put(food / f"images/{split}/{dish}/{dish}_{i}.jpg", what)
            put(food / f"texts_txt/{dish}/{dish}_{i}.txt", b"ingredients " + what)
            clip = f"{dish:_<8}{i:03d}_{i}"
            put(clips / f"{split}/video/{CLASSES[k]}/{clip}/frame_0.jpg", what)
            put(clips / f"{split}/audio/{CLASSES[k]}/{clip}.wav", what)
            put(sounds / f"frames/{split}/{dish}/{clip}/frame_0.jpg", what)
            put(sounds / f"audio/{split}/{dish}/{clip}.wav", what)
            lists[f"my_{split}.txt"].append(f"{clip},10,{k}\n")
            lists["vggsound.csv"].append(f"{clip[:11]},{i},{dish},{split}\n")
    for name, lines in lists.items():
        put((sounds if name.endswith("csv") else clips) / name, "".join(lines).encode())
    return {Food101: food, KineticsSounds: clips, Vggsound: sounds}


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "tasks", "labels"),
    [
        ("bmmal-protocol", ["food101", "kinetics_sounds"], 1000),
        ("bmmal-protocol-vggsound", ["vggsound"], 2000),
    ],
)
def test_the_studies_ask_for_what_was_published(name, tasks, labels):
    study, registry = read(name)
    assert (study.tasks, study.strategies) == (tasks, COMPARED)
    assert (study.budget.initial, study.budget.query) == (labels, labels)
    assert (study.budget.rounds, study.budget.validation) == (6, 0)
    [learner] = (one.build() for one in study.configured("learner", registry))
    assert learner.unimodal_weight == 1
    assert {"linear_head", "zero_embeddings", "stochastic"} <= learner.capabilities


def planned(capsys, monkeypatch, out, *arguments):
    monkeypatch.setattr(sys, "argv", ["mindgap", "plan", *arguments, "--out", str(out), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    return json.loads(capsys.readouterr().out)["runs"]


def test_without_a_copy_the_plan_says_what_to_prepare(copies, tmp_path, capsys, monkeypatch):
    runs = planned(capsys, monkeypatch, tmp_path / "out", "bmmal-protocol")
    assert len(runs) == 2 * 8 * 5
    for run_ in runs:
        assert run_["state"] == "not possible"
        assert run_["reason"] == (
            f"run `mindgap prepare {run_['task']} --from FOLDER` first, with a copy of it"
        )
    KineticsSounds().adopt(copies[KineticsSounds])
    runs = planned(capsys, monkeypatch, tmp_path / "out", "bmmal-protocol", *TINY)
    assert {(r["task"], r["state"]) for r in runs} == {
        ("food101", "not possible"),
        ("kinetics_sounds", "missing"),
    }


@pytest.mark.parametrize("name", ["bmmal-protocol", "bmmal-protocol-vggsound"])
def test_the_studies_run_on_copies_from_end_to_end(copies, tmp_path, name):
    for source, folder in copies.items():
        source().adopt(folder)
    study, registry = read(name, [*TINY, f"learners={FAST}"])
    results = run(study, registry, tmp_path / "out", workers=0)
    assert not results.failures
    rounds = results.connect().sql("select task, strategy, round, labels from rounds").fetchall()
    assert {(task, strategy) for task, strategy, *_ in rounds} == {
        (task, strategy) for task in study.tasks for strategy in COMPARED
    }
    assert len(rounds) == len(study.tasks) * 8 * 2
    assert all(labelled == 4 + 2 * number for *_, number, labelled in rounds)
