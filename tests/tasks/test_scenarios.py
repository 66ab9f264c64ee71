"""The scenarios: each has one pitfall, and shares everything else with its control."""

import hashlib
import inspect
import json
import re
from dataclasses import replace
from itertools import pairwise
from math import prod, sqrt

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from mindgap.errors import MindgapError
from mindgap.registry import Registry
from mindgap.tasks.accuracy import of_values
from mindgap.tasks.closed import closed_form
from mindgap.tasks.description import Bit, Description
from mindgap.tasks.generator import draw, generate, intact
from mindgap.tasks.missingness import Missingness
from mindgap.tasks.sampled import Sample, accuracy
from mindgap.tasks.scenario import Ladder, Scenario
from mindgap.tasks.scenarios import int_redundant, miss_base
from mindgap.tasks.twins import difference

REGISTRY = Registry()


def build(text) -> Scenario:
    return REGISTRY.configure("task", text).build()


ALL = [name for name in REGISTRY.names("task") if build(name).kind == "scenario"]
#: `own` is what a file makes of it, tested in test_own.
SCENARIOS = [name for name in ALL if name != "own"]
WITH_CONTROL = [name for name in SCENARIOS if build(name).control is not None]
WITH_LADDER = [name for name in SCENARIOS if build(name).ladder is not None]
RUNGS = [
    (name, severity)
    for name in WITH_LADDER
    for severity in range(1, len(build(name).ladder.rungs) + 1)
]


def small(name, **params) -> Scenario:
    inside = ", ".join(f"{k}={v}" for k, v in {"pool": 300, "test": 200, **params}.items())
    return build(f"{name}[{inside}]")


def everything(scenario) -> str:
    return "+".join(scenario.description.names)


def bayes(description, shown, n=20_000):
    """Accuracies with what is shown, and their error."""
    subset = frozenset(shown.split("+")) - {""}
    return closed_form(description, subset) or accuracy(Sample(description, n=n).shown(subset))


def test_all_kinds_of_pitfall_are_there():
    expected = """int_redundant int_unique_balanced int_unique_one int_synergy int_red_syn int_all16
        diff_snr diff_nonlin_red diff_nonlin_uniq diff_dim diff_noise_mod diff_corrupt
        diff_image diff_sequence diff_shortcut miss_base miss_mcar_sym
        miss_mcar_skew miss_mar miss_mnar_y miss_mnar_x
        miss_syn miss_test_only miss_pool_only miss_shift three_mod five_mod imbalance label_noise
        mix_realistic null_exchangeable null_label_noise"""
    assert set(expected.split()) <= set(SCENARIOS)
    assert {build(name).group for name in ALL} == {
        "interaction", "difficulty", "missing", "many modalities", "labels", "mixture", "null",
        "own",
    }  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("noise", ["standard", "low"])
def test_every_scenario_is_made_as_it_says(name, noise):
    scenario = small(name, noise=noise)
    assert scenario.name == name
    task = scenario.make(0)
    assert task.shape == scenario.shape
    assert (len(task.pool), len(task.test)) == (300, 200)
    again, other = scenario.make(0), scenario.make(1)
    assert torch.equal(task.pool.labels, again.pool.labels)
    assert not torch.equal(task.pool.labels, other.pool.labels)


@pytest.mark.parametrize("name", SCENARIOS)
def test_cards_are_json_and_say_all(name):
    scenario = build(name)
    card = json.loads(json.dumps(scenario.card()))
    for key in ("patterns", "test_patterns"):
        assert sum(card[key].values()) == pytest.approx(1)
    shares = [pattern["share"] for pattern in card["truth"]["patterns"].values()]
    assert sum(shares) == pytest.approx(1)
    assert (card["pitfall"] is None) == (card["control"] is None)
    assert scenario.summary.endswith(".")
    if card["pitfall"]:
        assert len(card["differs_in"]) == 1
        assert card["severity"] == scenario.severity
        assert len(card["ladder"]["rungs"]) >= 4


