"""A scenario in words and in a figure, as a person sees them."""

import json
import textwrap
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread
from typer.testing import CliRunner

from mindgap.cli import app
from mindgap.cli.scenario_figure import scatters
from mindgap.cli.scenario_text import on_test_set
from mindgap.errors import MindgapError
from mindgap.registry import Registry
from mindgap.report.paper import drawing
from mindgap.report.scenario import draw, writable
from mindgap.tasks.scenarios.own import EXAMPLE
from mindgap.tasks.symptoms import SYMPTOMS

REGISTRY = Registry()


def invoke(*arguments):
    ended = CliRunner().invoke(app, arguments, catch_exceptions=False, env={"COLUMNS": "160"})
    assert ended.exit_code == 0, ended.output
    return ended.output


def test_show_says_all_that_a_scenario_is():
    printed = invoke("show", "scenario", "diff_nonlin_uniq")
    for text in (
        "U2 is told by x2 alone (at best 0.975 right)",
        "int_unique_balanced, differs in parity, and in nothing else",
        "here: in x2, a value is the XOR of 2 axes",
        "there: every value lies on one axis",
        "1 is 2 (this one)",
        "4 is 5",
        "The bit that only x2 carries, as a parity, is learned late.",
        "window",
        "unique to the first",
        "0.951",
    ):
        assert text in printed
    assert "differs in" not in invoke("show", "scenario", "int_redundant")
    assert "stays below 1 without noise: what is lost is lost" in invoke(
        "show", "scenario", "diff_corrupt"
    )


def test_the_test_set_is_told_by_pattern_beside_the_controls():
    truth = REGISTRY.configure("task", "miss_mnar_y").build().truth
    complete, only = (truth["patterns"][p] for p in ("x1+x2", "x1"))
    heads, rows = on_test_set(truth, REGISTRY.configure("task", "miss_mcar_skew").build().truth)
    assert heads == ["modalities observed", "share", "class", "mask ignored", "control"]
    assert only["bayes"] > only["bayes_mask_ignored"] + 0.3
    assert rows[0][2] == f"{complete['bayes']:.3f}"
    assert rows[1][2:4] == [f"{only[k]:.3f}" for k in ("bayes", "bayes_mask_ignored")]
    assert (rows[1][1], rows[1][4]) == ("50.0%", "0.447")
    natural = f"{truth['bayes_natural']:.3f}"
    assert rows[2] == ["whole test set", "100.0%", natural, "0.687", "0.687"]
    printed = invoke("show", "scenario", "miss_mnar_y")
    for row in rows:
        assert any(all(cell in line for cell in row) for line in printed.splitlines())


def test_what_a_control_lacks_or_is_too_rare_is_a_dash():
    rare = {"share": 0.001, "bayes": None, "bayes_mask_ignored": None, "standard_error": None}
    truth = REGISTRY.configure("task", "miss_mcar_sym").build().truth
    truth["patterns"]["x2"] = rare
    _, rows = on_test_set(truth, REGISTRY.configure("task", "miss_base").build().truth)
    assert rows[2] == ["x2", "0.1%", "–", "–"]
    assert [row[-1] for row in rows] == ["0.927", "–", "–", "0.927"]
    assert len(on_test_set(truth, None)[0]) == 3


def test_a_file_of_ones_own_is_shown_and_not_the_example(tmp_path):
    path = tmp_path / "long.yaml"
    path.write_text(textwrap.dedent(LONG) + "summary: My wrist.\n")
    printed = invoke("show", "scenario", f"own[file={path}]")
    assert "My wrist." in printed
    assert "there: nothing is missing" in printed
    assert "quiet_text" not in printed
    assert "quiet_text" in invoke("show", "scenario", "own")


def test_a_window_is_told_where_it_is_known(monkeypatch):
    known = replace(SYMPTOMS["diff_snr"], window=(50, 300), measured=True)
    monkeypatch.setitem(SYMPTOMS, "diff_snr", known)
    assert "shows between 50 and 300 labels" in invoke("show", "scenario", "diff_snr")
    monkeypatch.setitem(SYMPTOMS, "diff_snr", replace(known, window=None, measured=False))
    assert "not known" in invoke("show", "scenario", "diff_snr")


