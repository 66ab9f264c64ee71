"""What was defined in Python is told apart by its source, as far as that can be read."""

import linecache
import textwrap

import pytest

from mindgap.errors import MindgapError
from mindgap.registry import Registry

CELL = """
from dataclasses import dataclass
from mindgap.strategies import Strategy

@dataclass(frozen=True)
class Mine(Strategy):
    '''Nothing.'''
    power: int = POWER

    def requires(self):
        return set()

    def select(self, pool, n, rng):
        return LINE
"""


def cell(number, power=1, line="pool"):
    """The class that a cell of a notebook defines; every cell has a file name of its own."""
    text = textwrap.dedent(CELL).replace("POWER", str(power)).replace("LINE", line)
    name = f"<cell {number}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    namespace = {"__name__": "__main__"}
    exec(compile(text, name, "exec"), namespace)  # noqa: S102
    return namespace["Mine"]


def identity(target, registry=None):
    registry = registry or Registry()
    registry.add(target)
    return registry.configure("strategy", "mine[power=1]").identity


def test_a_redefined_class_has_another_identity():
    registry = Registry()
    first = identity(cell(1), registry)
    assert identity(cell(2, line="pool.rows"), registry) != first, "a method"
    assert identity(cell(3, power=2), registry) != first, "outside of methods"
    assert identity(cell(4, line="pool  # as it is"), registry) == first, "a comment"


def test_namesakes_in_one_file_are_told_apart():
    def define(which):
        from mindgap.strategies import Strategy

        if which:

            class Mine(Strategy):
                power = 1

                def requires(self):
                    return set()

                def select(self, pool, n, rng):
                    return None

        else:

            class Mine(Strategy):
                power = 2

                def requires(self):
                    return set()

                def select(self, pool, n, rng):
                    return None

        return Mine

    versions = []
    for which in (True, False):
        registry = Registry()
        registry.add(define(which))
        versions.append(registry.configure("strategy", "mine").identity)
    assert versions[0] != versions[1]


def test_a_base_of_ones_own_belongs_to_it():
    from mindgap.strategies import Strategy

    def derived(version):
        if version:

            class Base(Strategy):
                def requires(self):
                    return set()

        else:

            class Base(Strategy):
                def requires(self):
                    return {"probabilities"}

        class Mine(Base):
            def select(self, pool, n, rng):
                return None

        registry = Registry()
        registry.add(Mine)
        return registry.configure("strategy", "mine").identity

    assert derived(True) != derived(False)


def test_a_class_whose_source_cannot_be_read_is_refused():
    target = cell(5)
    del linecache.cache["<cell 5>"]
    with pytest.raises(MindgapError, match=r"source of Mine can't be read.*notebook cell"):
        Registry().add(target)
