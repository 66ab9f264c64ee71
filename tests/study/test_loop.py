"""The loop: what runs share, what they must not see, and what it writes down."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score

from mindgap.errors import InvalidData
from mindgap.learners import Fleet, Samples, predict
from mindgap.registry import Registry
from mindgap.strategies import Pool, Strategy, best
from mindgap.strategies.stratified_random import StratifiedRandom
from mindgap.study import blocks, loop
from mindgap.study.finished import Finished
from mindgap.study.labels import SimulatedLabels
from mindgap.study.loop import run_fleet
from mindgap.study.plan import plan
from mindgap.study.spec import Study

TINY = Path(__file__).parent / "plugins" / "tiny.py"


@dataclass(frozen=True)
class Curious(Strategy):
    """Random, and keeps every pool it saw."""

    def requires(self):
        return {"probabilities"}

    def select(self, pool, n, rng):
        SEEN.append(pool)
        return best(torch.zeros(len(pool.candidates)), pool, n, rng)


SEEN: list[Pool] = []
NO_ROUNDS = {"initial": 20, "query": 5, "rounds": 0}


@pytest.fixture
def run():
    """Run a study in this process; returns its records by (task, strategy, seed, round)."""

    def run(registry=None, **fields):
        asked = {
            "name": "here",
            "tasks": ["tiny"],
            "learners": ["concat[steps=15]"],
            "strategies": ["random", "margin"],
            "budget": {"initial": 12, "query": 5, "rounds": 2},
            "seeds": 2,
        }
        study = Study.model_validate({**asked, **fields})
        registry = registry or Registry([TINY])
        records = {}

        def write(record):
            assert record["kind"] == "round", record.get("traceback")
            key = (record["task"], record["strategy"], record["seed"], record["round"])
            records[key] = {**record, "seconds": None}

        for fleet in plan(study, registry, {}).fleets:
            run_fleet(fleet, registry, {}, write)
        return records

    return run


@pytest.fixture
def fits(monkeypatch):
    """Every call of `Fleet.fit`: its rows and the trained parameters."""
    calls = []
    real = Fleet.fit

    def fit(self, rows):
        parameters = real(self, rows)
        calls.append((rows, {name: value.clone() for name, value in parameters.items()}))
        return parameters

    monkeypatch.setattr(loop.Fleet, "fit", fit)
    return calls


def of_model(record):
    """What was measured of the model, not of what it chose."""
    of_query = ("pattern_", "incomplete_", "class_")
    return [m for m in record["metrics"] if not m["metric"].startswith(of_query)]


def measured(record, metric, subject):
    values = {(m["metric"], m["subject"]): m["value"] for m in record["metrics"]}
    return values[metric, subject]


def test_round_zero_is_trained_once_for_all_strategies_of_a_seed(run, fits):
    records = run(strategies=["random", "margin", "badge"], seeds=2)
    assert [len(rows) for rows, _ in fits] == [2, 6, 6]
    for seed in (0, 1):
        first = [of_model(records["tiny", s, seed, 0]) for s in ("random", "margin", "badge")]
        assert first[0] == first[1] == first[2]
        later = [of_model(records["tiny", s, seed, 2]) for s in ("random", "margin", "badge")]
        assert later[0] != later[1]


def test_twins_share_initial_set_and_weights(run, fits):
    names = ["miss_base[pool=300, test=100]", "miss_mcar_sym[pool=300, test=100]"]
    run(Registry(), tasks=names, strategies=["random"], seeds=1, budget=NO_ROUNDS)
    ((rows, _),) = fits
    assert len(rows) == 2
    assert rows[0].key == rows[1].key, "the key names initialisation, batches and dropout"
    assert torch.equal(rows[0].labelled, rows[1].labelled)
    assert torch.equal(rows[0].labels, rows[1].labels)


def test_twins_without_a_difference_in_what_was_drawn_learn_the_same_weights(run, fits):
    """int_redundant and diff_nonlin_red differ in x2 only: the encoder of x1 starts alike."""
    names = ["int_redundant[pool=300, test=100]", "diff_nonlin_red[pool=300, test=100]"]
    few = ["concat[steps=1, learning_rate=1e-9]"]
    run(Registry(), tasks=names, learners=few, strategies=["random"], seeds=1, budget=NO_ROUNDS)
    ((_, parameters),) = fits
    torch.testing.assert_close(
        parameters["x1.encoder1.weight"][0], parameters["x1.encoder1.weight"][1], atol=1e-7, rtol=0
    )


def test_query_streams_differ_between_strategies_and_seeds(run):
    @dataclass(frozen=True)
    class Other(Strategy):
        """Random under another name."""

        def requires(self):
            return set()

        def select(self, pool, n, rng):
            return best(torch.zeros(len(pool.candidates)), pool, n, rng)

    registry = Registry([TINY])
    registry.add(Other)
    records = run(registry, strategies=["random", "other"])
    picks = {key: tuple(s["id"] for s in record["selected"]) for key, record in records.items()}
    assert len(set(picks.values())) == len(picks)


@pytest.mark.parametrize("filler", [float("nan"), 1e9, -float("inf")])
@pytest.mark.parametrize("learner", ["concat[steps=15]", "concat_linear[steps=15]"])
def test_the_value_of_a_missing_modality_is_never_read(run, monkeypatch, filler, learner):
    strategies = ["random", "margin", "entropy", "coreset", "badge", "bmmal"]
    plain = run(learners=[learner], strategies=strategies)
    registry = Registry([TINY])
    tiny = registry.target("task", "tiny")
    make = tiny.make

    def filled(data):
        modalities = {
            name: torch.where(data.observed[:, m, None], x, filler)
            for m, (name, x) in enumerate(data.modalities.items())
        }
        return replace(data, modalities=modalities)

    monkeypatch.setattr(
        tiny,
        "make",
        lambda self, seed: replace(
            make(self, seed), pool=filled(make(self, seed).pool), test=filled(make(self, seed).test)
        ),
    )
    assert str(run(registry, learners=[learner], strategies=strategies)) == str(plain)


def test_a_strategy_sees_its_pool_and_no_more(run):
    registry = Registry([TINY])
    registry.add(Curious)
    SEEN.clear()
    records = run(registry, strategies=["curious"], seeds=1)
    task = registry.configure("task", "tiny").build().make(0)
    assert [len(pool.labelled) for pool in SEEN] == [12, 17, 22]
    for i, pool in enumerate(SEEN):
        everything = torch.cat([pool.labelled, pool.candidates]).sort().values
        assert torch.equal(everything, torch.arange(80))
        assert torch.equal(pool.labels, task.pool.labels[pool.labelled])
        assert torch.equal(pool.observed, task.pool.observed)
        assert set(pool.served) == {"probabilities"}
        with pytest.raises(LookupError, match="'embeddings' but its requires"):
            _ = pool.embeddings
        chosen = [s["id"] for s in records["tiny", "curious", 0, i]["selected"]]
        if i < 2:
            added = SEEN[i + 1].labelled[len(pool.labelled) :]
            assert [str(name) for name in task.pool.ids[added.numpy()]] == chosen


def test_records_say_what_was_measured(run, fits):
    """Accuracies, recomputed from the trained weights by hand."""
    records = run(strategies=["margin"], seeds=1)
    task = Registry([TINY]).configure("task", "tiny").build().make(0)
    test = task.test
    for round_, (rows, parameters) in enumerate(fits):
        record = records["tiny", "margin", 0, round_]
        assert record["labels"] == len(rows[0].labelled)
        network = Registry().configure("learner", "concat[steps=15]").build().network(task.shape)
        answers = predict(network, parameters, Samples.of(test), {"probabilities"})
        predicted = answers["probabilities"][0].argmax(dim=1)
        assert measured(record, "accuracy", "natural") == accuracy_score(test.labels, predicted)
        only_left = (test.observed == torch.tensor([True, False])).all(dim=1)
        assert measured(record, "accuracy", "pattern:left") == accuracy_score(
            test.labels[only_left], predicted[only_left]
        )
        complete = test.take(test.observed.all(dim=1).nonzero().flatten())
        mask = torch.tensor([False, True]).repeat(len(complete), 1)
        masked = Samples(Samples.of(complete).inputs, mask)
        without_left = predict(network, parameters, masked, {"probabilities"})["probabilities"][0]
        assert measured(record, "accuracy_without", "left") == accuracy_score(
            complete.labels, without_left.argmax(dim=1)
        )


def test_a_practitioner_without_a_test_set_still_gets_selections(run, monkeypatch):
    registry = Registry([TINY])
    tiny = registry.target("task", "tiny")
    make = tiny.make
    monkeypatch.setattr(tiny, "make", lambda self, seed: replace(make(self, seed), test=None))
    with_test = run(seeds=1)
    without = run(registry, seeds=1)
    for key, record in without.items():
        assert of_model(record) == []
        assert record["selected"] == with_test[key]["selected"]


def test_a_simulated_pool_needs_all_labels():
    task = Registry([TINY]).configure("task", "tiny").build().make(0)
    labels = task.pool.labels.clone()
    labels[3] = -1
    with pytest.raises(InvalidData, match=f"sample '{task.pool.ids[3]}' has no label"):
        SimulatedLabels(replace(task.pool, labels=labels))


@pytest.mark.parametrize("seed", [0, 1])
def test_memory_is_shared_out_in_blocks_without_changing_anything(run, monkeypatch, seed):
    everything = run(strategies=["margin", "badge", "bmmal"], seeds=[seed, seed + 5])
    monkeypatch.setattr(blocks, "MEMORY", 1)
    assert run(strategies=["margin", "badge", "bmmal"], seeds=[seed, seed + 5]) == everything


def test_a_learner_that_breaks_is_named(monkeypatch):
    registry = Registry([TINY])
    concat = registry.target("learner", "concat")
    monkeypatch.setattr(concat, "network", lambda self, shape: 1 / 0)
    told = failures(registry)
    assert told == [(0, "learner concat: ZeroDivisionError: division by zero")] * 2


def test_a_run_that_cannot_be_trained_fails_alone(monkeypatch):
    first = []

    def refuses(self, row):
        first.append(row)
        return "it has no complete sample" if len(first) == 1 else None

    monkeypatch.setattr(loop.Fleet, "refuses", refuses)
    assert failures(Registry([TINY])) == [(0, "learner concat: it has no complete sample")]


def test_ctrl_c_stops_the_study(monkeypatch):
    registry = Registry([TINY])

    def interrupted(self, pool, n, rng):
        raise KeyboardInterrupt

    monkeypatch.setattr(registry.target("strategy", "random"), "select", interrupted)
    with pytest.raises(KeyboardInterrupt):
        failures(registry)


def test_a_pool_that_changed_is_told():
    told = failures(Registry([TINY]), history=[Finished(["no such sample"])])
    assert [round_ for round_, _ in told] == [1, 1]
    assert "sample 'no such sample', which an earlier round chose, is no longer" in told[0][1]


def failures(registry, history=()):
    """Run two seeds of random in this process; the failures' rounds and sentences."""
    study = Study.model_validate(
        {"name": "here", "tasks": ["tiny"], "strategies": ["random"], "budget": NO_ROUNDS,
         "seeds": 2}
    )  # fmt: skip
    records = []
    (fleet,) = plan(study, registry, {}).fleets
    run_fleet(fleet, registry, {run.id: history for run in fleet}, records.append)
    return [(r["round"], r["error"]) for r in records if r["kind"] == "failure"]