@pytest.mark.parametrize("name", WITH_CONTROL)
def test_a_control_is_found_by_its_text(name):
    """Whatever else is chosen, scenario and control share it."""
    given = {"pool": 300, "test": 200, "noise": "low"}
    scenario = small(name, **given)
    control = REGISTRY.configure("task", scenario.control.text)
    assert control.text == scenario.control.text
    assert control.build() == scenario.control
    assert {k: control.params[k] for k in given} == given
    assert REGISTRY.configure("task", name).text == build(name).text == name


@pytest.mark.parametrize(("name", "severity"), RUNGS)
def test_twins_differ_in_one_field(name, severity):
    scenario = build(f"{name}[severity={severity}]")
    control = scenario.control
    assert len(difference(scenario.description, control.description)) == 1
    assert scenario.family == control.family
    shown = everything(scenario)
    first, second = (bayes(s.description, shown).of_class for s in (scenario, control))
    assert first == pytest.approx(second, abs=0.005)


@pytest.mark.parametrize("name", WITH_CONTROL)
def test_certified_truths_of_twins_match(name):
    scenario = build(name)
    shown, twins = everything(scenario), (scenario, scenario.control)
    first, second = (s.truth["bayes_accuracy"][shown] for s in twins)
    assert abs(first - second) < 0.005
    first, second = (s.truth["information"]["mutual_information"][shown] for s in twins)
    assert (abs(first - second) < 0.005) == (scenario.why_unmatched is None)


@pytest.mark.parametrize("name", WITH_CONTROL)
@pytest.mark.parametrize("seed", [0, 7])
def test_twins_share_what_the_pitfall_does_not_touch(name, seed):
    scenario = small(name)
    mine, theirs = scenario.make(seed), scenario.control.make(seed)
    field = difference(scenario.description, scenario.control.description)[0]
    for a, b in ((mine.pool, theirs.pool), (mine.test, theirs.test)):
        assert (a.ids == b.ids).all()
        if field != "prior" and (field != "label_noise" or a is mine.test):
            assert torch.equal(a.labels, b.labels)
        if field not in ("missing", "prior"):
            assert torch.equal(a.observed, b.observed)


@pytest.mark.parametrize("seed", [0, 7])
def test_what_the_pitfall_does_not_touch_is_equal_to_the_bit(seed):
    for name in ("diff_nonlin_red", "diff_corrupt", "diff_dim", "diff_nonlin_uniq"):
        scenario = small(name)
        hard, easy = (s.make(seed).pool for s in (scenario, scenario.control))
        assert torch.equal(hard.modalities["x1"], easy.modalities["x1"])
        assert not torch.equal(hard.modalities["x2"][:, :32], easy.modalities["x2"][:, :32])
    for name in ("miss_mcar_sym", "miss_mar", "miss_mnar_x", "miss_mnar_y", "miss_shift"):
        gaps, full = (build(n).description for n in (name, "miss_base"))
        assert gaps.bits == full.bits
        a, b = (generate(d, "miss_base", seed, "pool", 300) for d in (gaps, full))
        for m, modality in enumerate(a.names):
            seen = a.observed[:, m]
            assert torch.equal(a.modalities[modality][seen], b.modalities[modality][seen])


def test_a_pitfall_is_one_field():
    missing = Missingness(pool={"x1": 0.1})
    with pytest.raises(ValueError, match="a pitfall of miss_base must change one field, not"):
        miss_base().with_pitfall("two things at once", parity={"x2": 2}, missing=missing)
    with pytest.raises(ValueError, match="one field"):
        int_redundant().with_pitfall("nothing", label_noise=0.0)


