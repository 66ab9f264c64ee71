"""Data: each fault has its sentence; scaling sees only what the pool has observed."""

import contextlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from mindgap.errors import InvalidData, MindgapError
from mindgap.tasks import MultimodalData, Task, TaskShape
from mindgap.tasks.description import Bit, Description

NAN, INF = float("nan"), float("inf")


def make(seed=0, n=8, gaps=0.4, prefix="s", unknown=True):
    """Two modalities, one of them with two dimensions a sample; some are missing."""
    g = torch.Generator().manual_seed(seed)
    observed = torch.rand(n, 2, generator=g) >= gaps
    observed[~observed.any(dim=1), 0] = True
    observed[0] = True
    return MultimodalData(
        modalities={
            "image": torch.randn(n, 3, 2, generator=g) * 5 + 3,
            "text": torch.randn(n, 4, generator=g) * 0.1 - 20,
        },
        observed=observed,
        labels=torch.randint(-1, 3, (n,), generator=g).clamp(min=-1 if unknown else 0),
        classes=("cat", "dog", "cow"),
        ids=np.array([f"{prefix}{i}" for i in range(n)], dtype=object),
    )


def having(tensor, place, value):
    changed = tensor.clone()
    changed[place] = value
    return changed


def complaint(data):
    with pytest.raises(InvalidData) as caught:
        data.validate("pool")
    start, _, problem = str(caught.value).partition(": ")
    assert start == "pool"
    return problem


def test_good_data_comes_back_as_it_is():
    data = make()
    assert data.validate() is data
    assert len(data) == 8
    assert data.names == ("image", "text")
    assert issubclass(InvalidData, MindgapError)


def test_unknown_labels_are_fine():
    data = make()
    replace(data, labels=torch.full((8,), -1)).validate()


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_anything_is_fine_where_nothing_is_observed(value):
    data = make(n=40)
    for m, name in enumerate(data.names):
        missing = ~data.observed[:, m]
        assert missing.any()
        filled = {**data.modalities, name: having(data.modalities[name], missing, value)}
        replace(data, modalities=filled).validate()


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize(("name", "place"), [("image", (5, 2, 1)), ("text", (5, 0))])
def test_a_value_that_is_no_number(name, place, value):
    data = replace(make(), observed=torch.ones(8, 2, dtype=torch.bool))
    data = replace(
        data, modalities={**data.modalities, name: having(data.modalities[name], place, value)}
    )
    assert complaint(data) == (
        f"sample 's5' has a NaN or infinite value in modality {name!r}; "
        "mend it, or mark the modality as not observed there"
    )


def test_no_modality():
    told = complaint(replace(make(), modalities={}))
    assert told == "there is no modality; give at least one"


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        (("cat",), "at least two classes are needed, got ['cat']"),
        ((), "at least two classes are needed, got []"),
        (("cat", "dog", "cat"), "class names must differ, got ['cat', 'dog', 'cat']"),
    ],
)
def test_classes(classes, told):
    assert complaint(replace(make(), classes=classes)) == told


def test_lengths_that_differ():
    data = make()
    shorter = {**data.modalities, "text": data.modalities["text"][:7]}
    assert complaint(replace(data, modalities=shorter)) == (
        "modalities and labels differ in length: image has 8, text has 7, labels have 8"
    )
    assert complaint(replace(data, labels=data.labels[:5])) == (
        "modalities and labels differ in length: image has 8, text has 8, labels have 5"
    )


@pytest.mark.parametrize("shape", [(2, 8), (8, 3), (8, 1), (7, 2), (8,), (8, 2, 1)])
def test_observed_of_another_shape(shape):
    told = complaint(replace(make(), observed=torch.ones(shape, dtype=torch.bool)))
    assert told == (
        f"observed has shape {shape}, expected (8, 2): a row a sample, a column a modality"
    )


def test_another_number_of_ids():
    data = make()
    assert complaint(replace(data, ids=data.ids[:6])) == "there are 6 ids for 8 samples"


def test_an_id_twice():
    data = make()
    ids = data.ids.copy()
    ids[6] = "s2"
    assert complaint(replace(data, ids=ids)) == "sample id 's2' occurs more than once"


def test_a_sample_without_any_modality():
    data = make()
    told = complaint(replace(data, observed=having(data.observed, 3, False)))
    assert told == "sample 's3' has no observed modality"


@pytest.mark.parametrize("label", [-2, 3, 100])
def test_a_label_outside_the_classes(label):
    data = make()
    told = complaint(replace(data, labels=having(data.labels, 4, label)))
    assert told == (
        f"sample 's4' has label {label}, outside the 3 classes (0 to 2, -1 for unknown)"
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.int64, torch.bool])
def test_a_modality_of_another_type(dtype):
    data = make()
    other = {**data.modalities, "text": data.modalities["text"].to(dtype)}
    told = complaint(replace(data, modalities=other))
    assert told == f"modality 'text' is {dtype}, expected torch.float32"


