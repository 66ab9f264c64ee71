"""The results folder: what is whole is kept, whatever happens to the rest."""

import json
import math
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from planted import STUDY, failure_record, round_record

from mindgap.errors import MindgapError
from mindgap.study.finished import Finished
from mindgap.study.journal import digest
from mindgap.study.shards import write_shard
from mindgap.study.store import Store

HERE = Path(__file__).parent


@pytest.fixture
def store(tmp_path):
    found = Store(tmp_path / "results")
    found.claim(STUDY)
    return found


def fill(store, attempt, *records):
    with store.journal(attempt) as journal:
        for record in records:
            journal.append(record)


def tables(results):
    return results.rounds.to_pylist(), results.timings.to_pylist(), list(results.failures)


@pytest.mark.parametrize("sealed", [False, True])
def test_what_is_written_is_read(store, sealed):
    odd = [
        {"metric": "nll", "subject": "pattern:ä+'\"<b>", "value": math.nan},
        {"metric": "nll", "subject": "", "value": math.inf},
        {"metric": "accuracy", "subject": "natural", "value": 1 / 3},
    ]
    chosen = [{"id": "ü;drop", "score": -math.inf, "observed": ""}]
    fill(store, "one", round_record(metrics=odd, selected=chosen), round_record(round_=1))
    fill(store, "two", round_record("b"), failure_record("b", 1))
    if sealed:
        assert store.seal() == []
        assert not list(store.folder.glob("journals/*"))
    results = store.read()
    assert results.progress() == {"a": 2, "b": 1}
    assert results.histories()["a"] == [
        Finished(["ü;drop"]),
        Finished([f"1-{i}" for i in range(5)]),
    ]
    kept = results.rounds.to_pylist()[0]
    assert str(kept["metrics"]) == str(odd)  # NaN is not equal to itself
    assert kept["selected"] == chosen
    assert [f["error"] for f in results.failures] == ["strategy s: ValueError: no"]
    assert {(t["phase"], t["seconds"]) for t in results.timings.to_pylist()} == {
        ("train", 1.5),
        ("select", 0.25),
    }
    assert results.warnings == []
    assert [run["run"] for run in results.runs()] == ["a", "b"]


def test_sealing_changes_nothing_and_can_be_repeated(store):
    fill(store, "one", round_record(), round_record(round_=1), failure_record("c"))
    before = tables(store.read())
    for _ in range(2):
        store.seal()
        assert tables(store.read()) == before


def test_sql(store):
    fill(store, "one", round_record(value=0.25), round_record(round_=1, value=0.75))
    connection = store.read().connect()
    assert connection.sql("select avg(value) from metrics").fetchall() == [(0.5,)]
    ranks = connection.sql("select rank, id, score from selections where round = 1").fetchall()
    assert ranks == [(i, f"1-{i}", i / 3) for i in range(5)]
    assert connection.sql("select sum(seconds) from timings").fetchall() == [(3.5,)]


def test_rounds_behind_a_gap_do_not_count(store):
    fill(store, "one", round_record(), round_record(round_=2), round_record("b", 1))
    assert store.read().progress() == {"a": 1}
    fill(store, "two", round_record(round_=1))
    assert store.read().progress() == {"a": 3}


def test_equal_rounds_count_once_and_others_are_told(store):
    slower = {**round_record(), "seconds": {"train": 9.0}}
    fill(store, "one", round_record())
    fill(store, "two", slower)
    results = store.read()
    assert len(results.rounds) == 1
    assert results.warnings == []
    assert {t["seconds"] for t in results.timings.to_pylist()} == {1.5, 0.25}
    fill(store, "zzz", round_record(value=0.9))
    results = store.read()
    assert len(results.rounds) == 1
    assert results.rounds["metrics"][0][0]["value"].as_py() == 0.5
    (told,) = results.warnings
    assert "round 0 of a has two different results, from one and two and zzz" in told


def test_a_failure_is_forgotten_once_the_run_has_passed_it(store):
    fill(store, "one", round_record(), failure_record(round_=1))
    assert len(store.read().failures) == 1
    fill(store, "two", round_record(round_=1))
    assert store.read().failures == []


