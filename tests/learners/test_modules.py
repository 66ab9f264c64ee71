"""Networks of a user's own: agreement with a literal loop, bits, fall-backs."""

import math

import numpy as np
import pytest
import torch
from modules import MIDDLES, VECTORS, Changed, Own, Plain, own
from torch import nn

from mindgap.learners import Fleet, ModuleLearner, Output, Row, Samples, predict
from mindgap.learners.fleet import BANK
from mindgap.learners.module_contract import built
from mindgap.learners.stacking import at_once, one_by_one
from mindgap.seeding import stream
from mindgap.tasks import TaskShape

SEQUENCES = TaskShape({"a": (2, 9), "b": (7,)}, 3)
STACKED = [name for name in MIDDLES if name not in ("gru", "branching")]
SERVED = {
    "probabilities",
    "embeddings",
    "unimodal_probabilities",
    "unimodal_embeddings",
    "subset_probabilities:token",
}
N = 40


def fleet_of(learner, shape=VECTORS):
    g = torch.Generator().manual_seed(0)
    observed = torch.rand(N, len(shape.modalities), generator=g) > 0.3
    observed[~observed.any(1), 0] = True
    inputs = {
        name: torch.randn(N, *size, generator=g) * observed[:, m].view(-1, *[1] * len(size))
        for m, (name, size) in enumerate(shape.modalities.items())
    }
    labels = torch.randint(shape.n_classes, (N,), generator=g)
    fleet = Fleet(learner, learner.network(shape), [Samples(inputs, observed)])
    rows = [
        Row(("family", "own", r, 0, 0), 0, torch.arange(10 + r % 4), labels[: 10 + r % 4])
        for r in range(7)
    ]
    return fleet, rows


