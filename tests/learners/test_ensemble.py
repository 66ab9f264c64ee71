"""Deep ensembles: members are rows of the fleet, and what they say is averaged."""

import pytest
import torch

from mindgap.learners import Concat, Diverged, Fleet, Row, Samples, predict
from mindgap.strategies import SERVED
from mindgap.strategies.bald import Bald
from mindgap.tasks import TaskShape

SHAPE = TaskShape({"a": (5,), "b": (7,)}, 3)
SETTINGS = {"steps": 8, "batch": 4, "width": 9, "feature": 5, "hidden": 6, "dropout": 0.0}
E, N = 3, 20


def fleet_of(members):
    g = torch.Generator().manual_seed(0)
    observed = torch.rand(N, 2, generator=g) > 0.3
    observed[~observed.any(1), 0] = True
    inputs = {name: torch.randn(N, *size, generator=g) for name, size in SHAPE.modalities.items()}
    learner = Concat(members=members, **SETTINGS)
    labels = torch.randint(3, (N,), generator=g)
    fleet = Fleet(learner, learner.network(SHAPE), [Samples(inputs, observed)])
    rows = [Row(("f", "l", seed, 0, 0), 0, torch.arange(12), labels[:12]) for seed in range(4)]
    return fleet, rows


def test_members_are_rows_with_keys_of_their_own():
    fleet, rows = fleet_of(E)
    parameters = fleet.fit(rows)
    single, _ = fleet_of(1)
    for m in range(E):
        keyed = [
            Row(("f", "l", seed, m, 0), 0, r.labelled, r.labels) for seed, r in enumerate(rows)
        ]
        alone = single.fit(keyed)
        for name in alone:
            assert torch.equal(parameters[name][:, m], alone[name]), (m, name)
    assert not torch.equal(parameters["head.weight"][:, 0], parameters["head.weight"][:, 1])


def test_they_are_averaged_and_stand_for_passes():
    fleet, rows = fleet_of(E)
    parameters = fleet.fit(rows)
    want = set(SERVED)
    found = predict(fleet.network, parameters, fleet.samples, want)
    each = [
        predict(
            fleet.network,
            {name: value[:, m] for name, value in parameters.items()},
            fleet.samples,
            {key for key in want if not key.startswith("mc_")},
        )
        for m in range(E)
    ]

    def mean(get):
        return torch.stack([get(one) for one in each]).mean(dim=0)

    close = torch.testing.assert_close
    close(found["probabilities"], mean(lambda one: one["probabilities"]))
    passes = torch.stack([one["probabilities"] for one in each], dim=1)
    close(found["mc_probabilities"], passes)
    assert passes.shape == (4, E, N, 3)
    own = "unimodal_probabilities"
    for name in SHAPE.modalities:
        close(found[own][name], mean(lambda one, n=name: one[own][n]), equal_nan=True)
    for key in ("subset_probabilities:token", "subset_probabilities:zero"):
        for subset in found[key]:
            close(found[key][subset], mean(lambda one, k=key, s=subset: one[k][s]))
    side_by_side = torch.cat([one["embeddings"] for one in each], dim=2)
    close(found["embeddings"], side_by_side)
    assert found["unimodal_embeddings"]["b"].shape == (4, N, E * 5)


def test_bits_do_not_depend_on_company():
    fleet, rows = fleet_of(E)
    together = fleet.fit(rows)
    answers = predict(fleet.network, together, fleet.samples, {"probabilities"})["probabilities"]
    for company in ([0], [3, 1]):
        alone = fleet.fit([rows[i] for i in company])
        for name in together:
            assert torch.equal(alone[name], together[name][company]), name
        again = predict(fleet.network, alone, fleet.samples, {"probabilities"})["probabilities"]
        assert torch.equal(again, answers[company])


def test_several_members_are_enough_for_bald():
    for members, supported in ((1, False), (2, True)):
        capabilities = Concat(members=members, dropout=0.0).capabilities
        assert (Bald().supports(SHAPE, capabilities) is None) == supported


def test_an_ensemble_diverges_with_any_of_its_members():
    fleet, rows = fleet_of(2)
    fleet.samples.inputs["a"][15] = torch.nan
    rows[2] = Row(rows[2].key, 0, torch.arange(10, 20), rows[2].labels[:10])
    with pytest.raises(Diverged) as caught:
        fleet.fit(rows)
    assert list(caught.value.reasons) == [2]
    assert caught.value.parameters["head.weight"].shape[:2] == (4, 2)
