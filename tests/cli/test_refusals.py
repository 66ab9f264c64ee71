"""What can't be done is one sentence and exit code 2, before any work, from every verb alike."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mindgap import __version__
from mindgap.cli import main

PLUGINS = Path(__file__).parents[1] / "study" / "plugins"
STUDY = {
    "name": "small",
    "tasks": ["tiny", "tiny[d=4]"],
    "learners": ["concat[steps=2]"],
    "strategies": ["random"],
    "budget": {"initial": 12, "query": 5, "rounds": 1},
    "seeds": 1,
    "plugins": [str(PLUGINS / "tiny.py")],
}


@pytest.fixture
def mindgap(monkeypatch, capsys, tmp_path):
    """Run a command in `tmp_path`; returns its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(json.dumps(STUDY))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["mindgap", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return ended.value.code, told.out, " ".join(told.err.split())

    return run


def apart(cwd, *arguments):
    """Run a command that starts workers; returns what it wrote to stderr, on one line."""
    command = [sys.executable, "-m", "mindgap", *map(str, arguments), "-w1"]
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return " ".join(ended.stderr.split())


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    cwd = tmp_path_factory.mktemp("done")
    (cwd / "study.yaml").write_text(json.dumps(STUDY))
    apart(cwd, "run", "study.yaml")
    return cwd / "results" / "small"


@pytest.fixture
def folder(done, tmp_path):
    """The results of a study that is done."""
    return Path(shutil.copytree(done, tmp_path / "done"))


@pytest.mark.parametrize("verb", ["run", "plan"])
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--out", "study.yaml"], "study.yaml can't be a results folder: "),
        (["--out", "study.yaml/below/it"], "study.yaml is a file; choose another with --out"),
        (["--out", "photos"], "photos: the folder holds 'cat.png' and no study"),
        (["--out", "x" * 300], "File name too long"),
        (["--device", "abacus"], "unknown device 'abacus'"),
        (["--device", "cuda:99"], "there is no device 'cuda:99'"),
        (["--device", "cuda:x"], "unknown device 'cuda:x'"),
    ],
)
def test_plan_refuses_what_run_refuses(mindgap, tmp_path, verb, arguments, told):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    code, out, err = mindgap(verb, "study.yaml", *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("error: ") == 1
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["cat.png", "photos", "study.yaml"]


@pytest.mark.parametrize("verb", ["run", "plan"])
def test_a_folder_of_another_study(mindgap, folder, verb):
    for override in ("budget.initial=13", "budget.query=6", "name=other"):
        code, _, err = mindgap(verb, "study.yaml", override, "--out", folder)
        assert code == 2
        assert "with --out" in err


def test_a_folder_that_cannot_be_written(mindgap, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    for verb in ("run", "plan"):
        code, _, err = mindgap(verb, "study.yaml")
        assert code == 2
        assert "can't be written to; choose another with --out" in err


@pytest.mark.parametrize("verb", ["status", "report"])
@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("study.yaml", "study.yaml is a file, not a results folder"),
        (".", "holds no results: there is no study.json"),
        ("nowhere", "holds no results: there is no study.json"),
    ],
)
def test_no_results(mindgap, verb, path, told):
    code, out, err = mindgap(verb, path)
    assert (code, out) == (2, "")
    assert told in err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: s["budget"].pop("initial"), "budget.initial is no whole number"),
        (lambda s: s["budget"].update(rounds="three"), "budget.rounds is no whole number"),
        (lambda s: s.update(budget=[]), "budget.initial is no whole number"),
        (lambda s: s.update(seeds="two"), "seeds is neither"),
        (lambda s: s.update(tasks=3), "tasks is no list of texts"),
        (lambda s: s.clear(), "name is no text"),
    ],
)
def test_a_study_that_was_tampered_with(mindgap, tmp_path, change, told):
    (tmp_path / "results" / "small").mkdir(parents=True)
    path = tmp_path / "results" / "small" / "study.json"
    held = json.loads(json.dumps(STUDY))
    change(held)
    path.write_text(json.dumps(held))
    before = path.read_text()
    for arguments in (["status", path.parent], ["report", path.parent], ["run", "study.yaml"]):
        code, _, err = mindgap(*arguments)
        assert code == 2
        assert told in err
    assert path.read_text() == before


def test_lost_and_broken_cards_are_told_and_written_again(mindgap, folder):
    first, second = sorted((folder / "cards").iterdir())
    whole = first.read_text(), second.read_text()
    first.unlink()
    second.write_text("[]")
    for arguments in (["report", folder], ["status", folder], ["plan", "study.yaml", "-o", folder]):
        code, _, err = mindgap(*arguments)
        assert code == 0, err
        assert f"cards/{second.name} is no card" in err
        assert "has no card, so its description and truth are missing" in err
    code, _, err = mindgap("run", "study.yaml", "--out", folder)
    assert code == 0, err
    assert "is no card" in err
    assert (first.read_text(), second.read_text()) == whole
    assert " card" not in mindgap("report", folder)[2].partition("report:")[0]


def test_plan_tells_of_damage_as_run_does(mindgap, folder):
    (shard, *_) = sorted((folder / "rounds").iterdir())
    shard.write_bytes(b"")
    code, _, err = mindgap("plan", "study.yaml", "--out", folder)
    assert code == 0
    assert f"warning: rounds/{shard.name} is damaged" in err
    again = apart(folder.parent, "run", "study.yaml", "--out", folder)
    assert f"warning: rounds/{shard.name} is damaged" in again


