"""Use of modalities, on cases whose answer is known."""

import math
from itertools import permutations, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mindgap.metrics import against_ensemble, balance
from mindgap.metrics.balance import NEGLIGIBLE
from mindgap.tasks.subsets import subsets

NAMES = ("image", "text", "sound", "touch")


def population(modalities):
    """Every combination of one bit a modality, equally often: (2^M, M)."""
    return torch.tensor(list(product([0, 1], repeat=modalities)))


def probabilities_of(classes, n_classes):
    return torch.nn.functional.one_hot(classes, n_classes).float()


def shown_by(names, guess, bits, n_classes):
    """What a model says with each subset shown; `guess` sees the bits, hidden ones as 0."""
    return {
        subset: probabilities_of(
            guess(bits * torch.tensor([name in subset for name in names])), n_classes
        )
        for subset in subsets(names)
    }


def over_all_orders(value, names):
    """Mean gain of each name over all M! orders of joining."""
    orders = list(permutations(names))
    return {
        name: sum(
            value[frozenset(order[: order.index(name) + 1])]
            - value[frozenset(order[: order.index(name)])]
            for order in orders
        )
        / len(orders)
        for name in names
    }


def test_a_model_that_ignores_a_modality(by_name):
    names, bits = NAMES[:2], population(2)
    labels = bits[:, 0]
    shown = shown_by(names, lambda seen: seen[:, 0], bits, n_classes=2)
    found = by_name(balance(shown, labels, names, {"image": 0.5, "text": 0.3}))
    assert found == pytest.approx(
        {
            ("accuracy_shown", ""): 0.5,
            ("accuracy_shown", "image"): 1.0,
            ("accuracy_shown", "text"): 0.5,
            ("accuracy_shown", "image+text"): 1.0,
            ("accuracy_only", "image"): 1.0,
            ("accuracy_only", "text"): 0.5,
            ("accuracy_without", "image"): 0.5,
            ("accuracy_without", "text"): 1.0,  # nothing is lost
            ("shapley", "image"): 0.5,
            ("shapley", "text"): 0.0,
            ("utilisation", "image"): 1.0,
            ("utilisation", "text"): 0.0,
            ("imbalance", ""): math.log(1 / NEGLIGIBLE),
            ("conditional_utilisation", "image"): 0.5,
            ("conditional_utilisation", "text"): 0.0,
            ("interaction", "image+text"): 0.0,
        }
    )


def test_an_additive_model(by_name):
    names, bits = NAMES[:2], population(2)
    labels = bits[:, 0] + 2 * bits[:, 1]
    shown = shown_by(names, lambda seen: seen[:, 0] + 2 * seen[:, 1], bits, n_classes=4)
    found = by_name(balance(shown, labels, names, None))
    for name in names:
        assert found["accuracy_only", name] == 0.5
        assert found["accuracy_without", name] == 0.5
        assert found["shapley", name] == pytest.approx((1 - 1 / 4) / 2)
        assert found["conditional_utilisation", name] == 0.5
    assert found["interaction", "image+text"] == 0.25  # what chance gives, see `balance`
    assert not {"utilisation", "imbalance"} & {metric for metric, _ in found}


@pytest.mark.parametrize("modalities", [2, 3])
def test_where_all_modalities_are_needed_each_has_an_equal_share(by_name, modalities):
    names, bits = NAMES[:modalities], population(modalities)
    shown = shown_by(names, lambda seen: seen.sum(dim=1) % 2, bits, n_classes=2)
    # a parity with a hidden bit read as 0 is right half of the time
    found = by_name(balance(shown, bits.sum(dim=1) % 2, names, None))
    for name in names:
        assert found["accuracy_only", name] == 0.5
        assert found["accuracy_without", name] == 0.5
        assert found["shapley", name] == pytest.approx(0.5 / modalities)
    # all pairs tell nothing, unless there is no third
    pairs = [value for (metric, _), value in found.items() if metric == "interaction"]
    assert pairs == ([0.5] if modalities == 2 else [0.0] * 3)


def test_redundancy_hides_use(by_name):
    names, bits = NAMES[:2], torch.tensor([[0, 0], [1, 1]])
    shown = shown_by(names, lambda seen: seen.amax(dim=1), bits, n_classes=2)
    found = by_name(balance(shown, bits[:, 0], names, {"image": 0.25, "text": 0.25}))
    for name in names:
        assert found["accuracy_without", name] == 1.0
        assert found["shapley", name] == 0.25
        assert found["utilisation", name] == 1.0
        assert found["conditional_utilisation", name] == 0.0
    assert found["imbalance", ""] == 0.0
    assert found["interaction", "image+text"] == -0.5


