"""Every strategy that is shipped keeps the contract, and what the kit can't ask of a plug-in."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from shipped import NAMES, REGISTRY, SHIPPED

from mindgap.registry import parameters
from mindgap.strategies import ORACLE, SERVED, checked
from mindgap.strategies.base import NEEDED
from mindgap.tasks import TaskShape
from mindgap.testing import make_pool
from mindgap.testing.asking import CAPABLE
from mindgap.testing.rules import RULES

EVERYTHING = SERVED.keys() | ORACLE
every = pytest.mark.parametrize(
    "strategy", [REGISTRY.configure("strategy", text).build() for text in SHIPPED], ids=SHIPPED
)


def test_what_is_shipped_keeps_the_contract_in_half_a_minute():
    """In a process without the checks of types that tests have: these draw from Python's global
    generator. Two orders of a pool can't be compared where chance decides; no other rule is left
    unchecked."""
    script = (
        "import json, sys, time\n"
        "from mindgap.registry import Registry\n"
        "from mindgap.testing import examine\n"
        "for text in sys.argv[1:]:\n"
        "    start = time.process_time()\n"
        "    built = Registry().configure('strategy', text).build()\n"
        "    findings = [vars(finding) for finding in examine(built)]\n"
        "    print(json.dumps([text, time.process_time() - start, findings]))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *SHIPPED],
        check=True,
        capture_output=True,
        text=True,
    )
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [text for text, _, _ in lines] == SHIPPED
    for text, seconds, findings in lines:
        assert seconds < 30, text
        assert len(findings) == len(RULES), text
        for finding in findings:
            excused = finding["rule"] == "the order of the pool doesn't matter"
            allowed = {"kept", "not checked"} if excused else {"kept"}
            assert finding["outcome"] in allowed, (text, finding)


def select(strategy, pool, n=20, seed=0):
    """What it chooses from a pool that serves just what it requires."""
    only = replace(pool, served={key: pool.served[key] for key in strategy.requires()})
    return checked(strategy.select(only, n, np.random.default_rng(seed)), only, n)


@every
def test_rows_are_its_own_and_scores_finite(strategy):
    pool = make_pool(seed=6, size=60, widths=(1, 1, 1), serve=EVERYTHING, validation=9)
    everything = len(pool.candidates)
    chosen = select(strategy, pool, everything)
    assert chosen.scores.isfinite().all()
    assert chosen.rows.untyped_storage().data_ptr() != pool.candidates.untyped_storage().data_ptr()


@every
def test_unimodal_probabilities_of_what_is_not_observed_are_not_read(strategy):
    pool = make_pool(seed=8, size=60, gaps=0.6, serve=EVERYTHING, validation=9)
    filled = {name: p.nan_to_num(1e9) for name, p in pool.served["unimodal_probabilities"].items()}
    other = replace(pool, served={**pool.served, "unimodal_probabilities": filled})
    first, second = (select(strategy, p) for p in (pool, other))
    assert first.rows.equal(second.rows)
    assert first.scores.equal(second.scores)


@every
def test_it_is_found_by_its_name(strategy):
    (name,) = (n for n in NAMES if REGISTRY.target("strategy", n) is type(strategy))
    stored = {p.name: getattr(strategy, p.name) for p in parameters(type(strategy))}
    assert type(strategy)(**stored) == strategy
    assert name in {text.partition("[")[0] for text in SHIPPED}
    assert set(strategy.requires()) <= SERVED.keys() | ORACLE


@every
def test_it_accepts_what_a_whole_learner_can_do(strategy):
    """And says of a learner without what it needs, in one sentence, what to take instead."""
    shape = TaskShape({"image": (6,), "text": (11,), "sound": (3,)}, 4)
    assert strategy.supports(shape, CAPABLE) is None
    why = strategy.supports(shape, set())
    needs = strategy.requires() & set(NEEDED)
    assert (why is not None) == bool(needs)
    if why:
        assert re.search("take a (learner with|scenario|task with)", why)
