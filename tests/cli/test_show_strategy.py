"""What is said of a strategy's shipped results, and the script that condenses them."""

import csv
import json
import runpy
from dataclasses import replace
from pathlib import Path

import pytest
from shipped import NAMES
from typer.testing import CliRunner

from mindgap.analysis import analyse
from mindgap.cli import app, strategy_text
from mindgap.cli.strategy_text import COLUMNS, evidence
from mindgap.errors import MindgapError
from mindgap.study.run import run
from mindgap.study.spec import read

ROOT = Path(__file__).parents[2]
HEAD = "# commands: mindgap run strategies\n# version: 0.1.0\n" + ",".join(COLUMNS) + "\n"
TABLE = HEAD + "\n".join(
    [
        "a[pool=9],concat,50,300,badge,10,0.02,0.01,0.03,0.004",
        "b[pool=9],concat,50,300,badge,10,-0.02,-0.03,-0.01,0.049",
        "c[pool=9],concat,50,300,badge,10,0.5,-0.1,0.6,0.05",
        "d[pool=9],concat,50,300,badge,9,0,nan,nan,nan",
        "a[pool=9],concat,50,300,stratified[of=badge],10,0.02,0.01,0.03,0.5",
        "a[pool=9],concat,50,300,stratified[of=bald],10,-0.02,-0.03,-0.01,0.001",
    ]
)


def test_where_it_helps_and_fails():
    told, source = evidence("badge", TABLE)
    assert told == (
        "AUBC of badge against random (concat, pool=9, 50 to 300 labels, 9 or 10 seeds): helps on "
        "a (+0.020 [+0.010, +0.030], 10 seeds); fails on b (-0.020 [-0.030, -0.010], 10 seeds); "
        "undecided on c (+0.500, 10 seeds), d (+0.000, 9 seeds)."
    )
    assert "Holm's correction" in source
    assert "mindgap 0.1.0, mindgap run strategies" in source


def test_each_way_to_configure_it_is_told():
    first, second, _ = evidence("stratified", TABLE)
    assert "AUBC of stratified[of=badge] against" in first
    assert "undecided on a" in first
    assert "fails on a" in second


def test_what_was_not_measured_says_so():
    assert evidence("margin", TABLE) == [strategy_text.NOT_MEASURED]
    assert evidence("badge", None) == [strategy_text.NOT_MEASURED]
    assert "measured against it" in evidence("random", TABLE)[0]


def test_show_says_what_was_shipped(monkeypatch):
    monkeypatch.setattr(strategy_text, "shipped", lambda: TABLE)
    printed = CliRunner().invoke(app, ["show", "strategy", "badge"]).output
    assert "fails on b (-0.020" in " ".join(printed.split())
    as_json = CliRunner().invoke(app, ["show", "strategy", "stratified[of=margin]", "--json"])
    assert len(json.loads(as_json.output)["shipped results"]) == 3


def test_the_packaged_study_has_every_strategy_and_shipped_rows_are_its():
    """But for the policy, whose validation labels all of them would have to pay for."""
    study, _ = read("strategies")
    assert {text.partition("[")[0] for text in study.strategies} == set(NAMES) - {"rl_mba"}
    lines = (strategy_text.shipped() or "").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert {row["task"] for row in rows} == set(study.tasks)
    assert {row["strategy"].partition("[")[0] for row in rows} == set(NAMES) - {"rl_mba", "random"}


def scripted(name):
    return runpy.run_path(str(ROOT / "benchmarks" / "evidence.py"))[name]


TASKS = "miss_base[pool=120, test=60]", "miss_mcar_sym[pool=120, test=60]"


def study(strategies, seeds, *tasks):
    """Small scenarios."""
    short = [f"tasks=[{', '.join(tasks)}]"]
    short += [f"strategies=[random, {strategies}]", f"seeds={seeds}", "learners=concat[steps=5]"]
    return read("strategies", [*short, "budget={initial: 10, query: 5, rounds: 1}"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Two scenarios, three strategies, three seeds: the folder and what it holds."""
    folder = tmp_path_factory.mktemp("whole") / "results"
    return folder, run(*study("badge, margin", 3, *TASKS), folder, workers=0)


def test_the_script_condenses_a_real_study(whole, tmp_path):
    """Its rows are those of the report."""
    folder, results = whole
    out = tmp_path / "table.csv"
    scripted("write")([folder], out)
    table = out.read_text()
    assert f"mindgap run strategies; python benchmarks/evidence.py {folder}" in table
    for name in ("badge", "margin"):
        told, _ = evidence(name, table)
        assert "(concat[steps=5], pool=120, test=60, 10 to 15 labels, 3 seeds)" in told
        assert "miss_base (" in told
        assert "miss_mcar_sym (" in told
    assert evidence("random", table) == evidence("random", None)
    assert table.count("\n") == 4 + 4
    reported = {
        (compared.cell.task, row.strategy): row.p_holm
        for compared in analyse(results).compared
        for row in compared.rows
        if row.to_reference
    }
    _, rows = scripted("read")(out)
    found = {(row["task"], row["strategy"]): float(row["p"]) for row in rows}
    assert found == pytest.approx(reported, rel=1e-4, nan_ok=True)

    longer = {**results.study["budget"], "rounds": 2}
    unfinished = replace(results, study={**results.study, "budget": longer})
    assert scripted("condensed")(unfinished) == []


def test_parts_of_a_study_give_the_rows_of_the_whole(whole, tmp_path):
    """Of one scenario, with Holm's correction over the strategies of both parts."""
    parts, out, added = [tmp_path / "one", tmp_path / "two"], tmp_path / "out", tmp_path / "added"
    scripted("write")([whole[0]], out)
    rows = [row for row in scripted("read")(out)[1] if row["task"] == TASKS[0]]
    for part, name in zip(parts, ("badge", "margin"), strict=True):
        run(*study(name, 3, TASKS[0]), part, workers=0)
    scripted("write")(parts[:1], added)
    assert scripted("read")(added)[1] != rows
    scripted("write")(parts[1:], added, add=True)
    head, again = scripted("read")(added)
    assert sorted(map(str, again)) == sorted(map(str, rows))
    assert str(parts[1]) in head["commands"]
    scripted("write")(parts[1:], added, add=True)  # nothing twice
    assert scripted("read")(added)[1] == again


def test_parts_of_another_budget_are_refused(whole, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text('# commands: x\n# budget: {"initial": 9}\n' + ",".join(COLUMNS) + "\n")
    with pytest.raises(MindgapError, match="different budgets"):
        scripted("write")([whole[0]], table, add=True)


def test_shipped_p_follow_from_shipped_intervals():
    _, rows = scripted("read")(ROOT / "src" / "mindgap" / "studies" / "strategies.csv")
    again = scripted("corrected")(rows)
    told = [float(row["p"]) for row in rows]
    assert [float(row["p"]) for row in again] == pytest.approx(told, rel=1e-3, nan_ok=True)
    assert len({(row["task"], row["strategy"]) for row in rows}) == len(rows)
