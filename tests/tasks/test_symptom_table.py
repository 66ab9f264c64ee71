"""The expected symptoms: one for every scenario with a control, each of something measured."""

import json

import pytest

from mindgap.registry import Registry
from mindgap.study.spec import read
from mindgap.tasks.symptoms import SYMPTOMS, entries

REGISTRY = Registry()
SCENARIOS = {
    name: source
    for name in REGISTRY.names("task")
    if (source := REGISTRY.configure("task", name).build()).kind == "scenario"
}
WITH_CONTROL = [name for name, source in SCENARIOS.items() if source.control and name != "own"]


@pytest.fixture(scope="module")
def study():
    return read("symptoms")[0]


def test_every_scenario_with_a_control_has_one_and_no_other():
    assert sorted(SYMPTOMS) == sorted(WITH_CONTROL)


@pytest.mark.parametrize("name", SYMPTOMS)
def test_what_is_measured_exists_in_scenario_and_control(name):
    symptom, source = SYMPTOMS[name], SCENARIOS[name]
    card = symptom.as_card()
    for description, subject in (
        (source.description, card["subject"]),
        (source.control.description, card["control_subject"]),
    ):
        known = {
            "kappa": [bit.name for bit in description.bits],
            "utilisation": description.names,
            "accuracy_only": description.names,
            "accuracy": ["natural", "complete"],
            "incomplete": [""],
        }
        assert subject in known[symptom.metric]
        assert (symptom.at == "queries") == (symptom.metric == "incomplete")
        if subject == "complete":
            shares = description.missing.of("test").shares(
                description.names, description.class_prior
            )
            assert shares["+".join(description.names)] > 0.1
    if symptom.minus == "bayes":
        assert (symptom.metric, symptom.subject) == ("accuracy", "natural")
    assert symptom.minus != symptom.strategy
    assert 0 < symptom.smallest <= 0.1
    assert symptom.sentence.endswith(".")


@pytest.mark.parametrize("name", SYMPTOMS)
def test_shows_between_50_and_500_labels_where_it_was_measured(name):
    window = SYMPTOMS[name].window
    assert SYMPTOMS[name].measured or window is None
    if window:
        assert 50 <= window[0] <= window[1] <= 500


def test_sentences_are_told_apart():
    assert len({symptom.sentence for symptom in SYMPTOMS.values()}) == len(SYMPTOMS)


def test_the_card_is_json_and_holds_the_window_at_default_parameters_only():
    found = entries("diff_snr", "diff_snr")
    assert json.loads(json.dumps(found["symptom"])) == found["symptom"]
    assert found["symptom"]["control_subject"] == "x2"
    assert "window" not in found["symptom"]
    assert found["window"] == SYMPTOMS["diff_snr"].window
    other = entries("diff_snr", "diff_snr[severity=1]")
    assert other == {**found, "window": None}
    assert entries("int_red_syn", "int_red_syn")["symptom"]["control_subject"] == "R2"
    assert entries("int_redundant", "int_redundant") == {"symptom": None, "window": None}


def test_the_packaged_study_holds_every_scenario_with_a_symptom_and_its_control(study):
    asked = {REGISTRY.configure("task", text).text for text in study.tasks}
    needed = set(SYMPTOMS) | {SCENARIOS[name].control.text for name in SYMPTOMS}
    assert asked == needed


def test_the_packaged_study_measures_what_the_symptoms_need(study):
    budget = study.budget
    labels = range(budget.initial, budget.total + 1, budget.query)
    assert (labels[0], labels[-1]) == (50, 500)
    needed = {symptom.strategy for symptom in SYMPTOMS.values()}
    needed |= {symptom.minus for symptom in SYMPTOMS.values()} & {"random"}
    assert set(study.strategies) == needed
    assert all(symptom.at in labels for symptom in SYMPTOMS.values() if type(symptom.at) is int)
    assert len(study.seed_list) >= 5
