"""`mindgap check` and `mindgap cp`: from a template to a strategy that keeps the contract."""

import json
import re
import sys

import pytest
from typer.testing import CliRunner

from mindgap.cli import app, main
from mindgap.registry import Registry
from mindgap.testing.rules import RULES

FAULTY = (
    "from dataclasses import dataclass\n"
    "import torch\n"
    "from mindgap.strategies import Selection, Strategy, best\n"
    "@dataclass(frozen=True)\n"
    "class Impure(Strategy):\n"
    "    '''Draws where it shouldn't.'''\n"
    "    def requires(self): return set()\n"
    "    def select(self, pool, n, rng):\n"
    "        return best(torch.rand(len(pool.candidates)), pool, n, rng)\n"
)
SOUND = FAULTY.replace("torch.rand", "torch.zeros").replace("Impure", "Pure")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def refused(monkeypatch, capsys):
    """The one message with which the command ended."""

    def refused(*arguments):
        monkeypatch.setattr(sys, "argv", ["mindgap", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.startswith("error: ")
        assert told.err.count("\n") == 1
        return told.err

    return refused


def invoke(*arguments, code=0):
    ended = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert ended.exit_code == code, ended.output
    return ended.output


def test_a_line_for_each_rule():
    printed = invoke("check", "co_testing[variant=aggressive]").splitlines()
    assert printed[0] == "co_testing[variant=aggressive]"
    assert [line.split(maxsplit=1)[1] for line in printed[1:-1]] == list(RULES)
    assert all(line.startswith("  kept ") for line in printed[1:-1])
    assert re.fullmatch(
        r"co_testing\[variant=aggressive\]: keeps the contract \(\d+\.\d s\)", printed[-1]
    )


def test_what_is_broken_is_told_on_its_line_with_exit_code_1(folder):
    (folder / "mine.py").write_text(FAULTY)
    printed = invoke("check", "mine.py", code=1).splitlines()
    broken = [line for line in printed if line.startswith("  broken")]
    assert len(broken) == 2
    assert (
        broken[0]
        .split(maxsplit=1)[1]
        .startswith("global generators are left alone: it uses the global generator of PyTorch")
    )
    assert broken[1].split(maxsplit=1)[1].startswith("the same generator gives the same choice: ")
    assert printed[-1].startswith(f"impure: 2 of {len(RULES)} rules broken")


def test_one_cause_is_told_once(folder):
    (folder / "mine.py").write_text(SOUND.replace("torch.zeros(len(", "torch.zeros(1 / len("))
    printed = invoke("check", "mine.py", code=1).splitlines()
    broken = [line for line in printed if line.startswith("  broken")]
    assert len(broken) > 10
    assert "select raises TypeError: " in broken[0]
    assert "(mine.py, line 9)" in broken[0]
    assert all(line.endswith(": as in 'it returns n distinct candidates'") for line in broken[1:])


def test_every_strategy_of_a_file_is_checked_and_no_other(folder):
    (folder / "both.py").write_text(FAULTY + SOUND.partition("best\n")[2])
    printed = invoke("check", "both.py", code=1)
    assert re.findall(r"^(\w+)$", printed, flags=re.MULTILINE) == ["impure", "pure"]
    assert "pure: keeps the contract" in printed


def test_a_file_is_known_by_its_path_and_a_name_by_its_plugin(folder):
    (folder / "margin.py").write_text(SOUND)  # a file may be called what a strategy is
    rows = json.loads(invoke("check", "margin.py", "--json"))
    assert {row["strategy"] for row in rows} == {"pure"}
    assert {row["outcome"] for row in rows} == {"kept", "not checked"}
    rows = json.loads(invoke("check", "margin", "--json"))
    assert {row["outcome"] for row in rows} == {"kept"}
    rows = json.loads(invoke("check", "pure", "--plugin", folder / "margin.py", "--json"))
    assert {row["outcome"] for row in rows} == {"kept", "not checked"}


def test_json_is_all_that_is_printed(folder):
    (folder / "mine.py").write_text(FAULTY)
    rows = json.loads(invoke("check", "mine.py", "--json", code=1))
    assert [row["rule"] for row in rows] == list(RULES)
    assert all(set(row) == {"strategy", "rule", "outcome", "why", "cause"} for row in rows)
    assert {row["strategy"] for row in rows} == {"impure"}
    assert all(bool(row["why"]) == (row["outcome"] != "kept") for row in rows)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import no_such_module\n", "failed to import: ModuleNotFoundError"),
        ("x = 1\nx = \n", "failed to import: SyntaxError: invalid syntax (line 2)"),
        ("x = 1\ny = 1 / 0\n", "ZeroDivisionError('division by zero') (line 2)"),
        ("x = 1\n", "mine.py holds no strategy: derive a class from mindgap.strategies.Strategy"),
        (SOUND.replace("requires", "demands"), "give it requires() and select()"),
        ("from mindgap.strategies.margin import Margin\n", "holds no strategy"),
        (
            SOUND.replace("    def requires", "    of: Strategy\n    def requires"),
            "pure needs a value for 'of'",
        ),
    ],
)
def test_a_file_that_does_not_load_is_one_sentence_with_exit_code_2(folder, refused, text, told):
    (folder / "mine.py").write_text(text)
    assert told in refused("check", "mine.py")


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("nowhere.py", "nowhere.py is not a file"),
        ("magin", "unknown strategy 'magin': did you mean 'margin'"),
        ("co_testing[variant=agressive]", "'naive', 'aggressive' or 'conservative'"),
    ],
)
def test_a_name_that_is_not_there_is_refused(folder, refused, what, told):
    assert told in refused("check", what)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("my_strategy.py", "MyStrategy"),
        ("a-new-idea.py", "ANewIdea"),
        ("badger.py", "Badger"),
        ("top2_gap.py", "Top2Gap"),
    ],
)
def test_the_template_keeps_the_contract_as_it_is(folder, file, name):
    printed = invoke("cp", "strategy", file)
    assert f"mindgap check {file}" in printed
    selected = re.search(r"--strategies random,(\w+)", printed)[1]
    assert re.search(rf"^class {name}\(Strategy\)", (folder / file).read_text(), re.MULTILINE)
    assert Registry([folder / file]).configure("strategy", selected).build() is not None
    rows = json.loads(invoke("check", file, "--json"))
    assert {row["outcome"] for row in rows} == {"kept"}
    assert {row["strategy"] for row in rows} == {selected}