def test_bits_keep_their_accuracy_under_a_prior():
    """Whatever they are made of, and up to where guessing alone would do."""
    bits = (Bit("R", (("x1", "x2"),)), Bit("S", (("x1",), ("x2",), ("x1",)), 0.9))
    description = Description({"x1": 9, "x2": 9}, bits, prior=(0.64, 0.16, 0.16, 0.04))
    found = bayes(description, "x1+x2", 200_000)
    assert found.of_bits == pytest.approx([0.975, 0.9], abs=0.002)
    assert found.of_class == pytest.approx(0.975 * 0.9, abs=0.003)
    with pytest.raises(MindgapError, match=r"^prior: bit S is its more frequent value in 0\.9 of"):
        replace(description, prior=(0.72, 0.18, 0.08, 0.02))


# severity and noise

#: What a higher severity makes smaller; each function takes the scenario.
FALLS = {
    "int_unique_one": lambda s: bayes(s.description, "x2").of_bits[1],
    "int_synergy": lambda s: -_xored(s, "S1") + bayes(s.description, "x2").of_bits[0],
    "int_red_syn": lambda s: -_xored(s, "S2") + bayes(s.description, "x2").of_bits[1],
    "int_all16": lambda s: -_xored(s, "S") + bayes(s.description, "x2").of_bits[3],
    "diff_snr": lambda s: bayes(s.description, "x2").of_class,
    "diff_nonlin_red": lambda s: -len(s.description.axes["x2"]),
    "diff_nonlin_uniq": lambda s: -len(s.description.axes["x2"]),
    "diff_dim": lambda s: -s.description.dimensions["x2"],
    "diff_noise_mod": lambda s: -s.description.dimensions["x2"],
    "diff_image": lambda s: -prod(s.description.shape("x2")),
    "diff_sequence": lambda s: -prod(s.description.shape("x2")),
    "diff_corrupt": lambda s: bayes(s.description, "x2").of_bits[1],
    "diff_shortcut": lambda s: -s.description.shortcut.pool,
    "miss_mcar_sym": lambda s: _share(s, "pool", "x1+x2"),
    "miss_mcar_skew": lambda s: _share(s, "pool", "x2"),
    "miss_mar": lambda s: _least_complete(s),
    "miss_mnar_y": lambda s: _least_complete(s),
    "miss_mnar_x": lambda s: _least_complete(s),
    "miss_shift": lambda s: _least_complete(s),
    "miss_syn": lambda s: -_xored(s, "S2") + bayes(s.description, "x2").of_bits[1],
    "miss_test_only": lambda s: _share(s, "test", "x1+x2"),
    "miss_pool_only": lambda s: _share(s, "pool", "x1+x2"),
    "three_mod": lambda s: -_xored(s, "S") + bayes(s.description, "x3").of_bits[2],
    "five_mod": lambda s: -_xored(s, "S") + bayes(s.description, "x3").of_bits[2],
    "imbalance": lambda s: s.description.class_prior.min(),
    "label_noise": lambda s: -s.description.label_noise,
    "mix_realistic": lambda s: _share(s, "pool", "x1+x2"),
}


def _xored(scenario, name):
    description = scenario.description
    return len(description.bits[description.number(name)].groups)


def _share(scenario, split, pattern):
    d = scenario.description
    return d.missing.of(split).shares(d.names, d.class_prior).get(pattern, 0.0)


def _least_complete(scenario):
    """Of the two values of its bit, how often the rarer is complete in the pool."""
    sample = Sample(scenario.description, "pool", n=20_000)
    labels = sample._drawn[0][sample.having(frozenset({"x1", "x2"}))]
    return min(np.bincount((labels >> j) & 1, minlength=2).min() for j in (1, 2))


@pytest.mark.parametrize("name", WITH_LADDER)
def test_severity_is_monotone(name):
    ladder = build(name).ladder
    values = [FALLS[name](build(f"{name}[severity={s}]")) for s in _rungs(ladder)]
    assert all(a > b for a, b in pairwise(values)), values


def _rungs(ladder: Ladder):
    return range(1, len(ladder.rungs) + 1)


