"""What the pages tell people to write works."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mindgap.registry import Registry
from mindgap.report.words import MEANINGS
from mindgap.study.spec import Study
from mindgap.tasks import TaskShape

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language):
    """Every code block of a language: (page, text)."""
    pattern = re.compile(rf"```{language}\n(.*?)```", flags=re.DOTALL)
    return [(page.name, text) for page in PAGES for text in pattern.findall(page.read_text())]


@pytest.mark.parametrize(
    ("page", "text"), [found for found in blocks("yaml") if found[0] != "own.md"]
)
def test_studies_are_valid(page, text):
    study = Study.model_validate(yaml.safe_load(text))
    registry = Registry()
    for kind in ("task", "learner", "strategy"):
        assert study.configured(kind, registry)


@pytest.mark.parametrize(
    ("page", "text"), [found for found in blocks("python") if "(Strategy):" in found[1]]
)
def test_strategies_run(page, text, tmp_path):
    (tmp_path / "mine.py").write_text(text)
    (name,) = set(Registry([tmp_path / "mine.py"]).names("strategy")) - set(
        Registry().names("strategy")
    )
    script = ROOT / "examples" / "loop_by_hand.py"
    code = script.read_text().replace("Registry()", f"Registry([{str(tmp_path / 'mine.py')!r}])")
    (tmp_path / "loop.py").write_text(code)
    command = [sys.executable, tmp_path / "loop.py", "--strategy", name, "--rounds", "1"]
    command += ["--task", "miss_mcar_sym[pool=300, test=100]"]
    assert "100 labels" in subprocess.check_output(command, text=True)


@pytest.mark.parametrize(
    ("page", "text"), [found for found in blocks("python") if "(ModuleLearner):" in found[1]]
)
def test_networks_are_whole(page, text, tmp_path):
    (tmp_path / "mine.py").write_text(text)
    registry = Registry([tmp_path / "mine.py"])
    (name,) = set(registry.names("learner")) - set(Registry().names("learner"))
    for options in ("", "[dropout=0.1]"):
        learner = registry.configure("learner", name + options).build()
        assert learner.supports(TaskShape({"a": (5,), "b": (7,)}, 3)) is None


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_verbs_that_pages_name_exist(page):
    from mindgap.cli import app

    known = {command.callback.__module__.rpartition(".")[2] for command in app.registered_commands}
    named = set(re.findall(r"^mindgap ([a-z]+)", page.read_text(), flags=re.MULTILINE))
    assert named <= known


def test_the_loop_from_python_and_sql_on_its_results(tmp_path, monkeypatch, capsys):
    """Both as the pages have them, on a study that takes seconds."""
    (from_python,) = [text for page, text in blocks("python") if "registry.add(MyStrategy)" in text]
    (sql,) = [text for page, text in blocks("python") if "from metrics" in text]
    monkeypatch.chdir(tmp_path)
    mine = next(text for page, text in blocks("python") if "class Doubtful(Strategy)" in text)
    small = (
        '["seeds=1", "tasks=miss_base[pool=300, test=100]", "learners=concat[steps=5]", '
        '"budget.rounds=1"]'
    )
    assert '["seeds=2"]' in from_python
    found: dict = {}
    exec(mine.replace("Doubtful", "MyStrategy"), found)  # noqa: S102
    exec(from_python.replace('["seeds=2"]', small), found)  # noqa: S102
    assert {run["strategy"] for run in found["results"].runs()} == {"random", "my_strategy"}
    assert set(found["results"].progress().values()) == {2}
    exec(sql.replace("results/quickstart", "results/mine"), {})  # noqa: S102
    assert "my_strategy" in capsys.readouterr().out


def test_every_verdict_is_explained_as_the_report_does():
    page = " ".join((ROOT / "docs" / "results.md").read_text().split())
    for verdict, meaning in MEANINGS.items():
        assert f"**{verdict}**: {meaning}" in page


def test_every_scenario_has_a_page_and_every_page_a_scenario(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import generate
    import scenario_pages

    monkeypatch.setattr(scenario_pages.scenario_figure, "save", lambda *_, **__: None)
    monkeypatch.setattr(scenario_pages, "_page", lambda scenario, _: [f"# {scenario.text}"])
    generate.write(tmp_path)
    registry = Registry()
    shipped = {
        name
        for name in registry.names("task")
        if registry.configure("task", name).build().kind == "scenario"
    }
    pages = {path.stem: path.read_text() for path in (tmp_path / "scenario").glob("*.md")}
    assert pages == {name: f"# {name}" for name in shipped}
    index = (tmp_path / "scenarios.md").read_text()
    for name in shipped:
        assert index.count(f"](scenario/{name}.md)") == 1
        assert index.count(f"\nscenario/{name}\n") == 1


def test_a_table_is_followed_by_a_blank_line(monkeypatch, tmp_path):
    """Else what follows is read as one more row."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import generate

    monkeypatch.setattr(Registry, "names", lambda self, kind: ["miss_base"][: kind == "task"])
    generate.write(tmp_path)
    pages = [path.read_text() for path in tmp_path.rglob("*.md")]
    assert any("| parameter | default |" in text for text in pages)
    for text in pages:
        assert not re.search(r"^\|.*\|\n[^|\n]", text, re.M)


def test_every_strategy_has_a_page(monkeypatch, tmp_path):
    """With what it does, needs and costs, and where it helps; the index leads to each."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import generate
    import strategy_pages

    registry = Registry()
    names = registry.names("strategy")
    strategies = {name: registry.target("strategy", name) for name in names}
    strategy_pages.write(
        tmp_path, {name: (s, generate._parameters(s)) for name, s in strategies.items()}
    )
    index = (tmp_path / "strategies.md").read_text()
    for name in names:
        page = (tmp_path / "strategy" / f"{name}.md").read_text()
        asked = ["What it does", "What it needs", "What it costs", "Where it helps and fails"]
        for heading in asked:
            assert re.search(rf"^## {heading}\n\n\S", page, re.M), (name, heading)
        assert f"[`{name}`](strategy/{name}.md)" in index
        assert f"\nstrategy/{name}\n" in index
        assert not re.search(r"^\|.*\|\n[^|\n]", page + index, re.M)
    assert "b of N samples" in (tmp_path / "strategy" / "badge.md").read_text()
