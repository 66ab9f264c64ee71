"""A component that changes: its newest version is compared, earlier runs are told of."""

import json
import textwrap
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mindgap.analysis import analyse
from mindgap.cli import app
from mindgap.errors import InvalidStudy, MindgapError
from mindgap.registry import Registry
from mindgap.report import table, write
from mindgap.strategies import Strategy, best
from mindgap.study.run import run
from mindgap.study.spec import Study
from mindgap.study.store import Store

PLUGINS = Path(__file__).parent / "plugins"

CHOOSER = textwrap.dedent(
    '''
    import torch
    from mindgap.strategies import Strategy, best

    class Chooser(Strategy):
        """The first ones, or the last."""

        def requires(self):
            return set()

        def select(self, pool, n, rng):
            SCORES
            return best(scores, pool, n, rng)
    '''
)
FIRST = "scores = -pool.candidates.double()"
LAST = "scores = pool.candidates.double()"
BREAKS = "raise ValueError('not yet')"


def asked(strategies=("random", "chooser"), seeds=2, **budget):
    return Study(
        name="small",
        tasks=["tiny"],
        learners=["concat[steps=2]"],
        strategies=list(strategies),
        budget={"initial": 12, "query": 5, "rounds": 1, **budget},
        seeds=seeds,
    )


@pytest.fixture
def do(tmp_path):
    """Run a study with this version of the plug-in."""

    def run_it(scores, **fields):
        (tmp_path / "chooser.py").write_text(CHOOSER.replace("SCORES", scores))
        registry = Registry([PLUGINS / "tiny.py", tmp_path / "chooser.py"])
        return run(asked(**fields), registry, tmp_path / "out", workers=0)

    return run_it


def reasons(results):
    return {(gap.strategy, gap.seeds): gap.why for gap in analyse(results).gaps}


def test_the_newest_version_is_compared_and_the_earlier_told(do, tmp_path):
    before = do(FIRST, seeds=3)
    assert reasons(before) == {}
    results = do(LAST, seeds=2)
    assert len(results.runs()) == 3 + 3 + 2
    analysis = analyse(results)
    (cell,) = [compared.cell for compared in analysis.compared]
    newest = {run["run"] for run in results.runs()} - {run["run"] for run in before.runs()}
    assert set(cell.runs["chooser"].values()) == newest, "seed 2 of the earlier one isn't mixed in"
    told = "3 runs of an earlier version of chooser.py: not compared"
    assert reasons(results) == {("chooser", (0, 1, 2)): told}
    assert analysis.complete == 3 + 2
    assert told in write(tmp_path, results).read_text()
    assert "1 gap: " in (tmp_path / "report.html").read_text()

    status = CliRunner().invoke(app, ["status", str(tmp_path / "out")]).output
    assert told in " ".join(status.split())
    status = CliRunner().invoke(app, ["status", str(tmp_path / "out"), "--json"]).output
    status = json.loads(status)
    assert [(row["strategy"], row["started"]) for row in status["runs"]] == [
        ("chooser", 2),
        ("random", 3),
    ]
    assert status["earlier"][0]["seeds"] == [0, 1, 2]


def test_without_the_plugin_its_latest_version_is_still_known(do):
    do(FIRST)
    do(LAST)
    results = do(FIRST, strategies=["random"])
    assert reasons(results)["chooser", (0, 1)].startswith("2 runs of an earlier version")
    assert len(analyse(results).compared[0].cell.runs["chooser"]) == 2
    results = do(FIRST)
    assert results.progress() == do(LAST).progress(), "nothing is done twice"


def test_a_failure_of_an_earlier_version_is_not_held_against_the_new_one(do):
    results = do(BREAKS)
    assert len(analyse(results).results.failures) == 2
    assert analyse(do(FIRST)).results.failures == []


def test_a_wrapped_plugin_and_a_file_that_is_named_have_versions_too(do, tmp_path):
    (tmp_path / "chooser.py").write_text(CHOOSER.replace("SCORES", FIRST))
    registry = Registry([tmp_path / "chooser.py"])
    wrapped = registry.configure("strategy", "stratified[of=chooser]").sources
    assert {what: s.origin for what, s in wrapped.items()} == {"strategy chooser": "chooser.py"}
    path = tmp_path / "mine.yaml"
    path.write_text("pool: 400")
    (source,) = registry.configure("task", f"own[file={path}]").sources.values()
    assert source.origin == "mine.yaml"
    assert registry.configure("task", "miss_base").sources == {}


class Chooser(Strategy):
    """The last ones."""

    def requires(self):
        return set()

    def select(self, pool, n, rng):
        return best(pool.candidates.double(), pool, n, rng)


def test_what_is_added_in_python_runs_in_this_process_alone(tmp_path):
    registry = Registry([PLUGINS / "tiny.py"])
    registry.add(Chooser)
    with pytest.raises(MindgapError, match=r"strategy chooser was added in Python.*workers=0"):
        run(asked(seeds=1), registry, tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()
    assert len(run(asked(seeds=1), registry, tmp_path / "out", workers=0).runs()) == 2


def test_a_class_redefined_in_python_is_run_again(tmp_path):
    registry = Registry([PLUGINS / "tiny.py"])
    registry.add(Chooser)
    run(asked(seeds=1), registry, tmp_path / "out", workers=0)

    def redefined():
        class Chooser(Strategy):
            def requires(self):
                return set()

            def select(self, pool, n, rng):
                return best(-pool.candidates.double(), pool, n, rng)

        return Chooser

    registry.add(redefined())
    results = run(asked(seeds=1), registry, tmp_path / "out", workers=0)
    assert len(results.runs()) == 3
    assert "of an earlier version of test_a_class" in reasons(results)["chooser", (0,)]


def test_a_study_made_in_python_is_checked(tmp_path):
    registry = Registry([PLUGINS / "tiny.py"])
    with pytest.raises(InvalidStudy, match=r"budget: .* = 112 labels are more than the pool"):
        run(asked(["random"], rounds=20), registry, tmp_path / "out", workers=0)
    with pytest.raises(InvalidStudy, match=r"strategies.1: unknown strategy 'chooser'"):
        run(asked(), registry, tmp_path / "out", workers=0)
    assert not (tmp_path / "out").exists()


def test_results_from_before_versions_were_kept_are_read(tmp_path):
    from planted import STUDY, round_record

    store = Store(tmp_path)
    store.claim(STUDY)
    with store.journal("old") as journal:
        journal.append(round_record())
    store.claim({**STUDY, "sources": {"strategy random": {"origin": "r.py", "version": "1"}}})
    assert [c.cell.task for c in analyse(store.read()).compared] == ["t"]
    assert table(store.read())


def test_names_are_kept_in_the_form_that_runs_bear(tmp_path):
    study = asked(["random"]).model_copy(
        update={"tasks": ["tiny[pool=90, d=4, classes=3]", "tiny[pool=80, classes=3, d=6]"]}
    )
    run(study, Registry([PLUGINS / "tiny.py"]), tmp_path / "out", workers=0)
    results = Store(tmp_path / "out").read()
    assert results.study["tasks"] == ["tiny[d=4, pool=90]", "tiny[d=6]"]
    analysis = analyse(results)
    assert [each.cell.task for each in analysis.compared] == results.study["tasks"]
    assert analysis.gaps == []


def test_a_study_that_only_failed_still_has_its_report(do, tmp_path):
    do(BREAKS, strategies=["chooser"], seeds=1)
    told = CliRunner().invoke(app, ["report", str(tmp_path / "out")])
    assert told.exit_code == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert "1 run failed" in page
    assert "ValueError: not yet" in page
