"""The guard: each broken rule has a sentence of its own."""

import numpy as np
import pytest
import torch

from mindgap.errors import MindgapError
from mindgap.strategies import Selection, checked, required
from mindgap.strategies.random import Random


@pytest.fixture
def pool(make_pool):
    return make_pool(seed=0, size=20, labelled=5)


def chosen(pool, n=4, **changes):
    fields = {"rows": pool.candidates[:n].clone(), "scores": torch.zeros(n)}
    return Selection(**{**fields, **changes})


def complaint(selection, pool, n=4):
    with pytest.raises(MindgapError) as caught:
        checked(selection, pool, n)
    start, _, problem = str(caught.value).partition(": ")
    assert start == "its selection breaks the contract"
    return problem


def test_a_good_selection_comes_back_as_it_is(pool):
    selection = Random().select(pool, 4, np.random.default_rng(0))
    assert checked(selection, pool, 4) is selection


def test_a_trace_has_a_row_of_finite_numbers_for_each(pool):
    kept = chosen(pool, trace=torch.zeros(4, 2))
    assert checked(kept, pool, 4) is kept
    for trace in (torch.zeros(3, 2), torch.zeros(4), np.zeros((4, 2))):
        told = "a trace must be a two-dimensional tensor with a row for each of the 4 rows"
        assert complaint(chosen(pool, trace=trace), pool) == told
    for trace in (torch.full((4, 1), torch.inf), torch.zeros(4, 2, dtype=torch.int64)):
        told = "a trace must hold finite floating-point numbers"
        assert complaint(chosen(pool, trace=trace), pool) == told


def test_no_selection(pool):
    for returned, kind in (([1, 2], "list"), (None, "NoneType")):
        told = complaint(returned, pool)
        assert told.startswith(f"select must return a Selection, not {kind}: end with return best(")


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (torch.arange(4).float(), "one of torch.float32 and shape (4,)"),
        (torch.arange(4, dtype=torch.int32), "one of torch.int32 and shape (4,)"),
        (torch.arange(4)[:, None], "one of torch.int64 and shape (4, 1)"),
        (torch.ones(20, dtype=torch.bool), "one of torch.bool and shape (20,)"),
        ([0, 1, 2, 3], "list"),
        (np.arange(4), "ndarray"),
    ],
)
def test_rows_that_are_no_rows(pool, rows, kind):
    told = complaint(chosen(pool, rows=rows), pool)
    assert told == f"rows must be a one-dimensional int64 tensor, not {kind}"


@pytest.mark.parametrize("returned", [0, 3, 5])
def test_another_number_of_rows(pool, returned):
    told = complaint(chosen(pool, n=returned), pool)
    assert told == f"it was asked for 4 rows and returned {returned}"


@pytest.mark.parametrize("row", [-1, 20, 999])
def test_a_row_that_is_not_in_the_pool(pool, row):
    rows = pool.candidates[:4].clone()
    rows[2] = row
    assert complaint(chosen(pool, rows=rows), pool) == f"row {row} is not in the pool of 20"


def test_a_row_that_is_chosen_twice(pool):
    rows = pool.candidates[[0, 3, 1, 3]]
    told = complaint(chosen(pool, rows=rows), pool)
    assert told == f"row {int(pool.candidates[3])} is chosen more than once"


def test_a_row_that_has_a_label(pool):
    rows = torch.cat([pool.candidates[:3], pool.labelled[:1]])
    told = complaint(chosen(pool, rows=rows), pool)
    row = int(pool.labelled[0])
    assert told.startswith(f"row {row} is not a candidate (it has a label already): ")
    assert told.endswith("pool.candidates[places]")


@pytest.mark.parametrize("count", [0, 3, 5])
def test_another_number_of_scores(pool, count):
    told = complaint(chosen(pool, scores=torch.zeros(count)), pool)
    assert told.startswith(f"there are {count} scores for 4 rows: ")


def test_a_score_that_is_nan(pool):
    scores = torch.tensor([0.0, 1.0, torch.nan, 2.0])
    assert complaint(chosen(pool, scores=scores), pool) == "a score is NaN"


def test_infinite_scores_are_allowed(pool):
    selection = chosen(pool, scores=torch.tensor([torch.inf, 0.0, 0.0, -torch.inf]))
    assert checked(selection, pool, 4) is selection


@pytest.mark.parametrize("scores", [[0.0] * 4, np.zeros(4), torch.zeros(4, 2)])
def test_scores_that_are_no_scores(pool, scores):
    assert "scores" in complaint(chosen(pool, scores=scores), pool)


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64])
def test_scores_that_are_no_floating_point_numbers(pool, dtype):
    told = complaint(chosen(pool, scores=torch.zeros(4, dtype=dtype)), pool)
    assert told.startswith(f"scores must be floating-point numbers, not {dtype}")


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"embedings"}, "unknown requirement 'embedings': did you mean 'embeddings'"),
        (None, "requires must return a set of keys, such as {'probabilities'}, not None"),
        ("embeddings", "not 'embeddings'"),
        (["embeddings"], "not ['embeddings']"),
        ({1}, "unknown requirement '1'"),
    ],
)
def test_requirements_that_nobody_can_serve(monkeypatch, keys, told):
    monkeypatch.setattr(Random, "requires", lambda self: keys)
    with pytest.raises(MindgapError) as caught:
        required(Random())
    assert told in str(caught.value)
