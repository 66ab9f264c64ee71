"""`mindgap run` from the outside: the same rows, whatever is asked for together."""

import json

import pytest
from running import rows

from mindgap.study.loop import run_fleet
from mindgap.study.plan import plan
from mindgap.study.spec import read
from mindgap.study.store import Store

BUDGET = "{initial: 12, query: 5, rounds: 3}"
QUICK = "steps=12"


def test_rows_do_not_depend_on_what_else_is_asked_for(mindgap, write_study, tmp_path):
    """Odd inputs, widths, batches, class counts; fleets of 32, 7, 2 and 1; any order; resumed."""
    study = write_study(
        tasks="['tiny[d=5, classes=3]', 'tiny[d=31, classes=17, pool=90]']",
        learners=f"['concat[{QUICK}, width=17, feature=9, hidden=31, batch=13]', "
        f"'concat_linear[{QUICK}, width=33, feature=5, batch=1]']",
        strategies="[random, coreset, bmmal]",
        budget=BUDGET,
        seeds=11,
    )
    mindgap("run", study, "--out", "all")
    together = rows(tmp_path / "all")
    assert len(together) == 2 * 2 * 3 * 11 * 4
    # fleets of seven, seeds in another order, one worker
    mindgap("run", study, "--out", "seven", "strategies=bmmal", "seeds=[6,5,4,3,2,1,0]", "-w1")
    # fleets of one
    mindgap("run", study, "--out", "one", "--strategies", "coreset", "--seeds", "[3]")
    # fleets of two, strategies in another order
    mindgap("run", study, "--out", "two", "strategies=coreset,random", "seeds=[10]")
    for name, number in (("seven", 2 * 2 * 7 * 4), ("one", 2 * 2 * 4), ("two", 2 * 2 * 2 * 4)):
        alone = rows(tmp_path / name)
        assert len(alone) == number
        assert alone == {key: together[key] for key in alone}, name


def test_more_rounds_seeds_and_strategies_later_are_the_same_as_at_once(
    mindgap, write_study, tmp_path
):
    fields = {"tasks": "[tiny]", "learners": f"['concat[{QUICK}]']", "budget": BUDGET}
    study = write_study(strategies="[random, margin, badge]", seeds=3, **fields)
    mindgap("run", study, "--out", "at_once")
    at_once = rows(tmp_path / "at_once")
    for part in ("budget.rounds=1", "budget.rounds=2", "seeds=[1, 2]", "strategies=margin,badge"):
        mindgap("run", study, "--out", "grown", "seeds=[1]", "strategies=margin", part)
    assert len(rows(tmp_path / "grown")) == 4 * (2 + 1)
    margin = rows(tmp_path / "grown", strategy="margin")
    assert margin == {key: at_once[key] for key in margin}
    mindgap("run", study, "--out", "grown")
    assert rows(tmp_path / "grown") == at_once


def test_a_second_time_nothing_is_done(mindgap, write_study, tmp_path):
    study = write_study(
        tasks="[tiny]",
        learners=f"['concat[{QUICK}]']",
        strategies="[random, margin]",
        budget=BUDGET,
        seeds=2,
    )
    assert "4 runs to do (16 rounds" in mindgap("plan", study)
    assert "4 runs to do (16 rounds" in mindgap("run", study)
    page = tmp_path / "results/small/report.html"
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "results/small").rglob("*.parquet")}
    written = page.stat().st_mtime_ns
    printed = mindgap("run", study)
    assert "0 runs to do (0 rounds in 0 fleets), 4 done" in printed
    assert str(page.relative_to(tmp_path)) in printed.replace("\n", "")
    assert page.stat().st_mtime_ns == written
    after = {p: p.stat().st_mtime_ns for p in (tmp_path / "results/small").rglob("*.parquet")}
    assert after == before
    plan = json.loads(mindgap("plan", study, "seeds=3", "budget.rounds=4", "--json"))
    assert plan["rounds_left"] == 4 * 1 + 2 * 5
    status = json.loads(mindgap("status", "results/small", "--json"))
    assert [(row["strategy"], row["complete"], row["rounds"]) for row in status["runs"]] == [
        ("margin", 2, 8),
        ("random", 2, 8),
    ]
    page.unlink()
    mindgap("report", "results/small")
    assert page.exists()


