"""What grows with severity, on planted families."""

import numpy as np
import pytest
from analysis.planted_results import card, plant, run

from mindgap.analysis import analyse
from mindgap.analysis.severity import without_severity

LADDER = {"what": "dB of x2", "rungs": [6.0, 0.0, -6.0, -12.0]}


def task(severity, name="hard"):
    return name if severity == 2 else f"{name}[severity={severity}]"


def planted(folder, severities=(1, 2, 4), control=True, **more):
    """Strategy a gains 0.01 a severity on random, and x2 is used exp(-severity / 2) as much."""
    rng = np.random.default_rng(0)
    records, cards = [], []
    for severity in [*([0] if control else []), *severities]:
        text = task(severity) if severity else "easy"
        for seed in range(5):
            shared = rng.normal(0, 0.02)
            for name in ("random", "a"):
                area = 0.8 + shared + 0.01 * severity * (name == "a") + rng.normal(0, 1e-4)
                used = np.exp(rng.normal([0, -severity / 2], 0.01))
                metrics = {("utilisation", f"x{m + 1}"): [1, used[m]] for m in range(2)}
                if more.get("unknown"):
                    metrics = {}
                labels = [50, 100] if text != more.get("other_labels") else [60, 120]
                records += run(name, seed, [area, area], text, metrics=metrics, labels=labels)
        pitfall = {"pitfall": "less of x2", "control": "easy", "severity": severity}
        cards.append(card(text, **({**pitfall, "ladder": LADDER} if severity else {})))
    return analyse(plant(folder, records, cards=cards)).severities


def test_a_scenario_at_three_severities_and_its_control(tmp_path):
    (found,) = planted(tmp_path)
    assert (found.scenario, found.learner, found.pitfall) == ("hard", "concat", "less of x2")
    assert found.severities == (0, 1, 2, 4)
    assert found.tasks == ("easy", "hard[severity=1]", "hard", "hard[severity=4]")
    assert found.rungs == ("control", 6.0, 0.0, -12.0)
    assert (found.labels, found.pair) == (100, ("x1", "x2"))
    ahead = [step.to_reference.mean for step in found.steps["a"]]
    assert ahead == pytest.approx([0, 0.01, 0.02, 0.04], abs=5e-4)
    for name in ("random", "a"):
        apart = [step.imbalance.value for step in found.steps[name]]
        assert apart == pytest.approx([0, 0.5, 1, 2], abs=0.05)
        assert all(step.aubc.n == 5 for step in found.steps[name])
    last = found.steps["a"][-1]
    assert last.drawn.low < last.to_reference.mean < last.drawn.high
    assert found.steps["random"][0].to_reference is None
    growth = found.growth["a"]
    assert growth.to_reference.mean == pytest.approx(0.04, abs=5e-4)
    assert growth.imbalance.mean == pytest.approx(2, abs=0.05)
    assert growth.imbalance.n == 5
    assert growth.to_reference.p < 1e-4


def test_what_makes_no_curve(tmp_path):
    for name, settings in (
        ("one", {"severities": (1,), "control": False}),
        ("none", {"severities": ()}),
    ):
        (tmp_path / name).mkdir()
        assert planted(tmp_path / name, **settings) == []
    (tmp_path / "labels").mkdir()
    (found,) = planted(tmp_path / "labels", other_labels="easy")
    assert found.severities == (1, 2, 4)  # after other labels the control is no part of it
    (tmp_path / "unknown").mkdir()
    (found,) = planted(tmp_path / "unknown", unknown=True)
    assert found.pair == ()
    assert found.steps["a"][0].imbalance.n == 0
    assert found.steps["a"][0].to_reference.n == 5


def test_names_without_severity():
    assert without_severity("hard") == "hard"
    assert without_severity("hard[severity=3]") == "hard"
    assert without_severity("hard[noise=low, severity=3]") == "hard[noise=low]"
    assert without_severity("hard[d=8]") == "hard[d=8]"
