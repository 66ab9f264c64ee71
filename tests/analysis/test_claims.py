"""The paper's claims, from planted results whose answers are known."""

import json

import numpy as np
import pytest
from analysis.planted_results import card, plant, run, study
from typer.testing import CliRunner

from mindgap.analysis import analyse, claims
from mindgap.analysis.claims.mended import p_of_more, share
from mindgap.analysis.utilised import ratios
from mindgap.cli import app

UNIMODAL, MULTIMODAL = ("margin", "badge"), ("bmmal", "jsd")
GROUPS = {**dict.fromkeys(UNIMODAL, "unimodal"), **dict.fromkeys(MULTIMODAL, "multimodal")}
PAIRS = [(f"hard{i}", f"easy{i}") for i in range(4)]


def records(rng, task, learner, *, neglect, mends=0.0, wins=0.0, noise=0.003, seeds=8):
    """Runs whose x2 is used exp(-neglect) as much as x1, less so with badge; bmmal wins by so much.

    Args:
        mends: share of the neglect that badge takes away.
        wins: AUBC that bmmal is ahead by.
        noise: standard deviation of the AUBC over strategies within a seed.
    """
    for seed in range(seeds):
        shared = rng.normal(0, 0.02)
        for name in ("random", *UNIMODAL, *MULTIMODAL):
            left = neglect * (1 - mends * (name == "badge"))
            used = np.exp(rng.normal([0.5 * left, -0.5 * left], 0.03))
            area = 0.8 + shared + rng.normal(0, noise) + wins * (name == "bmmal")
            metrics = {
                ("utilisation", "x1"): [1, used[0]],
                ("utilisation", "x2"): [1, used[1]],
                ("shapley", "x1"): [0.3, 0.3 * used[0]],
                ("shapley", "x2"): [0.3, 0.3 * used[1]],
            }
            yield from run(
                name, seed, [area, area], task, learner,
                metrics=metrics, family=task.replace("hard", "easy"), group=GROUPS.get(name),
            )  # fmt: skip


def planted(folder, seed, *, neglect=1.0, of_control=0.0, of_ume=0.1, known=True, ume=True, **more):
    """Four pitfalls beside their controls, with an ensemble that neglects less."""
    rng = np.random.default_rng(seed)
    folder.mkdir(exist_ok=True)
    cards, found = [], []
    for hard, easy in PAIRS:
        truth = {} if known else {"truth": None}
        cards += [
            card(hard, family=easy, pitfall="p", control=easy, **truth),
            card(easy, **truth),
        ]
        for task, size in ((hard, neglect), (easy, of_control)):
            found += records(rng, task, "concat", neglect=size, **more)
            if ume:
                found += records(rng, task, "ume", neglect=of_ume)
    asked = study([task for pair in PAIRS for task in pair], ("random", *GROUPS), 8, 1)
    return claims(analyse(plant(folder, found, {**asked, "learners": ["concat", "ume"]}, cards)))


def verdicts(found, task):
    return {claim.id: claim.verdict for claim in found if claim.scenario == task}


def test_neglect_that_nothing_mends(tmp_path):
    found = planted(tmp_path, 0)
    assert verdicts(found, "hard0") == dict.fromkeys(("C1", "C2", "C3"), "supported")
    assert verdicts(found, "easy0") == {"C1": "contradicted", "C2": "undecided", "C3": "supported"}
    assert verdicts(found, "") == dict.fromkeys(("C1", "C2", "C3"), "supported")
    first = next(claim for claim in found if claim.scenario == "hard1" and claim.id == "C1")
    assert first.n == 8
    assert first.effect == pytest.approx(1.0, abs=0.1)
    assert first.low < first.effect < first.high
    assert first.controls["minus control"]["effect"] == pytest.approx(1.0, abs=0.1)
    second = next(claim for claim in found if claim.scenario == "hard1" and claim.id == "C2")
    assert second.controls["gap to the balanced reference"]["effect"] == pytest.approx(0.9, abs=0.1)
    assert set(second.controls["share of the gap closed"]) == set(GROUPS)


def test_a_strategy_that_mends_half_of_it(tmp_path):
    found = planted(tmp_path, 1, mends=0.5)
    assert verdicts(found, "hard2")["C2"] == verdicts(found, "")["C2"] == "contradicted"
    assert "badge" in next(claim.reason for claim in found if claim.id == "C2" and claim.scenario)


