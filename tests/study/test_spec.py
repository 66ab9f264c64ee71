"""Study files, good and bad."""

from pathlib import Path

import pytest

from mindgap.errors import InvalidStudy
from mindgap.study.plan import plan
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


def at(text, number):
    return [line for line in text if f":{number}: " in line]


@pytest.mark.parametrize(
    ("seeds", "told"),
    [
        ("[99999999999999999999]", ["seeds.0: input should be less than 9007199254740992, got 9"]),
        ("[-1, 2, x]", ["seeds.0: input should be greater", "seeds.1", "seeds.2: input should"]),
        ("100000000", ["seeds: input should be less than or equal to 10000, got 100000000"]),
        ("two", ["seeds: input should be a valid integer, got 'two'"]),
        ("2026-13-45", ["a value can't be read: month must be in 1..12"]),
    ],
)
def test_a_bad_seed_is_one_message(write, seeds, told):
    found = mistakes(write(GOOD.replace("seeds: 2", f"seeds: {seeds}")))
    expected = [part for part in told if part != "seeds.1"]
    assert len(found) == len(expected), found
    for line, part in zip(found, expected, strict=True):
        assert part in line


def test_the_largest_seed_is_kept(write):
    study, _ = read(write(GOOD), [f"seeds=[{2**53 - 1}]"])
    assert study.seed_list == [2**53 - 1]


@pytest.mark.parametrize("value", ["inf", ".inf", "nan", "-.inf"])
def test_a_parameter_that_is_no_finite_number(write, value):
    (told,) = mistakes(write(GOOD), f"learners=concat[learning_rate={value}]")
    assert "override learners=concat" in told
    assert "concat[learning_rate=" in told
    assert "give a finite number" in told or "greater than 0" in told


def test_broken_and_missing_plugins_hide_nothing(write, tmp_path):
    (tmp_path / "broken.py").write_text("import no_such_module\n")
    text = GOOD.replace("random, margin", "random, magin")
    text = text.replace(f"[{TINY}]", f"[{TINY}, broken.py, absent.py]").replace(
        "seeds: 2", "seeds: 0"
    )
    told = mistakes(write(text))
    assert len(told) == 4
    for part in (
        "seeds: input should be greater than or equal to 1",
        "plugins.1: plug-in",
        "plugins.2: plug-in",
        ":4: strategies.1: unknown strategy 'magin'",
    ):
        assert any(part in line for line in told), told
    assert "No module named 'no_such_module'" in "".join(told)
    assert "absent.py is not a file" in "".join(told)


def test_a_component_that_its_author_made_wrong(write, tmp_path):
    (tmp_path / "wrong.py").write_text(
        "from mindgap.strategies import Strategy\n"
        "class Wrong(Strategy):\n"
        "    def __init__(self): raise ValueError('two\\nlines')\n"
        "    def requires(self): return set()\n"
        "    def select(self, pool, n, rng): ...\n"
    )
    study, registry = read(
        write(GOOD), [f"plugins={TINY},{tmp_path / 'wrong.py'}", "strategies=wrong,random"]
    )
    found = plan(study, registry, {})
    assert {run.strategy for run in found.missing} == {"random"}
    assert "strategy wrong: ValueError: two" in found.impossible[0][1]


def test_every_unreadable_override_is_told_beside_the_rest(write):
    told = mistakes(
        write(GOOD), "budget.rounds", "seeds=[1", "tasks=tiny[", "name.x=3", "budget.query=0"
    )
    assert len(told) == 5
    for override, line in zip(("budget.rounds", "seeds=[1", "tasks=tiny["), told, strict=False):
        assert line.startswith(f"override {override!r}"), line
    assert "override budget.query=0: budget.query: input should be greater than 0" in told[-1]


