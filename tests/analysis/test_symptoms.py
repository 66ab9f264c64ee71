"""Expected symptoms against the control, from planted results."""

import numpy as np
import pytest
from analysis.planted_results import TRUTH, card, plant, run
from scipy import stats

from mindgap.analysis import (
    VERDICTS,
    Cell,
    Difference,
    Measured,
    Twins,
    analyse,
    aubc,
    holm,
    symptoms,
    verdict,
)

LABELS = [50, 100, 150]


def symptom(**changes):
    """What a card says of it."""
    return {
        "sentence": "x2 is neglected.",
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


def hard_card(**changes):
    return card("hard", family="easy", pitfall="p", control="easy", symptom=symptom(**changes))


def draws(seed, tasks, strategies=("random",), seeds=range(6), spread=0.03):
    """(task, strategy, seed) -> a value a round, around each task's levels."""
    rng = np.random.default_rng(seed)
    return {
        (task, name, s): np.asarray(levels) + rng.normal(0, spread, len(LABELS))
        for task, levels in tasks.items()
        for name in strategies
        for s in seeds
    }


def planted(folder, values, asked=None, key=("utilisation", "x2"), control_key=None, **more):
    """Twins `hard` and `easy` with these values of one metric."""
    folder.mkdir(exist_ok=True)
    records = []
    for (task, name, s), curve in values.items():
        metrics = {control_key if control_key and task == "easy" else key: curve}
        records += run(
            name, s, [0.5] * len(curve), task, metrics=metrics, family="easy", **more.get(task, {})
        )
    return plant(folder, records, cards=[card("easy"), asked or hard_card()])


def at(values, task, pick, strategy="random", seeds=range(6)):
    return np.array([pick(values[task, strategy, s]) for s in seeds])


def test_there_is_one_for_every_card_that_expects_one(tmp_path):
    values = draws(0, {"hard": [0, 0.2, 0.3], "easy": [0, 0.9, 0.9]})
    (found,) = analyse(planted(tmp_path, values)).symptoms
    assert (found.task, found.learner, found.control_name) == ("hard", "concat", "easy")
    assert found.symptom == symptom()
    plain = card("hard", family="easy", pitfall="p", control="easy")
    assert analyse(planted(tmp_path / "none", values, plain)).symptoms == []


@pytest.mark.parametrize(
    ("where", "pick", "labels"),
    [
        ("last", lambda curve: curve[-1], (150, 150)),
        (100, lambda curve: curve[1], (100, 100)),
        ("aubc", lambda curve: aubc(LABELS, curve), (50, 150)),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_scipy_agrees_on_the_paired_difference(tmp_path, where, pick, labels, seed):
    values = draws(seed, {"hard": [0.1, 0.4, 0.3], "easy": [0.3, 0.7, 0.9]})
    (found,) = analyse(planted(tmp_path, values, hard_card(at=where))).symptoms
    here, there = (at(values, task, pick) for task in ("hard", "easy"))
    expected = stats.ttest_rel(here, there)
    interval = expected.confidence_interval(0.95)
    assert found.to_control.mean == pytest.approx(np.mean(here - there))
    assert (found.to_control.low, found.to_control.high) == pytest.approx(
        (interval.low, interval.high)
    )
    assert found.to_control.p == found.p_holm == pytest.approx(expected.pvalue)
    assert (found.here.value, found.control.value) == pytest.approx((here.mean(), there.mean()))
    assert (found.to_control.n, found.labels) == (6, labels)


def test_the_subject_may_be_called_otherwise_in_the_control(tmp_path):
    values = draws(0, {"hard": [0.1, 0.4, 0.3], "easy": [0.3, 0.7, 0.9]})
    asked = hard_card(metric="kappa", subject="S2", control_subject="R2")
    results = planted(tmp_path, values, asked, ("kappa", "S2"), ("kappa", "R2"))
    (found,) = analyse(results).symptoms
    assert found.control.value == pytest.approx(at(values, "easy", lambda c: c[-1]).mean())
    assert found.verdict == "confirmed"


@pytest.mark.parametrize("seed", range(3))
def test_less_what_random_has_with_the_same_seed(tmp_path, seed):
    levels = {"hard": [0.5, 0.6, 0.7], "easy": [0.6, 0.8, 0.9]}
    values = draws(seed, levels, ("random", "a"))
    (found,) = analyse(planted(tmp_path, values, hard_card(strategy="a", minus="random"))).symptoms
    here, there = (
        at(values, task, lambda c: c[-1], "a") - at(values, task, lambda c: c[-1])
        for task in ("hard", "easy")
    )
    assert (found.here.value, found.control.value) == pytest.approx((here.mean(), there.mean()))
    assert found.to_control.p == pytest.approx(stats.ttest_rel(here, there).pvalue)


def test_less_the_bayes_accuracy_of_each(tmp_path):
    levels = {"hard": [0.5, 0.6, 0.7], "easy": [0.6, 0.8, 0.9]}
    values = draws(0, levels)
    asked = hard_card(minus="bayes") | {"truth": {**TRUTH, "bayes_natural": 0.75}}
    (found,) = analyse(planted(tmp_path, values, asked)).symptoms
    pairs = at(values, "hard", lambda c: c[-1]) - at(values, "easy", lambda c: c[-1])
    assert found.to_control.mean == pytest.approx(pairs.mean() - 0.75 + TRUTH["bayes_natural"])


def test_share_of_incomplete_samples_among_the_chosen(tmp_path):
    chosen = {
        ("hard", "random"): ["x1", "x1+x2"],
        ("hard", "a"): ["x1", "x2", "x1", "x1+x2"],
        ("easy", "random"): ["x1+x2"],
        ("easy", "a"): ["x1+x2"],
    }
    records = [
        record
        for (task, name), patterns in chosen.items()
        for s in range(3)
        for record in run(
            name, s, [0.5, 0.6], task, family="easy", chosen=["x1", *patterns][s % 2 :]
        )
    ]
    asked = hard_card(
        metric="incomplete", subject="", strategy="a", minus="random", at="queries",
        direction="higher",
    )  # fmt: skip
    (found,) = analyse(plant(tmp_path, records, cards=[card("easy"), asked])).symptoms
    even, odd = 4 / 5 - 2 / 3, 3 / 4 - 1 / 2
    assert found.here.value == pytest.approx((2 * even + odd) / 3)
    assert found.control.value == pytest.approx(0)
    assert found.labels == (50, 100)


#: low and high of an interval in the expected direction, 0.1 being the smallest worth naming.
JUDGED = [
    (0.2, 0.4, "confirmed"),
    (0.1, 0.4, "confirmed"),
    (0.099, 0.4, "undecided"),
    (0.02, 0.1, "undecided"),
    (-0.2, 0.2, "undecided"),
    (0.02, 0.09, "not seen"),
    (-0.05, 0.05, "not seen"),
    (-0.3, -0.05, "not seen"),
    (-0.3, -0.1, "opposite"),
    (-0.4, -0.2, "opposite"),
]


@pytest.mark.parametrize(("low", "high", "expected"), JUDGED)
@pytest.mark.parametrize("sign", [1, -1])
def test_verdicts_by_interval(low, high, expected, sign):
    ends = sorted((sign * low, sign * high))
    found, why = verdict(Difference(sum(ends) / 2, *ends, 0.001, 5), 0.01, sign, 0.1)
    assert found == expected
    assert found in VERDICTS
    assert bool(why) == (expected == "undecided")


def test_holm_has_to_agree():
    sure = Difference(0.3, 0.2, 0.4, 0.03, 5)
    assert verdict(sure, 0.05, 1, 0.1) == (
        "undecided",
        "not significant after Holm's correction",
    )
    assert verdict(sure, 0.05, -1, 0.1)[0] == "undecided"
    assert verdict(sure, 0.049, 1, 0.1)[0] == "confirmed"


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_pairs_decide_nothing(n):
    found, why = verdict(Difference(0.3, 0.29, 0.31, 0.001, n), 0.001, 1, 0.1)
    assert found == "undecided"
    assert "at least 3" in why


def test_no_interval_decides_nothing():
    found, why = verdict(Difference(0.3, np.nan, np.nan, np.nan, 5), np.nan, 1, 0.1)
    assert found == "undecided"
    assert "no interval" in why


@pytest.mark.parametrize("seed", range(3))
def test_holm_is_over_all_symptoms_of_the_study(tmp_path, seed):
    rng = np.random.default_rng(seed)
    tasks = {"easy": 0.9, "t0": 0.88, "t1": 0.87, "t2": 0.6}
    records = [
        r
        for learner in ("concat", "late")
        for task, level in tasks.items()
        for s in range(5)
        for r in run(
            "random", s, [0.5] * 2, task, learner, family="easy",
            metrics={("utilisation", "x2"): [0, level + rng.normal(0, 0.02)]},
        )
    ]  # fmt: skip
    cards = [card("easy")]
    cards += [hard_card() | {"task": task} for task in ("t0", "t1", "t2", "never")]
    found = analyse(plant(tmp_path, records, cards=cards)).symptoms
    assert sorted((o.task, o.learner) for o in found) == [
        (task, learner) for task in ("t0", "t1", "t2") for learner in ("concat", "late")
    ]
    assert [o.p_holm for o in found] == pytest.approx(holm([o.to_control.p for o in found]))
    assert len({o.p_holm for o in found}) > 1


def why(results):
    (found,) = analyse(results).symptoms
    assert found.verdict == "undecided"
    return found.why


def test_why_it_is_undecided(tmp_path):
    values = draws(0, {"hard": [0.1, 0.4, 0.3], "easy": [0.3, 0.7, 0.9]}, ("random", "a"))
    lone = {key: curve for key, curve in values.items() if key[0] == "hard"}
    assert "control easy was not measured" in why(planted(tmp_path / "0", lone))
    few = {key: curve for key, curve in values.items() if key[0] == "hard" or key[2] < 2}
    assert "2 seeds in common" in why(planted(tmp_path / "1", few))
    other = {"easy": {"labels": [50, 90, 130]}}
    assert "other numbers of labels" in why(planted(tmp_path / "2", values, **other))
    shorter = {key: c[:2] if key[0] == "easy" else c for key, c in values.items()}
    assert "other numbers of labels" in why(planted(tmp_path / "3", shorter))
    assert "after 120 labels" in why(planted(tmp_path / "4", values, hard_card(at=120)))
    asked = hard_card(strategy="badge", minus="random")
    assert "badge was not measured on hard" in why(planted(tmp_path / "5", values, asked))
    without = {key: c for key, c in values.items() if key[:2] != ("easy", "random")}
    assert "random was not measured on easy" in why(
        planted(tmp_path / "6", without, hard_card(strategy="a", minus="random"))
    )
    absent = hard_card(metric="kappa", control_subject="U1")
    assert "kappa was not measured on hard" in why(
        planted(tmp_path / "7", values, absent, control_key=("kappa", "U1"))
    )
    assert "utilisation was not measured on easy" in why(
        planted(tmp_path / "8", values, control_key=("kappa", "U1"))
    )
    constant = {(task, "random", s): [0.1, 0.2, c] for task, c in (("hard", 0.5), ("easy", 0.8))
                for s in range(4)}  # fmt: skip
    assert "no interval" in why(planted(tmp_path / "9", constant))


def test_of_another_family_seeds_do_not_pair(tmp_path):
    values = draws(0, {"hard": [0.1, 0.4, 0.3], "easy": [0.3, 0.7, 0.9]})
    (compared, *_) = [
        c for c in analyse(planted(tmp_path, values)).compared if c.cell.task == "hard"
    ]
    other = Cell(**{**vars(compared.control), "family": "elsewhere"})
    nothing = Measured((), {}, {})
    (found,) = symptoms(nothing, [Twins(compared.cell, other)])
    assert "another family" in found.why


def test_a_seed_without_a_value_is_left_out_of_both(tmp_path):
    values = draws(0, {"hard": [0.1, 0.4, 0.3], "easy": [0.3, 0.7, 0.9]})
    values["hard", "random", 2][-1] = np.nan
    (found,) = analyse(planted(tmp_path, values)).symptoms
    kept = [0, 1, 3, 4, 5]
    assert (found.here.n, found.control.n, found.to_control.n) == (5, 5, 5)
    assert found.control.value == pytest.approx(
        at(values, "easy", lambda c: c[-1], seeds=kept).mean()
    )


def shown(folder, levels, direction="lower", seed=0):
    """The stretch over which differences of these sizes are shown."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    rounds = len(levels)
    records = [
        record
        for s in range(6)
        for task, curve in (
            ("easy", np.full(rounds, 0.5)),
            ("hard", 0.5 + np.asarray(levels) + rng.normal(0, 0.01, rounds)),
        )
        for record in run(
            "random", s, [0.5] * rounds, task, metrics={("utilisation", "x2"): curve},
            family="easy",
        )
    ]  # fmt: skip
    cards = [card("easy"), hard_card(direction=direction)]
    (found,) = analyse(plant(folder, records, cards=cards)).symptoms
    return found.shows


def test_shows_at_the_longest_stretch_of_labels(tmp_path):
    assert shown(tmp_path / "0", [0, -0.3, -0.2, 0, -0.3]) == (100, 150)
    assert shown(tmp_path / "1", [-0.3, 0, -0.3, 0]) == (50, 50)
    assert shown(tmp_path / "2", [0.3, 0.3, -0.3, 0]) == (150, 150)
    assert shown(tmp_path / "3", [0.3, 0.3, -0.3, 0], "higher") == (50, 100)
    assert shown(tmp_path / "4", [0.3, 0.2]) is None
