"""The contract of a strategy, a function a rule; what is broken says what to mend."""

from __future__ import annotations

import dataclasses
import inspect
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mindgap.errors import unknown
from mindgap.registry import parameters
from mindgap.strategies import ORACLE, SERVED, Pool, Strategy
from mindgap.strategies.base import NEEDED
from mindgap.testing.asking import (
    CAPABLE,
    BrokenContract,
    NotChecked,
    choose,
    needs_validation,
    pool_for,
    shape,
)
from mindgap.testing.memory import peak_bytes
from mindgap.testing.pools import NAMES, alike, certain, copied, permuted

#: Samples, and bytes beside the pool, in the rule on memory: one bool a pair would take 400 MB.
LARGE, BOUND = 20_000, 300_000_000

Rule = Callable[[Strategy], None]

#: What must hold -> what raises `BrokenContract` or `NotChecked`, in the order of checking.
RULES: dict[str, Rule] = {}


def rule(what: str) -> Callable[[Rule], Rule]:
    """Add a rule."""

    def add(check: Rule) -> Rule:
        RULES[what] = check
        return check

    return add


@rule("the constructor only stores its keywords")
def _constructor(strategy: Strategy) -> None:
    known = parameters(type(strategy))
    for p in known:
        if not hasattr(strategy, p.name):
            raise BrokenContract(
                f"the keyword {p.name!r} isn't kept under its own name: make the class a frozen "
                f"dataclass with that field, or write self.{p.name} = {p.name}"
            )
    for name in sorted(vars(strategy).keys() - {p.name for p in known}):
        raise BrokenContract(
            f"it keeps {name!r}, which is no keyword: work it out in select, since keywords must "
            "say all that distinguishes two runs"
        )
    for name in sorted(_declared(type(strategy)) - {p.name for p in known}):
        raise BrokenContract(
            f"{name!r} is declared like a field and is no keyword, so no study can set it: write "
            "@dataclass(frozen=True) above the class, or ClassVar if it is the same for all"
        )
    calls = [{p.name: getattr(strategy, p.name) for p in known}]
    if all(p.default is not p.empty for p in known):
        calls.append({})
    made_anew = _made_anew(strategy)
    for given in calls:
        other = type(strategy)(**given)
        for p in known:
            if p.name in made_anew and p.name not in given:
                continue
            value, kept = given.get(p.name, p.default), getattr(other, p.name)
            if kept is not value and kept != value:
                raise BrokenContract(
                    f"given {p.name}={value!r} the constructor stores {kept!r}: store what is "
                    "given, and convert it in select"
                )


def _declared(strategy: type[Strategy]) -> set[str]:
    """What a class and its bases but `Strategy` annotate, class variables apart."""
    bases = strategy.__mro__[: strategy.__mro__.index(Strategy)]
    notes = {name: str(kind) for c in bases for name, kind in inspect.get_annotations(c).items()}
    return {n for n, kind in notes.items() if "ClassVar" not in kind and not hasattr(Strategy, n)}


def _made_anew(strategy: Strategy) -> set[str]:
    """Fields of a dataclass whose default is made by a factory."""
    made: dict[str, dataclasses.Field[Any]] = getattr(strategy, "__dataclass_fields__", {})
    return {n for n, f in made.items() if f.default_factory is not dataclasses.MISSING}


@rule("requires() names what is served")
def _requires(strategy: Strategy) -> None:
    keys: Any = strategy.requires()
    if isinstance(keys, str) or not all(isinstance(key, str) for key in keys):
        raise BrokenContract("requires() must return a set of texts, like {'embeddings'}")
    for key in sorted(keys):
        if key not in SERVED.keys() | ORACLE:
            raise BrokenContract(unknown("key in requires()", key, SERVED))
        if key in ORACLE and strategy.group != "oracle":
            raise BrokenContract(f"{key} is served to oracles only: say group = 'oracle'")


@rule("what a learner or task lacks is refused with a reason")
def _supports(strategy: Strategy) -> None:
    reasons = [strategy.supports(shape(m, 4), CAPABLE) for m in range(1, len(NAMES) + 1)]
    for why in reasons:
        if why is not None and (not isinstance(why, str) or not why.strip()):
            raise BrokenContract(
                f"supports() returns {why!r}: return a sentence that says why not, or None"
            )
    if None not in reasons:
        raise BrokenContract(f"supports() refuses every task, the last one since {reasons[-1]}")
    accepted = shape(1 + reasons.index(None), 4)
    for key in sorted(strategy.requires()):
        capability = NEEDED[key][0] if key in NEEDED else None
        if capability and strategy.supports(accepted, CAPABLE - {capability}) is None:
            raise BrokenContract(
                f"it requires {key!r}, but supports() accepts a learner without the capability "
                f"{capability!r}: return a reason there, as super().supports() does"
            )