def test_keys_written_twice_are_told_with_their_lines(write):
    told = mistakes(write(GOOD + "seeds: 3\n" + "budget:\n  initial: 1\n  initial: 2\n"))
    assert ":8: seeds: this key is there already" in told[0]
    assert ":6)" in told[0]
    assert any(":9: budget: this key" in line for line in told)
    assert any(":11: budget.initial: this key" in line for line in told)


@pytest.mark.parametrize(
    "override", ["seeds=0,1", "seeds=[0,1]", "seeds=2", "seeds=0, 1", "seeds=0,1,"]
)
def test_seeds_are_a_count_or_a_list(write, override):
    assert read(write(GOOD), [override])[0].seed_list == [0, 1]


@pytest.mark.parametrize(
    "text", ["[random,margin]", "random, margin", "['random', \"margin\"]", "[ random , margin ]"]
)
def test_a_list_with_or_without_brackets(write, text):
    assert read(write(GOOD), [f"strategies={text}"])[0].strategies == ["random", "margin"]
    study, _ = read(write(GOOD), ["tasks=['tiny[d=3, classes=4]', tiny[d=4]]"])
    assert study.tasks == ["tiny[d=3, classes=4]", "tiny[d=4]"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("nope.yaml", "nope.yaml: no such file"),
        ("no/such", "no/such: no such file"),
        ("tests", "tests can't be read as a study: Is a directory"),
        ("nope", "unknown study 'nope'"),
    ],
)
def test_a_path_without_a_study(path, told, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])
    (line,) = mistakes(path)
    assert told in line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: &a [*a]", ":1: an alias stands for something that contains it"),
        ("&a name: &b {x: {y: *b}}", "contains it"),
        ("name: " + "[" * 5000, "nested too deeply"),
        (
            "a: &a [x, x, x, x, x, x, x, x, x]\n"
            + "".join(
                f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
                for old, new in zip("abcdefgh", "bcdefghi", strict=True)
            ),
            "more than 100,000 values",
        ),
    ],
)
def test_aliases_that_never_end(write, text, told):
    (line,) = mistakes(write(text))
    assert told in line


def test_an_alias_is_what_it_stands_for(write):
    study, _ = read(write(GOOD.replace("[random, margin]", "&s [random]\nlearners: [concat]")))
    assert study.strategies == ["random"]
    text = GOOD.replace("initial: 10, query: 5", "initial: &n 5, query: *n")
    assert read(write(text))[0].budget.query == 5


def test_a_key_that_is_no_text(write):
    (told,) = mistakes(write(GOOD + "3: 4\n"))
    assert "3: " in told


@pytest.mark.parametrize("order", ["tiny, gone", "gone, tiny"])
def test_a_task_that_is_not_there_refuses_no_other_of_its_shape(write, tmp_path, order):
    (tmp_path / "gone.py").write_text(
        "from dataclasses import dataclass\n"
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('tiny_again', {str(TINY)!r})\n"
        "module = importlib.util.module_from_spec(spec); sys.modules['tiny_again'] = module\n"
        "spec.loader.exec_module(module)\n"
        "class Gone(module.Tiny):\n"
        "    def unavailable(self): return 'its disc is elsewhere'\n"
    )
    study, registry = read(
        write(GOOD), [f"plugins={TINY},{tmp_path / 'gone.py'}", f"tasks={order}"]
    )
    found = plan(study, registry, {})
    assert {run.task for run in found.missing} == {"tiny"}
    assert {(run.task, why) for run, why in found.impossible} == {("gone", "its disc is elsewhere")}


def test_a_mistake_is_told_with_the_place_where_it_was_made(write, tmp_path):
    with pytest.raises(InvalidStudy) as told:
        read(write(GOOD), ["budgt.rounds=3"], [str(tmp_path / "absent.py")])
    first, second = sorted(str(told.value).splitlines())
    assert first.startswith(f"--plugin {tmp_path / 'absent.py'}: ")
    assert second.startswith("override budgt.rounds=3: budgt: unknown key")