def test_one_modality(by_name):
    bits = population(1)
    shown = shown_by(("image",), lambda seen: seen[:, 0], bits, n_classes=2)
    found = by_name(balance(shown, bits[:, 0], ("image",), {"image": 0.4}))
    assert found == pytest.approx(
        {
            ("accuracy_shown", ""): 0.5,
            ("accuracy_shown", "image"): 1.0,
            ("accuracy_only", "image"): 1.0,
            ("accuracy_without", "image"): 0.5,
            ("shapley", "image"): 0.5,
            ("utilisation", "image"): 1.25,  # may exceed 1
            ("conditional_utilisation", "image"): 0.5,
        }
    )


@pytest.mark.parametrize("modalities", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_the_bayes_classifier_uses_every_modality_as_prescribed(by_name, seed, modalities):
    """On a population that holds every (inputs, label) as often as its probability says."""
    names, classes = NAMES[:modalities], 3
    g = torch.Generator().manual_seed(seed)
    bits = population(modalities)
    counts = torch.randint(1, 30, (len(bits), classes), generator=g)
    counts[torch.arange(len(bits)), bits.sum(dim=1) % classes] += 40
    cells = [
        (row, label, int(counts[i, label]))
        for i, row in enumerate(bits.tolist())
        for label in range(classes)
    ]
    total = int(counts.sum())
    bayes, shown = {}, {}
    for subset in subsets(names):
        visible = [m for m, name in enumerate(names) if name in subset]
        joint = {}
        for row, label, count in cells:
            seen = tuple(row[m] for m in visible)
            joint.setdefault(seen, [0] * classes)[label] += count
        bayes[subset] = sum(max(labels) for labels in joint.values()) / total
        shown[subset] = torch.tensor(
            [
                [share / sum(joint[seen]) for share in joint[seen]]
                for row, _, count in cells
                for seen in [tuple(row[m] for m in visible)]
                for _ in range(count)
            ]
        )
    labels = torch.tensor([label for _, label, count in cells for _ in range(count)])
    prescribed = over_all_orders(bayes, names)
    found = by_name(balance(shown, labels, names, prescribed))
    for subset, accuracy in bayes.items():
        subject = "+".join(name for name in names if name in subset)
        assert found["accuracy_shown", subject] == pytest.approx(accuracy, abs=1e-12)
    used = {name for name in names if prescribed[name] >= NEGLIGIBLE}
    assert {subject for metric, subject in found if metric == "utilisation"} == used
    assert used
    for name in used:
        assert found["utilisation", name] == pytest.approx(1.0, abs=1e-9)
    if len(used) > 1:
        assert found["imbalance", ""] == pytest.approx(0.0, abs=1e-9)


def random_model(seed, modalities, n=50, classes=3):
    g = torch.Generator().manual_seed(seed)
    names = NAMES[:modalities]
    shown = {s: torch.rand(n, classes, generator=g).softmax(dim=1) for s in subsets(names)}
    return names, shown, torch.randint(classes, (n,), generator=g)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 4), st.integers(0, 10**6))
def test_shapley_values_are_the_mean_gain_over_all_orders_and_sum_to_the_whole(modalities, seed):
    names, shown, labels = random_model(seed, modalities)
    found = {(m.metric, m.subject): m.value for m in balance(shown, labels, names, None)}
    accuracy = {s: float((p.argmax(dim=1) == labels).float().mean()) for s, p in shown.items()}
    expected = over_all_orders(accuracy, names)
    for name in names:
        assert found["shapley", name] == pytest.approx(expected[name], abs=1e-6)
        assert found["accuracy_only", name] == pytest.approx(accuracy[frozenset({name})])
        others = frozenset(names) - {name}
        assert found["accuracy_without", name] == pytest.approx(accuracy[others])
    whole = accuracy[frozenset(names)] - accuracy[frozenset()]
    assert sum(found["shapley", name] for name in names) == pytest.approx(whole, abs=1e-6)