def test_every_pitfall_is_a_ladder_and_nothing_else_is():
    assert set(WITH_CONTROL) == set(WITH_LADDER) == set(FALLS)
    for name in WITH_LADDER:
        scenario = build(name)
        default = inspect.signature(REGISTRY.target("task", name)).parameters["severity"].default
        assert scenario.severity == default
        assert len(scenario.ladder.rungs) >= 4


@pytest.mark.parametrize("name", WITH_LADDER)
@pytest.mark.parametrize("severity", [0, 9, -1])
def test_a_severity_off_the_ladder_is_refused_with_its_rungs(name, severity):
    n = len(build(name).ladder.rungs)
    with pytest.raises(MindgapError) as caught:
        build(f"{name}[severity={severity}]")
    told = str(caught.value)
    assert told.startswith(f"{name}[severity={severity}]: severity {severity} is not between 1 and")
    assert build(name).ladder.what in told
    assert told.count(f"{n} is ") == 1
    assert "\n" not in told


@pytest.mark.parametrize("text", ["miss_base[pool=1000000000000]", "int_redundant[d=1000000000]"])
def test_what_does_not_fit_in_memory_is_refused(text):
    with pytest.raises(MindgapError, match=f"^{re.escape(text)}: pool: .* numbers are more than m"):
        build(text)


def test_severity_shows_in_the_name():
    assert build("diff_snr[severity=4]").text == "diff_snr[severity=4]"
    assert build("diff_snr[severity=3]").text == "diff_snr"
    assert build("int_synergy[d=16]").control.text == "int_unique_balanced[d=16]"


@pytest.mark.parametrize("name", SCENARIOS)
def test_with_little_noise_everything_shown_is_certain(name):
    scenario = build(f"{name}[noise=low]")
    found = bayes(scenario.description, everything(scenario)).of_class
    if scenario.why_noisy or name == "diff_corrupt_ctl":
        assert found < 0.9, "why_noisy is not needed"
    else:
        assert found >= 0.999
    if scenario.control and not scenario.why_unmatched:
        control = bayes(scenario.control.description, everything(scenario)).of_class
        assert found == pytest.approx(control, abs=0.005)


# the design's table, computed by another implementation

TABLE = {
    "int_redundant": (0.841, 0.841, 0.951),
    "int_unique_balanced": (0.488, 0.488, 0.951),
    "int_unique_one": (0.951, 0.250, 0.951),
    "int_synergy": (0.250, 0.250, 0.951),
    "int_red_syn": (0.459, 0.459, 0.951),
    "int_all16": (0.224, 0.224, 0.924),
    "diff_snr": (0.929, 0.610, 0.951),
    "diff_nonlin_red": (0.841, 0.840, 0.950),
    "diff_nonlin_uniq": (0.488, 0.487, 0.951),
    "diff_dim": (0.488, 0.488, 0.951),
    "diff_noise_mod": (0.951, 0.250, 0.951),
    "diff_corrupt": (0.488, 0.375, 0.731),
    "diff_corrupt_ctl": (0.488, 0.375, 0.731),
    "diff_shortcut": (0.250, 0.951, 0.951),
    "miss_base": (0.447, 0.447, 0.927),
    "miss_syn": (0.459, 0.459, 0.951),
    # the table's x2 tells less of the redundant bit, at amplitude 1.63 instead of 1.714: see below
    "mix_realistic": (0.707, 0.593, 0.934),
}


@pytest.fixture
def amplitudes_of_even_bits(monkeypatch):
    """The table's amplitudes know nothing of the prior."""
    monkeypatch.setattr(
        "mindgap.tasks.description.of_values", lambda accuracy, n, _: of_values(accuracy, n, 0.5)
    )


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.usefixtures("amplitudes_of_even_bits")
def test_bayes_accuracies_are_those_of_the_table(name):
    found = bayes_of_all(build(name).description)
    assert found == pytest.approx(TABLE[name], abs=0.003)


def bayes_of_all(description):
    return [bayes(description, shown, 100_000).of_class for shown in ("x1", "x2", "x1+x2")]