@pytest.mark.parametrize("fault", ["id", "label", "gap", "value"])
def test_an_id_is_shown_as_it_was_given(fault):
    data = replace(make(), ids=make().ids.astype(str))
    faulty = {
        "id": replace(data, ids=np.array(["s3", *data.ids[1:]])),
        "label": replace(data, labels=having(data.labels, 3, 9)),
        "gap": replace(data, observed=having(data.observed, 3, False)),
        "value": replace(
            data,
            modalities={**data.modalities, "text": torch.full((8, 4), NAN)},
            observed=having(torch.ones(8, 2, dtype=torch.bool), (slice(3), 1), False),
        ),
    }
    assert "'s3'" in complaint(faulty[fault])
    assert "np." not in complaint(faulty[fault])


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("labels", lambda x: x.float() + 0.5),
        ("labels", lambda x: x.int()),
        ("labels", lambda x: x[:, None]),
        ("observed", lambda x: x.long()),  # scaling would then read rows 0 and 1 only
        ("observed", lambda x: x.float()),
    ],
)
def test_labels_and_observed_of_another_type(field, change):
    data = replace(make(), labels=torch.zeros(8, dtype=torch.int64))
    assert field in complaint(replace(data, **{field: change(getattr(data, field))}))


@pytest.mark.parametrize("value", [1.0, NAN])
def test_one_number_a_sample_without_a_dimension_of_its_own(value):
    data = replace(make(), observed=torch.ones(8, 2, dtype=torch.bool))
    vector = having(torch.randn(8), 3, value)
    # whether it is accepted is open; a fault must have its sentence
    with (
        contextlib.suppress(InvalidData)
        if value == 1.0
        else pytest.raises(InvalidData, match="'text'")
    ):
        replace(data, modalities={**data.modalities, "text": vector}).validate()


def test_take_keeps_what_belongs_together():
    data = make(n=20)
    rows = torch.tensor([7, 3, 19, 3])
    taken = data.take(rows)
    assert len(taken) == 4
    for name in data.names:
        assert taken.modalities[name].equal(data.modalities[name][rows])
    assert taken.observed.equal(data.observed[rows])
    assert taken.labels.equal(data.labels[rows])
    assert taken.ids.tolist() == ["s7", "s3", "s19", "s3"]
    assert taken.classes == data.classes


# Task.ready


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("gaps", [0.0, 0.5])
def test_every_feature_is_standardised_by_what_the_pool_has_observed(seed, gaps):
    pool, test = (
        make(seed, n=200, gaps=gaps),
        make(seed + 100, n=60, gaps=gaps, prefix="t", unknown=False),
    )
    task = Task.ready(pool, test)
    for m, name in enumerate(pool.names):
        scaler = StandardScaler()
        seen = pool.modalities[name][pool.observed[:, m]].flatten(1).double().numpy()
        ours = task.pool.modalities[name][pool.observed[:, m]].flatten(1).double().numpy()
        np.testing.assert_allclose(ours, scaler.fit_transform(seen), atol=2e-3)
        np.testing.assert_allclose(ours.mean(axis=0), 0, atol=2e-3)
        np.testing.assert_allclose(ours.std(axis=0), 1, atol=1e-3)
        there = test.observed[:, m]
        expected = scaler.transform(test.modalities[name][there].flatten(1).double().numpy())
        found = task.test.modalities[name][there].flatten(1).numpy()
        np.testing.assert_allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize("value", [NAN, INF, 1e9])
def test_what_is_not_observed_changes_nothing(value):
    def filled(data):
        return replace(
            data,
            modalities={
                name: having(x, ~data.observed[:, m], value)
                for m, (name, x) in enumerate(data.modalities.items())
            },
        )

    pool, test = make(1, n=50), make(2, n=30, prefix="t", unknown=False)
    clean, task = Task.ready(pool, test), Task.ready(filled(pool), filled(test))
    for some, other in ((clean.pool, task.pool), (clean.test, task.test)):
        assert not some.observed.all()
        for m, name in enumerate(some.names):
            there = some.observed[:, m]
            assert some.modalities[name][there].equal(other.modalities[name][there])


def test_test_values_and_labels_change_nothing_in_the_pool():
    pool, test = make(1, n=50), make(2, n=30, prefix="t", unknown=False)
    far = replace(test, modalities={name: x * 100 + 7 for name, x in test.modalities.items()})
    relabelled = replace(pool, labels=pool.labels.flip(0))
    first = Task.ready(pool, test).pool
    for other in (
        Task.ready(pool, far).pool,
        Task.ready(pool, None).pool,
        Task.ready(relabelled, test).pool,
    ):
        for name in pool.names:
            assert other.modalities[name].equal(first.modalities[name])


def test_masks_labels_and_ids_stay_and_what_was_given_is_not_changed():
    pool, test = make(1, n=50), make(2, n=30, prefix="t", unknown=False)
    task = Task.ready(pool, test)
    for given, made in ((pool, task.pool), (test, task.test)):
        assert made.observed.equal(given.observed)
        assert made.labels.equal(given.labels)
        assert made.ids.tolist() == given.ids.tolist()
        assert made.classes == given.classes
    for name, x in make(1, n=50).modalities.items():
        assert pool.modalities[name].equal(x)


