"""Study files, good and bad."""

from pathlib import Path

import pytest

from mindgap.errors import InvalidStudy
from mindgap.study.spec import packaged, read

TINY = Path(__file__).parent / "plugins" / "tiny.py"
GOOD = f"""
name: small
tasks: [tiny, "tiny[d=3, classes=5]"]
strategies: [random, margin]
budget: {{initial: 10, query: 5, rounds: 3}}
seeds: 2
plugins: [{TINY}]
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "study.yaml"
        path.write_text(text)
        return str(path)

    return write


def mistakes(source, *overrides):
    with pytest.raises(InvalidStudy) as caught:
        read(source, overrides)
    return str(caught.value).splitlines()


def test_a_good_file(write):
    study, registry = read(write(GOOD))
    assert study.seed_list == [0, 1]
    assert study.budget.total == 25
    assert [c.text for c in study.configured("task", registry)] == ["tiny", "tiny[classes=5, d=3]"]
    assert study.learners == ["concat"]


def test_overrides(write):
    study, _ = read(write(GOOD), ["budget.rounds=1", "seeds=[4, 7]", "strategies=margin,random"])
    assert study.budget.rounds == 1
    assert study.seed_list == [4, 7]
    assert study.strategies == ["margin", "random"]
    study, _ = read(write(GOOD), ["tasks=tiny[d=3, classes=4],tiny"])
    assert study.tasks == ["tiny[d=3, classes=4]", "tiny"]


@pytest.mark.parametrize("override", ["budget.rounds", "=3", "name.x=3", "seeds=[1"])
def test_an_override_that_cannot_be_read(write, override):
    assert override in mistakes(write(GOOD), override)[0]


def test_plugins_are_relative_to_the_file(write, tmp_path):
    (tmp_path / "near.py").write_text(TINY.read_text())
    study, _ = read(write(GOOD.replace(str(TINY), "near.py")))
    assert study.plugins == [str(tmp_path / "near.py")]


def test_all_mistakes_are_told_at_once_each_with_its_line(write):
    told = mistakes(
        write(
            f"""
name: small
tasks: [tiny, tinny]
strategys: [random]
strategies:
  - random
  - margn
budget: {{initial: 0, query: ten, round: 3, rounds: 1}}
seeds: [1, x]
plugins: [{TINY}]
"""
        )
    )
    text = "\n".join(told)
    for expected in (
        ":3: tasks.1: unknown task 'tinny': did you mean 'tiny'?",
        ":4: strategys: unknown key 'strategys': did you mean 'strategies'?",
        ":7: strategies.1: unknown strategy 'margn': did you mean 'margin'",
        ":8: budget.initial: ",
        ":8: budget.query: ",
        ":8: budget.round: unknown key 'round': did you mean 'rounds'",
        ":9: seeds.1: ",
    ):
        assert expected in text, text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("query: 5", "query: 0"), "budget.query: input should be greater than 0, got 0"),
        (("rounds: 3", "rounds: 30"), "10 + 30 x 5 = 160 labels are more than the pool"),
        (("seeds: 2", "seeds: 0"), "seeds"),
        (("seeds: 2", "seeds: [1, 1]"), "seed 1 is listed twice"),
        (("random, margin", "random, random"), "'random' is listed twice"),
        (("random, margin", "'margin[x=1]'"), "unknown parameter of margin 'x'"),
        (("random, margin", "margin[x=1]"), "a name with brackets needs quotes"),
        (("name: small", "name: ../up"), "name"),
        (("name: small", ""), "name: is missing"),
        (("tasks: [tiny,", "tasks: ['tiny[',"), "tasks.0: 'tiny[' can't be read"),
        (("d=3", "d=many"), "d=many"),
    ],
)
def test_each_mistake(write, change, told):
    assert change[0] in GOOD
    text = "\n".join(mistakes(write(GOOD.replace(*change))))
    assert told in text, text
    assert len(text.splitlines()) == len(set(text.splitlines()))


@pytest.mark.parametrize("text", ["name: [", "- a\n- b", "just words", "", "a: b: c", "\x00"])
def test_what_is_no_study_file(write, text):
    assert len(mistakes(write(text))) == 1


def test_a_binary_file(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x80")
    assert "not a text file" in mistakes(str(tmp_path / "x.yaml"))[0]


def test_yaml_runs_no_code(write, tmp_path):
    target = tmp_path / "touched"
    told = mistakes(write(f"name: !!python/object/apply:os.system ['touch {target}']"))
    assert len(told) == 1
    assert not target.exists()


def test_an_unknown_study_names_near_ones():
    assert "did you mean 'quickstart'" in mistakes("quikstart")[0]


@pytest.mark.parametrize("name", packaged())
def test_packaged_studies_are_valid(name):
    study, _ = read(name)
    assert study.name == name
