"""Validation labels: who sees them, who doesn't, and what a temperature is fitted on."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mindgap.errors import InvalidStudy, MindgapError
from mindgap.learners import predict
from mindgap.learners.temperature import TEMPERATURE, fitted
from mindgap.metrics import performance
from mindgap.registry import Registry
from mindgap.study import loop
from mindgap.study.calibrate import calibrated
from mindgap.study.loop import run_fleet
from mindgap.study.plan import RESULT_FORMAT, plan
from mindgap.study.run import run
from mindgap.study.spec import Study
from mindgap.study.store import Store

PLUGINS = [Path(__file__).parent / "plugins" / name for name in ("tiny.py", "remembering.py")]
CALIBRATED = "concat[steps=15, calibration=temperature]"


def study_of(validation=None, rounds=2, **fields):
    budget = {"initial": 12, "query": 5, "rounds": rounds}
    asked = {
        "name": "here",
        "tasks": ["tiny"],
        "learners": ["concat[steps=15]"],
        "strategies": ["margin"],
        "budget": budget if validation is None else {**budget, "validation": validation},
        "seeds": 2,
        **fields,
    }
    return Study.model_validate(asked)


@pytest.fixture
def margin(monkeypatch):
    """A registry, and every pool that its margin sampling sees."""
    registry, pools = Registry(PLUGINS), []
    target = registry.target("strategy", "margin")
    real = target.select

    def select(self, pool, n, rng):
        pools.append(pool)
        return real(self, pool, n, rng)

    monkeypatch.setattr(target, "select", select)
    return registry, pools


@pytest.fixture
def states(monkeypatch):
    """What every round began with: its states, which model is whose, and the models."""
    seen = []
    real = loop.measure

    def measure(states, place, parameters, network, ensembles):
        now = [replace(state, history=list(state.history)) for state in states]
        seen.append((now, list(place), parameters, network))
        return real(states, place, parameters, network, ensembles)

    monkeypatch.setattr(loop, "measure", measure)
    return seen


def records_of(study, registry=None):
    registry = registry or Registry(PLUGINS)
    records = []
    for fleet in plan(study, registry, {}).fleets:
        run_fleet(fleet, registry, {}, records.append)
    assert {record["kind"] for record in records} == {"round"}
    return records


def measured(record, metric, subject=""):
    return {(m["metric"], m["subject"]): m["value"] for m in record["metrics"]}[metric, subject]


def test_they_are_random_samples_of_which_nothing_is_learned(states):
    records_of(study_of())
    plain = {state.run.seed: state.labelled for state in states[0][0]}
    states.clear()
    records = records_of(study_of(9, tasks=["tiny", "tiny[d=6]"], strategies=["random", "margin"]))
    first = {}
    for now, _, _, _ in states:
        for state in now:
            seed, (rows, labels) = state.run.seed, state.validation
            assert torch.equal(rows, first.setdefault(seed, rows)), "shared by tasks of a family"
            assert torch.equal(labels, state.environment.pool.labels[rows])
            assert torch.equal(state.labelled[:12], plain[seed]), "the same without them"
            everyone = torch.cat([rows, state.labelled, state.candidates()])
            assert torch.equal(everyone.sort().values, torch.arange(80))
            assert torch.equal(state.row().labelled, state.labelled)
    assert [len(rows) for rows in first.values()] == [9, 9]
    assert not torch.equal(first[0], first[1])
    assert {(r["round"], r["labels"]) for r in records} == {(0, 21), (1, 26), (2, 31)}


def test_they_are_part_of_a_run_s_name_only_where_there_are_any():
    registry = Registry(PLUGINS)
    (without,), (none,), (some,), (more,) = (
        [run.id for run in plan(study_of(n, seeds=1), registry, {}).missing]
        for n in (None, 0, 9, 10)
    )
    parts = [("task", "tiny"), ("learner", "concat[steps=15]"), ("strategy", "margin")]
    task, learner, strategy = (registry.configure(*part).identity for part in parts)
    what = [RESULT_FORMAT, task, "tiny", learner, strategy, 0, 12, 5, "cpu"]
    digest = hashlib.blake2b("\n".join(map(str, what)).encode(), digest_size=6).hexdigest()
    assert without == none == f"tiny-concat_steps_15-margin-s0-{digest}"
    assert len({without, some, more}) == 3


def test_a_pool_must_have_enough_for_all_of_them(tmp_path):
    told = r"12 \+ 59 for validation \+ 2 x 5 = 81 labels are more"
    with pytest.raises(InvalidStudy, match=told):
        run(study_of(59), Registry(PLUGINS), tmp_path / "out", workers=0)
    assert len(plan(study_of(58), Registry(PLUGINS), {}).missing) == 2


def test_a_folder_has_one_number_of_them(tmp_path):
    store = Store(tmp_path / "out")
    store.claim(study_of().model_dump(mode="json"))
    store.check(study_of(0).model_dump(mode="json"))
    with pytest.raises(MindgapError, match=r"have budget\.validation 0, but 9 is asked for"):
        store.check(study_of(9).model_dump(mode="json"))


def test_what_needs_them_is_not_possible_without():
    study = study_of(learners=["concat", CALIBRATED], strategies=["random", "rl_mba"], seeds=1)
    found = plan(study, Registry(PLUGINS), {})
    assert [(run.learner, run.strategy) for run in found.missing] == [("concat", "random")]
    assert len(found.impossible) == 3
    for _, why in found.impossible:
        assert "the budget has none: write budget.validation, for example 100" in why
    with_them = study.model_copy(update={"budget": study_of(9).budget})
    assert plan(with_them, Registry(PLUGINS), {}).impossible == []


def test_each_model_has_the_temperature_of_its_validation_labels(states):
    records = records_of(study_of(20, learners=[CALIBRATED], strategies=["margin", "random"]))
    written = {(r["strategy"], r["seed"], r["round"]): r for r in records}
    for now, place, parameters, network in states:
        plain = {name: value for name, value in parameters.items() if name != TEMPERATURE}
        for state, model in zip(now, place, strict=True):
            record = written[state.run.strategy, state.run.seed, state.round]
            pool, test = state.environment.pool_samples, state.environment.test
            one = {name: value[[model]] for name, value in plain.items()}
            rows, labels = state.validation
            logits = predict(network, one, pool, {"logits"})["logits"][0, rows]
            temperature = measured(record, "temperature")
            assert temperature == pytest.approx(fitted(logits, labels), rel=1e-4)
            right = (logits.argmax(dim=1) == labels).double().mean()
            assert measured(record, "validation_accuracy") == float(right)
            samples = state.environment.test_samples(test)
            logits = predict(network, one, samples, {"logits"})["logits"][0]
            for metric, subject, value in performance(
                (logits / temperature).softmax(dim=1), test.labels, test.observed, test.names
            ):
                assert measured(record, metric, subject) == pytest.approx(value, rel=1e-4), metric
            uncalibrated = performance(
                logits.softmax(dim=1), test.labels, test.observed, test.names
            )
            assert measured(record, "accuracy", "natural") == uncalibrated[0].value
            assert measured(record, "nll", "natural") != uncalibrated[2].value
    assert len({measured(r, "temperature") for r in records}) > 8


def test_calibration_changes_neither_training_nor_predictions():
    """Nor what is chosen by chance."""
    records = records_of(
        study_of(20, learners=["concat[steps=15]", CALIBRATED], strategies=["random"])
    )
    found = {(r["learner"], r["seed"], r["round"]): r for r in records}
    for seed in (0, 1):
        for round_ in range(3):
            plain = found["concat[steps=15]", seed, round_]
            other = found["concat[calibration=temperature, steps=15]", seed, round_]
            for metric in ("accuracy", "macro_f1"):
                assert measured(plain, metric, "natural") == measured(other, metric, "natural")
            assert measured(plain, "nll", "natural") != measured(other, "nll", "natural")
            assert plain["selected"] == other["selected"]
            assert plain["run"] != other["run"]


def test_a_temperature_sees_nothing_but_validation_samples(states):
    """All else is NaN, of a class that isn't, or gone."""
    records_of(study_of(20, learners=[CALIBRATED], rounds=1))
    for now, place, parameters, network in states:
        plain = {name: value for name, value in parameters.items() if name != TEMPERATURE}
        for state in now:
            environment = state.environment
            others = torch.ones(80, dtype=torch.bool)
            others[state.validation.rows] = False
            modalities = {n: x.clone() for n, x in environment.pool.modalities.items()}
            for x in modalities.values():
                x[others] = torch.nan
            labels = environment.pool.labels.clone()
            labels[others] = 10**6
            pool = replace(environment.pool, modalities=modalities, labels=labels)
            state.environment = replace(environment, pool=pool, test=None, labels=None)
        again = calibrated(now, place, plain, network)
        assert torch.equal(again[TEMPERATURE], parameters[TEMPERATURE])
        assert not (again[TEMPERATURE] == 1).any()


