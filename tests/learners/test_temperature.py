"""Temperature scaling against a literal search, and what is calibrated by it."""

import numpy as np
import pytest
import torch
from combinations import fleet_of, rows_of
from scipy.special import softmax

from mindgap.learners import Concat, predict
from mindgap.learners.temperature import HIGHEST, LOWEST, TEMPERATURE, fitted
from mindgap.strategies import SERVED
from mindgap.tasks import TaskShape

SHAPE = TaskShape({"a": (5,), "b": (3,)}, 4)
OF_THE_FUSED_MODEL = ("probabilities", "mc_probabilities")


def drawn(seed, scale, n=60, classes=5):
    """Logits whose softmax, `scale` times flatter, the labels are drawn from."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)) * 2
    labels = [rng.choice(classes, p=p) for p in softmax(logits, axis=1)]
    return torch.from_numpy(logits * scale), torch.tensor(labels)


def log_loss(logits, labels, temperature):
    p = softmax(logits.double().numpy() / temperature, axis=1)
    return -np.log(p[np.arange(len(labels)), labels.numpy()]).mean()


@pytest.mark.parametrize("scale", [0.2, 1.0, 6.0])
def test_it_is_the_one_with_the_smallest_log_loss(scale):
    for seed in range(4):
        logits, labels = drawn(seed, scale)
        grid = np.geomspace(LOWEST, HIGHEST, 1201)
        losses = [log_loss(logits, labels, temperature) for temperature in grid]
        found = fitted(logits, labels)
        assert found == pytest.approx(grid[np.argmin(losses)], rel=0.006)
        assert log_loss(logits, labels, found) <= min(losses)
        assert found == fitted(logits.clone(), labels.clone())


def test_many_labels_give_the_temperature_they_were_drawn_at():
    assert fitted(*drawn(0, 3.0, n=20_000)) == pytest.approx(3.0, rel=0.03)


def test_it_stays_between_its_bounds():
    right = torch.tensor([[0.2, 0.0], [0.0, 0.3]])
    assert fitted(right, torch.tensor([0, 1])) == pytest.approx(LOWEST, rel=1e-3)
    assert fitted(1e5 * right, torch.tensor([1, 0])) == pytest.approx(HIGHEST, rel=1e-3)


def everything(members):
    fleet, labels = fleet_of(Concat(steps=30, members=members, calibration="temperature"), SHAPE)
    parameters = fleet.fit(rows_of(labels, 3))
    want = set(SERVED) - ({"head"} if members > 1 else set()) | {"logits"}
    keys = [("f", "l", seed, 0, 0) for seed in range(3)]

    def ask(parameters, want=want, keys=keys):
        return predict(fleet.network, parameters, fleet.samples.slice(0, 40), want, keys)

    return parameters, ask


def tempered(p, temperature):
    """p^(1/T), normalised: softmax(logits / T) where p is their softmax."""
    powers = p.double() ** (1 / temperature)
    return (powers / powers.sum(dim=-1, keepdim=True)).float()


@pytest.mark.parametrize("count", [1, 3])
def test_all_answers_of_the_fused_model_are_calibrated_and_no_other(count):
    """Of an ensemble the mean of its members, so that its predictions stay what they were."""
    parameters, ask = everything(count)
    temperatures = torch.tensor([0.5, 1.0, 3.0])
    plain, found = ask(parameters), ask({**parameters, TEMPERATURE: temperatures})
    for r, temperature in enumerate(temperatures.tolist()):
        for key, value in plain.items():
            if key == "head":
                inputs, rows = plain["embeddings"][r, :5], torch.arange(5)
                logits = found[key][r](inputs, rows)
                torch.testing.assert_close(logits * temperature, value[r](inputs, rows))
                torch.testing.assert_close(logits.softmax(1), found["probabilities"][r, :5])
            elif key.endswith("recombined"):
                rows = torch.tensor([[0, 3], [4, 2], [5, 5]])
                expected = tempered(value[r](rows), temperature)
                torch.testing.assert_close(found[key][r](rows), expected)
            elif key == "logits":
                torch.testing.assert_close(found[key][r] * temperature, value[r])
            elif key in OF_THE_FUSED_MODEL or key.startswith("subset_probabilities"):
                parts = value if isinstance(value, dict) else {None: value}
                for name, p in parts.items():
                    q = found[key] if name is None else found[key][name]
                    torch.testing.assert_close(q[r], tempered(p[r], temperature))
            elif isinstance(value, dict):
                for name, part in value.items():
                    assert torch.equal(part[r].nan_to_num(9), found[key][name][r].nan_to_num(9))
            else:
                assert torch.equal(value[r], found[key][r])
    before, after = plain["probabilities"], found["probabilities"]
    assert torch.equal(before.argmax(dim=2), after.argmax(dim=2))


def test_the_mean_of_an_ensemble_is_calibrated_however_sure_its_members_are():
    """Their probabilities would vanish in single precision, their logarithms don't."""
    parameters, ask = everything(2)
    sure = {n: 1e3 * p if n.startswith("head") else p for n, p in parameters.items()}
    found = ask({**sure, TEMPERATURE: torch.full((3,), 1e4)}, {"probabilities"})["probabilities"]
    assert found.min() > 0.01


def test_bits_do_not_depend_on_company():
    parameters, ask = everything(1)
    calibrated = {**parameters, TEMPERATURE: torch.tensor([0.7, 1.3, 2.9])}
    together = ask(calibrated, {"probabilities"})["probabilities"]
    for company in ([2], [1, 0]):
        alone = {name: value[company] for name, value in calibrated.items()}
        again = ask(alone, {"probabilities"}, [()] * len(company))["probabilities"]
        assert torch.equal(again, together[company])
