"""Metrics that a study asks for by name: measured of every round, no part of what a run is."""

from pathlib import Path

import pytest

from mindgap.errors import InvalidStudy
from mindgap.registry import Registry
from mindgap.study.compute import CPU, Compute
from mindgap.study.examine import METRICS
from mindgap.study.loop import run_fleet
from mindgap.study.plan import plan
from mindgap.study.spec import Study, check, read

TINY = Path(__file__).parent / "plugins" / "tiny.py"
HEADLESS = '''
import torch
from dataclasses import dataclass
from mindgap.learners import ModuleLearner, Output

class Net(torch.nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.head = torch.nn.Linear(sum(d for d, in shape.modalities.values()), shape.n_classes)
    def forward(self, inputs, observed):
        z = torch.cat(list(inputs.values()), dim=1)
        return Output(self.head(z), z, {}, dict(inputs))

@dataclass(frozen=True)
class Headless(ModuleLearner):
    """A linear layer."""
    unimodal_heads = False
    def module(self, shape):
        return Net(shape)
'''


def asking(**fields):
    return Study.model_validate(
        {
            "name": "here",
            "tasks": ["tiny"],
            "learners": ["concat[steps=15]"],
            "strategies": ["random", "margin"],
            "budget": {"initial": 12, "query": 5, "rounds": 1},
            "seeds": 1,
            **fields,
        }
    )


def records(registry=None, compute=CPU, **fields):
    """(task, learner, strategy, seed, round) -> (metric, subject) -> value."""
    registry = registry or Registry([TINY])
    found = {}

    def write(record):
        assert record["kind"] == "round", record.get("traceback")
        key = [record[name] for name in ("task", "learner", "strategy", "seed", "round")]
        found[tuple(key)] = {(m["metric"], m["subject"]): m["value"] for m in record["metrics"]}

    for fleet in plan(asking(**fields), registry, {}).fleets:
        run_fleet(fleet, registry, {}, write, compute=compute)
    return found


def test_metrics_add_to_a_run_and_change_nothing_of_it():
    registry = Registry([TINY])
    before = [run.id for run in plan(asking(), registry, {}).missing]
    assert [run.id for run in plan(asking(metrics=list(METRICS)), registry, {}).missing] == before
    without, with_all = records(), records(metrics=list(METRICS))
    for key, values in without.items():
        assert values.items() <= with_all[key].items()
    more = {metric for values in with_all.values() for metric, _ in values}
    more -= {metric for values in without.values() for metric, _ in values}
    assert more >= {
        "accuracy_only_permuted",
        "accuracy_without_permuted",
        "perceptual_score",
        "mipd",
        "emap_gap",
        "ogm_ratio",
        "utilisation_ume",
        "shapley_ume",
        "probe_gap",
    }


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_ensemble_beside_a_model_is_what_the_learner_ume_would_train(precision):
    learners = ["concat[steps=15, feature=16]", "ume[steps=15, feature=16]"]
    found = records(
        learners=learners,
        strategies=["random"],
        metrics=["utilisation_ume"],
        compute=Compute(precision=precision),
    )
    beside = found["tiny", "concat[feature=16, steps=15]", "random", 0, 0]
    itself = found["tiny", "ume[feature=16, steps=15]", "random", 0, 0]
    for name in ("left", "right"):
        assert beside["shapley_ume", name] == itself["shapley", name]
        if ("utilisation_ume", name) in itself:
            assert itself["utilisation_ume", name] == 1.0


def test_what_a_metric_gives_does_not_depend_on_the_company():
    alone = records(strategies=["margin"], metrics=list(METRICS))
    together = records(strategies=["badge", "random", "margin"], seeds=2, metrics=list(METRICS))
    for key, values in alone.items():
        assert together[key] == values


def test_late_fusion_is_additive():
    found = records(
        learners=["late[steps=40]"], strategies=["random"], metrics=["emap_gap"],
        tasks=["tiny[gaps=false]"],
    )  # fmt: skip
    assert {values["emap_gap", ""] for values in found.values()} == {0.0}


def test_what_encoders_know_of_the_values_of_an_exclusive_or():
    """Chance is 0.5; linear values are found by any encoder, whatever it was trained for."""
    found = records(
        registry=Registry(), tasks=["int_synergy[pool=200, test=400]"], strategies=["random"],
        metrics=["latent_gap", "probe_gap"],
    )  # fmt: skip
    for values in found.values():
        told = {subject for metric, subject in values if metric == "latent_probe"}
        assert told == {"x1:S1", "x1:S2", "x2:S1", "x2:S2"}
        for subject in told:
            assert values["latent_probe", subject] > 0.8
            gap = values["latent_probe_ume", subject] - values["latent_probe", subject]
            assert values["latent_gap", subject] == gap
        for name in ("x1", "x2"):  # of four classes neither tells anything by itself
            assert values["probe_accuracy", name] < 0.4


def test_latent_values_are_known_of_scenarios_alone():
    notes = plan(asking(metrics=["latent_gap"]), Registry([TINY]), {}).notes
    assert any("latent_gap is not measured" in note for note in notes)
    for values in records(metrics=["latent_gap"]).values():
        assert not any(metric.startswith("latent") for metric, _ in values)


def test_a_learner_without_heads_is_told_of_and_measured_by_the_rest(tmp_path):
    (tmp_path / "headless.py").write_text(HEADLESS)
    registry = Registry([TINY, tmp_path / "headless.py"])
    fields = {"learners": ["headless[steps=5]"], "metrics": ["ogm_ratio", "mipd", "probe_gap"]}
    (note,) = [n for n in plan(asking(**fields), registry, {}).notes if "ogm_ratio" in n]
    assert note.endswith("ogm_ratio is not measured: the learner has no unimodal heads")
    for values in records(registry, **fields).values():
        metrics = {metric for metric, _ in values}
        assert metrics >= {"mipd", "probe_gap"}
        assert "ogm_ratio" not in metrics


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ("[emap]", "unknown metric 'emap': did you mean 'emap_gap'"),
        ("[accuracy]", "label bits and what was selected are always measured"),
        ("[mipd, mipd]", "'mipd' is listed twice"),
    ],
)
def test_a_metric_that_there_is_not_is_refused_where_it_is_written(tmp_path, listed, told):
    path = tmp_path / "study.yaml"
    path.write_text(
        "name: s\ntasks: [miss_base]\nstrategies: [random]\nseeds: 1\n"
        f"budget: {{initial: 5, query: 5, rounds: 1}}\nmetrics: {listed}\n"
    )
    with pytest.raises(InvalidStudy) as refused:
        read(str(path))
    assert "metrics" in str(refused.value)
    assert told in str(refused.value)
    assert "study.yaml:6" in str(refused.value)


def test_a_study_in_python_is_checked_too():
    ((place, told),) = check(asking(metrics=["emapgap"]), Registry([TINY]))
    assert place == ("metrics", 0)
    assert "'emap_gap'" in told
