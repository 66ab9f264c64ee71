"""Names, parameters, plug-in files."""

import textwrap
from dataclasses import dataclass

import pytest

from mindgap.errors import MindgapError
from mindgap.registry import Registry, documentation, parse, split_list
from mindgap.strategies import Strategy

PLUGIN = textwrap.dedent(
    '''
    from dataclasses import dataclass
    from mindgap.strategies import Strategy, best

    @dataclass(frozen=True)
    class HalfAndHalf(Strategy):
        """Half of one, half of the other."""
        of: Strategy
        share: float = 0.5
        flags: tuple[int, ...] = (1, 2)

        def requires(self):
            return self.of.requires()

        def select(self, pool, n, rng):
            return self.of.select(pool, n, rng)
    '''
)


@pytest.fixture
def registry(tmp_path):
    (tmp_path / "half.py").write_text(PLUGIN)
    return Registry([tmp_path / "half.py"])


@pytest.mark.parametrize(
    ("text", "name", "params"),
    [
        ("badge", "badge", {}),
        (" badge [ a = 1 , b=x ] ", "badge", {"a": "1", "b": "x"}),
        ("wrap[of=badge[a=1, b=[2,3]], c=4]", "wrap", {"of": "badge[a=1, b=[2,3]]", "c": "4"}),
        ("badge[]", "badge", {}),
    ],
)
def test_parse(text, name, params):
    assert parse(text) == (name, params)


@pytest.mark.parametrize(
    "text", ["", "a b", "a[", "a[b]", "a[b=]", "a[b=1", "a[b=1]]", "a[x=1,x=2]", "[a=1]"]
)
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(MindgapError):
        parse(text)


def test_lists_are_split_outside_brackets():
    assert split_list("a,b[c=1,d=2],e") == ["a", "b[c=1,d=2]", "e"]


def test_a_nested_component_is_configured_and_built(registry):
    found = registry.configure("strategy", "half_and_half[of=margin, share=0.25]")
    assert found.text == "half_and_half[of=margin, share=0.25]"
    built = found.build()
    assert type(built).__name__ == "HalfAndHalf"
    assert type(built.of).__name__ == "Margin"
    assert built.share == 0.25


def test_defaults_are_left_out_of_the_text_but_not_of_the_identity(registry):
    found = registry.configure("strategy", "half_and_half[of=margin, share=0.5]")
    assert found.text == "half_and_half[of=margin]"
    assert "share=0.5" in found.identity


def test_identity_follows_the_source_of_a_plugin(tmp_path, registry):
    before = registry.configure("strategy", "half_and_half[of=margin]").identity
    (tmp_path / "half.py").write_text(PLUGIN + "\n# changed\n")
    after = Registry([tmp_path / "half.py"]).configure("strategy", "half_and_half[of=margin]")
    assert after.identity != before
    assert after.text == "half_and_half[of=margin]"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("margn", "did you mean 'margin'"),
        ("half_and_half[of=margn]", "did you mean 'margin'"),
        ("half_and_half[of=margin, shard=1]", "did you mean 'share'"),
        ("half_and_half[of=margin, share=much]", "share=much"),
        ("half_and_half", "needs a value for 'of'"),
    ],
)
def test_mistakes_are_named(registry, text, told):
    with pytest.raises(MindgapError, match=told.replace("[", r"\[")):
        registry.configure("strategy", text)


def test_a_plugin_that_does_not_import_says_why(tmp_path):
    (tmp_path / "broken.py").write_text("import nothing_of_this_name")
    with pytest.raises(MindgapError, match="nothing_of_this_name"):
        Registry([tmp_path / "broken.py"])
    with pytest.raises(MindgapError, match="is not a file"):
        Registry([tmp_path / "absent.py"])


def test_an_object_in_python():
    @dataclass(frozen=True)
    class Mine(Strategy):
        def requires(self):
            return set()

        def select(self, pool, n, rng):
            raise NotImplementedError

    registry = Registry()
    registry.add(Mine)
    assert isinstance(registry.configure("strategy", "mine").build(), Mine)
    assert "mine" not in Registry().names("strategy"), "a registry is no global state"


def test_parameters_that_a_base_describes_are_documented():
    class Base:
        """What they share.

        Attributes:
            size: how large,
                in metres.
            other: no parameter of this one.
        """

    class Mine(Base):
        """One of them.

        Attributes:
            own: its own.
        """

        def __init__(self, own, size): ...

    class Bare(Base):
        """Another."""

        def __init__(self, size): ...

    inherited = "    size: how large,\n        in metres."
    assert documentation(Mine) == f"One of them.\n\nAttributes:\n    own: its own.\n{inherited}"
    assert documentation(Bare) == f"Another.\n\nAttributes:\n{inherited}"


def test_a_broken_package_is_named_where_its_component_is_missed(monkeypatch):
    class Entry:
        name, value, dist = "nebula", "somewhere:Nebula", None

        def load(self):
            raise ImportError("no module named somewhere")

    monkeypatch.setattr(
        "importlib.metadata.entry_points",
        lambda group: [Entry()] if group == "mindgap.strategies" else [],
    )
    registry = Registry()
    assert "margin" in registry.names("strategy")
    with pytest.raises(MindgapError, match="nebula failed to import: ImportError: no module"):
        registry.configure("strategy", "nebula")


def plugin(folder, file, name):
    path = folder / file
    path.write_text(PLUGIN.replace("HalfAndHalf", name))
    return path


def test_a_plugin_does_not_take_a_built_in_name(tmp_path):
    path = plugin(tmp_path, "mine.py", "Margin")
    with pytest.raises(MindgapError, match="there is a strategy 'margin' already") as told:
        Registry([path])
    assert str(told.value).startswith(f"{path}: ")
    assert str(told.value).endswith("from mindgap itself; rename Margin")


def test_two_plugins_of_one_name_are_refused(tmp_path):
    first, second = plugin(tmp_path, "one.py", "Half"), plugin(tmp_path, "two.py", "Half")
    with pytest.raises(MindgapError, match=f"{second}: .* from {first}; rename Half"):
        Registry([first, second])
    assert "half" in Registry([first, first]).names("strategy"), "one file, given twice"


@pytest.mark.parametrize("taken", ["margin", "half_and_half"])
def test_what_is_added_in_python_takes_no_name_of_others(registry, taken):
    class Mine(Strategy):
        name = taken

        def requires(self):
            return set()

        def select(self, pool, n, rng):
            raise NotImplementedError

    with pytest.raises(MindgapError, match=f"a strategy '{taken}' already.*rename"):
        registry.add(Mine)


def test_a_package_with_a_built_in_name_is_refused_where_it_is_used(monkeypatch):
    class Entry:
        name, value, dist = "margin", "somewhere:Margin", None

        def load(self):
            return Registry

    monkeypatch.setattr(
        "importlib.metadata.entry_points",
        lambda group: [Entry()] if group == "mindgap.strategies" else [],
    )
    registry = Registry()
    assert registry.configure("strategy", "entropy").name == "entropy"
    with pytest.raises(MindgapError, match="a strategy 'margin' already, from mindgap itself"):
        registry.configure("strategy", "margin")
