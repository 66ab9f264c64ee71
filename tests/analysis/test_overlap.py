"""Overlap with unimodal twins, of choices that are written down."""

import pytest
from planted_results import card, plant, run, study

from mindgap.analysis import attribution, cells, measured, overlaps


def choosing(strategy, seed, *rounds):
    """A run that chose these ids in each round."""
    records = run(strategy, seed, [0.5] * len(rounds))
    for record, ids in zip(records, rounds, strict=True):
        record["selected"] = [{"id": i, "score": 0.0, "observed": "x1+x2"} for i in ids]
    return records


def found_in(tmp_path, records):
    results = plant(tmp_path, records, study(), [card("t", pool=150)])
    (cell,), _ = cells(results, measured(results))
    return overlaps(results, cell)


TWIN = "one_modality[modality={}, of=margin]"


def test_lift_is_against_what_chance_would_share(tmp_path):
    records = [
        *choosing("margin", 0, "ab", "cd"),
        *choosing(TWIN.format("x2"), 0, "xy", "za"),
        *choosing(TWIN.format("x1"), 0, "ax", "bc"),
        *choosing("random", 0, "pq", "rs"),
    ]
    found = found_in(tmp_path, records)
    assert [(entry.strategy, entry.modality) for entry in found] == [
        ("margin", "x1"),
        ("margin", "x2"),
    ]
    first, second = found
    # 100 candidates: a twin that chose 2 of them shares 2 % with anyone by chance
    assert first.first.value == pytest.approx(0.5 / 0.02)
    assert first.bought.value == pytest.approx(0.75 / 0.04)
    assert second.first.value == 0.0
    assert second.bought.value == pytest.approx(0.25 / 0.04)
    assert attribution(found, "margin") == 1.0
    assert attribution(found, "random") is None


def test_only_seeds_that_both_have(tmp_path):
    records = [
        *choosing("random", 0, "pq"),
        *choosing("random", 1, "pq"),
        *choosing("margin", 0, "ab"),
        *choosing("margin", 1, "ab"),
        *choosing(TWIN.format("x1"), 1, "ab"),
    ]
    (only,) = found_in(tmp_path, records)
    assert only.first.n == 1
    assert only.first.value == pytest.approx(1 / 0.02)


def test_without_twins_there_is_nothing(tmp_path):
    assert found_in(tmp_path, choosing("margin", 0, "ab")) == []
