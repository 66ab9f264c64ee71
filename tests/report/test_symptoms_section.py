"""Expected symptoms on the page and in the terminal."""

import numpy as np
import pytest
from analysis.planted_results import card, plant, run
from report.test_page import HOSTILE, Page, assert_harmless, rows_of
from report.test_table import printed

from mindgap.report import words
from mindgap.report.page import render

SENTENCE = "x2 is neglected because it is harder to learn."


def symptom(**changes):
    return {
        "sentence": SENTENCE,
        "metric": "utilisation",
        "subject": "x2",
        "control_subject": "x2",
        "strategy": "random",
        "minus": "",
        "at": "last",
        "direction": "lower",
        "smallest": 0.1,
        "measured": True,
        **changes,
    }


#: Task -> its utilisation of x2 with three seeds; the control's is 0.9, 0.91, 0.95.
LEVELS = {
    "sure": (0.5, 0.52, 0.55),
    "turned": (1.3, 1.33, 1.35),
    "absent": (0.9, 0.92, 0.95),
    "unsure": (0.5, 0.9, 0.95),
}


def planted(folder, levels=LEVELS, learners=("concat",), **changes):
    folder.mkdir(exist_ok=True)
    records = [
        record
        for learner in learners
        for task, values in {**levels, "easy": (0.9, 0.91, 0.95)}.items()
        for s, value in enumerate(values)
        for record in run(
            "random", s, [0.5, 0.6], task, learner, family="easy",
            metrics={("utilisation", "x2"): [0.1, value]},
        )
    ]  # fmt: skip
    cards = [card("easy")]
    cards += [
        card(task, family="easy", pitfall="p", control="easy", symptom=symptom(**changes))
        for task in levels
    ]
    return plant(folder, records, cards=cards)


def test_every_verdict_has_its_word_and_symbol(tmp_path):
    rows = {row.split()[0]: row for row in rows_of(render(planted(tmp_path))) if SENTENCE in row}
    assert {name: row.split(" | ")[2][:14] for name, row in rows.items()} == {
        "sure": "✓ confirmed",
        "turned": "⇄ opposite",
        "absent": "○ not seen",
        "unsure": "? undecided an",
    }
    # differences -0.4, -0.39, -0.4; t(2) = 4.303
    half = 4.303 * np.std([0.40, 0.39, 0.40], ddof=1) / np.sqrt(3)
    interval = f"[−{0.3967 + half:.3f}, −{0.3967 - half:.3f}]"
    assert rows["sure"].split(" | ")[0] == "sure easy"
    assert rows["sure"].split(" | ")[3:5] == [f"−0.397 {interval}", "lower by 0.100"]
    assert rows["sure"].split(" | ")[6:] == ["0.523 0.920", "3", "100 to 100"]
    assert "utilisation of x2 with random, after 100 labels" in rows["sure"]


def test_the_page_sums_them_up(tmp_path):
    page = Page(render(planted(tmp_path)))
    assert_harmless(page)
    assert ("a", "href", "#symptoms") in page.attributes
    assert ("section", "id", "symptoms") in page.attributes
    assert "1 of 4 confirmed: sure." in page.text
    assert "1 of 4 opposite: turned." in page.text


def test_without_a_symptom_there_is_no_section(tmp_path):
    results = plant(tmp_path, run("random", 0, [0.5, 0.6]), cards=[card("t")])
    assert "symptom" not in render(results).lower()
    assert "symptom" not in printed(results).lower()


def test_why_a_symptom_is_undecided(tmp_path):
    results = planted(tmp_path, {"hard": (0.5, 0.6)})
    reason = "2 seeds in common, at least 3 are needed"
    assert reason in Page(render(results)).text
    assert reason in " ".join(printed(results).split())


@pytest.mark.parametrize("width", [80, 100])
def test_a_line_each_in_the_terminal(tmp_path, width):
    text = printed(planted(tmp_path), width)
    assert text.isascii()
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    said = " ".join(text.split())
    assert f"sure: {SENTENCE} confirmed, -0.40 [-0.41, -0.38]" in said
    assert f"absent: {SENTENCE} not seen, +0.00 [-0.01, +0.02]" in said
    places = [said.index(s) for s in ("AUBC: mean accuracy", "Expected symptoms")]
    assert [*places, said.rindex("sure:")] == sorted([*places, said.rindex("sure:")])


def test_small_effects_are_told_with_three_digits(tmp_path):
    said = " ".join(printed(planted(tmp_path, smallest=0.05)).split())
    assert f"sure: {SENTENCE} confirmed, -0.397 [-0.411, -0.382]" in said


def test_learners_are_named_where_there_are_several(tmp_path):
    results = planted(tmp_path, {"hard": (0.5, 0.52, 0.55)}, ("concat", "late"))
    said = Page(render(results)).text
    assert "hard (concat)" in said
    assert "hard (late)" in said
    assert "hard (concat; late)" in " ".join(printed(results).split())


def test_what_is_said_of_several_learners_is_printed_once(tmp_path):
    results = planted(tmp_path, {"hard": (0.5, 0.6)}, ("concat", "late"))
    said = " ".join(printed(results).split())
    assert f"hard (concat; late): {SENTENCE} undecided" in said
    assert said.count(SENTENCE) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_symptoms_are_shown_and_do_nothing(tmp_path, name):
    hostile = {"sentence": name, "metric": name, "subject": name, "control_subject": name + "'"}
    text = render(planted(tmp_path, {"hard": (0.5, 0.52, 0.55)}, **hostile))
    page = Page(text)
    assert_harmless(page)
    assert "49" not in page.texts
    assert "\x1b" not in text
    shown = "".join("\ufffd" if c in "\x1b\x00\u202e" else c for c in name)
    assert any(shown in each for each in page.texts)
    assert "\x1b" not in printed(planted(tmp_path / "again", {"hard": (1, 2, 4)}, **hostile))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "utilisation of x2 with random, after 100 labels"),
        ({"at": "aubc"}, "utilisation of x2 with random, mean over 50 to 100 labels"),
        (
            {"metric": "kappa", "subject": "S2", "control_subject": "R2", "at": 50},
            "kappa of S2 with random (in the control that of R2), after 50 labels",
        ),
        (
            {"metric": "accuracy", "subject": "natural", "control_subject": "natural",
             "strategy": "entropy", "minus": "random"},
            "accuracy (natural) with entropy, minus that with random, after 100 labels",
        ),
        ({"metric": "accuracy_only", "minus": "bayes"},
         "accuracy with only x2 shown with random, minus Bayes, after 100 labels"),
        (
            {"metric": "incomplete", "subject": "", "control_subject": "", "at": "queries"},
            "share of incomplete samples among the chosen with random, mean over the queries at 50 "
            "to 100 labels",
        ),
    ],
)  # fmt: skip
def test_what_is_measured_in_words(tmp_path, changes, said):
    from mindgap.analysis import analyse

    (outcome,) = analyse(planted(tmp_path, {"hard": (0.5, 0.52, 0.55)}, **changes)).symptoms
    assert words.what_is_measured(outcome) == said