def test_subsets_are_named_in_the_order_of_the_data(by_name):
    names, shown, labels = random_model(0, 3)
    found = by_name(balance(shown, labels, names, None))
    subjects = {subject for metric, subject in found if metric == "accuracy_shown"}
    assert subjects == {
        "",
        "image",
        "text",
        "sound",
        "image+text",
        "image+sound",
        "text+sound",
        "image+text+sound",
    }


@pytest.mark.parametrize(
    ("prescribed", "said"),
    [
        ({"image": 0.5, "text": NEGLIGIBLE - 1e-9}, {"image"}),
        ({"image": 0.5, "text": 0.0}, {"image"}),
        ({"image": 0.5, "text": -0.1}, {"image"}),
        ({"image": 0.5, "text": NEGLIGIBLE}, {"image", "text"}),
        ({"image": 0.0, "text": 0.0}, set()),
    ],
)
def test_where_the_truth_prescribes_no_use_none_is_measured(by_name, prescribed, said):
    names, shown, labels = random_model(1, 2)
    found = by_name(balance(shown, labels, names, prescribed))
    assert {subject for metric, subject in found if metric == "utilisation"} == said
    assert (("imbalance", "") in found) == (len(said) > 1)


@pytest.mark.parametrize(
    ("prescribed", "expected"),
    [
        # the model's Shapley values are 0.5 and 0
        ({"image": 0.5, "text": 0.5}, math.log(1 / NEGLIGIBLE)),
        ({"image": 0.25, "text": 0.5}, math.log(2 / NEGLIGIBLE)),
    ],
)
def test_imbalance_has_a_floor(by_name, prescribed, expected):
    names, bits = NAMES[:2], population(2)
    shown = shown_by(names, lambda seen: seen[:, 0], bits, n_classes=2)
    found = by_name(balance(shown, bits[:, 0], names, prescribed))
    assert found["imbalance", ""] == pytest.approx(expected)


def test_a_harmful_modality_counts_as_unused_in_the_imbalance(by_name):
    names, bits = NAMES[:2], population(2)
    # the truth is the first bit; the second, when shown, turns some right answers into wrong ones
    shown = shown_by(names, lambda seen: seen[:, 0] * (1 - seen[:, 1]), bits, n_classes=2)
    found = by_name(balance(shown, bits[:, 0], names, {"image": 0.25, "text": 0.25}))
    assert found["shapley", "text"] == pytest.approx(-0.125)
    assert found["utilisation", "text"] == pytest.approx(-0.5)
    assert found["shapley", "image"] == pytest.approx(0.375)
    assert found["imbalance", ""] == pytest.approx(math.log(1.5 / NEGLIGIBLE))


def test_imbalance_compares_with_the_truth_not_with_equal_shares(by_name):
    names, bits = NAMES[:3], population(3)
    labels = bits[:, 0] + 2 * bits[:, 1] + 4 * bits[:, 2]
    weights = torch.tensor([1, 2, 4])
    shown = shown_by(names, lambda seen: (seen * weights).sum(dim=1), bits, n_classes=8)
    share = (1 - 1 / 8) / 3
    prescribed = {"image": share, "text": share / 2, "sound": 2 * share}
    found = by_name(balance(shown, labels, names, prescribed))
    assert [found["utilisation", name] for name in names] == pytest.approx([1.0, 2.0, 0.5])
    assert found["imbalance", ""] == pytest.approx(math.log(4))


def test_beside_an_ensemble_that_uses_both(by_name):
    """The model sees the first bit alone, separately trained networks both."""
    names, bits = NAMES[:2], population(2)
    labels = bits[:, 0] + 2 * bits[:, 1]
    own = shown_by(names, lambda seen: seen[:, 0], bits, n_classes=4)
    apart = shown_by(names, lambda seen: seen[:, 0] + 2 * seen[:, 1], bits, n_classes=4)
    found = by_name(against_ensemble(own, apart, labels, names))
    assert found["shapley_ume", "image"] == found["shapley_ume", "text"] == pytest.approx(0.375)
    assert found["utilisation_ume", "image"] == pytest.approx(0.25 / 0.375)
    assert found["utilisation_ume", "text"] == 0.0
    assert found["imbalance_ume", ""] == pytest.approx(math.log(0.25 / 0.375 / NEGLIGIBLE))
    same = by_name(against_ensemble(apart, apart, labels, names))
    assert same["utilisation_ume", "text"] == 1.0
    assert same["imbalance_ume", ""] == 0.0