def constant_feature(value, n, width):
    """A modality whose first feature is `value` throughout the pool; one test value is another."""
    pool, test = make(1, n=n, gaps=0.0), make(2, n=30, gaps=0.0, prefix="t", unknown=False)
    still = having(pool.modalities["text"], (slice(None), 0), value)[:, :width]
    moved = having(test.modalities["text"], (slice(None), 0), value)[:, :width]
    moved[3, 0] += 0.5
    task = Task.ready(
        replace(pool, modalities={"image": pool.modalities["image"], "text": still}),
        replace(test, modalities={"image": test.modalities["image"], "text": moved}),
    )
    return task.pool.modalities["text"][:, 0], task.test.modalities["text"][:, 0]


@pytest.mark.parametrize("value", [0.0, 2.0, -64.0, 0.1, 8.864528])
@pytest.mark.parametrize(("n", "width"), [(50, 4), (1000, 4), (1000, 2)])
def test_a_constant_feature_is_centred_and_not_scaled(value, n, width):
    pool, test = constant_feature(value, n, width)
    assert pool.numpy() == pytest.approx(np.zeros(n), abs=1e-5)
    assert test.numpy() == pytest.approx(np.eye(30)[3] / 2, abs=1e-5)


def test_a_constant_feature_that_is_alone_in_its_modality():
    pool, test = constant_feature(8.864528, n=1000, width=1)
    assert pool.numpy() == pytest.approx(np.zeros(1000), abs=1e-5)
    assert test.numpy() == pytest.approx(np.eye(30)[3] / 2, abs=1e-5)


def test_a_modality_that_the_pool_never_shows():
    pool = make(1, n=50)
    only_image = replace(pool, observed=torch.tensor([True, False]).repeat(50, 1))
    with pytest.raises(InvalidData) as caught:
        Task.ready(only_image, None)
    assert str(caught.value) == "modality 'text' is observed nowhere in the pool"


def test_a_modality_that_the_test_set_never_shows_is_fine():
    test = replace(
        make(2, prefix="t", unknown=False), observed=torch.tensor([True, False]).repeat(8, 1)
    )
    assert Task.ready(make(1), test).test is not None


def test_a_fault_says_in_which_set_it_is():
    good, bad = make(1), replace(make(2, unknown=False), classes=("cat",))
    with pytest.raises(InvalidData, match=r"^pool: "):
        Task.ready(bad, good)
    with pytest.raises(InvalidData, match=r"^test set: "):
        Task.ready(good, bad)


@pytest.mark.parametrize(
    "change",
    [
        lambda test: replace(test, classes=("cat", "cow", "dog")),
        lambda test: replace(test, modalities=dict(reversed(test.modalities.items()))),
        lambda test: replace(
            test, modalities={"image": test.modalities["image"], "sound": test.modalities["text"]}
        ),
    ],
)
def test_two_sets_that_do_not_fit_together(change):
    with pytest.raises(InvalidData, match="differ in their modalities or classes"):
        Task.ready(make(1), change(make(2, unknown=False)))


@pytest.mark.parametrize("width", [1, 3])
def test_two_sets_whose_modalities_differ_in_shape(width):
    test = make(2, unknown=False)
    narrow = {**test.modalities, "text": test.modalities["text"][:, :width]}
    with pytest.raises(InvalidData):
        Task.ready(make(1), replace(test, modalities=narrow))


def test_shape():
    assert Task.ready(make(), None).shape == TaskShape({"image": (3, 2), "text": (4,)}, 3)


def test_a_test_set_without_a_label_is_refused():
    test = make(2, unknown=False)
    with pytest.raises(InvalidData, match="test set: sample 's3' has no label"):
        Task.ready(make(1), replace(test, labels=having(test.labels, 3, -1)))


def test_no_samples():
    empty = torch.empty(0, dtype=torch.int64)
    assert complaint(make().take(empty)) == "there is no sample"


@pytest.mark.parametrize(
    "name", ["", "natural", "a+b", "a b", "a\n", "a[0]", "a(", "a,b", "\x07", "a\u200b", 3]
)
def test_a_modality_that_cannot_be_called_so(name):
    data = make()
    images = {name: data.modalities["image"], "text": data.modalities["text"]}
    assert f"a modality can't be called {name!r}" in complaint(replace(data, modalities=images))
    with pytest.raises(MindgapError, match="can't be called") as caught:
        Description({name: 4}, (Bit("U", ((name,),)),))
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("name", ["x1", "Ä_2", "image-3", "mel.spec", "脳波"])
def test_other_names_are_fine(name):
    Description({name: 4}, (Bit("U", ((name,),)),))
    data = make()
    images = {name: data.modalities["image"], "text": data.modalities["text"]}
    replace(data, modalities=images).validate()
