"""A run whose loss is NaN or infinite fails by itself, with its step and learning rate."""

import pytest
import torch

from mindgap.learners import Concat, Diverged, Fleet, Row, Samples
from mindgap.learners.divergence import reasons
from mindgap.tasks import TaskShape

SHAPE = TaskShape({"a": (5,), "b": (7,)}, 3)
STEPS = 12


def fleet_of(value):
    """Five rows; one sample that the third learns from holds `value`."""
    g = torch.Generator().manual_seed(0)
    pools = [
        Samples({n: torch.randn(30, *s, generator=g) for n, s in SHAPE.modalities.items()}, None)
        for _ in range(2)
    ]
    pools[1].inputs["a"][7] = value
    learner = Concat(steps=STEPS, batch=2, width=9, feature=5, hidden=6)
    fleet = Fleet(learner, learner.network(SHAPE), pools)
    labels = torch.randint(3, (30,), generator=g)
    rows = [Row(("f", "l", r, 0, 0), int(r == 2), torch.arange(20), labels[:20]) for r in range(5)]
    return fleet, rows


@pytest.mark.parametrize("fewest", [2, 8])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_its_neighbours_go_on_untouched(value, fewest, monkeypatch):
    """In a block with it, and in others."""
    monkeypatch.setattr("mindgap.learners.fleet.BLOCK", 0)
    monkeypatch.setattr("mindgap.learners.fleet.FEWEST", fewest)
    fleet, rows = fleet_of(value)
    assert len(fleet._blocks(5)) == (3 if fewest == 2 else 1)
    with pytest.raises(Diverged) as caught:
        fleet.fit(rows)
    batches, _ = fleet._batches(rows)
    step = int((batches[:, 2] == fleet.offsets[1] + 7).any(dim=1).nonzero()[0])
    assert step > 0
    rate = fleet.learner.rate(step)
    assert rate < fleet.learner.learning_rate
    (why,) = caught.value.reasons.values()
    assert list(caught.value.reasons) == [2]
    assert f"at step {step + 1} of {STEPS}, with a learning rate of {rate:.3g}, the loss was" in why
    assert str(caught.value) == f"row 2: {why}"
    others = [0, 1, 3, 4]
    without = fleet.fit([rows[i] for i in others])
    for name, value_ in caught.value.parameters.items():
        assert torch.equal(value_[others], without[name]), name


def test_the_last_step_shows_in_the_parameters():
    losses = torch.tensor([[1.0, 2.0, 3.0]] * 2)
    flat = torch.ones(3, 16)
    assert reasons(Concat(steps=2), losses, [None] * 3, {"weight": flat}) == {}
    flat[1, 3] = torch.inf
    (why,) = reasons(Concat(steps=2), losses, [None] * 3, {"weight": flat}).values()
    assert "at step 2 of 2" in why
    assert "the sum of its parameters was inf" in why