def test_strategies_see_calibrated_probabilities(margin, states):
    registry, pools = margin
    records_of(study_of(20, learners=[CALIBRATED], seeds=1), registry)
    for pool, (now, _, parameters, network) in zip(pools, states, strict=True):
        samples = now[0].environment.pool_samples
        expected = predict(network, parameters, samples, {"probabilities"})["probabilities"][0]
        assert torch.equal(pool.probabilities, expected)
        assert torch.equal(pool.validation.rows, now[0].validation.rows)
        assert [past.round for past in pool.history] == list(range(now[0].round))


def test_a_run_that_was_killed_goes_on_with_its_history(tmp_path, monkeypatch):
    """Stopped while it chooses; tests/study/test_kill.py does it with workers."""
    study = study_of(9, rounds=3, strategies=["remembering", "rl_mba"])
    undisturbed = run(study, Registry(PLUGINS), tmp_path / "undisturbed", workers=0)
    expected = undisturbed.histories()
    assert {len(history) for history in expected.values()} == {4}
    assert all(len(past.trace) == 5 for history in expected.values() for past in history)
    registry = Registry(PLUGINS)
    remembering = registry.target("strategy", "remembering")
    real = remembering.select

    def select(self, pool, n, rng):
        if len(pool.history) == 2:
            raise KeyboardInterrupt
        return real(self, pool, n, rng)

    with monkeypatch.context() as patch:
        patch.setattr(remembering, "select", select)
        with pytest.raises(KeyboardInterrupt):
            run(study, registry, tmp_path / "killed", workers=0)
    assert set(Store(tmp_path / "killed").read().progress().values()) == {2}
    assert run(study, Registry(PLUGINS), tmp_path / "killed", workers=0).histories() == expected


def test_without_them_a_history_has_no_accuracy(margin):
    registry, seen = margin
    records = records_of(study_of(seeds=1), registry)
    past = seen[-1].history
    assert [p.round for p in past] == [0, 1]
    assert {(p.validation_accuracy, p.trace) for p in past} == {(None, None)}
    assert torch.equal(torch.cat([p.rows for p in past]), seen[-1].labelled[12:])
    assert len(seen[-1].validation.rows) == 0
    assert "trace" not in records[0]
    assert not any(m["metric"] == "validation_accuracy" for m in records[0]["metrics"])
