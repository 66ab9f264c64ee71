"""The verbs, as a program or a person sees them."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from mindgap.cli import app, main
from mindgap.registry import Registry

VERBS = ("ls", "show", "prepare", "plan", "run", "status", "report", "check", "cp", "tune")


def invoke(*arguments):
    """What a verb printed, in this process."""
    ended = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return ended.output


@pytest.fixture
def refused(monkeypatch, capsys):
    """The one message with which the command ended."""

    def refused(*arguments):
        monkeypatch.setattr(sys, "argv", ["mindgap", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        return capsys.readouterr().err

    return refused


def test_help_imports_nothing_heavy():
    script = (
        "import sys; sys.argv = ['mindgap', '--help']\n"
        "from mindgap.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'numpy', 'scipy', 'pyarrow', 'duckdb', 'pydantic', 'yaml'}"
        " & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == "[]"
    for verb in VERBS:
        assert verb in ended.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_teaches(verb):
    printed = invoke(verb, "--help")
    assert "Usage:" in printed
    assert len(printed.splitlines()) > 8


def test_the_report_needs_no_torch():
    script = (
        "import sys, mindgap.report, mindgap.analysis, mindgap.study.store\n"
        "print('torch' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "False"


def test_ls_lists_everything():
    everything = json.loads(invoke("ls", "--json"))
    components = {"scenarios", "datasets", "strategies", "learners"}
    assert set(everything) == components | {"studies", "metrics"}
    registry = Registry()
    assert [row["name"] for row in everything["strategies"]] == [
        *registry.names("strategy"),
        *registry.adapted("strategy"),
    ]
    assert [row["name"] for row in everything["learners"]] == registry.names("learner")
    tasks = [row["name"] for kind in ("scenarios", "datasets") for row in everything[kind]]
    assert sorted(tasks) == registry.names("task")
    assert "quickstart" in [row["name"] for row in json.loads(invoke("ls", "studies", "--json"))]
    assert all(row["summary"].endswith(".") for row in everything["strategies"])
    printed = invoke("ls")
    for word in ("badge", "concat_linear", "htad", "miss_base", "quickstart"):
        assert word in printed


def test_show_a_scenario_with_its_truth():
    shown = json.loads(invoke("show", "scenario", "miss_mcar_sym[pool=700]", "--json"))
    assert shown["control"] == "miss_base[pool=700]"
    assert shown["differs_in"] == ["missing"]
    assert shown["pool"] == 700
    truth = shown["truth"]
    assert truth["bayes_accuracy"]["x1+x2"] == pytest.approx(0.927, abs=1e-3)
    assert set(truth["shapley"]) == {"x1", "x2"}
    printed = invoke("show", "scenario", "miss_mcar_sym")
    for text in ("miss_base, differs in missing", "0.927", "0.687", "x1 25%"):
        assert text in printed


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("strategy", "bmmal", "subset_probabilities:zero"),
        ("learner", "concat_linear[width=9]", "linear_head"),
        ("learner", "concat", "balance: how training keeps"),
        ("dataset", "htad", "accelerometer"),
    ],
)
def test_show_others(kind, name, text):
    assert text in invoke("show", kind, name)
    assert text in invoke("show", kind, name, "--json")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "scenario", "mis_base"), "unknown task 'mis_base': did you mean 'miss_base'"),
        (("show", "strategy", "magin"), "did you mean 'margin'"),
        (("show", "scenario", "miss_base[pol=5]"), "unknown parameter of miss_base 'pol'"),
        (("show", "scenario", "miss_base[pool=-5]"), "miss_base[pool=-5]: "),
        (("prepare", "htadd"), "unknown data set 'htadd': did you mean 'htad'?"),
        (("prepare", "nope"), "unknown data set 'nope': there are: "),
        (("prepare",), "name a data set: "),
        (("prepare", "food101"), "`mindgap prepare food101 --from FOLDER`, where FOLDER holds ima"),
        (("prepare", "food101", "--from", "no/such"), "no/such is not a folder"),
        (("prepare", "htad", "--from", "tests"), "htad isn't read from a copy"),
        (("prepare", "htad", "--skip-unreadable"), "--skip-unreadable goes with --from, --manif"),
        (
            ("prepare", "av_mnist", "--from", "tests", "--skip-unreadable"),
            "av_mnist has many samples in one file; leave --skip-unreadable out",
        ),
        (("run", "quikstart"), "did you mean 'quickstart'?"),
        (("run", "quickstart", "--device", "abacus"), "unknown device 'abacus'"),
        (("run", "quickstart", "--strategies", "badg"), "did you mean 'badge'"),
        (("plan", "quickstart", "budget.query=0"), "budget.query: input should be greater than 0"),
        (("plan", "quickstart", "--plugin", "no/such.py"), "such.py is not a file"),
        (("status", "nowhere"), "nowhere holds no results"),
        (("report", "nowhere"), "nowhere holds no results"),
    ],
)
def test_mistakes_are_one_sentence(refused, arguments, told):
    message = refused(*arguments)
    assert told in message
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    assert "Traceback" not in message


def test_names_from_elsewhere_are_no_markup(tmp_path):
    plugin = tmp_path / "loud.py"
    plugin.write_text(
        "from mindgap.strategies import Strategy\n"
        "class Loud(Strategy):\n"
        "    '''[bold]not[/bold] [/] markup.'''\n"
        "    def requires(self): return set()\n"
        "    def select(self, pool, n, rng): ...\n"
    )
    assert "[bold]not[/bold] [/] markup." in invoke("ls", "strategies", "--plugin", str(plugin))


def test_the_catalogue_tells_what_there_is():
    rows = json.loads(invoke("prepare", "--list", "--json"))
    assert [row["name"] for row in rows] == [
        row["name"] for row in json.loads(invoke("ls", "datasets", "--json"))
    ]
    [htad] = [row for row in rows if row["name"] == "htad"]
    assert (htad["size"], htad["gaps"]) == ("0.4 MB", {})
    assert (htad["pool"], htad["test"], htad["classes"]) == (970, 416, 7)
    printed = invoke("prepare", "--list")
    for text in (
        "pool 970, test 416, 7 classes; to fetch: 0.4 MB",
        "audio 36",
        "no natural gaps",
        "MIT",
    ):
        assert text in printed
    assert all(row["licence"] and row["state"] for row in rows)


def test_names_longer_than_a_column_are_told_whole(monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "80")
    learner = "concat[calibration=temperature, dropout=0.25]"
    told = invoke("plan", "quickstart", "--learners", learner, "--out", str(tmp_path / "none"))
    assert "…" not in told
    assert "calibration=temperature" in "".join(c for c in told if c not in " │\n")