def test_damage_is_told_and_run_again(mindgap, write_study, tmp_path):
    study = write_study(
        tasks="[tiny, 'tiny[d=4]']",
        learners=f"['concat[{QUICK}]']",
        strategies="[random, margin]",
        budget=BUDGET,
        seeds=1,
    )
    mindgap("run", study)
    folder = tmp_path / "results/small"
    expected = rows(folder)
    first, second = sorted((folder / "rounds").iterdir())
    first.write_bytes(first.read_bytes()[:-100])
    printed = mindgap("run", study)
    assert "is damaged" in printed
    assert "2 runs to do (8 rounds in 1 fleets), 2 done" in printed
    assert rows(folder) == expected
    assert second.exists()
    assert "is damaged" not in mindgap("run", study)


def test_a_torn_journal_line_is_told_and_run_again(mindgap, write_study, tmp_path):
    """As a power cut leaves it: rounds in a journal that nobody sealed, the last line in part."""
    fields = {"tasks": "[tiny]", "learners": f"['concat[{QUICK}]']", "strategies": "[margin]"}
    study = write_study(**fields, budget=BUDGET, seeds=1)
    mindgap("run", study, "--out", "undisturbed")
    asked, registry = read(str(study))
    (fleet,) = plan(asked, registry, {}).fleets
    store = Store(tmp_path / "torn")
    store.claim(asked.model_dump(mode="json"))
    with store.journal("cut") as journal:
        run_fleet(fleet, registry, {}, journal.append, store.write_card)
    journal.path.write_bytes(journal.path.read_bytes()[:-40])
    printed = mindgap("run", study, "--out", "torn")
    assert "journals/cut.jsonl: line 4 is torn; what it held will be run again" in printed
    assert "1 runs to do (1 rounds" in printed
    assert rows(tmp_path / "torn") == rows(tmp_path / "undisturbed")
    assert "torn;" not in mindgap("run", study, "--out", "torn")


def test_another_study_is_refused(mindgap, write_study):
    fields = {"tasks": "[tiny]", "strategies": "[random]", "seeds": 1}
    fields["learners"] = f"['concat[{QUICK}]']"
    mindgap("run", write_study(**fields, budget="{initial: 12, query: 5, rounds: 0}"))
    other = write_study(**fields, budget="{initial: 12, query: 6, rounds: 0}")
    printed = mindgap("run", other, code=2)
    assert printed.count("\n") == 1
    assert "budget.query 5, but 6 is asked for" in printed


@pytest.mark.parametrize("strategy", ["random", "coreset"])
def test_labels_run_out(mindgap, write_study, tmp_path, strategy):
    """The last query takes what is left, and a pool that is used up is no error."""
    study = write_study(
        tasks="['tiny[pool=27]']",
        learners=f"['concat[{QUICK}]']",
        strategies=f"[{strategy}]",
        budget=BUDGET,
        seeds=1,
    )
    mindgap("run", study)
    assert len(rows(tmp_path / "results/small")) == 4


def test_half_precision_is_another_run_and_near(mindgap, write_study, tmp_path):
    fields = {"tasks": "[tiny]", "learners": f"['concat[{QUICK}]']", "budget": BUDGET}
    study = write_study(strategies="[random, badge]", seeds=2, **fields)
    mindgap("run", study, "--out", "both", "-w1")
    single = rows(tmp_path / "both")
    mindgap("run", study, "--out", "both", "--precision", "bf16", "-w1")
    both = rows(tmp_path / "both")
    assert len(both) == 2 * len(single)
    assert single.items() < both.items()
    half = [value for key, value in both.items() if key not in single]
    assert half != list(single.values())
