"""A scenario is held against the control of its own size, however the study writes the two."""

import pytest

from mindgap.analysis import analyse
from mindgap.registry import Registry
from mindgap.report.page import render
from mindgap.study.run import run
from mindgap.study.spec import Study


@pytest.fixture
def analysed(tmp_path):
    def do(*tasks):
        study = Study(
            name="twins",
            tasks=list(tasks),
            learners=["concat[steps=2]"],
            strategies=["random"],
            budget={"initial": 10, "query": 5, "rounds": 0},
            seeds=1,
        )
        results = run(study, Registry(), tmp_path, workers=0)
        analysis = analyse(results)
        pairs = {c.cell.task: c.control and c.control.task for c in analysis.compared}
        return pairs, render(results)

    return do


def test_the_control_has_the_same_size_in_whatever_form_it_is_asked_for(analysed):
    pairs, page = analysed(
        "miss_base[pool=250, test=200]",
        "miss_mcar_sym[test=200, pool=300]",
        "miss_mcar_sym[severity=3, pool=250, test=200]",
        "miss_base[noise=standard, test=200, pool=300]",
        "miss_base[test=100, pool=300]",
    )
    assert pairs == {
        "miss_base[pool=250, test=200]": None,
        "miss_base[pool=300, test=200]": None,
        "miss_base[pool=300, test=100]": None,
        "miss_mcar_sym[pool=300, test=200]": "miss_base[pool=300, test=200]",
        "miss_mcar_sym[pool=250, test=200]": "miss_base[pool=250, test=200]",
    }
    assert page.count("was not measured with this learner") == 0
    assert (
        "miss_mcar_sym[pool=300, test=200] beside its control miss_base[pool=300, test=200]" in page
    )
    assert ">miss_base[pool=300, test=100]</h3>" in page, "a control of nothing here is on its own"


def test_without_its_control_the_page_says_so(analysed):
    pairs, page = analysed("miss_mcar_sym[test=200, pool=300]", "miss_base[test=200, pool=250]")
    assert set(pairs.values()) == {None}
    told = "Its control miss_base[pool=300, test=200] was not measured with this learner"
    assert told in page
    assert "beside its control" not in page