@rule("it returns n distinct candidates")
def _guard(strategy: Strategy) -> None:
    for pool in _pools(strategy):
        for n in (1, 7, 20):
            choose(strategy, pool, n)


@rule("all the candidates can be asked for, and none")
def _all_or_none(strategy: Strategy) -> None:
    for pool in _pools(strategy):
        choose(strategy, pool, 30)
        choose(strategy, pool, 0)
    for pool in _pools(strategy, size=10):  # with all of them labelled
        choose(strategy, pool, 0)


@rule("one candidate is enough")
def _one_candidate(strategy: Strategy) -> None:
    for pool in _pools(strategy, size=11):
        choose(strategy, pool, 1)


@rule("one label is enough")
def _one_label(strategy: Strategy) -> None:
    for pool in _pools(strategy, labelled=1):
        choose(strategy, pool, 10)


@rule("no history is needed, and no validation labels where it accepts none")
def _nothing_known(strategy: Strategy) -> None:
    settings = {"past": 0} if needs_validation(strategy) else {"past": 0, "validation": 0}
    try:
        choose(strategy, pool_for(strategy, seed=2, size=40, gaps=0.0, **settings), 7)
    except BrokenContract as broken:
        raise BrokenContract(
            f"{broken}; pool.history is empty in the first round, and so is pool.validation unless "
            "supports() refuses whatever lacks the capability 'validation'",
            broken.cause,
        ) from broken


@rule("one modality is enough")
def _one_modality(strategy: Strategy) -> None:
    for pool in _pools(strategy, modalities=1):
        choose(strategy, pool, 10)


@rule("five modalities are not too many")
def _five_modalities(strategy: Strategy) -> None:
    for pool in _pools(strategy, modalities=5):
        choose(strategy, pool, 10)


@rule("two classes are enough")
def _two_classes(strategy: Strategy) -> None:
    for pool in _pools(strategy, classes=2):
        choose(strategy, pool, 10)


@rule("a hundred classes are not too many")
def _many_classes(strategy: Strategy) -> None:
    choose(strategy, pool_for(strategy, seed=3, size=40, classes=100, gaps=0.0), 10)


@rule("probabilities may be exactly 0 or 1")
def _certain(strategy: Strategy) -> None:
    for pool in _pools(strategy):
        choose(strategy, certain(pool), 30)


def _pools(strategy: Strategy, few: int = 4, **settings: Any) -> Iterator[Pool]:
    """A few small pools, without gaps unless asked for."""
    for seed in range(few):
        yield pool_for(strategy, seed, **{"size": 40, "gaps": 0.0, **settings})


@rule("the value of what isn't observed is not used")
def _poison(strategy: Strategy) -> None:
    for seed in range(3):
        try:
            choose(strategy, pool_for(strategy, seed, size=40, gaps=0.5), 30)
        except BrokenContract as broken:
            if "NaN" not in str(broken):
                continue  # the next rule's affair
            raise BrokenContract(
                f"{broken}; unimodal_probabilities are NaN where a modality isn't observed: leave "
                "these out with pool.observed",
                broken.cause,
            ) from broken


@rule("samples may lack modalities")
def _gaps(strategy: Strategy) -> None:
    for modalities in (2, 3, 5):
        for pool in _pools(strategy, few=2, modalities=modalities, gaps=0.6):
            choose(strategy, pool, 10)
            choose(strategy, pool, 30)
    for pool in _pools(strategy, gaps=1.0):  # everyone has the first modality and no other
        choose(strategy, pool, 10)


@rule("the pool is left as it was")
def _unchanged(strategy: Strategy) -> None:
    for n in (7, 30):
        pool = pool_for(strategy, seed=6, size=40)
        before = dict(_parts(copied(pool)))
        choose(strategy, pool, n)
        for name, now in _parts(pool):
            if not torch.equal(now.nan_to_num(9.0), before[name].nan_to_num(9.0)):
                raise BrokenContract(
                    f"select changes {name}: work on a copy, for example with .clone()"
                )