def test_three_modalities_are_those_of_the_table():
    found = build("three_mod").truth["bayes_accuracy"]
    subsets = ("x1", "x2", "x3", "x1+x2", "x1+x3", "x2+x3", "x1+x2+x3")
    expected = (0.424, 0.218, 0.218, 0.461, 0.461, 0.467, 0.939)
    assert [found[s] for s in subsets] == pytest.approx(expected, abs=0.003)


@pytest.mark.parametrize("name", ["miss_mcar_sym", "miss_mcar_skew", "miss_mar"])
def test_mixes_of_patterns_are_those_of_the_table(name):
    assert build(name).truth["bayes_natural"] == pytest.approx(0.687, abs=0.003)


def test_a_mask_that_tells_the_class_is_that_of_the_table():
    found = build("miss_mnar_y").truth
    assert found["bayes_natural_mask_ignored"] == pytest.approx(0.687, abs=0.003)
    assert found["bayes_natural"] == pytest.approx(0.872, abs=0.003)
    assert found["patterns"]["x1+x2"]["bayes"] == pytest.approx(0.938, abs=0.003)
    assert found["patterns"]["x1"]["bayes"] == pytest.approx(0.806, abs=0.003)


@pytest.mark.usefixtures("amplitudes_of_even_bits")
def test_the_mixture_is_that_of_the_table_at_its_amplitude(monkeypatch):
    """The table's mixture differs from its own rule, by which p = 2 needs 1.714 to allow .917."""
    description = build("mix_realistic").description
    rule = type(description).amplitude

    def of_table(self, bit, group, modality):
        odd = (bit.name, modality) == ("R", "x2")
        return 1.63 if odd else rule(self, bit, group, modality)

    assert rule(description, description.bits[0], 0, "x2") == pytest.approx(1.714, abs=1e-3)
    monkeypatch.setattr(type(description), "amplitude", of_table)
    x1, x2, both = bayes_of_all(description)
    assert [x1, x2, both] == pytest.approx([0.708, 0.584, 0.931], abs=0.003)
    assert 0.6 * both + 0.35 * x1 + 0.05 * x2 == pytest.approx(0.835, abs=0.003)


# what is generated is what is said


@pytest.mark.parametrize("name", [n for n in SCENARIOS if n.startswith(("miss", "mix"))])
@pytest.mark.parametrize("split", ["pool", "test"])
def test_rates_are_hit(name, split):
    d, n = build(name).description, 20_000
    observed = generate(d, "rates", 0, split, n).observed.numpy()
    for pattern, share in d.missing.of(split).shares(d.names, d.class_prior).items():
        inside = np.array([m in pattern.split("+") for m in d.names])
        rate = (observed == inside).all(axis=1).mean()
        assert abs(rate - share) <= 3 * sqrt(share * (1 - share) / n), pattern
    assert observed.any(axis=1).all()


def test_corruption_takes_the_whole_signal_unflagged():
    d, n = build("diff_corrupt").description, 20_000
    key = ("data", "corrupt", 0, "pool")
    whole = intact(d, *key, modality="x2", n=n)[:, 0]
    assert binomtest(int(whole.sum()), n, 0.5).pvalue > 1e-3
    data = generate(d, "corrupt", 0, "pool", n)
    assert data.observed.all()
    spread = data.modalities["x2"].square().sum(dim=1)
    lost, kept = spread[~torch.from_numpy(whole)].mean(), spread[torch.from_numpy(whole)].mean()
    assert float(lost) == pytest.approx(32, abs=0.3)
    assert float(kept) == pytest.approx(32 + d.amplitudes("x2")[0] ** 2, abs=0.3)