def test_a_tenth_of_every_gap_is_told_from_more_however_gaps_differ():
    gaps = np.random.default_rng(0).uniform(0.2, 2, 8)
    found = share(0.12 * gaps, gaps)
    assert p_of_more(0.12 * gaps, gaps) < 0.001
    assert p_of_more(0.08 * gaps, gaps) > 0.999
    assert [found.mean, found.low, found.high] == pytest.approx([0.12] * 3)
    noisy = share(0.12 * gaps + np.random.default_rng(1).normal(0, 0.3, 8), gaps)
    assert noisy.low < 0.1 < noisy.high


def test_no_more_than_in_the_control(tmp_path):
    found = planted(tmp_path, 2, neglect=0.5, of_control=0.5)
    assert verdicts(found, "hard0")["C1"] == "undecided"
    assert verdicts(found, "easy0")["C1"] == "supported"
    assert verdicts(found, "")["C1"] == "contradicted"


def test_a_multimodal_strategy_that_wins_everywhere(tmp_path):
    found = planted(tmp_path, 3, wins=0.05)
    assert {claim.verdict for claim in found if claim.id == "C3"} == {"contradicted"}
    third = next(claim for claim in found if claim.id == "C3" and claim.scenario)
    assert third.controls["best multimodal"] == "bmmal"
    assert third.n == 4


def test_without_truth_the_ensemble_is_the_measure(tmp_path):
    found = planted(tmp_path, 4, known=False, of_ume=0.0)
    assert verdicts(found, "hard0")["C1"] == "supported"
    assert next(c.effect for c in found if c.scenario == "hard3") == pytest.approx(1.0, abs=0.1)


def test_a_modality_that_the_ensemble_cannot_use_is_left_out(tmp_path):
    rng = np.random.default_rng(11)
    names, found = ("x1", "x2", "x3"), []
    for learner, values in (("concat", (0.3, 0.1, 0.0)), ("ume", (0.3, 0.3, 0.001))):
        for seed in range(5):
            each = np.array(values) * np.exp(rng.normal(0, 0.02, 3))
            metrics = {("shapley", name): [v] for name, v in zip(names, each, strict=True)}
            found += run("random", seed, [0.8], "t", learner, metrics=metrics)
    cards = [card("t", truth=None, modalities={name: [4] for name in names})]
    first = next(c for c in claims(analyse(plant(tmp_path, found, cards=cards))) if c.scenario)
    assert first.effect == pytest.approx(np.log(3), abs=0.05)
    assert (first.verdict, first.n) == ("supported", 5)


def test_training_on_the_full_pool_is_a_control(tmp_path):
    rng = np.random.default_rng(10)
    cards = [
        card("hard0", family="easy0", pitfall="p", control="easy0", pool=100),
        card("easy0", pool=100),
    ]
    read = []
    for name, neglect in (("some", 1.0), ("all", 0.25)):
        (tmp_path / name).mkdir()
        found = list(records(rng, "hard0", "concat", neglect=neglect))
        found += records(rng, "easy0", "concat", neglect=0.0)
        read.append(plant(tmp_path / name, found, cards=cards))
    alone, beside = (
        next(c for c in claims(analyse(*given)) if c.id == "C1" and c.scenario == "hard0")
        for given in (read[:1], read)
    )
    assert (alone.verdict, alone.effect) == (beside.verdict, beside.effect)
    left = beside.controls["imbalance on the full pool"]
    assert left["effect"] == pytest.approx(0.25, abs=0.05)
    assert left["n"] == 8
    assert "on the full pool 2" in beside.reason
    assert "full pool" not in alone.reason


def test_what_is_meant_for_the_full_pool_but_is_not_is_told_of(tmp_path):
    """A verdict doesn't change by it, nor is the number used."""
    rng = np.random.default_rng(10)
    cards = [card("hard0", family="easy0", pitfall="p", control="easy0"), card("easy0")]
    read = []
    for name in ("some", "part"):
        (tmp_path / name).mkdir()
        found = list(records(rng, "hard0", "concat", neglect=1.0))
        found += records(rng, "easy0", "concat", neglect=0.0)
        read.append(plant(tmp_path / name, found, cards=cards))
    first = next(c for c in claims(analyse(*read)) if c.id == "C1" and c.scenario == "hard0")
    assert first.verdict == "supported"
    assert first.reason.endswith("what is meant for the full pool learned from 100 of 5000")
    assert "imbalance on the full pool" not in first.controls