def _parts(pool: Pool) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a pool, and what to call it."""
    for name in ("observed", "labelled", "labels", "candidates"):
        yield f"pool.{name}", getattr(pool, name)
    yield "pool.validation.rows", pool.validation.rows
    yield "pool.validation.labels", pool.validation.labels
    for past in pool.history:
        yield f"the rows of round {past.round} in pool.history", past.rows
    for key, value in pool.served.items():
        if isinstance(value, Mapping):
            for part, tensor in value.items():
                yield f"the pool's {key} of {part}", tensor
        elif isinstance(value, Tensor):
            yield f"the pool's {key}", value


@rule("global generators are left alone")
def _no_globals(strategy: Strategy) -> None:
    pool = pool_for(strategy, seed=7, size=40, gaps=0.0)
    for prepared in (pool, alike(pool)):
        with _global_generators(seed=7):
            before = _states()
            choose(strategy, prepared, 10)
            for name, state in _states().items():
                if state != before[name]:
                    raise BrokenContract(
                        f"it uses the global generator of {name}: draw from rng, or hand on a "
                        "seed drawn from it, like random_state=int(rng.integers(2**31))"
                    )


@rule("the same generator gives the same choice")
def _deterministic(strategy: Strategy) -> None:
    pool, other = (pool_for(strategy, seed, size=40) for seed in (8, 9))
    tied = alike(pool_for(strategy, seed=8, size=40, gaps=0.0))
    own = repr(vars(strategy))
    for asked, where in ((pool, ""), (tied, ", in which all candidates are alike,")):
        found = []
        for seed in (1, 2):  # of the global generators, which must not matter
            with _global_generators(seed):
                found.append(choose(strategy, copied(asked), 12))
                choose(strategy, other, 12)
        if not (found[0].rows.equal(found[1].rows) and found[0].scores.equal(found[1].scores)):
            raise BrokenContract(
                f"asked twice with the same pool{where} and generator it chose differently: take "
                "all randomness from rng, and keep nothing from call to call"
            )
    if repr(vars(strategy)) != own:
        raise BrokenContract(
            "select changes the strategy itself: keep nothing from call to call, since a run may "
            "go on in another process"
        )


@rule("the generator decides between equals")
def _ties(strategy: Strategy) -> None:
    pool = alike(pool_for(strategy, seed=10, size=14, gaps=0.0))
    for n, draws in ((1, 64), (2, 96)):  # missing one by chance: below 1 in a million
        never = {frozenset(rows) for rows in combinations(pool.candidates.tolist(), n)}
        for seed in range(draws):
            never.discard(frozenset(choose(strategy, pool, n, seed).rows.tolist()))
            if not never:
                break
        else:
            raise BrokenContract(
                f"of four candidates that are all alike, {draws} generators never chose "
                f"{' and '.join(map(str, min(map(sorted, never))))}: let rng decide where scores "
                "are equal, as best() and argmax() do"
            )


@rule("the order of the pool doesn't matter")
def _permutation(strategy: Strategy) -> None:
    compared = 0
    for pool in _pools(strategy, size=60, gaps=0.3):
        first, *others = (choose(strategy, pool, 10, seed) for seed in range(4))
        expected = set(first.rows.tolist())
        if any(set(other.rows.tolist()) != expected for other in others):
            continue
        compared += 1
        moved, order = permuted(pool, seed=11)
        again = choose(strategy, moved, 10)
        new = set(order[again.rows].tolist()) - expected
        if new and not _equally_good(first.scores, again.scores):
            raise BrokenContract(
                f"with the same samples in another order it chose {len(new)} others among 10: "
                "scores must not depend on a sample's row"
            )
    if not compared:
        raise NotChecked("its choice depends on the generator, so two orders can't be compared")


def _equally_good(some: Tensor, other: Tensor) -> bool:
    """Scores that say so up to rounding: two samples may mirror each other."""
    some, other = some.double().sort().values, other.double().sort().values
    return bool(some[0] < some[-1]) and torch.allclose(some, other, rtol=1e-4, atol=0)


@rule("memory stays bounded in a large pool")
def _memory(strategy: Strategy) -> None:
    choose(strategy, pool_for(strategy, seed=12, size=40), 5)  # imports whatever it imports
    pool = pool_for(strategy, seed=12, size=LARGE, labelled=100, classes=10)
    grown = peak_bytes(lambda: choose(strategy, pool, 5))
    if grown is None:
        raise NotChecked("the peak of a process's memory can be measured on Linux only")
    if grown > BOUND:
        raise BrokenContract(
            f"with {LARGE:,} samples select takes {grown / 1e6:,.0f} MB beside the pool, more than "
            f"{BOUND / 1e6:,.0f}: never hold a matrix over all pairs, go through it in chunks"
        )


@contextmanager
def _global_generators(seed: int) -> Iterator[None]:
    """With the global generators in a state of its own, and back as they were afterwards."""
    kept = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        torch.manual_seed(seed)
        random.random()  # noqa: S311 (one number on, so that setting a seed would show)
        np.random.random()  # noqa: NPY002
        torch.rand(1)
        yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002
        torch.set_rng_state(kept[2])


def _states() -> dict[str, Any]:
    legacy = np.random.get_state(legacy=False)  # noqa: NPY002
    return {
        "Python": random.getstate(),
        "NumPy": (legacy["state"]["key"].tobytes(), legacy["state"]["pos"], legacy["has_gauss"]),
        "PyTorch": torch.get_rng_state().numpy().tobytes(),
    }