@pytest.mark.parametrize("keep", [1, 20, -2, -1])
def test_a_torn_line_loses_itself_only(store, keep):
    fill(store, "one", round_record(), round_record(round_=1))
    path = store.folder / "journals" / "one.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:keep])
    whole = keep == -1  # only the newline is gone
    results = store.read()
    assert results.progress() == {"a": 2 if whole else 1}
    assert len(results.warnings) == (0 if whole else 1)
    told = store.seal()
    assert told == results.warnings
    if not whole:
        assert "journals/one.jsonl: line 2 is torn" in told[0]
    assert store.read().progress() == {"a": 2 if whole else 1}


@pytest.mark.parametrize(
    "bad",
    [
        round_record(round_=1, selected=[{"id": "x", "score": 2**53 + 1, "observed": ""}]),
        round_record(round_=1, seed=2**70),
        round_record(round_=1, metrics=7),
        {**round_record(), "kind": "rumour", "round": 1},
        {"kind": "round", "round": 1, "run": None},
    ],
)
def test_a_record_that_fits_no_table_loses_itself_only(store, bad):
    """Its run goes on from there; the folder can be read and sealed."""
    fill(store, "one", round_record(), bad, round_record("b"), round_record("b", 1))
    (told,) = store.read().warnings
    assert told.startswith(f"journals/one.jsonl: the record of round 1 of {bad['run']} can't be")
    assert "\n" not in told
    assert store.read().progress() == {"a": 1, "b": 2}
    assert store.seal() == [told]
    assert store.read().progress() == {"a": 1, "b": 2}
    assert store.read().warnings == []
    fill(store, "two", round_record(round_=1))
    assert store.read().progress() == {"a": 2, "b": 2}


