"""Balance and selection metrics on the page: those that a study asks for, with how to read them."""

import re

import numpy as np
import pytest
from analysis.planted_results import card, plant, run
from report.test_page import HOSTILE, Page, assert_harmless

from mindgap.analysis import analyse
from mindgap.report.page import render
from mindgap.report.plot import Point
from mindgap.report.readings import BALANCE, SELECTION, after_training, of_queries

#: Each at three rounds.
METRICS = {
    ("perceptual_score", "x2"): [0.1, 0.2, 0.25],
    ("perceptual_score", "x1"): [0.5, 0.5, 0.75],
    ("emap_gap", ""): [0.0, 0.1, -0.2],
    ("class_entropy", ""): [0.9, 0.8, 0.4],
    ("cell_coverage", "values"): [0.25, 0.5, 1.0],
    ("pattern_lift", "x1+x2"): [1.0, np.nan, 2.0],
}


def planted(folder, metrics=METRICS, names=("random", "a"), **changes):
    records = [
        record
        for i, name in enumerate(names)
        for seed in range(3)
        for record in run(
            name, seed, [0.5, 0.6, 0.7],
            metrics={key: [v + i / 10 for v in values] for key, values in metrics.items()},
        )
    ]  # fmt: skip
    return plant(folder, records, cards=[card("t", **changes)])


def test_models_are_read_after_the_last_labels_queries_over_all(tmp_path):
    analysis = analyse(planted(tmp_path))
    (compared,) = analysis.compared
    models = {s.metric: s for s in after_training(analysis.measured, compared.cell)}
    queries = {s.metric: s for s in of_queries(analysis.measured, compared.cell)}
    assert list(models) == ["perceptual_score", "emap_gap"]
    assert list(models["perceptual_score"].values) == ["x1", "x2"]
    assert models["perceptual_score"].values["x2"]["random"].value == pytest.approx(0.25)
    assert models["emap_gap"].values[""]["a"].value == pytest.approx(-0.1)
    assert queries["class_entropy"].values[""]["random"].value == pytest.approx(0.7)
    assert queries["cell_coverage"].values["values"]["random"].value == pytest.approx(1.0)
    assert queries["pattern_lift"].values["x1+x2"]["random"].value == pytest.approx(1.5)


def test_they_are_folded_and_say_how_they_are_read(tmp_path):
    text = render(planted(tmp_path))
    page = Page(text)
    assert_harmless(page)
    assert "More about the models: 2 balance and calibration metrics" in page.text
    assert "What was chosen: 3 selection metrics" in page.text
    for metric in ("perceptual_score", "emap_gap"):
        assert BALANCE[metric].how in page.text
    assert SELECTION["cell_coverage"].how in page.text
    assert BALANCE["mipd"].how not in page.text
    assert re.search(r"x1 from 0\.750 \(random\) to 0\.850 \(a\); x2 from 0\.250", page.text)
    before = text[: text.index("perceptual score")]
    assert before.count("<details") - before.count("</details>") == 2


def test_every_metric_that_can_be_measured_is_on_the_page():
    """Its own place, or a reading: nobody measures what can't be seen."""
    from pathlib import Path

    import mindgap.metrics as room
    from mindgap.study.examine import METRICS as EXAMINED
    from mindgap.study.selected import OF_QUERY

    sources = [path.read_text() for path in Path(room.__file__).parent.glob("*.py")]
    named = set(re.findall(r'Measurement\(\s*"(\w+)"', "\n".join(sources)))
    assert len(named) > 20
    elsewhere = {
        "accuracy", "macro_f1", "kappa", "accuracy_only", "accuracy_without", "shapley",
    }  # fmt: skip
    told_by_another = {
        "accuracy_shown", "bit_accuracy", "nll_shown", "shapley_ume", "probe_accuracy",
        "probe_accuracy_ume", "latent_probe_ume",
    }  # fmt: skip
    missing = named - elsewhere - told_by_another - BALANCE.keys() - SELECTION.keys()
    assert missing == set()
    for name in (*EXAMINED, *OF_QUERY):
        assert name in {*BALANCE, *SELECTION, "permuted_accuracy"}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_subjects_are_shown_and_do_nothing(tmp_path, name):
    text = render(planted(tmp_path, {("mipd", name): [0.1] * 3, ("pattern_lift", name): [1] * 3}))
    assert_harmless(Page(text))


def test_a_small_figure_has_a_dot_a_strategy_and_subject(tmp_path):
    from mindgap.report.panels import families

    (family,) = families(analyse(planted(tmp_path)))
    (panel,) = family.learners["concat"]
    plots = {shown.metric: plot for shown, plot in panel.details["models"]}
    points = [mark for mark in plots["perceptual_score"].marks if isinstance(mark, Point)]
    assert sorted(point.x for point in points) == pytest.approx([0.25, 0.35, 0.75, 0.85])