def test_ls_groups_by_pitfall_and_names_the_control():
    printed = invoke("ls", "scenarios")
    for group in ("interaction", "difficulty", "missing", "null"):
        assert f"scenarios: {group}" in printed
    row = next(line for line in printed.splitlines() if "│ int_synergy " in line)
    assert "int_unique_balanced[d=8]" in row
    rows = json.loads(invoke("ls", "scenarios", "--json"))
    assert {frozenset(row) for row in rows} == {frozenset({"name", "family", "summary"})}
    assert all(row["name"] in printed for row in rows)


@pytest.mark.parametrize("suffix", ["png", "SVG", "pdf"])
def test_the_extension_decides_the_format(tmp_path, suffix):
    path = tmp_path / f"drawn.{suffix}"
    printed = invoke("show", "scenario", "miss_mcar_sym", "--figure", str(path))
    assert "figure:" in printed
    if suffix == "png":
        assert imread(path).shape[1] == 1500
    else:
        assert path.read_bytes()[:5] in (b"<?xml", b"%PDF-")


def test_a_figure_that_cannot_be_is_one_sentence(tmp_path):
    for path, told in (
        (tmp_path / "a.jpeg", r"must end in \.png, \.svg, \.pdf"),
        (tmp_path / "none" / "a.png", "there is no folder .*none; make it first"),
    ):
        with pytest.raises(MindgapError, match=told):
            invoke("show", "scenario", "no_such_name", "--figure", str(path))
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(MindgapError, match="is a folder"):
        writable(tmp_path / "folder.png")
    for kind, name, told in (
        ("learner", "concat", "--figure draws scenarios"),
        ("scenario", "htad", "htad is a data set"),
    ):
        with pytest.raises(MindgapError, match=told):
            invoke("show", kind, name, "--figure", str(tmp_path / "a.png"))


LONG = """
    name: long
    modalities: {a_camera_with_a_very_long_name: [1, 8, 8], text: 1, accelerometer_on_the_wrist: 8}
    bits:
      scene: a_camera_with_a_very_long_name+accelerometer_on_the_wrist
      word: text
    missing: {mechanism: mcar, rates: {text: 0.3, accelerometer_on_the_wrist: 0.2}}
    pitfall: missing
"""


@pytest.mark.parametrize("name", ["int_red_syn", "five_mod", "miss_shift", "own"])
def test_nothing_is_cut_off_and_no_labels_overlap(tmp_path, name):
    if name == "own":
        (tmp_path / "long.yaml").write_text(textwrap.dedent(LONG))
        name = f"own[file={tmp_path / 'long.yaml'}]"
    source = REGISTRY.configure("task", name).build()
    control = source.control.card()
    with drawing():
        figure = draw(source.text, source.card(), control, scatters(source))
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn = figure.get_tightbbox().transformed(figure.dpi_scale_trans)
        for box in (drawn, *(text.get_window_extent() for text in figure.texts)):
            assert box.min.min() >= 0
            assert (box.max <= figure.bbox.max).all()
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
                for first, second in pairwise(tick.label1.get_window_extent() for tick in ticks):
                    assert not first.overlaps(second), axes.get_title()


def test_scatters_show_the_bits_where_they_are_told():
    found = scatters(REGISTRY.configure("task", "diff_noise_mod").build())
    assert found["x1"].names == ("U1", "U2")
    assert found["x2"].names == ("noise", "noise")
    told = (found["x1"].points > 0) == (found["x1"].bits == 1)
    assert told.mean() > 0.95
    assert (found["x2"].bits == 0).all()
    assert abs(found["x2"].points.std() - 1) < 0.1
    sparse = scatters(REGISTRY.configure("task", "miss_mcar_sym").build())
    assert 0.7 * 400 < len(sparse["x1"].points) < 0.8 * 400


def test_the_page_on_own_scenarios_shows_the_example():
    page = (Path(__file__).parents[2] / "docs" / "own.md").read_text()
    block = page.partition("```yaml\n")[2].partition("```")[0]
    assert block == EXAMPLE.read_text()
    fields = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert set(yaml.safe_load(block)) - {"name"} <= set(fields)
