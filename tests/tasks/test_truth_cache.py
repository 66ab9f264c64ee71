"""Truths are computed once, and anew whenever anything about them could be other."""

import json
from dataclasses import replace
from math import nan

import pytest

from mindgap.errors import MindgapError
from mindgap.tasks import truth_cache
from mindgap.tasks.generator import Bit, Description
from mindgap.tasks.missingness import MAR, Independent, Missingness, MNARx
from mindgap.tasks.scenarios import miss_base
from mindgap.tasks.truth import truth
from mindgap.tasks.truth_cache import cached_truth

DESCRIPTION = Description({"x1": 4, "x2": 4}, (Bit("R", (("x1", "x2"),)), Bit("U", (("x1",),))))


@pytest.fixture
def computed(monkeypatch, tmp_path):
    """An empty cache, and the descriptions whose truth was really computed."""
    monkeypatch.setenv("MINDGAP_CACHE", str(tmp_path))
    asked = []

    def counted(description):
        asked.append(description)
        return truth(description)

    monkeypatch.setattr(truth_cache, "truth", counted)
    return asked


def test_computed_once_and_equal_from_the_cache(computed, tmp_path):
    first, second = cached_truth(DESCRIPTION), cached_truth(replace(DESCRIPTION))
    assert len(computed) == 1
    assert first == second == json.loads(json.dumps(truth(DESCRIPTION)))
    assert [p.suffix for p in (tmp_path / "truth").iterdir()] == [".json"]


@pytest.mark.parametrize(
    "change",
    [
        {"dimensions": {"x1": 4, "x2": 5}},
        {"dimensions": {"x2": 4, "x1": 4}},
        {"bits": DESCRIPTION.bits[::-1]},
        {"strength": {"x1": 2.0}},
        {"missing": Missingness({"x1": 0.1})},
        {"missing": Missingness(test=Independent({"x1": 0.1}))},
        {"missing": Missingness(test=MAR("x1", "x2"))},
        {"missing": Missingness(test=MNARx("x1"))},
    ],
)
def test_another_description_is_another_truth(computed, change):
    assert truth_cache._key(replace(DESCRIPTION, **change)) != truth_cache._key(DESCRIPTION)


def test_mechanisms_with_the_same_rates_are_told_apart():
    gaps = [Missingness({"x1": 0.1}), Missingness(Independent({"x1": 0.1}))]
    keys = {truth_cache._key(replace(DESCRIPTION, missing=missing)) for missing in gaps}
    assert len(keys) == 2


def test_another_format_or_code_is_another_truth(computed, monkeypatch):
    before = truth_cache._key(DESCRIPTION)
    monkeypatch.setattr(truth_cache, "FORMAT", truth_cache.FORMAT + 1)
    between = truth_cache._key(DESCRIPTION)
    monkeypatch.setattr(truth_cache, "_sources", lambda: "other code")
    assert len({before, between, truth_cache._key(DESCRIPTION)}) == 3


def test_a_damaged_file_is_computed_anew_and_mended(computed, tmp_path):
    expected = cached_truth(DESCRIPTION)
    (path,) = (tmp_path / "truth").iterdir()
    whole = path.read_bytes()
    faults = [b"", b"\xff" * 9, whole[:-2], whole[: len(whole) // 2], whole.replace(b"0.9", b"0.8")]
    for n, damaged in enumerate(faults, 2):
        path.write_bytes(damaged)
        assert cached_truth(DESCRIPTION) == expected
        assert len(computed) == n
        assert path.read_bytes() == whole


def test_a_folder_that_cannot_be_written_is_passed_over(computed, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MINDGAP_CACHE", str(tmp_path / "file"))
    assert cached_truth(DESCRIPTION) == cached_truth(DESCRIPTION)
    assert len(computed) == 2


def test_a_truth_that_is_no_number_is_told_with_the_scenario(computed, monkeypatch, tmp_path):
    monkeypatch.setattr(truth_cache, "truth", lambda description: {"bayes_natural": nan})
    with pytest.raises(MindgapError, match=r"^miss_base\[pool=300\]: its truth can't be computed"):
        _ = miss_base(300).truth
    assert not list(tmp_path.rglob("*.json"))
