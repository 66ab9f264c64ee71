"""The last layer by itself: what it makes of the embeddings is what the network says."""

import pytest
import torch
from combinations import combinations, fleet_of, rows_of

from mindgap.learners import Ume, predict
from mindgap.tasks import TaskShape

EVERY = {**combinations(), "Ume": Ume(steps=3)}


@pytest.mark.parametrize(
    "name", ["Concat-token", "Late-masked", "Late-experts", "Attention-masked", "Ume"]
)
def test_it_makes_the_network_s_logits_of_its_embeddings(name):
    fleet, labels = fleet_of(EVERY[name], TaskShape({"a": (5,), "b": (3,)}, 4))
    parameters = fleet.fit(rows_of(labels, 3))
    samples = fleet.samples.slice(0, 40)
    answers = predict(fleet.network, parameters, samples, {"head", "embeddings", "probabilities"})
    rows = torch.tensor([7, 0, 31])
    for r, head in enumerate(answers["head"]):
        inputs = answers["embeddings"][r, rows].requires_grad_()
        logits = head(inputs, rows)
        torch.testing.assert_close(logits.softmax(dim=1), answers["probabilities"][r, rows])
        (gradient,) = torch.autograd.grad(logits[:, 0].sum(), inputs)
        assert gradient.abs().sum() > 0