def test_the_template_says_what_there_is(folder):
    from mindgap.strategies import SERVED

    invoke("cp", "strategy", "mine.py")
    text = (folder / "mine.py").read_text()
    for key in SERVED:
        assert f'"{key}"' in text
    assert text.count("#") > 10


def test_the_template_of_a_learner_is_one(folder):
    printed = invoke("cp", "learner", "my_net.py")
    assert "mindgap show learner my_net --plugin my_net.py" in printed
    assert "--learners concat,my_net" in printed
    shown = json.loads(invoke("show", "learner", "my_net", "--plugin", "my_net.py", "--json"))
    assert shown["capabilities"] == ["head", "stochastic", "unimodal_heads"]
    assert shown["size"].startswith("2,508 parameters")
    assert "notes" not in shown


def test_nothing_is_overwritten(folder, refused):
    (folder / "mine.py").write_text("precious")
    assert "mine.py is there already; choose another name" in refused("cp", "strategy", "mine.py")
    assert (folder / "mine.py").read_text() == "precious"


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("no/such/folder.py", "No such file or directory"),
        ("mine.txt", "ends in .py"),
        ("2nd.py", "starts with a letter"),
        ("_.py", "can't hold a class"),
        ("badge.py", "there is a strategy 'badge' already; choose another name"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused(folder, refused, file, told):
    assert told in refused("cp", "strategy", file)
    assert list(folder.iterdir()) == []