@pytest.mark.parametrize(("split", "agreement"), [("pool", 0.9), ("test", 0.5)])
def test_a_shortcut_agrees_as_often_as_it_says(split, agreement):
    d, n = build("diff_shortcut[noise=low]").description, 20_000
    labels, codes = draw(d, "shortcut", n=n, split=split)
    agreeing = int(((codes["x1"][:, 0] > 0) == (labels & 1 == 1)).sum())
    assert binomtest(agreeing, n, agreement).pvalue > 1e-3


def test_nulls():
    exchangeable = build("null_exchangeable").truth
    assert exchangeable["shapley"]["x1"] == pytest.approx(exchangeable["shapley"]["x2"])
    noise = build("null_label_noise")
    assert set(noise.truth["against_label_noise"].values()) == {0.25}
    pool = generate(noise.description, "null", 0, "pool", 20_000)
    clean = generate(int_redundant().description, "null", 0, "pool", 20_000)
    assert binomtest(int((pool.labels == clean.labels).sum()), 20_000, 0.25).pvalue > 1e-3


# the first four scenarios stay what they were: labels and gaps to the bit, values to rounding

BEFORE = {
    "int_redundant": (
        "177ed08ad165",
        [-12.4519, -9.0275, -8.3445, 30.75],
        0.9506249999999999,
        0.9506249999999999,
    ),
    "diff_nonlin_red": (
        "177ed08ad165",
        [-12.4519, -8.7467, -8.3445, 18.4734],
        0.9510898087036924,
        0.9510898087036924,
    ),
    "miss_base": (
        "6c27ee4368ab",
        [-8.3313, 3.7655, -1.741, 7.0818],
        0.9268593749999999,
        0.9268593749999999,
    ),
    "miss_mcar_sym": (
        "7507c699f77b",
        [-8.1265, 4.2625, -4.2543, -1.2365],
        0.9268593749999999,
        0.686975704240836,
    ),
}


@pytest.mark.parametrize("name", BEFORE)
def test_the_first_scenarios_are_what_they_were(name):
    scenario = build(name)
    task = scenario.make(3)
    digest, sums = hashlib.blake2b(digest_size=6), []
    for data in (task.pool, task.test):
        for part in (data.labels, data.observed):
            digest.update(part.numpy().tobytes())
        sums += [float(x[11::1000].nan_to_num().sum()) for x in data.modalities.values()]
    expected, of_values, complete, natural = BEFORE[name]
    assert digest.hexdigest() == expected
    assert sums == pytest.approx(of_values, abs=1e-3)
    assert scenario.truth["bayes_accuracy"]["x1+x2"] == pytest.approx(complete, abs=1e-12)
    assert scenario.truth["bayes_natural"] == pytest.approx(natural, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "redundant", "unique", "synergistic"),
    [
        ("int_redundant", 1.42, (0, 0), 0.39),
        ("int_unique_balanced", 0, (0.90, 0.90), 0),
        ("int_unique_one", 0, (1.81, 0), 0),
        ("int_synergy", 0, (0, 0), 1.81),
        ("int_red_syn", 0.71, (0, 0), 1.10),
        ("int_all16", 0.71, (0.90, 0.90), 1.19),
        ("diff_snr", 0.67, (1.06, 0), 0.08),
        ("diff_nonlin_uniq", 0, (0.90, 0.90), 0),
        ("diff_corrupt", 0, (0.90, 0.40), 0),
        ("miss_base", 0.71, (0.90, 0.90), 0.20),
    ],
)
def test_published_atoms(name, redundant, unique, synergistic):
    """Observation-level atoms of the design's table, which another implementation computed."""
    told = Registry().configure("task", name).build().card()["truth"]["information"]
    atoms = told["pid"][0]["observed"]
    assert atoms["redundant"] == pytest.approx(redundant, abs=0.01)
    assert atoms["unique"] == pytest.approx(unique, abs=0.01)
    assert atoms["synergistic"] == pytest.approx(synergistic, abs=0.01)
    both = told["mutual_information"]["x1+x2"]
    assert both == pytest.approx(sum([*atoms["unique"], redundant, synergistic]), abs=0.03)