def test_a_changed_line_is_not_believed(store):
    fill(store, "one", round_record(value=0.5))
    path = store.folder / "journals" / "one.jsonl"
    path.write_text(path.read_text().replace("0.5", "0.6", 1))
    assert store.read().progress() == {}
    assert "line 1 is torn" in store.seal()[0]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_a_damaged_shard_is_told_and_put_aside(store, damage):
    fill(store, "one", round_record())
    fill(store, "two", *[round_record("b", r) for r in range(3)])
    store.seal()
    (path,) = store.folder.glob("rounds/two.*.parquet")
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        content = content[: len(content) // 2]
    elif damage == "empty":
        content = bytearray()
    else:
        content[1931] ^= 0xFF  # a page header, which Parquet's own checksums don't guard
    path.write_bytes(content)
    results = store.read()
    assert results.progress() == {"a": 1}
    assert any(f"rounds/{path.name} is damaged" in told for told in results.warnings)
    told = store.seal()
    assert any("its rounds will be run again" in sentence for sentence in told)
    assert path.with_suffix(".damaged").exists()
    assert store.read().warnings == []
    assert store.read().progress() == {"a": 1}
    fill(store, "three", *[round_record("b", r) for r in range(3)])
    assert store.read().progress() == {"a": 1, "b": 3}


def test_lost_timings_cost_no_rounds(store):
    fill(store, "one", round_record())
    store.seal()
    (path,) = store.folder.glob("timings/*.parquet")
    path.write_bytes(path.read_bytes()[:-9])
    results = store.read()
    assert results.progress() == {"a": 1}
    assert "it is lost" in results.warnings[0]


def test_shards_of_an_older_version_are_united_by_name(store):
    fill(store, "one", round_record())
    fill(store, "two", round_record("b"))
    store.seal()
    (path,) = store.folder.glob("rounds/one.*.parquet")
    write_shard(pq.read_table(path).drop_columns("group"), path.parent, "one")
    path.unlink()
    results = store.read()
    assert results.progress() == {"a": 1, "b": 1}
    assert results.rounds["group"].to_pylist() == [None, "unimodal"]


def test_cards(store):
    hostile = "../../x[a=/etc/passwd, b=\"'<>]"
    store.write_card(hostile, {"task": hostile, "truth": None})
    store.write_card("t", {"task": "t", "truth": {"a": 1}})
    store.write_card("t", {"task": "t", "truth": {"a": 2}})
    assert store.read().cards == {
        hostile: {"task": hostile, "truth": None},
        "t": {"task": "t", "truth": {"a": 2}},
    }
    inside = {p.parent.name for p in store.folder.rglob("*.json")}
    assert inside == {"cards", store.folder.name}


@pytest.mark.parametrize("attempt", ["../up", "a/b", "", ".hidden", "a b"])
def test_an_attempt_stays_in_its_folder(store, attempt):
    with pytest.raises(ValueError, match="no file name"):
        store.journal(attempt)


def test_a_folder_belongs_to_one_study(store, tmp_path):
    store.claim({**STUDY, "seeds": 5, "budget": {**STUDY["budget"], "rounds": 9}})
    assert store.study()["seeds"] == 5
    with pytest.raises(
        MindgapError, match=r"belongs to the study 'planted', not to 'other'.*--out"
    ):
        store.claim({**STUDY, "name": "other"})
    with pytest.raises(MindgapError, match=r"budget\.initial 10, but 11 is asked for"):
        store.claim({**STUDY, "budget": {**STUDY["budget"], "initial": 11}})
    foreign = tmp_path / "photos"
    foreign.mkdir()
    (foreign / "cat.png").touch()
    with pytest.raises(MindgapError, match=r"holds 'cat\.png' and no study"):
        Store(foreign).claim(STUDY)
    assert [p.name for p in foreign.iterdir()] == ["cat.png"]


def test_a_folder_without_results(tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(MindgapError, match=r"there is no study\.json"):
            Store(path).study()
        assert Store(path).read().progress() == {}
    assert not (tmp_path / "nothing").exists()
    (tmp_path / "study.json").write_text("[1, 2")
    with pytest.raises(MindgapError, match="can't be read"):
        Store(tmp_path).study()


def test_two_processes_do_not_share_a_folder(store):
    with (
        store.lock(),
        pytest.raises(MindgapError, match="another process is running"),
        Store(store.folder).lock(),
    ):
        pass
    with store.lock():
        pass


def in_a_child(store, body):
    """Run a script with `store`; it kills itself with SIGKILL where it says so."""
    script = f"""
import os, signal, sys
sys.path.insert(0, {str(HERE)!r})
from pathlib import Path
from planted import round_record
from mindgap.study.store import Store
store = Store(Path({str(store.folder)!r}))
def die(): os.kill(os.getpid(), signal.SIGKILL)
""" + textwrap.dedent(body)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def test_kill_while_writing_lines(store):
    in_a_child(
        store,
        """
        written = 0
        real = os.write
        def half(handle, data):
            global written
            written += 1
            if written == 3:
                real(handle, data[: len(data) // 2])
                die()
            return real(handle, data)
        os.write = half
        with store.journal("one") as journal:
            for r in range(5):
                journal.append(round_record(round_=r))
        """,
    )
    assert store.read().progress() == {"a": 2}
    assert len(store.seal()) == 1
    assert store.read().progress() == {"a": 2}


@pytest.mark.parametrize("call", range(5))
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_at_every_step_of_sealing(store, call, when):
    fill(store, "one", round_record(), round_record(round_=1), failure_record("b"))
    expected = tables(store.read())
    in_a_child(
        store,
        f"""
        calls = 0
        def watched(function):
            def run(*args, **kwargs):
                global calls
                calls += 1
                if calls == {call + 1} and {when!r} == "before":
                    die()
                result = function(*args, **kwargs)
                if calls == {call + 1}:
                    die()
                return result
            return run
        os.replace = watched(os.replace)   # timings, failures, rounds
        os.unlink = watched(os.unlink)     # the journal, its lock
        store.seal()
        """,
    )
    assert tables(store.read()) == expected
    assert store.seal() == []
    assert tables(store.read()) == expected
    names = sorted(p.name.partition(".")[0] for p in store.folder.rglob("*") if p.is_file())
    assert names == ["one", "one", "one", "study"]


def test_a_seal_waits_for_an_orphan(store):
    """A worker that outlives its parent by a moment is not sealed under its hands."""
    orphan = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(f"""
            import sys, time
            sys.path.insert(0, {str(HERE)!r})
            from pathlib import Path
            from planted import round_record
            from mindgap.study.store import Store
            with Store(Path({str(store.folder)!r})).journal("one") as journal:
                journal.append(round_record())
                print("ready", flush=True)
                time.sleep(1)
                journal.append(round_record(round_=1))
        """)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    orphan.stdout.readline()
    store.seal()
    assert store.read().progress() == {"a": 2}
    assert orphan.wait() == 0
    orphan.stdout.close()


def test_digest_ignores_time_only():
    record = round_record()
    assert digest(record) == digest({**record, "seconds": {}})
    assert digest(record) == digest(json.loads(json.dumps(record)))
    for key in set(record) - {"seconds"}:
        assert digest(record) != digest({**record, key: "another"})