def test_an_oracle_sees_the_truth_of_its_own_pool_and_only_of_scenarios():
    """The scores it leaves are divergences from the posterior, so they are never negative."""
    task = "miss_mcar_sym[pool=200, test=100]"
    study = Study.model_validate(
        {
            "name": "oracle",
            "tasks": [task, "tiny"],
            "learners": ["concat[steps=15]"],
            "strategies": ["epistemic_yield"],
            "budget": {"initial": 12, "query": 5, "rounds": 1},
            "seeds": 1,
        }
    )
    registry = Registry([TINY])
    todo = plan(study, registry, {})
    assert [run.task for run, _ in todo.impossible] == ["tiny"]
    assert "take a scenario" in todo.impossible[0][1]
    records = []
    (fleet,) = todo.fleets
    run_fleet(fleet, registry, {}, records.append)
    assert [record["kind"] for record in records] == ["round", "round"]
    scores = [chosen["score"] for chosen in records[0]["selected"]]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0


@pytest.mark.parametrize("task", ["tiny", "miss_base[pool=150, test=90]"])
@pytest.mark.parametrize("learner", ["concat[steps=15]", "late[steps=15, members=2]"])
def test_a_trial_says_exactly_what_the_next_round_measures(run, task, learner):
    """Whatever else is in the fleet: the score is the accuracy that follows, to the last bit."""
    trying = "trial_gain[batches=3]"
    records = run(
        tasks=[task],
        learners=[learner],
        strategies=["random", trying],
        budget={"initial": 12, "query": 6, "rounds": 3},
    )
    (name,) = {task for task, *_ in records}
    for seed in (0, 1):
        for round_ in range(3):
            promised = {
                chosen["score"] for chosen in records[name, trying, seed, round_]["selected"]
            }
            found = records[name, trying, seed, round_ + 1]
            assert promised == {measured(found, "accuracy", "natural")}


