"""Figures and tables for papers: complete, readable by others, harmless whatever the names are."""

import csv
import xml.etree.ElementTree as ET

import pytest
from analysis.planted_results import card, plant, run, study
from typer.testing import CliRunner

from mindgap.analysis import analyse
from mindgap.cli import app
from mindgap.report.export import export, latex
from mindgap.report.tables import Table, tables

HOSTILE = "=cmd|'/c calc'!A1 & 50% of \\$x_1{}"


@pytest.fixture
def results(tmp_path):
    records = [
        record
        for seed in range(4)
        for name, ahead in (("random", 0.0), (HOSTILE, 0.05 + 0.01 * seed))
        for record in run(name, seed, [0.5, 0.6 + ahead], metrics={("shapley", "x1"): [0.1, 0.2]})
    ]
    asked = study(("t",), ("random", HOSTILE), 4, 1)
    return plant(tmp_path, records, asked, [card("t")])


def test_everything_on_the_page_is_written(tmp_path, results):
    folder = tmp_path / "export"
    files = export(folder, results)
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(files)
    names = {path.name for path in files}
    for kind in ("curves", "differences", "reliance"):
        assert {f"000-t_concat-{kind}.svg", f"000-t_concat-{kind}.pdf"} <= names
    assert {"across-00-concat-overall.svg", "across-01-concat-ranks.pdf"} <= names
    for table in ("budgets", "savings", "gains", "overall", "pairs", "severities", "ranking"):
        assert {f"{table}.csv", f"{table}.tex"} <= names
    for path in files:
        if path.suffix == ".svg":
            root = ET.fromstring(path.read_text())  # noqa: S314  # our own
            assert root.tag.endswith("svg")
        if path.suffix == ".pdf":
            assert path.read_bytes().startswith(b"%PDF")
    before = {path: path.read_bytes() for path in files}
    export(folder, results)
    assert before == {path: path.read_bytes() for path in files}


def test_a_spreadsheet_reads_the_numbers_and_runs_nothing(tmp_path, results):
    export(tmp_path / "export", results)
    with (tmp_path / "export/tables/strategies.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["strategy"] for row in rows] == ["random", f"'{HOSTILE}"]
    row = next(iter(analyse(results).compared)).rows[1]
    assert float(rows[1]["minus random"]) == row.to_reference.mean
    assert rows[0]["minus random"] == ""


def rows_of(analysis, name):
    (table,) = [table for table in tables(analysis) if table.name == name]
    assert all(len(row) == len(table.heads) for row in table.rows)
    return [dict(zip(table.heads, row, strict=True)) for row in table.rows]


def test_labels_saved_and_budgets(results):
    analysis = analyse(results)
    first, second = rows_of(analysis, "savings")
    assert (first["strategy"], first["labels needed"]) == ("random", "100")
    assert first["labels saved"] == 0
    assert float(second["labels needed"]) < 100
    assert (second["seeds"], second["seeds that get there"]) == (4, 4)
    budgets = rows_of(analysis, "budgets")
    assert [(row["labels"], row["minus random"]) for row in budgets[:2]] == [(50, None), (50, None)]
    assert budgets[3]["minus random"] == pytest.approx(0.065)


def test_every_table_has_as_many_columns_as_heads(realistic):
    for table in tables(analyse(realistic, realistic)):
        assert {len(row) for row in table.rows} <= {len(table.heads)}, table.name


def test_pairs_read_both_ways(results):
    one, other = rows_of(analyse(results), "pairs")
    assert (one["strategy"], one["wins"], one["losses"]) == ("random", 0, 1)
    assert (other["against"], other["wins"], other["losses"]) == ("random", 1, 0)
    assert one["Nemenyi p"] == other["Nemenyi p"]


def test_gains_say_why_there_are_none(results):
    (first, *_) = rows_of(analyse(results, results), "gains")
    assert "learned from 100 of 5000" in first["why none"]
    assert first["gain"] is None
    assert rows_of(analyse(results), "gains") == []


def test_latex_is_escaped(results):
    text = latex(next(tables(analyse(results))))
    assert r"\& 50\% of \textbackslash{}\$x\_1\{\}" in text
    assert latex(Table("t", ["a"], [(-0.25,), (float("nan"),)], 0)).splitlines()[5:7] == [
        r"$-0.250$ \\",
        r"-- \\",
    ]


def test_the_command(tmp_path, results):
    out = tmp_path / "paper"
    told = CliRunner().invoke(app, ["report", str(tmp_path), "--export", str(out)])
    assert told.exit_code == 0, told.output
    assert (out / "tables/claims.tex").is_file()
    assert (out / "tables/gains.csv").read_text().count("\n") == 1
    beside = ["--export", str(out), "--full", str(tmp_path)]
    told = CliRunner().invoke(app, ["report", str(tmp_path), *beside])
    assert told.exit_code == 0, told.output
    assert "learned from 100 of 5000" in (out / "tables/gains.csv").read_text()
    told = CliRunner().invoke(app, ["report", str(tmp_path), "--full", str(tmp_path / "no")])
    assert told.exit_code != 0
    (tmp_path / "file").touch()
    told = CliRunner().invoke(app, ["report", str(tmp_path), "--export", str(tmp_path / "file")])
    assert "can't be written to" in str(told.exception)