def test_status_lists_runs_that_lack_rounds(mindgap, folder):
    apart(folder.parent, "run", "study.yaml", "budget.rounds=2", "tasks=tiny", "-o", folder)
    _, out, _ = mindgap("status", folder, "--json")
    (lacking,) = json.loads(out)["lacking"]
    assert lacking["run"].startswith("tiny_d_4-")
    assert lacking["rounds"] == 2
    assert f"{lacking['run']}: 2 of 3 rounds" in mindgap("status", folder)[1]


def test_the_report_of_an_older_version_is_written_again(mindgap, folder):
    page = folder / "report.html"
    assert "report, as it was" in mindgap("run", "study.yaml", "--out", folder)[2]
    page.write_text(page.read_text().replace(f"mindgap {__version__}.", "mindgap 0.0.1."))
    assert "report, as it was" not in mindgap("run", "study.yaml", "--out", folder)[2]
    assert f"mindgap {__version__}." in page.read_text()


def test_a_study_of_which_nothing_is_possible(mindgap, monkeypatch, tmp_path):
    monkeypatch.setenv("MINDGAP_CACHE", str(tmp_path / "cache"))
    code, _, err = mindgap("run", "study.yaml", "tasks=htad")
    assert code == 2
    assert "1 runs of htad: run `mindgap prepare htad` first" in err
    assert "error: nothing of this study can be run here" in err


def test_several_mistakes_are_several_lines(mindgap):
    code, out, err = mindgap("run", "study.yaml", "--seeds", "0,0", "nonsense", "tasks=tny")
    assert (code, out) == (2, "")
    assert err.count("error: ") == 3


def test_seeds_as_a_bare_list(mindgap):
    code, out, err = mindgap("plan", "study.yaml", "--seeds", "0,3", "--json")
    assert code == 0, err
    assert json.loads(out)["study"]["seeds"] == [0, 3]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["dataset", "miss_base"], "a scenario, not a data set: write mindgap show scenario miss_"),
        (["scenario", "htad"], "htad is a data set, not a scenario: write mindgap show dataset h"),
    ],
)
def test_something_of_the_other_kind(mindgap, arguments, told):
    code, out, err = mindgap("show", *arguments)
    assert (code, out) == (2, "")
    assert told in err


def test_parameters_have_their_types_in_json(mindgap):
    _, out, _ = mindgap("show", "learner", "concat", "--json")
    parameters = json.loads(out)["parameters"]
    assert isinstance(parameters["learning_rate"], float)
    assert isinstance(parameters["steps"], int)
    _, out, _ = mindgap("show", "strategy", "stratified[of=badge]", "--json")
    assert json.loads(out)["parameters"]["of"] == "badge"


def test_a_class_that_is_not_finished_is_told(mindgap, tmp_path):
    (tmp_path / "half.py").write_text(
        "from mindgap.strategies import Strategy\n"
        "class Half(Strategy):\n"
        "    def select(self, pool, n, rng): ...\n"
    )
    told = "half.py: Half isn't listed, since it lacks requires"
    assert told in mindgap("ls", "strategies", "--plugin", "half.py")[2]
    code, _, err = mindgap("show", "strategy", "half", "--plugin", "half.py")
    assert code == 2
    assert told in err
    assert "isn't listed" not in mindgap("ls", "strategies", "--plugin", PLUGINS / "faulty.py")[2]


@pytest.mark.parametrize(
    "command", [["-m", "mindgap"], ["-c", "from mindgap.cli import *; main()"]]
)
def test_the_version(command):
    printed = subprocess.check_output([sys.executable, *command, "--version"], text=True)
    assert printed == f"mindgap {__version__}\n"


def test_ctrl_c_says_how_to_go_on(tmp_path):
    """As a terminal sends it: to the command and its workers at once."""
    # Python heeds Ctrl-C only where its parent did, and one in the background may not.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = f"{heeding}; from mindgap.cli import main; main()"
    asked = {**STUDY, "tasks": ["tiny"], "learners": ["concat[steps=300]"]}
    asked["budget"] = {"initial": 12, "query": 1, "rounds": 60}
    (tmp_path / "study.yaml").write_text(json.dumps(asked))
    process = subprocess.Popen(
        [sys.executable, "-c", command, "run", "study.yaml", "-w1"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    journals = tmp_path / "results" / "small" / "journals"
    deadline = time.monotonic() + 120
    while not any(path.stat().st_size for path in journals.glob("*.jsonl")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.rstrip().endswith("stopped; run the same command again to go on")
    assert "Traceback" not in err
    assert not list(journals.glob("*.jsonl")), "what was finished is sealed"


@pytest.mark.parametrize("raised", ["ValueError('no')", "SystemExit(3)"])
def test_a_plugin_that_raises_hides_no_other_and_is_one_sentence(mindgap, tmp_path, raised):
    (tmp_path / "bad.py").write_text(
        "from mindgap.strategies import Strategy\n"
        "class Bad(Strategy):\n"
        "    def requires(self): return set()\n"
        f"    def select(self, pool, n, rng): ...\n    def __init__(self): raise {raised}\n"
    )
    code, out, err = mindgap("ls", "strategies", "--json", "--plugin", "bad.py")
    assert code == 0
    assert "margin" in {row["name"] for row in json.loads(out)}
    assert "strategy bad" in err
    code, _, err = mindgap("show", "strategy", "bad", "--plugin", "bad.py")
    assert (code, err.startswith("error: strategy bad")) == (2, True)
    (tmp_path / "bad.py").write_text(f"raise {raised}")
    code, _, err = mindgap("plan", "study.yaml", "--plugin", "bad.py")
    assert code == 2
    assert "failed to import" in err
