"""Each rule says no to what breaks it, by name, and yes to everything that is shipped."""

import json
import random
import subprocess
import sys

import numpy as np
import pytest
import torch
from broken import EXPECTED, Margins
from shipped import SHIPPED

from mindgap.strategies import Strategy
from mindgap.strategies.margin import Margin
from mindgap.strategies.random import Random
from mindgap.testing import BrokenContract, check_strategy, examine
from mindgap.testing import rules as rules_module
from mindgap.testing.rules import RULES


@pytest.mark.parametrize("broken", EXPECTED, ids=lambda broken: broken.__name__)
def test_a_broken_rule_is_named_with_what_to_mend(broken):
    rule, told = EXPECTED[broken]
    with pytest.raises(BrokenContract) as caught:
        check_strategy(broken())
    message = str(caught.value)
    assert message.startswith(f"{rule}: ")
    for part in told:
        assert part in message
    assert "\n" not in message


def test_every_rule_has_someone_who_breaks_it():
    assert {rule for rule, _ in EXPECTED.values()} == set(RULES)


def test_a_broken_contract_is_a_failed_assertion():
    assert issubclass(BrokenContract, AssertionError)


def test_what_is_well_made_passes_every_rule():
    assert [finding.outcome for finding in examine(Margin())] == ["kept"] * len(RULES)


def test_what_draws_at_random_is_not_compared_in_another_order():
    unchecked = [finding for finding in examine(Random()) if finding.outcome != "kept"]
    assert [finding.rule for finding in unchecked] == ["the order of the pool doesn't matter"]
    assert "depends on the generator" in unchecked[0].why


def test_a_task_that_is_refused_is_not_checked():
    class Pairs(Margins):
        """Two modalities and no other number."""

        def supports(self, shape, capabilities):
            return None if len(shape.modalities) == 2 else "it takes two modalities"

    outcomes = {finding.rule: finding for finding in examine(Pairs())}
    for rule in ("one modality is enough", "five modalities are not too many"):
        assert outcomes[rule].outcome == "not checked"
        assert outcomes[rule].why == "it refuses such a task: it takes two modalities"
    check_strategy(Pairs())


def test_what_requires_and_supports_raise_is_told_too():
    class Lost(Strategy):
        """Nothing works."""

        def requires(self):
            raise RuntimeError("no idea")

        def select(self, pool, n, rng):
            raise AssertionError

    outcomes = [finding for finding in examine(Lost()) if finding.outcome == "broken"]
    assert outcomes[0].rule == "requires() names what is served"
    assert "RuntimeError: no idea (test_contract.py, line " in outcomes[0].why


def test_global_generators_are_as_they_were():
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    check_strategy(Margin())
    assert random.getstate() == before[0]
    assert np.array_equal(np.random.get_state()[1], before[1][1])  # noqa: NPY002
    assert np.random.get_state()[2] == before[1][2]  # noqa: NPY002
    assert torch.get_rng_state().equal(before[2])


def test_where_memory_cannot_be_measured_it_is_not_checked(monkeypatch):
    monkeypatch.setattr(rules_module, "peak_bytes", lambda action: action() and None)
    (last,) = [finding for finding in examine(Margin()) if finding.outcome != "kept"]
    assert last.rule == "memory stays bounded in a large pool"
    assert "Linux" in last.why


@pytest.fixture(scope="module")
def checked():
    """Every shipped strategy, in a process without the checks of types that tests have.

    These draw from Python's global generator.
    """
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
    return {text: rest for text, *rest in map(json.loads, ended.stdout.splitlines())}


@pytest.mark.parametrize("text", SHIPPED)
def test_what_is_shipped_keeps_the_contract_in_half_a_minute(checked, text):
    seconds, findings = checked[text]
    assert [finding for finding in findings if finding["outcome"] == "broken"] == []
    assert len(findings) == len(RULES)
    assert seconds < 30


def test_of_what_is_shipped_little_is_left_unchecked(checked):
    """Two orders of a pool can't be compared where chance decides; nothing else is left out."""
    unchecked = {
        finding["rule"]
        for _, findings in checked.values()
        for finding in findings
        if finding["outcome"] == "not checked"
    }
    assert unchecked <= {"the order of the pool doesn't matter"}