def test_what_is_lacking_is_undecided_and_said(tmp_path):
    found = planted(tmp_path / "a", 5, ume=False)
    second = next(claim for claim in found if claim.id == "C2" and claim.scenario == "hard0")
    assert (second.verdict, second.effect) == ("undecided", None)
    assert "learner ume, was not measured" in second.reason
    found = planted(tmp_path / "b", 5, ume=False, known=False)
    assert verdicts(found, "hard0")["C1"] == "undecided"
    rng = np.random.default_rng(6)
    alone = list(records(rng, "hard0", "concat", neglect=1.0))
    (tmp_path / "c").mkdir()
    cards = [card("hard0", family="easy0", pitfall="p", control="easy0")]
    (_, _, _, first, *_) = claims(analyse(plant(tmp_path / "c", alone, study(("hard0",)), cards)))
    assert (first.verdict, first.reason) == ("undecided", "its control easy0 was not measured")


def test_a_null_that_shows_it_makes_all_of_it_undecided(tmp_path):
    rng = np.random.default_rng(7)
    cards = [card(h, family=e, pitfall="p", control=e) for h, e in PAIRS]
    cards += [*(card(e) for _, e in PAIRS), card("null", group="null")]
    found = [
        record
        for task, size in [*((h, 1.0) for h, _ in PAIRS), *((e, 0.0) for _, e in PAIRS)]
        for record in records(rng, task, "concat", neglect=size)
    ]
    for size, verdict in ((0.0, "supported"), (1.0, "undecided")):
        (tmp_path / verdict).mkdir()
        extra = list(records(rng, "null", "concat", neglect=size))
        results = plant(tmp_path / verdict, found + extra, cards=cards)
        first = next(c for c in claims(analyse(results)) if c.id == "C1" and not c.scenario)
        assert first.verdict == verdict
        assert set(first.controls["nulls"]) == {"null"}


def test_ratios_of_every_pair_start_at_the_most_used():
    used = {0: np.log([1.0, 0.5, 0.5]), 1: np.log([1.0, 0.25, 1.0])}
    assert ratios(used) == {
        (0, 2): pytest.approx({0: np.log(2), 1: 0.0}),
        (0, 1): pytest.approx({0: np.log(2), 1: np.log(4)}),
        (2, 1): pytest.approx({0: 0.0, 1: np.log(4)}),
    }
    assert ratios({}) == {}


def test_chance_alone_is_seldom_called_neglect(tmp_path):
    """Of three modalities that every seed uses by chance, the largest ratio is always positive."""
    rng = np.random.default_rng(8)
    names = ("x1", "x2", "x3")
    found, cards = [], []
    for i in range(200):
        cards.append(card(f"t{i}", modalities={name: [4] for name in names}))
        for seed in range(8):
            used = np.exp(rng.normal(0, 0.5, 3))
            metrics = {("utilisation", name): [u] for name, u in zip(names, used, strict=True)}
            found += run("random", seed, [0.8], f"t{i}", metrics=metrics)
    told = claims(analyse(plant(tmp_path, found, cards=cards)))
    supported = [c for c in told if c.id == "C1" and c.scenario and c.verdict == "supported"]
    assert 0 < len(supported) <= 18  # 5 % of 200 and two and a half standard errors


def test_the_command_tells_in_words_and_as_json(tmp_path):
    planted(tmp_path, 9)
    told = CliRunner().invoke(app, ["findings", str(tmp_path)], env={"COLUMNS": "150"}).output
    assert "C2: no query strategy mends that" in told
    assert "all of them" in told
    asked = CliRunner().invoke(app, ["findings", str(tmp_path), "--json"])
    listed = json.loads(asked.output)["claims"]
    assert {
        "id", "scenario", "learner", "verdict", "effect", "interval", "n", "reason", "controls",
    } == set(listed[0])  # fmt: skip
    refused = CliRunner().invoke(app, ["findings", str(tmp_path / "nothing")])
    assert refused.exit_code != 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"C1": "supported", "C2": "supported", "C3": "supported"}),
        ({"mends": 0.5, "wins": 0.05}, {"C2": "contradicted", "C3": "contradicted"}),
        ({"neglect": 0.0}, {"C1": "contradicted", "C2": "undecided"}),
        ({"neglect": 0.5, "of_control": 0.5}, {"C1": "undecided", "C2": "undecided"}),
        ({"noise": 0.03}, {"C3": "undecided"}),
    ],
)
def test_planted_answers_are_recovered(tmp_path, settings, expected):
    right = dict.fromkeys(expected, 0)
    for seed in range(30):
        found = verdicts(planted(tmp_path / str(seed), 100 + seed, **settings), "hard0")
        for number, verdict in expected.items():
            right[number] += found[number] == verdict
    assert min(right.values()) >= 27, right