def test_true_labels_are_those_that_queries_reveal(run, monkeypatch):
    seen, select = [], StratifiedRandom.select

    def look(self, pool, n, rng):
        seen.append(pool)
        return select(self, pool, n, rng)

    monkeypatch.setattr(StratifiedRandom, "select", look)
    run(
        tasks=["miss_base[pool=150, test=90]"],
        learners=["concat[steps=2]"],
        strategies=["stratified_random[shares=equal]"],
        budget={"initial": 12, "query": 40, "rounds": 1},
        seeds=1,
    )
    task = Registry().configure("task", "miss_base[pool=150, test=90]").build().make(0)
    first, second = seen
    for pool in seen:
        assert pool.true_labels.argmax(dim=1).tolist() == task.pool.labels.tolist()
        assert pool.true_labels.sum(dim=1).tolist() == [1.0] * 150
    assert first.labels.equal(second.labels[:12])
    assert np.ptp(second.labels.bincount(minlength=len(task.pool.classes)).numpy()) <= 1


def test_a_trial_needs_a_test_set(monkeypatch):
    """Refused by the plan where a task says that it has none, and by the run where it doesn't."""
    registry = Registry([TINY])
    study = Study.model_validate(
        {"name": "here", "tasks": ["tiny"], "strategies": ["trial_gain"], "budget": NO_ROUNDS,
         "seeds": 1}
    )  # fmt: skip
    tiny = registry.target("task", "tiny")
    make = tiny.make
    monkeypatch.setattr(tiny, "make", lambda self, seed: replace(make(self, seed), test=None))
    records = []
    (fleet,) = plan(study, registry, {}).fleets
    run_fleet(fleet, registry, {}, records.append)
    assert "the task has no test set to try batches on" in records[0]["error"]
    monkeypatch.setattr(tiny, "capabilities", frozenset(), raising=False)
    assert "take a task with a test set" in plan(study, registry, {}).impossible[0][1]


def test_what_only_an_oracle_may_know_is_kept_from_others():
    registry = Registry([TINY])
    study = Study.model_validate(
        {"name": "here", "tasks": ["miss_base"], "strategies": ["stratified[of=epistemic_yield]"],
         "budget": NO_ROUNDS,
         "seeds": 1}
    )  # fmt: skip
    assert "only an oracle may" in plan(study, registry, {}).impossible[0][1]