def literal(fleet, row):
    """One run as in a tutorial: a module, AdamW, a cosine, a loop; it is left in eval mode."""
    learner = fleet.learner
    module = built(fleet.network.factory, stream("init", *row.key))
    optimiser = torch.optim.AdamW(
        module.parameters(), lr=learner.learning_rate, weight_decay=learner.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=learner.steps)
    n, size = len(row.labelled), learner.batch
    passes = np.tile(np.arange(n), (math.ceil(learner.steps * size / n), 1))
    order = stream("batches", *row.key).permuted(passes, axis=1).ravel()
    shape = (BANK + size, fleet.network.dropout_width)
    bank = stream("dropout", *row.key).random(shape, np.float32) >= learner.dropout
    offsets = stream("dropout offsets", learner.steps).integers(BANK, size=learner.steps)
    module.train()
    for step in range(learner.steps):
        drawn = torch.from_numpy(order[step * size : (step + 1) * size])
        rows, target = row.labelled[drawn], row.labels[drawn]
        there = fleet.samples.observed[rows]
        output = module({name: x[rows] for name, x in fleet.samples.inputs.items()}, there)
        logits = output.logits
        if learner.dropout:
            mask = torch.from_numpy(bank[offsets[step] : offsets[step] + size]).float()
            logits = module.head(output.embedding * mask / (1 - learner.dropout))
        loss = nn.functional.cross_entropy(logits, target)
        for m, own_logits in enumerate(output.unimodal_logits.values()):
            seen = there[:, m]
            if seen.any():
                loss = loss + nn.functional.cross_entropy(own_logits[seen], target[seen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return module.eval()


@pytest.mark.parametrize("middle", MIDDLES)
def test_agrees_with_a_literal_loop(middle):
    dropout = 0.2 if middle == "mlp" else 0.0
    fleet, rows = fleet_of(own(middle, steps=25, batch=8, dropout=dropout))
    assert bool(fleet.network.notes) == (middle not in STACKED or middle == "batch_norm")
    rows = rows[:3]
    parameters = fleet.fit(rows)
    probabilities = predict(fleet.network, parameters, fleet.samples, {"probabilities"})
    parameters = fleet.network.own(parameters)
    for r, row in enumerate(rows):
        module = literal(fleet, row)
        for name, value in module.state_dict().items():
            if name.endswith("in_proj_bias"):  # a key's bias has no gradient but noise
                continue
            torch.testing.assert_close(
                parameters[name][r], value, atol=1e-4, rtol=1e-4, msg=lambda m, n=name: f"{n}: {m}"
            )
        with torch.no_grad():
            wanted = module(fleet.samples.inputs, fleet.samples.observed).logits.softmax(1)
        torch.testing.assert_close(probabilities["probabilities"][r], wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("middle", [*(m for m in STACKED if m != "batch_norm"), "conv", "gru"])
@pytest.mark.parametrize("batch", [8, 1])
def test_bits_do_not_depend_on_company(middle, batch):
    shape = SEQUENCES if middle == "conv" else VECTORS
    fleet, rows = fleet_of(own("mlp" if middle == "conv" else middle, steps=6, batch=batch), shape)
    together = fleet.fit(rows)
    for n in (N, 1):
        samples = fleet.samples.slice(0, n)
        answers = predict(fleet.network, together, samples, SERVED)
        for company in ([0], [6], [5, 3], [6, 5, 4, 3, 2, 1, 0]):
            alone = fleet.fit([rows[i] for i in company])
            for name in together:
                assert torch.equal(alone[name], together[name][company]), (name, company)
            same_bits(predict(fleet.network, alone, samples, SERVED), answers, company)


def same_bits(some, every, company):
    for key, value in some.items():
        if isinstance(value, dict):
            same_bits(value, every[key], company)
        else:
            assert torch.equal(value.nan_to_num(9.0), every[key][company].nan_to_num(9.0)), key


def test_what_cannot_be_stacked_is_looped_with_the_reason():
    for middle, reason in {"gru": "aten::gru", "branching": "data-dependent control flow"}.items():
        network = own(middle).network(VECTORS)
        (note,) = network.notes
        assert network._over_runs is one_by_one
        assert note.startswith("one run is trained after the other")
        assert reason in note
        assert own(middle).notes(VECTORS) == [note]
    assert own().network(VECTORS)._over_runs is at_once
    assert own().notes(VECTORS) == []


class Single(nn.Module):
    """Multiplies by float32 of its own, and so can't be tried in float64."""

    def forward(self, x):
        return x @ torch.eye(9)


@pytest.mark.parametrize(
    "middle",
    [lambda: nn.Sequential(nn.Linear(9, 9), nn.BatchNorm1d(9), nn.ReLU()), Single],
    ids=["a bias under BatchNorm, with no gradient but noise", "float32 of its own"],
)
def test_rounding_keeps_no_module_from_being_stacked(middle):
    class Learner(ModuleLearner):
        def module(self, shape):
            return Plain(shape, middle)

    assert Learner().network(VECTORS)._over_runs is at_once


class Doubling(torch.autograd.Function):
    """Computes something else for many runs."""

    @staticmethod
    def forward(x):
        return x * 1

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, gradient):
        return gradient

    @staticmethod
    def vmap(info, in_dims, x):
        return x * 2, in_dims[0]


class Doubled(nn.Module):
    def forward(self, x):
        return Doubling.apply(x)


def test_other_numbers_are_noticed():
    class Learner(ModuleLearner):
        def module(self, shape):
            return Plain(shape, Doubled)

    network = Learner().network(VECTORS)
    assert network._over_runs is one_by_one
    assert "other numbers than a loop" in network.notes[0]


class Trained(nn.Module):
    """Branches on values while it is trained, and nowhere else."""

    def forward(self, x):
        return x * 2 if self.training and x.sum() > 0 else x


def test_it_is_tried_in_training_mode_too():
    class Learner(ModuleLearner):
        def module(self, shape):
            return Plain(shape, Trained)

    fleet, rows = fleet_of(Learner(steps=2, batch=4))
    assert "they can't be stacked" in fleet.network.notes[0]
    fleet.fit(rows[:2])


@pytest.mark.parametrize("count", [1, 3])
def test_buffers_of_batch_norm_are_kept_for_each_run(count):
    fleet, rows = fleet_of(own("batch_norm", steps=5, batch=8))
    assert "BatchNorm" in fleet.network.notes[0]
    parameters = fleet.fit(rows[:count])
    means = parameters["encoders.a.1.running_mean"]
    assert means.shape == (count, 9)
    assert len({tuple(mean.tolist()) for mean in means}) == count
    assert parameters["encoders.a.1.num_batches_tracked"].tolist() == [5] * count
    predict(fleet.network, parameters, fleet.samples, SERVED)
    assert torch.equal(means, parameters["encoders.a.1.running_mean"]), "predicting changes nothing"


def test_kept_state_is_drawn_with_the_weights_of_its_run():
    fleet, rows = fleet_of(own("projection", steps=1, batch=8))
    parameters = fleet.fit(rows[:2])
    for r, row in enumerate(rows[:2]):
        module = built(fleet.network.factory, stream("init", *row.key))
        for name in ("encoders.a.1.projection", "encoders.a.1.scale"):
            assert torch.equal(parameters[name][r], module.state_dict()[name])


def test_the_global_generator_is_left_as_it_was():
    before = torch.get_rng_state()
    fleet, rows = fleet_of(own(steps=2, batch=8))
    fleet.fit(rows[:2])
    assert torch.equal(before, torch.get_rng_state())


def test_a_hidden_modality_is_never_read():
    fleet, rows = fleet_of(own(steps=2, batch=8))
    parameters = fleet.fit(rows[:2])
    samples = fleet.samples.slice(0, 8)
    before = predict(fleet.network, parameters, samples, SERVED)["subset_probabilities:token"]
    samples.inputs["b"][:] += 1e3
    after = predict(fleet.network, parameters, samples, SERVED)["subset_probabilities:token"]
    for subset in (frozenset({"a"}), frozenset()):
        assert torch.equal(before[subset], after[subset])
    assert not torch.equal(before[frozenset("ab")], after[frozenset("ab")])


def test_monte_carlo_passes_drop_what_goes_into_the_head():
    fleet, rows = fleet_of(own(steps=2, batch=8, dropout=0.5))
    parameters = fleet.fit(rows[:2])
    keys = [row.key for row in rows[:2]]
    passes = predict(fleet.network, parameters, fleet.samples, {"mc_probabilities"}, keys)
    passes = passes["mc_probabilities"]
    assert passes.shape == (2, 10, N, 3)
    assert passes.std(dim=1).amax() > 0.01


def test_what_it_is_capable_of():
    assert own().capabilities == {"unimodal_heads"}
    assert own(dropout=0.1).capabilities == {"unimodal_heads", "stochastic", "head"}


class Headless(ModuleLearner):
    unimodal_heads = False

    def module(self, shape):
        return Changed(shape, lambda o: Output(o.logits, o.embedding, {}, o.unimodal_embeddings))


def test_heads_may_be_left_out_where_the_class_says_so():
    assert Headless().supports(VECTORS) is None
    assert Headless().capabilities == set()
    fleet, rows = fleet_of(Headless(steps=2, batch=8))
    parameters = fleet.fit(rows[:2])
    assert predict(fleet.network, parameters, fleet.samples, {"unimodal_probabilities"}) == {
        "unimodal_probabilities": {}
    }


def test_shared_weights_are_trained_once():
    class Tied(Plain):
        def __init__(self, shape):
            super().__init__(shape)
            self.heads["b"].weight = self.heads["a"].weight

    class Shared(Own):
        def module(self, shape):
            return Tied(shape)

    fleet, rows = fleet_of(Shared(steps=10, batch=8))
    assert "heads.b.weight" not in fleet.network.shapes
    parameters = fleet.network.own(fleet.fit(rows[:1]))
    trained = literal(fleet, rows[0]).state_dict()
    for name, value in parameters.items():
        torch.testing.assert_close(value[0], trained[name], atol=1e-4, rtol=1e-4)
